package relay

import (
	"net"
	"testing"

	"messagehub/store/message"
)

// TestServeAfterShutdownEnds: a server that is shut down before its listener
// is served, or while that begins, does not serve it.
func TestServeAfterShutdownEnds(t *testing.T) {
	for range 200 {
		server, err := New(Options{Log: newMemLog(t), Keys: NewKeyring(), Channels: testChannels(), Now: func() message.Time { return day }})
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
