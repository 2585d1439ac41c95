package relay

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"messagehub/store/message"
)

// wire is a connection that remembers what was written to it.
type wire struct {
	net.Conn
	mu      sync.Mutex
	written bytes.Buffer
	slow    chan struct{} // if not nil, a write waits for it
	closed  chan struct{}
}

func (w *wire) Write(p []byte) (int, error) {
	if w.slow != nil {
		<-w.slow
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.written.Write(p)
}

func (w *wire) SetWriteDeadline(time.Time) error { return nil }

func (w *wire) Close() error {
	select {
	case <-w.closed:
	default:
		close(w.closed)
	}
	return nil
}

func (w *wire) text() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.written.String()
}

// heldConn is a connection of a server, and the call that is being served on it.
func heldConn(t *testing.T) (*wire, *conn, *call) {
	t.Helper()
	d := newDesk(t, nil)
	w := &wire{closed: make(chan struct{})}
	c := newConn(w, d.server.listen(nil))
	request := requestWith(t, d.server, d.live)
	request.authenticate()
	request.conn, request.route = c, &route{pattern: sendPath}
	if !request.enterGate(10) {
		t.Fatal("no place in the gate")
	}
	return w, c, request
}

const made = "HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}"

// I4: what is written before the record is durable stays in the process.
func TestHoldKeepsTheAnswerUntilTheRecordIsDurable(t *testing.T) {
	w, c, request := heldConn(t)
	c.hold.place(request)
	if n, err := c.Write([]byte(made)); n != len(made) || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	if w.text() != "" {
		t.Fatalf("written before it is durable: %q", w.text())
	}
	if request.server.gate.requests.Load() != 1 {
		t.Error("the place in the gate was given back early")
	}
	c.hold.Complete(message.Acceptance{}, nil)
	c.hold.settle()
	if w.text() != made {
		t.Errorf("written: %q", w.text())
	}
	if request.server.gate.requests.Load() != 0 {
		t.Error("the place in the gate was not given back")
	}
	if _, err := c.Write([]byte("next")); err != nil || w.text() != made+"next" {
		t.Errorf("%q, %v", w.text(), err)
	}
}

func TestHoldIsOverBeforeTheAnswerIsWritten(t *testing.T) {
	w, c, request := heldConn(t)
	c.hold.place(request)
	c.hold.Complete(message.Acceptance{}, nil)
	if _, err := c.Write([]byte(made)); err != nil || w.text() != made {
		t.Errorf("%q, %v", w.text(), err)
	}
}

// A message that is not durable is never answered 202, whichever comes first.
func TestHoldRefusesWhatIsNotDurable(t *testing.T) {
	lost := message.ErrUnavailable
	for name, run := range map[string]func(*conn, *call) error{
		"kept": func(c *conn, request *call) error {
			c.hold.place(request)
			_, _ = c.Write([]byte(made))
			c.hold.Complete(message.Acceptance{}, lost)
			return nil
		},
		"not written yet": func(c *conn, request *call) error {
			c.hold.place(request)
			c.hold.Complete(message.Acceptance{}, lost)
			_, err := c.Write([]byte(made))
			return err
		},
	} {
		w, c, request := heldConn(t)
		if err := run(c, request); err != nil && !errors.Is(err, errRefused) {
			t.Errorf("%s: %v", name, err)
		}
		if got := w.text(); !strings.HasPrefix(got, "HTTP/1.1 503 ") || strings.Contains(got, " 202 ") || !strings.Contains(got, `"storage_unavailable"`) {
			t.Errorf("%s: %q", name, got)
		}
		<-w.closed
	}
}

func TestHoldLifted(t *testing.T) {
	w, c, request := heldConn(t)
	c.hold.place(request)
	c.hold.lift(request)
	if !request.gated || request.held {
		t.Error("the call has lost its place in the gate")
	}
	if _, err := c.Write([]byte(made)); err != nil || w.text() != made {
		t.Errorf("%q, %v", w.text(), err)
	}
}

// A connection closed while its answer is held back ends after the answer.
func TestCloseWaitsForWhatIsHeldBack(t *testing.T) {
	w, c, request := heldConn(t)
	c.hold.place(request)
	_, _ = c.Write([]byte(made))
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-w.closed:
		t.Fatal("closed before the answer")
	default:
	}
	c.hold.Complete(message.Acceptance{}, nil)
	<-w.closed
	if w.text() != made {
		t.Errorf("%q", w.text())
	}
}

