package relay

import (
	"net"
	"testing"

	"go.uber.org/goleak"

	"messagehub/store/message"
)

// TestServeAfterShutdownEnds: a server that is shut down before its listener
// is served, or while that begins, does not serve it, and leaves nothing running.
func TestServeAfterShutdownEnds(t *testing.T) {
	log := newMemLog(t)
	defer goleak.VerifyNone(t, mayStay()...)
	for range 200 {
		server, err := New(Options{Log: log, Keys: NewKeyring(), Channels: testChannels(), Now: func() message.Time { return day }})
		if err != nil {
			t.Fatal(err)
		}
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- server.Serve(ln) }()
		if err := server.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
}
