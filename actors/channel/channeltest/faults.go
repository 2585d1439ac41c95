package channeltest

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"messagehub/actors/channel"
)

// connection checks how a send fails when the connection does.
func (c *Case) connection(t *testing.T) {
	t.Run("refused", func(t *testing.T) {
		l := listen(t)
		address := l.Addr().String()
		_ = l.Close()
		c.fault(t, address, channel.ConnectionFailed)
	})
	t.Run("no answer", c.noAnswer)
	if c.Stream != nil {
		c.streamFaults(t)
		return
	}
	whole := "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(c.Success.Body)) + "\r\n\r\n"
	rows := map[string]func(net.Conn){
		"reset after request":  func(conn net.Conn) { readRequest(conn); reset(conn) },
		"closed after request": func(conn net.Conn) { readRequest(conn) },
		"half header":          func(conn net.Conn) { readRequest(conn); write(conn, "HTTP/1.1 200 O") },
		"header only":          func(conn net.Conn) { readRequest(conn); write(conn, whole) },
		"half body":            func(conn net.Conn) { readRequest(conn); write(conn, whole+c.Success.Body[:len(c.Success.Body)/2]) },
		"no http":              func(conn net.Conn) { readRequest(conn); write(conn, "SSH-2.0-OpenSSH\r\n\r\n") },
		"header flood":         func(conn net.Conn) { readRequest(conn); flood(conn) },
	}
	for name, serve := range rows {
		t.Run(name, func(t *testing.T) { c.fault(t, serveRaw(t, serve), channel.OutcomeUnknown) })
	}
}

// fault sends once to address and expects code.
func (c *Case) fault(t *testing.T, address string, code channel.Code) {
	t.Helper()
	_, err := c.adapter(t, address).Send(t.Context(), c.first(t))
	e := failure(t, err)
	if e.Code != code {
		t.Errorf("got %s, want %s", e.Code, code)
	}
	c.discreet(t, e)
}

// noAnswer has the provider take the request and say nothing until the send
// is given up.
func (c *Case) noAnswer(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	address := serveRaw(t, func(conn net.Conn) { c.silence(conn, cancel) })
	_, err := c.adapter(t, address).Send(ctx, c.first(t))
	if e := failure(t, err); e.Code != channel.OutcomeUnknown {
		t.Errorf("got %s, want %s", e.Code, channel.OutcomeUnknown)
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// serveRaw serves each connection with serve and closes it afterwards.
func serveRaw(t *testing.T, serve func(net.Conn)) (address string) {
	t.Helper()
	l := listen(t)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { serve(conn); _ = conn.Close() })
		}
	})
	t.Cleanup(func() { _ = l.Close(); wg.Wait() })
	return l.Addr().String()
}

// readRequest reads one whole request, so that closing sends no reset.
func readRequest(conn net.Conn) {
	req, err := http.ReadRequest(bufio.NewReader(conn))
	if err == nil {
		_, _ = io.Copy(io.Discard, req.Body)
	}
}

func write(conn net.Conn, text string) { _, _ = io.WriteString(conn, text) }

// flood writes a header without end.
func flood(conn net.Conn) {
	write(conn, "HTTP/1.1 200 OK\r\n")
	for range 1 << 12 {
		if _, err := io.WriteString(conn, "X-Flood: "+page+page+"\r\n"); err != nil {
			return
		}
	}
}

// reset makes closing send a reset.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
}
