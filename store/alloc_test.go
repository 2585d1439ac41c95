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
