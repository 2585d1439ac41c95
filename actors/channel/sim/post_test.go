package sim

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// receiver takes receipts over pipes, in a bubble of fake time.
type receiver struct {
	mu       sync.Mutex
	refuse   int   // dials to refuse
	statuses []int // of the next answers; then 200
	hangUp   bool  // close after each answer without saying so
	got      []string
	at       []time.Time
	dials    int
	wg       sync.WaitGroup
}

func (r *receiver) dial(context.Context, string, string) (net.Conn, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dials++
	if r.refuse != 0 {
		r.refuse--
		return nil, errors.New("connection refused")
	}
	here, there := net.Pipe()
	r.wg.Go(func() { r.serve(there) })
	return here, nil
}

func (r *receiver) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for {
		req, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		body, _ := io.ReadAll(req.Body)
		status, hangUp := r.take(string(body) + req.Header.Get("X-Mark"))
		_, _ = io.WriteString(conn, "HTTP/1.1 "+strconv.Itoa(status)+" Status\r\nContent-Length: 2\r\n\r\nok")
		if hangUp {
			return
		}
	}
}

func (r *receiver) take(what string) (status int, hangUp bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, what)
	r.at = append(r.at, time.Now())
	status = 200
	if len(r.statuses) > 0 {
		status, r.statuses = r.statuses[0], r.statuses[1:]
	}
	return status, r.hangUp
}

// inBubble runs test with a World that posts to r.
func inBubble(t *testing.T, r *receiver, test func(w *World)) {
	synctest.Test(t, func(*testing.T) {
		w := NewWorld(Options{Dial: r.dial})
		test(w)
		w.Close()
		r.wg.Wait()
	})
}

func settle(t *testing.T, w *World) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	if err := w.Settle(ctx); err != nil {
		t.Errorf("not settled: %v", err)
	}
}

func post(text string, after time.Duration) Post {
	return Post{URL: "http://relay/x", Header: map[string]string{"X-Mark": "!"}, Body: []byte(text), After: after}
}

func TestPostsComeWhenTheyAreDue(t *testing.T) {
	var r receiver
	inBubble(t, &r, func(w *World) {
		start := time.Now()
		w.Post(post("c", 3*time.Second))
		w.Post(post("a", 0))
		w.Post(post("b", time.Second))
		settle(t, w)
		if !slices.Equal(r.got, []string{"a!", "b!", "c!"}) {
			t.Errorf("got %v", r.got)
		}
		for i, want := range []time.Duration{0, time.Second, 3 * time.Second} {
			if after := r.at[i].Sub(start); after != want {
				t.Errorf("post %d came after %v, want %v", i, after, want)
			}
		}
		settle(t, w) // nothing waits: at once
	})
}

// TestPostsOutliveADownReceiver checks that a receiver that is away for a
// minute gets everything, and is not hammered meanwhile.
func TestPostsOutliveADownReceiver(t *testing.T) {
	r := receiver{refuse: -1}
	inBubble(t, &r, func(w *World) {
		for range 1000 {
			w.Post(post("a", 0))
		}
		time.Sleep(time.Minute)
		r.mu.Lock()
		if r.dials > 5000 {
			t.Errorf("%d connections tried in a minute", r.dials)
		}
		r.refuse = 0
		r.mu.Unlock()
		settle(t, w)
		if len(r.got) != 1000 {
			t.Errorf("%d receipts came, want 1000", len(r.got))
		}
	})
}

func TestPostsAreGivenUpInTheEnd(t *testing.T) {
	r := receiver{refuse: -1}
	inBubble(t, &r, func(w *World) {
		start := time.Now()
		w.Post(post("a", 0))
		settle(t, w)
		if d := time.Since(start); d < postFor-lastPause || d > postFor+lastPause {
			t.Errorf("given up after %v, want about %v", d, postFor)
		}
	})
}

func TestPostsAreRepeatedUnlessRefused(t *testing.T) {
	for status, again := range map[int]bool{200: false, 204: false, 301: false, 400: false, 401: false, 404: false, 408: true, 429: true, 500: true, 503: true} {
		r := receiver{statuses: []int{status, status}}
		inBubble(t, &r, func(w *World) {
			w.Post(post("a", 0))
			settle(t, w)
		})
		if want := map[bool]int{false: 1, true: 3}[again]; len(r.got) != want {
			t.Errorf("status %d: %d times, want %d", status, len(r.got), want)
		}
	}
}

// TestPostsSurviveClosedConnections checks that a kept connection which the
// receiver has closed costs no receipt.
func TestPostsSurviveClosedConnections(t *testing.T) {
	r := receiver{hangUp: true}
	inBubble(t, &r, func(w *World) {
		for i := range 100 {
			w.Post(post(strconv.Itoa(i), 0))
			settle(t, w)
		}
	})
	if len(r.got) != 100 || r.dials < 50 {
		t.Errorf("%d receipts over %d connections", len(r.got), r.dials)
	}
}

func TestConnectionsAreKept(t *testing.T) {
	var r receiver
	inBubble(t, &r, func(w *World) {
		for range 500 {
			w.Post(post("a", 0))
			settle(t, w)
		}
	})
	if len(r.got) != 500 || r.dials > posters {
		t.Errorf("%d receipts over %d connections", len(r.got), r.dials)
	}
}

// TestCloseIsPrompt checks that a receiver that never answers does not hold
// Close up.
func TestCloseIsPrompt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		w := NewWorld(Options{Dial: func(context.Context, string, string) (net.Conn, error) { return here, nil }})
		w.Post(post("a", 0))
		w.Post(post("b", time.Hour))
		_, _ = there.Read(make([]byte, 1))
		start := time.Now()
		w.Close()
		if d := time.Since(start); d != 0 {
			t.Errorf("closing took %v", d)
		}
		_ = there.Close()
	})
}

func TestSettleCanBeGivenUp(t *testing.T) {
	r := receiver{}
	inBubble(t, &r, func(w *World) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		w.Post(post("a", time.Minute))
		if err := w.Settle(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
	})
}

// TestOutboxIsBounded checks that what does not fit is dropped and counted.
func TestOutboxIsBounded(t *testing.T) {
	o := newOutbox()
	due := time.Now().Add(time.Hour)
	for range maxPosts + 3 {
		o.add(&Post{due: due})
	}
	if waiting, dropped := o.counts(); waiting != maxPosts || dropped != 3 {
		t.Errorf("%d wait and %d dropped, want %d and 3", waiting, dropped, maxPosts)
	}
}

func TestBadAddressIsGivenUp(t *testing.T) {
	r := receiver{refuse: -1}
	inBubble(t, &r, func(w *World) {
		w.Post(Post{URL: "http://[::bad", Body: []byte("a")})
		settle(t, w)
	})
}

func TestHastenedPostsComeAtOnce(t *testing.T) {
	r := &receiver{}
	inBubble(t, r, func(w *World) {
		begun := time.Now()
		for i := range 5 {
			w.Post(Post{URL: "http://relay.test/", Body: []byte{byte('a' + i)}, After: time.Duration(5-i) * time.Hour})
		}
		synctest.Wait()
		w.Hasten()
		if err := w.Settle(context.Background()); err != nil || time.Since(begun) > 0 || len(r.got) != 5 {
			t.Errorf("%v: %v after %s", err, r.got, time.Since(begun))
		}
	})
}
