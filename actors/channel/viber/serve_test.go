package viber

import (
	"net"
	"testing"

	"github.com/valyala/fasthttp"
)

// serve serves h on loopback until the test ends.
func serve(t *testing.T, h fasthttp.RequestHandler) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &fasthttp.Server{Handler: h, CloseOnShutdown: true}
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Shutdown(); _ = l.Close(); <-done })
	return l.Addr().String()
}
