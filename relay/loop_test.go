package relay

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/valyala/fasthttp"

	"messagehub/store/message"
	"messagehub/store/message/mutate"
)

func plainRequests() []string {
	body := sms("")
	line := strings.TrimSuffix(plainLine, "\r\n")
	return []string{
		request(line, body, "Authorization: Bearer x"), request(line, "", "Authorization: Bearer x"),
		request(line, body, "Idempotency-Key: a"), request(line, body, "Prefer: wait=5"), request(line, body, "Connection: close"),
		request(line, body, "Expect: 100-continue"), request(line, body, "Transfer-Encoding: chunked"), request(line, body, "X: y", "X : z"),
		request(line, body) + request(line, body), request("GET / HTTP/1.1", ""), request(line, body, "Content-Length: 3"),
		plainLine + "Host: a\r\nContent-Length: +2\r\n\r\n{}", plainLine + "Host: a\r\nContent-Length: 002\r\n\r\n{}",
		plainLine + "Host: a\r\nContent-Length: 2\r\n b: c\r\n\r\n{}", plainLine + "Host: a\nContent-Length: 2\n\n{}",
		plainLine + "Content-Length: 2\r\n\r\n{}", plainLine + "Host:a\r\ncontent-length:2 \r\n\r\n{}", plainLine + "\x00: a\r\nContent-Length: 2\r\n\r\n{}",
		request("POST "+deliveryPath+"/sms/main HTTP/1.1", "a=b", "X-Twilio-Signature: x"), request("POST "+deliveryPath+"/sms/main?a=b HTTP/1.1", "a=b"),
		request("POST "+deliveryPath+"/sms/a%2Fb HTTP/1.1", "a=b"), request("POST "+deliveryPath+"/sms/../x HTTP/1.1", "a=b"),
		request("POST "+deliveryPath+"/sms HTTP/1.1", "a=b"), request("POST "+deliveryPath+"/sms/main/more HTTP/1.1", "a=b"),
		request("POST "+deliveryPath+" HTTP/1.1", "a=b"), request("GET "+deliveryPath+"/sms/main HTTP/1.1", ""), request("POST "+deliveryPath+"/sms/main HTTP/1.0", "a=b"),
		request(line, body, "Connection: Keep-Alive"), request(line, body, "Connection: upgrade"),
	}
}

// FuzzPlain: what a loop serves itself, the HTTP server takes to be the same
// request, up to the same byte. Anything else would give one client's bytes to
// another.
func FuzzPlain(f *testing.F) {
	var seeds [][]byte
	for _, r := range plainRequests() {
		seeds = append(seeds, []byte(r))
	}
	const next = "POST /next HTTP/1.1\r\nHost: next\r\nContent-Length: 4\r\n\r\nnext"
	mutate.Bytes(f, seeds, func(t testing.TB, b []byte) {
		p, ok := scanPlain(b)
		if !ok {
			return
		}
		r := bufio.NewReaderSize(io.MultiReader(bytes.NewReader(b), strings.NewReader(next)), 16<<10)
		var request fasthttp.Request
		if err := request.ReadLimitBody(r, 1<<20); err != nil {
			t.Fatalf("the HTTP server refuses it: %v", err)
		}
		if rest, err := io.ReadAll(r); string(rest) != next || err != nil {
			t.Fatalf("%q is left, %v", rest, err)
		}
		if got := string(request.Header.RequestURI()); got != string(p.path) || !request.Header.IsPost() || string(request.Body()) != string(p.body) {
			t.Fatalf("%q with %q is not %q with %q", got, request.Body(), p.path, p.body)
		}
		if got := scanHead(request.Header.RawHeaders()); !bytes.Equal(got.raw[:got.size], p.head.raw[:p.head.size]) {
			t.Fatalf("%q is not %q", got.raw, p.head.raw)
		}
		for key, value := range request.Header.All() {
			if first := request.Header.PeekAll(string(key))[0]; string(p.head.find(string(key))) != string(first) {
				t.Fatalf("%s: %q is not %q", key, p.head.find(string(key)), value)
			}
		}
	})
}

func TestPlainRequests(t *testing.T) {
	var plain []int
	for i, r := range plainRequests() {
		if _, ok := scanPlain([]byte(r)); ok {
			plain = append(plain, i)
		}
	}
	if got := fmt.Sprint(plain); got != "[0 2 12 16 18 27]" {
		t.Errorf("plain: %s", got)
	}
}

func TestPrintable(t *testing.T) {
	for c := range 256 {
		for at := range 11 {
			b := []byte("0123456789a")
			b[at] = byte(c)
			if got, want := printable(b), c >= ' ' && c <= '~'; got != want {
				t.Errorf("%#x at %d: %v", c, at, got)
			}
		}
	}
}

// parked counts the connections that no goroutine serves.
func (d *desk) parked() (n int) {
	d.server.mu.Lock()
	loops := d.server.mu.loops
	d.server.mu.Unlock()
	for _, l := range loops.all {
		n += len(l.poller.Parked(nil))
	}
	return n
}

