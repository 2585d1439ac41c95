package bench

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"messagehub/bench/load"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

// Log is a relay's log, opened by whoever runs the bench: to fill it faster
// than over HTTP.
type Log interface {
	Accept(o *message.Outbound, key message.Idempotency) (message.Acceptance, error)
	Fold(ws message.WorkspaceID, id message.ID, f message.Fact) (message.Folded, error)
}

// Filling says how many messages to put into a log, and how many of them, the
// last ones, are still to be delivered.
type Filling struct {
	Workspace       string // that they belong to
	Test            bool   // in the lanes of test keys
	Stored, Pending int
	First           uint64 // number of the first
}

// fillers is how many messages are written at once while filling.
const fillers = 1024

// Fill fills the log in a directory, tells out of the pending messages, and
// keeps the log open until ctx ends: it is the child process of fill, which is
// killed where a log is wanted as a crash leaves it.
func Fill(ctx context.Context, p Product, dir string, f Filling, out io.Writer) error {
	log, ws, closeLog, err := p.Open(dir, f.Workspace)
	if err != nil {
		return err
	}
	pending, err := f.run(ctx, log, ws)
	if err == nil {
		err = tellPending(out, pending)
	}
	if err == nil {
		<-ctx.Done()
	}
	if err2 := closeLog(); err == nil {
		err = err2
	}
	return err
}

func tellPending(out io.Writer, pending []load.Promise) error {
	line, err := json.Marshal(pending)
	if err != nil {
		return err
	}
	_, err = out.Write(append(line, '\n'))
	return err
}

// fill fills the log of a server that has stopped. It returns the pending
// messages, and the process that has the log open still.
func (b *Bench) fill(ctx context.Context, dir string, f Filling) (*process, []load.Promise, error) {
	b.view.Say(fmt.Sprintf("filling with %d messages, %d of them pending", f.Stored, f.Pending))
	f.First = b.numbers()
	arg, err := json.Marshal(f)
	if err != nil {
		return nil, nil, err
	}
	p, err := start(ctx, b.Binary, "bench", "fill", dir, string(arg))
	if err != nil {
		return nil, nil, err
	}
	var pending []load.Promise
	if err := json.Unmarshal(p.ready, &pending); err != nil {
		return p, nil, fmt.Errorf("read what was filled: %w", err)
	}
	return p, pending, nil
}

func (f Filling) run(ctx context.Context, log Log, ws message.WorkspaceID) ([]load.Promise, error) {
	// Those that are done come first, so that the pending ones are the newest.
	if _, err := f.part(ctx, log, ws, 0, f.Stored-f.Pending, true); err != nil {
		return nil, err
	}
	return f.part(ctx, log, ws, f.Stored-f.Pending, f.Stored, false)
}

// part writes the messages from…to.
func (f Filling) part(ctx context.Context, log Log, ws message.WorkspaceID, from, to int, deliver bool) ([]load.Promise, error) {
	var next atomic.Int64
	next.Store(int64(from))
	var mu sync.Mutex
	var failed error
	var kept []load.Promise
	var wg sync.WaitGroup
	for range fillers {
		wg.Go(func() {
			var mine []load.Promise
			var err error
			for n := next.Add(1) - 1; n < int64(to) && err == nil && ctx.Err() == nil; n = next.Add(1) - 1 {
				var p load.Promise
				if p, err = f.one(log, ws, f.First+uint64(n), deliver); !deliver {
					mine = append(mine, p)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			kept = append(kept, mine...)
			if err != nil {
				failed = err
			}
		})
	}
	wg.Wait()
	if failed == nil {
		failed = ctx.Err()
	}
	return kept, failed
}

// one writes a message, and delivers it if it is not to stay pending.
func (f Filling) one(log Log, ws message.WorkspaceID, n uint64, deliver bool) (load.Promise, error) {
	now := message.TimeOf(time.Now())
	o := &message.Outbound{
		Workspace: ws, Test: f.Test, On: message.OnAll, CreatedAt: now, ExpiresIn: message.DefaultExpiresIn, Salt: rand.Uint64(),
		Steps: []message.Step{{
			Channel: "sms", To: fmt.Sprintf("+919%09d", n%load.Numbers), ContentType: message.Text, Success: message.Sent,
			Content: load.VariedText(n),
		}},
	}
	a, err := log.Accept(o, message.Idempotency{})
	if err != nil {
		return load.Promise{}, err
	}
	p := load.Promise{N: n}
	copy(p.ID[:], a.ID.String()[len(message.PrefixMessage):])
	if !deliver {
		return p, nil
	}
	sender := "main"
	if f.Test {
		sender = "sandbox"
	}
	for _, fact := range []message.Fact{
		{Kind: message.Started, At: now, Position: a.ID.Position(), Sender: sender},
		{Kind: message.Accepted, At: now, ProviderID: fmt.Sprintf("SM%032x", n)},
		{Kind: message.Reported, At: now, Status: message.Delivered},
	} {
		if _, err := log.Fold(ws, a.ID, fact); err != nil {
			return p, err
		}
	}
	return p, nil
}
