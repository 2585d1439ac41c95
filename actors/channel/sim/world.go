// Package sim is what the simulated providers share: the ledger of what each
// received, the knobs that make them misbehave, the scripts of the reserved
// recipients, and the posting of receipts. A simulator speaks its provider's
// wire API with types of its own; it never shares them with the adapter.
package sim

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// Provider is a simulated provider: a handler of its wire API.
type Provider interface {
	Handle(ctx *fasthttp.RequestCtx)
}

// World is what all simulators of one process share.
type World struct {
	Ledger *Ledger
	seen   seen
	memory memory
	knobs  atomic.Pointer[Knobs]
	serial atomic.Uint64
	dial   dialer
	outbox *outbox
	work   chan *Post

	streams streams
	closed  <-chan struct{}
	stop    context.CancelFunc
	wg      sync.WaitGroup
}

// Options of a World. The zero value is a well-behaved one on the network.
type Options struct {
	Knobs Knobs
	// Dial opens the connections on which receipts are posted; nil means the
	// network.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// NewWorld makes a World and starts the goroutines that post its receipts.
func NewWorld(o Options) *World {
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
	ctx, stop := context.WithCancel(context.Background())
	w := &World{Ledger: NewLedger(), dial: o.Dial, outbox: newOutbox(), work: make(chan *Post), closed: ctx.Done(), stop: stop}
	w.serial.Store(uint64(time.Now().UnixNano()))
	w.knobs.Store(&o.Knobs)
	w.wg.Add(posters + 1)
	go w.dispatch(ctx)
	for range posters {
		go w.post(ctx)
	}
	return w
}

// Close drops the receipts not yet posted, ends the streams and waits for its
// goroutines.
func (w *World) Close() {
	w.stop()
	w.streams.close()
	w.wg.Wait()
}

// Reset forgets everything that the providers received. Receipts already
// scheduled are still posted.
func (w *World) Reset() {
	w.Ledger.Reset()
	w.seen.reset()
	w.memory.reset()
}

// Knobs returns the knobs in force.
func (w *World) Knobs() Knobs { return *w.knobs.Load() }

// SetKnobs puts new knobs in force.
func (w *World) SetKnobs(k Knobs) { w.knobs.Store(&k) }

// Serial returns a number that no other call returns, nor one in another run
// of the process: the clock's nanoseconds at the start, counted up.
func (w *World) Serial() uint64 { return w.serial.Add(1) }

// Knobs make every provider of a World misbehave at random. Shares are
// between 0 and 1.
type Knobs struct {
	Latency        time.Duration `json:"latency"`        // before each answer
	Throttle       float64       `json:"throttle"`       // answered "too many requests"
	Fail           float64       `json:"fail"`           // answered with a server error
	DropAnswer     float64       `json:"dropAnswer"`     // taken, but the connection is closed instead of answered
	LoseReceipt    float64       `json:"loseReceipt"`    // receipt never posted
	DoubleReceipt  float64       `json:"doubleReceipt"`  // receipt posted twice
	ReorderReceipt float64       `json:"reorderReceipt"` // receipts of one message posted in reverse
	ReceiptDelay   time.Duration `json:"receiptDelay"`   // before the first receipt
}

// Validate tells all that is wrong with k.
func (k Knobs) Validate() error {
	var faults []error
	shares := map[string]float64{
		"throttle": k.Throttle, "fail": k.Fail, "dropAnswer": k.DropAnswer, "loseReceipt": k.LoseReceipt,
		"doubleReceipt": k.DoubleReceipt, "reorderReceipt": k.ReorderReceipt,
	}
	for name, share := range shares {
		if !(share >= 0 && share <= 1) {
			faults = append(faults, fmt.Errorf("%s must be between 0 and 1, not %v", name, share))
		}
	}
	if k.Latency < 0 || k.ReceiptDelay < 0 {
		faults = append(faults, errors.New("latency and receiptDelay must not be negative"))
	}
	return errors.Join(faults...)
}

// chance is true in share of all calls.
func chance(share float64) bool { return share > 0 && rand.Float64() < share }