// Whatever comes on a connection, in whatever pieces, is answered in order, and
// the connection has no goroutine of its own in between.
func TestOneConnectionAsksForEverything(t *testing.T) {
	d := newDesk(t, nil).open()
	s := d.dial()
	plain, keyed := d.post(d.live, sms("")), d.post(d.live, sms(""), "Idempotency-Key: k")
	list := request("GET /api/v1/messages?limit=x HTTP/1.1", "", "Authorization: Bearer "+d.live)
	for round := range 20 {
		s.write(plain)
		sentOf(t, s.read(), 202)
		s.write(keyed)
		sentOf(t, s.read(), 202)
		s.write(list)
		if got := s.read(); got.status != 400 {
			t.Fatalf("%+v", got)
		}
		s.write(plain[:round*7+1])
		s.write(plain[round*7+1:] + plain + list + plain)
		for _, want := range []int{202, 202, 400, 202} {
			if got := s.read(); got.status != want {
				t.Fatalf("round %d: %+v, want %d", round, got, want)
			}
		}
		s.write(d.post(d.live, `{"x":1}`))
		refused(t, s.read(), 400, UnknownParameter)
	}
	if len(d.server.mu.loops.all) == 0 {
		t.Skip("no loops on this system")
	}
	for range 1000 { // the goroutine that had the connection may still be about to leave it
		s.write(plain)
		sentOf(t, s.read(), 202)
		if d.parked() == 1 {
			return
		}
	}
	t.Fatalf("%d connections are parked", d.parked())
}

// No client gets what another has asked for.
func TestClientsGetTheirOwnAnswers(t *testing.T) {
	d := newDesk(t, nil).open()
	var clients sync.WaitGroup
	for n := range 40 {
		s := d.dial()
		clients.Go(func() {
			for i := range 50 {
				name := fmt.Sprintf("no-channel-%d-%d", n, i)
				s.write(d.post(d.live, `{"to":"+14155550100","channel":"`+name+`","content":"x"}`))
				if got := s.read(); got.status != 400 || !strings.Contains(got.body, name) {
					t.Errorf("%s: %+v", name, got)
					return
				}
				s.write(d.post(d.live, sms("")))
				if got := s.read(); got.status != 202 || got.err != nil {
					t.Errorf("%+v", got)
					return
				}
			}
		})
	}
	clients.Wait()
	if got := d.log.count(); got != 40*50 {
		t.Errorf("%d messages", got)
	}
}

// A client that closes, breaks off or says nothing more costs its own
// connection only.
func TestLoopOutlivesItsClients(t *testing.T) {
	d := newDesk(t, nil).open()
	for i := range 100 {
		s := d.dial()
		switch i % 5 {
		case 0:
			s.write(d.post(d.live, sms(""))[:i])
		case 1:
			s.write(d.post(d.live, sms("")))
		case 2:
			s.write("\x00\x01\x02\r\n\r\n")
		case 3:
			s.write(plainLine + "\x00: a\r\nContent-Length: 2\r\n\r\n{}")
			if got := s.read(); got.status != http.StatusBadRequest || !got.close {
				t.Errorf("%+v", got)
			}
		}
		_ = s.nc.Close()
	}
	sentOf(t, d.ask(d.post(d.live, sms(""))), 202)
}

// What a loop answers by itself is answered as the HTTP server would.
func TestLoopAcceptsAsTheHandlerDoes(t *testing.T) {
	d := newDesk(t, nil).open()
	s := d.dial()
	s.write(d.post(d.live, sms("")))
	own := s.read()
	s.write(d.post(d.live, sms(""), "Prefer: respond-async")) // not plain
	other := s.read()
	for _, r := range []*reply{&own, &other} {
		sentOf(t, *r, 202)
		for _, name := range []string{"Date", "Request-Id", "X-Ratelimit-Remaining", "X-Ratelimit-Reset"} {
			if r.header.Get(name) == "" {
				t.Errorf("no %s in %v", name, r.header)
			}
			r.header.Del(name)
		}
		i := strings.Index(r.body, "msg_")
		r.body = r.body[:i] + r.body[i+len("msg_00000000000000000000000000"):]
	}
	if !reflect.DeepEqual(own, other) {
		t.Errorf("the loop:    %+v\nthe handler: %+v", own, other)
	}
}

// What it refuses, too.
func TestLoopRefusesAsTheHandlerDoes(t *testing.T) {
	d := newDesk(t, nil)
	poor := d.addKey(message.Key{Workspace: 7, Scopes: message.ScopeSend, PerMinute: 1})
	d.open()
	s := d.dial()
	s.write(d.post(poor, sms("")))
	sentOf(t, s.read(), 202)
	s.write(d.post(poor, sms("")))
	own := s.read()
	s.write(d.post(poor, sms(""), "Prefer: wait=1")) // not plain
	other := s.read()
	refused(t, own, 429, RateLimited)
	refused(t, other, 429, RateLimited)
	for _, r := range []reply{own, other} {
		r.header.Del("Date")
		r.header.Del("Request-Id")
	}
	if !reflect.DeepEqual(own.header, other.header) || own.close || len(own.body) != len(other.body) {
		t.Errorf("the loop:    %v\nthe handler: %v", own.header, other.header)
	}
	s.write(d.post(d.live, sms(""))) // the connection's own key has changed
	sentOf(t, s.read(), 202)
	s.write(request("POST "+deliveryPath+"/sms/main HTTP/1.1", "a=b", "Authorization: Bearer "+poor)) // receipts have no key
	if got := s.read(); got.status == 429 || got.err != nil {
		t.Errorf("a receipt: %+v", got)
	}
}

// A key that is revoked is refused on the next request of an open connection.
func TestConnectionForgetsARevokedKey(t *testing.T) {
	d := newDesk(t, nil)
	key := message.Key{Workspace: 7, Scopes: message.ScopeSend}
	token := d.addKey(key)
	d.open()
	s := d.dial()
	for range 2 {
		s.write(d.post(token, sms("")))
		sentOf(t, s.read(), 202)
	}
	hash := sha256.Sum256([]byte(token))
	known := d.keys.shards[shardOf(&hash)].Load().find(&hash).Key
	known.RevokedAt = day
	d.keys.Put(known)
	s.write(d.post(token, sms("")))
	refused(t, s.read(), 403, KeyRevoked)
}
