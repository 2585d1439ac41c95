//go:build !race

package store

import (
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"messagehub/store/message"
)

// TestAcceptAllocates nothing per message, from the caller's Outbound to the
// job's feeding.
func TestAcceptAllocates(t *testing.T) {
	s := onDir(t, vfs.NewMem())
	s.Start(Hooks{Feed: func(message.Lane, int, message.Job) {}, Observe: func(message.Event) {}})
	o := testOutbound()
	o.Steps[0].From = "main"
	accept := func(key message.Idempotency) {
		if _, err := s.Accept(o, key); err != nil {
			t.Fatal(err)
		}
	}
	if n := testing.AllocsPerRun(2000, func() { accept(message.Idempotency{}) }); n > 0 {
		t.Errorf("%v allocations per message", n)
	}
	c := make(told, 1)
	if n := testing.AllocsPerRun(2000, func() {
		if _, err := s.Submit(o, message.Idempotency{}, c); err != nil {
			t.Fatal(err)
		}
		<-c
	}); n > 1 { // the goroutine that tells a pile of completions, here of one
		t.Errorf("%v allocations per submitted message", n)
	}
	keys := make([]string, 2100)
	for i := range keys {
		keys[i] = fmt.Sprint("key-", i)
	}
	i := 0
	n := testing.AllocsPerRun(2000, func() {
		accept(message.Idempotency{Route: "messages/send", Key: keys[i], At: noon})
		i++
	})
	if n > 0 {
		t.Errorf("%v allocations per message with a key", n)
	}
}

// TestFactsAllocate what is remembered of a message under way, the message
// itself and its State's row, and nothing more for any of its facts.
func TestFactsAllocate(t *testing.T) {
	s := onDir(t, vfs.NewMem())
	s.Start(Hooks{Feed: func(message.Lane, int, message.Job) {}, Observe: func(message.Event) {}})
	const runs = 1000
	ids, known := make([]message.ID, runs+1), make([]string, runs+1)
	for i := range ids {
		got, err := s.Accept(testOutbound(), message.Idempotency{})
		if err != nil {
			t.Fatal(err)
		}
		ids[i], known[i] = got.ID, fmt.Sprint("SM", i)
	}
	lane := testOutbound().Lane(0)
	state, receipts, i := new(message.State), make([]message.Receipt, 1), 0
	fold := func(f message.Fact, state *message.State) {
		if folded, err := s.FoldInto(1, ids[i], f, state); err != nil || folded.Refused {
			t.Fatalf("%v: refused %v, %v", f.Kind, folded.Refused, err)
		}
	}
	n := testing.AllocsPerRun(runs, func() {
		fold(message.Fact{Kind: message.Started, At: noon, Position: ids[i].Position(), Sender: "main"}, state)
		fold(message.Fact{Kind: message.Accepted, At: noon, ProviderID: known[i]}, nil)
		for _, status := range []message.Status{message.Sent, message.Delivered} {
			receipts[0] = message.Receipt{Channel: lane.Channel, Test: lane.Test, ProviderID: known[i], Status: status}
			if err := s.Report(receipts, noon); err != nil {
				t.Fatal(err)
			}
		}
		if i++; state.Attempts[0].Sender != "main" {
			t.Fatal("the state is another's")
		}
	})
	if n > 2 {
		t.Errorf("%v allocations for four facts", n)
	}
	if _, last, err := s.Message(1, ids[0]); err != nil || last.Status != message.Delivered {
		t.Errorf("%v, %v", last, err)
	}
}
