package channeltest

import (
	"sync"
	"testing"

	"messagehub/store/message"
)

// senders and each are how many goroutines send how many messages.
const (
	senders = 16
	each    = 16
)

// concurrent sends from many goroutines at once: run it with the race
// detector.
func (c *Case) concurrent(t *testing.T) {
	rig := c.newRig(t)
	var mu sync.Mutex
	ids := make(map[string]bool)
	var wg sync.WaitGroup
	for g := range senders {
		wg.Go(func() {
			for i := range each {
				r := c.first(t)
				r.Ref = message.AttemptRef(1, message.NewID(message.At(uint64(g), i), 1), 0)
				r.Step.To = c.Ordinary
				acceptance, err := rig.adapter.Send(t.Context(), r)
				if err != nil {
					t.Errorf("send: %v (%+v)", err, err)
					continue
				}
				mu.Lock()
				ids[acceptance.ProviderID] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(ids) != senders*each || rig.world.Ledger.Len() != senders*each {
		t.Errorf("%d provider ids and %d lines in the ledger, want %d", len(ids), rig.world.Ledger.Len(), senders*each)
	}
	c.sound(t, rig.reported(t))
}
