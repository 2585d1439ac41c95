package smpp

import (
	"context"
	"net"
	"sync"
	"testing"

	"messagehub/actors/channel/sim"
	"messagehub/actors/channel/sms/smsc"
)

// rig is a Client at a simulated SMSC on loopback.
type rig struct {
	*Client
	world *sim.World

	mu  sync.Mutex
	got []Delivery
}

// newRig starts both; they end with the test.
func newRig(t testing.TB, so smsc.Options, o Options) *rig {
	t.Helper()
	r := &rig{world: sim.NewWorld(sim.Options{})}
	t.Cleanup(r.world.Close)
	so.Channel, so.SystemID, so.Password = "sms", "esme", "secret"
	l := listen(t)
	r.world.Listen(l, smsc.New(r.world, so))
	o.Address, o.SystemID = l.Addr().String(), "esme"
	if o.Password == "" {
		o.Password = "secret"
	}
	if o.Deliver == nil {
		o.Deliver = r.take
	}
	r.Client = New(o)
	start(t, r.Client)
	return r
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// start runs c until the test ends or stop is called.
func start(t testing.TB, c *Client) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); c.Run(ctx) }()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

func (r *rig) take(all []Delivery) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, all...)
	return nil
}

// short is a message that any SMSC takes.
func short(to, text string) *ShortMessage {
	m := &ShortMessage{Source: Address{5, 0, "Relay"}, Dest: Address{1, 1, to}, Registered: 1, Text: []byte(text)}
	if to[0] > '9' {
		m.Dest = Address{5, 0, to}
	}
	return m
}
