package smpp

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"messagehub/actors/channel/sms/smsc"
)

// TestDropsLoseNothing sends 10,000 messages over a bind that the SMSC closes
// after every 700 messages. Each message ends either with an id or unknown; no
// message that was said not to be sent is at the SMSC, and a repeat of all that
// are unknown, as a careless caller might, makes no more duplicates than the
// window for each drop.
func TestDropsLoseNothing(t *testing.T) {
	const messages, window, dropAfter = 10_000, 50, 700
	r := newRig(t, smsc.Options{DropAfter: dropAfter}, Options{Window: window})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var next, unknown atomic.Int64
	var mu sync.Mutex
	doubtful := map[string]bool{}
	var wg sync.WaitGroup
	for range 2 * window {
		wg.Go(func() {
			for i := next.Add(1); i <= messages; i = next.Add(1) {
				text := fmt.Sprint("message ", i)
				for {
					_, err := r.Submit(ctx, short("14155550100", text))
					if err == nil {
						break
					}
					var lost *Unknown
					if !errors.As(err, &lost) {
						t.Errorf("%s: %v", text, err)
						return
					}
					unknown.Add(1)
					mu.Lock()
					doubtful[text] = true
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	copies := map[string]int{}
	for _, line := range r.world.Ledger.Lines(0) {
		copies[line.Text]++
	}
	duplicates := 0
	for text, n := range copies {
		if duplicates += n - 1; n > 1 && !doubtful[text] {
			t.Errorf("%s came %d times and was never unknown", text, n)
		}
	}
	drops := len(r.world.Ledger.Lines(0)) / dropAfter
	t.Logf("%d messages, %d drops, window %d: %d lost, %d unknown, %d duplicates", messages, drops, window, messages-len(copies), unknown.Load(), duplicates)
	if len(copies) != messages || drops < messages/dropAfter || duplicates > drops*window {
		t.Errorf("%d messages arrived, %d drops, %d duplicates", len(copies), drops, duplicates)
	}
}
