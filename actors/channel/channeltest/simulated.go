package channeltest

import (
	"context"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sim"
	"messagehub/store/message"
)

// rig is the case's adapter, its simulated provider, and a relay that takes
// the receipts.
type rig struct {
	c       *Case
	world   *sim.World
	adapter channel.Adapter
	// provider is the simulator.
	provider sim.Provider

	mu       sync.Mutex
	receipts []message.Receipt
	written  []message.Inbound
	faults   []error
}

// newRig starts the simulator on loopback, behind the same router as the sim
// command.
func (c *Case) newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{c: c, world: sim.NewWorld(sim.Options{Knobs: sim.Knobs{ReceiptDelay: time.Millisecond}})}
	t.Cleanup(r.world.Close)
	if c.Stream != nil {
		c.streamRig(t, r)
		return r
	}
	relay := serve(t, r.take)
	client := channel.NewClient(nil, 64)
	t.Cleanup(client.Close)

	mux := sim.NewMux(r.world)
	base := "http://" + serve(t, mux.Handle)
	sender := c.sender(t, base+"/"+c.Spec.Name, client)
	sender.CallbackURL = "http://" + relay + "/api/v1/webhooks/delivery/" + c.Spec.Name + "/main"
	r.provider = c.Spec.Simulator(r.world, sender)
	mux.Add("/"+c.Spec.Name, r.provider)
	r.adapter = c.adapterOf(t, sender)
	return r
}

// serve serves h on loopback.
func serve(t *testing.T, h fasthttp.RequestHandler) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &fasthttp.Server{Handler: h, CloseOnShutdown: true, NoDefaultServerHeader: true}
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		_ = l.Close() // Shutdown does not know a server that has yet to begin
		_ = s.ShutdownWithContext(ctx)
		_ = l.Close() // Serve may not have begun
		<-done
	})
	return l.Addr().String()
}

// take is the relay's receipt route.
func (g *rig) take(ctx *fasthttp.RequestCtx) {
	receiver, ok := g.adapter.(channel.Receiver)
	if !ok {
		ctx.SetStatusCode(fasthttp.StatusNotFound)
		return
	}
	cb := &message.Callback{
		Channel: g.c.Spec.Name, Sender: "main", Method: string(ctx.Method()),
		URL: ctx.URI().String(), Query: string(ctx.URI().QueryString()), Body: ctx.PostBody(),
		Header: func(name string) string { return string(ctx.Request.Header.Peek(name)) },
	}
	got, _, err := receiver.Receipts(cb)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.receipts = append(g.receipts, got...)
	if inbox, ok := g.adapter.(channel.Inbox); ok && err == nil {
		g.written = append(g.written, inbox.Inbound(cb)...)
	}
	if err != nil {
		g.faults = append(g.faults, err)
		ctx.SetStatusCode(fasthttp.StatusUnauthorized)
	}
}