// An answer made before a drain says all the same that its connection ends.
func TestHoldAnnouncesTheEnd(t *testing.T) {
	for name, answer := range map[string]string{
		"unaware": made,
		"aware":   "HTTP/1.1 202 Accepted\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}",
	} {
		w, c, request := heldConn(t)
		c.hold.place(request)
		_, _ = c.Write([]byte(answer))
		request.server.Drain()
		c.hold.Complete(message.Acceptance{}, nil)
		<-w.closed
		if got := w.text(); strings.Count(got, "Connection: close\r\n") != 1 || !strings.HasSuffix(got, "\r\n\r\n{}") {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// A client that is slow to read holds nobody up but itself.
func TestHoldDoesNotWaitForASlowClient(t *testing.T) {
	w, c, request := heldConn(t)
	w.slow = make(chan struct{})
	c.hold.place(request)
	_, _ = c.Write([]byte(made))
	c.hold.Complete(message.Acceptance{}, nil) // returns although the write waits
	close(w.slow)
	c.hold.settle()
	if w.text() != made {
		t.Errorf("%q", w.text())
	}
}

// An answer larger than the socket takes at once arrives whole.
func TestHoldWritesTheRest(t *testing.T) {
	d := newDesk(t, nil)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	client, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	nc, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	c := newConn(nc, d.server.listen(ln))
	request := requestWith(t, d.server, d.live)
	request.authenticate()
	request.route = &route{pattern: sendPath}
	c.hold.place(request)
	large := bytes.Repeat([]byte("0123456789abcdef"), 1<<20)
	_, _ = c.Write(large)
	c.hold.Complete(message.Acceptance{}, nil)
	_ = c.Close()
	if got, err := io.ReadAll(client); err != nil || !bytes.Equal(got, large) {
		t.Errorf("%d of %d bytes, %v", len(got), len(large), err)
	}
}

// A client that does not wait for its answers gets them in order.
func TestPipelinedSendsAreAnsweredInOrder(t *testing.T) {
	d := newDesk(t, nil).open()
	s := d.dial()
	const n = 20
	s.write(strings.Repeat(d.post(d.live, sms("")), n) + d.post(d.live, `{}`))
	seen := map[string]bool{}
	for range n {
		got := s.read()
		sentOf(t, got, 202)
		seen[got.body] = true
	}
	refused(t, s.read(), 400, MissingParameter)
	if len(seen) != n || d.log.count() != n {
		t.Errorf("%d answers differ, %d messages", len(seen), d.log.count())
	}
}

// Complete may come at any moment of the answer's way to the connection.
func TestHoldInAnyOrder(t *testing.T) {
	w, c, request := heldConn(t)
	var want int
	for range 2000 {
		c.hold.settle()
		c.hold.place(request)
		done := make(chan struct{})
		go func() {
			c.hold.Complete(message.Acceptance{}, nil)
			close(done)
		}()
		_, _ = c.Write([]byte(made))
		<-done
		want += len(made)
	}
	c.hold.settle()
	if got := len(w.text()); got != want {
		t.Errorf("%d of %d bytes", got, want)
	}
}

// The log may find only when it writes that a key has been used before, and say
// so before the answer is written or after.
func TestHoldAmendsTheAnswer(t *testing.T) {
	const answer = "HTTP/1.1 202 Accepted\r\nDate: x\r\nContent-Length: 97\r\nRequest-Id: r\r\n\r\n" +
		`{"data":{"messageId":"msg_00000000000000000000000000","channel":"sms","status":"queued","test":true}}`
	first := message.Acceptance{ID: message.NewID(message.At(9, 9), 9), Replayed: true, Status: message.Scheduled}
	for name, run := range map[string]func(*conn, *call, error){
		"kept": func(c *conn, request *call, err error) {
			_, _ = c.Write([]byte(answer))
			c.hold.Complete(first, err)
		},
		"not written yet": func(c *conn, request *call, err error) {
			c.hold.Complete(first, err)
			if n, err := c.Write([]byte(answer)); n != len(answer) || err != nil {
				t.Errorf("%d, %v", n, err)
			}
		},
		"not written yet, on a loop": func(c *conn, request *call, err error) {
			c.hold.Complete(first, err)
			if err := c.hold.send([]byte(answer)); err != nil {
				t.Error(err)
			}
		},
	} {
		w, c, request := heldConn(t)
		c.hold.place(request)
		run(c, request, nil)
		c.hold.settle()
		head, body, _ := strings.Cut(w.text(), "\r\n\r\n")
		want := `{"data":{"messageId":"` + string(message.AppendID(nil, message.PrefixMessage, first.ID)) + `","channel":"sms","status":"scheduled","test":true}}`
		if head != "HTTP/1.1 202 Accepted\r\nDate: x\r\nContent-Length: "+fmt.Sprint(len(want))+"\r\nIdempotency-Replayed: true\r\nRequest-Id: r" || body != want {
			t.Errorf("%s: %s", name, w.text())
		}
		w, c, request = heldConn(t)
		c.hold.place(request)
		run(c, request, message.ErrKeyReused)
		c.hold.settle()
		got, err := http.ReadResponse(bufio.NewReader(strings.NewReader(w.text())), nil)
		if err != nil {
			t.Fatal(err)
		}
		said, err := io.ReadAll(got.Body)
		if got.StatusCode != 422 || got.Header.Get("X-RateLimit-Limit") == "" || got.Close || err != nil || !json.Valid(said) ||
			!bytes.Contains(said, []byte(`"param":"Idempotency-Key"`)) {
			t.Errorf("%s: %s", name, w.text())
		}
		if c.hold.busy() || request.server.gate.requests.Load() != 0 {
			t.Errorf("%s: the hold is not free", name)
		}
	}
}
