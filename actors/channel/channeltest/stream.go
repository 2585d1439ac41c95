package channeltest

import (
	"context"
	"io"
	"net"
	"testing"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sim"
	"messagehub/store/message"
)

// Stream is what the suite needs to know of a channel whose wire is not HTTP.
// An [Answer] is then a status of the provider's and the octets that follow
// it. The simulator is a [sim.Streamer], and receipts come by the sender's
// Report.
type Stream struct {
	// Setting holds the provider's host and port.
	Setting string
	// Serve plays the provider on one connection until it ends; the caller
	// closes it. What it is asked to send it gives to message, in the form of
	// the golden files testdata/<Name>.txt, and writes what message makes of
	// the answer that encode encodes. It returns where that is nil.
	Serve func(conn net.Conn, message func(text string, encode func(Answer) []byte) []byte)
}

// streamAdapter makes the adapter, its connections going to address, and runs
// its own work until the test ends.
func (c *Case) streamAdapter(t testing.TB, address string) channel.Adapter {
	t.Helper()
	s := c.sender(t, "", nil)
	s.Settings[c.Stream.Setting] = address
	s.Report = func([]message.Receipt) error { return nil }
	return c.running(t, s)
}

// running makes the adapter and runs its own work until the test ends.
func (c *Case) running(t testing.TB, s channel.Sender) channel.Adapter {
	t.Helper()
	a := c.adapterOf(t, s)
	runner, ok := a.(channel.Runner)
	if !ok {
		t.Fatal("the adapter of a stream is no channel.Runner")
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); runner.Run(ctx) }()
	t.Cleanup(func() { stop(); <-done })
	return a
}

// newStreamProvider starts a provider that answers every message alike.
func newStreamProvider(t *testing.T, c *Case, a Answer) *provider {
	p := &provider{answer: a}
	p.address = serveRaw(t, func(conn net.Conn) {
		c.Stream.Serve(conn, func(text string, encode func(Answer) []byte) []byte {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.got = append(p.got, captured{body: text})
			return encode(p.answer)
		})
	})
	return p
}

// streamRig starts the simulator in the process.
func (c *Case) streamRig(t *testing.T, r *rig) {
	t.Helper()
	s := c.sender(t, "", nil)
	provider, ok := c.Spec.Simulator(r.world, s).(sim.Streamer)
	if !ok {
		t.Fatal("the simulator of a stream is no sim.Streamer")
	}
	r.provider, s.Dial = provider, r.world.Dial(provider)
	s.Receive = func(all []message.Inbound) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.written = append(r.written, all...)
		return nil
	}
	s.Report = func(all []message.Receipt) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.receipts = append(r.receipts, all...)
		return nil
	}
	r.adapter = c.running(t, s)
}

// streamFaults checks how a send fails when the connection does.
func (c *Case) streamFaults(t *testing.T) {
	whole := func(encode func(Answer) []byte) []byte { return encode(c.Success) }
	rows := map[string]func(net.Conn, func(Answer) []byte) []byte{
		"closed after request": func(net.Conn, func(Answer) []byte) []byte { return nil },
		"reset after request":  func(conn net.Conn, _ func(Answer) []byte) []byte { reset(conn); return nil },
		"half header": func(conn net.Conn, encode func(Answer) []byte) []byte {
			write(conn, string(whole(encode)[:5]))
			return nil
		},
		"half body": func(conn net.Conn, encode func(Answer) []byte) []byte {
			all := whole(encode)
			write(conn, string(all[:len(all)-1]))
			return nil
		},
		"another protocol": func(conn net.Conn, _ func(Answer) []byte) []byte {
			write(conn, "SSH-2.0-OpenSSH\r\n\r\n"+page)
			return nil
		},
	}
	for name, answer := range rows {
		t.Run(name, func(t *testing.T) {
			c.fault(t, serveRaw(t, func(conn net.Conn) {
				c.Stream.Serve(conn, func(_ string, encode func(Answer) []byte) []byte { return answer(conn, encode) })
			}), channel.OutcomeUnknown)
		})
	}
}

// silence takes the request and says nothing more.
func (c *Case) silence(conn net.Conn, taken func()) {
	if c.Stream == nil {
		readRequest(conn)
		taken()
	} else {
		c.Stream.Serve(conn, func(string, func(Answer) []byte) []byte { taken(); return nil })
	}
	_, _ = io.Copy(io.Discard, conn)
}