// reported waits for the simulator's receipts and returns them.
func (g *rig) reported(t *testing.T) []message.Receipt {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := g.world.Settle(ctx); err != nil {
		t.Fatalf("receipts are still waiting: %v", err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, err := range g.faults {
		t.Errorf("a callback of the simulator was refused: %v", err)
	}
	return slices.Clone(g.receipts)
}

// reset forgets what came so far.
func (g *rig) reset() {
	g.world.Reset()
	g.mu.Lock()
	g.receipts, g.written, g.faults = nil, nil, nil
	g.mu.Unlock()
}

// simulated checks the simulator: it takes every golden send, and the
// reserved recipients do what they promise.
func (c *Case) simulated(t *testing.T) {
	rig := c.newRig(t)
	run := func(name string, test func(*testing.T)) {
		rig.reset()
		t.Run(name, test)
	}
	for i := range c.Sends {
		if s := &c.Sends[i]; s.Refused == "" && !s.Unsimulated {
			run(s.Name, func(t *testing.T) { rig.accepted(t, s.request()) })
		}
	}
	for _, name := range sim.ReservedNames() {
		run("sim:"+name, func(t *testing.T) { rig.reserved(t, name) })
	}
	if _, ok := rig.provider.(sim.Writer); ok {
		run("users write", rig.usersWrite)
	}
	run("sim:rate_limited then accepted", rig.throttled)
	run("answer withheld", rig.withheld)
	if c.Settles {
		run("answer withheld, then reported", rig.settled)
	}
}

// accepted checks that the simulator takes r, records it and reports the best
// that the channel can.
func (g *rig) accepted(t *testing.T, r *channel.Request) {
	acceptance, err := g.adapter.Send(t.Context(), r)
	if err != nil {
		t.Fatalf("send: %v (%+v)", err, err)
	}
	lines := g.world.Ledger.Lines(0)
	if len(lines) != 1 || !lines[0].Answered || lines[0].Channel != g.c.Spec.Name {
		t.Fatalf("ledger %+v, want one answered line of %s", lines, g.c.Spec.Name)
	}
	if acceptance.ProviderID == "" || lines[0].ProviderID != acceptance.ProviderID {
		t.Errorf("provider id %q, the ledger has %q", acceptance.ProviderID, lines[0].ProviderID)
	}
	got := g.reported(t)
	g.c.sound(t, got)
	for _, receipt := range got {
		if receipt.ProviderID != acceptance.ProviderID && receipt.Ref != r.Ref {
			t.Errorf("receipt %+v is of another message", receipt)
		}
	}
	if g.c.Spec.Best != message.Sent && !slices.Contains(statuses(got), message.Delivered) {
		t.Errorf("receipts %v, want a delivered one", statuses(got))
	}
}

// reserved sends to the reserved recipient and compares with the promise.
func (g *rig) reserved(t *testing.T, name string) {
	want, ok := g.c.Reserved[name]
	if !ok {
		want = promised(name, g.c.Spec.Best)
	}
	_, err := g.adapter.Send(t.Context(), g.c.to(t, name))
	got := g.reported(t)
	g.c.sound(t, got)
	if want.Unchecked {
		return
	}
	if len(want.Actions) == 0 && err != nil {
		t.Fatalf("send: %v (%+v)", err, err)
	}
	if len(want.Actions) > 0 {
		e := failure(t, err)
		if action := channel.Rules()[e.Code].Action; !slices.Contains(want.Actions, action) {
			t.Errorf("code %s, action %d; want an action of %v", e.Code, action, want.Actions)
		}
	}
	have := statuses(got)
	slices.Sort(have)
	slices.Sort(want.Receipts)
	if !slices.Equal(have, want.Receipts) {
		t.Errorf("receipts %v, want %v", have, want.Receipts)
	}
}

// promised is what a reserved recipient does on a channel whose best status
// is best.
func promised(name string, best message.Status) Outcome {
	sent, delivered, read := message.Sent, message.Delivered, message.Read
	rows := map[string]Outcome{
		"delivered":         {Receipts: []message.Status{sent, delivered}},
		"read":              {Receipts: []message.Status{sent, delivered, read}},
		"sent_only":         {Receipts: []message.Status{sent}},
		"failed":            {Receipts: []message.Status{sent, message.Failed}},
		"not_on_channel":    {Actions: []channel.Action{channel.Fail}},
		"opted_out":         {Actions: []channel.Action{channel.Fail}},
		"rate_limited":      {Actions: []channel.Action{channel.SlowSender, channel.SlowRecipient}},
		"slow":              {Receipts: []message.Status{sent, delivered}},
		"no_receipt":        {},
		"provider_500":      {Actions: []channel.Action{channel.Again, channel.Ask}},
		"timeout":           {Actions: []channel.Action{channel.Ask}},
		"duplicate_receipt": {Receipts: []message.Status{sent, sent, delivered, delivered}},
		"out_of_order":      {Receipts: []message.Status{sent, delivered, read}},
	}
	row := rows[name]
	if best == message.Sent { // a channel without receipts
		row.Receipts = nil
		return row
	}
	row.Receipts = slices.DeleteFunc(row.Receipts, func(s message.Status) bool { return s == read && best != read })
	return row
}

// to returns a request to the reserved recipient.
func (c *Case) to(t *testing.T, name string) *channel.Request {
	r := c.first(t)
	r.Step.To = sim.Reserved + name
	if name == "slow" {
		r.Step.To += ":0.01"
	}
	return r
}

// throttled checks that the same message is taken the second time.
func (g *rig) throttled(t *testing.T) {
	r := g.c.to(t, "rate_limited")
	if _, err := g.adapter.Send(t.Context(), r); err == nil {
		t.Error("the first try is accepted")
	}
	if _, err := g.adapter.Send(t.Context(), r); err != nil {
		t.Errorf("the second try: %v (%+v)", err, err)
	}
	if n := g.world.Ledger.Len(); n != 1 {
		t.Errorf("%d lines in the ledger, want one", n)
	}
}

// withheld checks that a message taken without an answer is in the ledger.
func (g *rig) withheld(t *testing.T) {
	_, err := g.adapter.Send(t.Context(), g.c.to(t, "timeout"))
	if e := failure(t, err); e.Code != channel.OutcomeUnknown {
		t.Errorf("got %s, want %s", e.Code, channel.OutcomeUnknown)
	}
	if lines := g.world.Ledger.Lines(0); len(lines) != 1 || lines[0].Answered {
		t.Errorf("ledger %+v, want one line without an answer", lines)
	}
}

// settled checks that the receipts of a message whose answer was lost name the
// attempt.
func (g *rig) settled(t *testing.T) {
	g.reported(t) // what came before
	g.reset()
	g.world.SetKnobs(sim.Knobs{DropAnswer: 1})
	defer g.world.SetKnobs(sim.Knobs{})
	r := g.c.first(t)
	_, err := g.adapter.Send(t.Context(), r)
	if e := failure(t, err); e.Code != channel.OutcomeUnknown {
		t.Errorf("got %s, want %s", e.Code, channel.OutcomeUnknown)
	}
	got := g.reported(t)
	if !slices.Contains(statuses(got), message.Delivered) {
		t.Errorf("receipts %v, want a delivered one", statuses(got))
	}
	for _, receipt := range got {
		if receipt.Ref != r.Ref {
			t.Errorf("receipt %+v does not name the attempt %s", receipt, r.Ref)
		}
	}
}

func statuses(receipts []message.Receipt) []message.Status {
	var out []message.Status
	for _, r := range receipts {
		out = append(out, r.Status)
	}
	return out
}
