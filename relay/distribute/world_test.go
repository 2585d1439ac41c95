package distribute

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"messagehub/store/message"
)

// world is a log in memory with one distribution. It keeps the promises of the
// store: what it is asked for happens whole or not at all.
type world struct {
	mu       sync.Mutex
	d        message.Distribution
	chunks   []message.RecipientChunk
	marks    map[message.Mark]bool
	contacts []message.Contact
	optedOut []message.Identity
	sent     []message.Outbound
	spans    []int
	held     [][]*message.Outbound // of each run, by a pause
	gone     []message.Going       // after it
	pending  int64
	resting  bool
	// crash, if not nil, is asked before and after each step whether the process
	// ends there.
	crash func() bool
	dead  context.CancelFunc
	clock func() message.Time
	// runner is the last that has run; counted is told what it counts.
	runner  *Runner
	counted func(message.DistributionCounts)
}

var (
	errCrash = errors.New("the process has ended")
	owner    = message.Owner{Workspace: 1}
)

func newWorld(plan message.DistributionPlan, recipients []message.Addressee, contacts []message.Contact) *world {
	w := &world{marks: map[message.Mark]bool{}, contacts: contacts, resting: true, clock: func() message.Time { return message.TimeOf(time.Now()) }}
	for c := range slices.Chunk(recipients, message.RecipientChunkSize) {
		w.chunks = append(w.chunks, message.RecipientChunk{Recipients: slices.Clone(c)})
	}
	plan.Chunks = len(w.chunks)
	w.d = message.Distribution{ID: message.ID{1}, Owner: owner, Plan: plan, Version: 1}
	return w
}

// run runs a Runner until the distribution is over or the process ends.
func (w *world) run(ctx context.Context) {
	ctx, w.dead = context.WithCancel(ctx)
	defer w.dead()
	w.runner = New(Options{
		Log: w, Book: w, Rows: w, Contacts: w, OptOuts: w, Backlog: w, Ceiling: 100, Observe: w.counted, Now: w.clock, Logger: slog.New(slog.DiscardHandler),
	})
	w.runner.Run(ctx)
}

func (w *world) dies() bool {
	if w.crash == nil || !w.crash() {
		return false
	}
	w.dead()
	return true
}

func (w *world) step(version message.Position, apply func()) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dies() {
		return errCrash
	}
	if version != w.d.Version {
		return message.ErrVersion
	}
	apply()
	w.d.Version++
	if w.dies() {
		return errCrash
	}
	return nil
}

func (w *world) Expand(_ *message.Distribution, e *message.Expansion) error {
	return w.step(e.Version, func() {
		w.sent = append(w.sent, e.Messages...)
		for _, m := range e.Marks {
			w.marks[m] = true
		}
		spans := w.d.Progress.Spans
		if w.d.Progress = e.Progress; len(e.Messages) > 0 {
			w.spans = append(w.spans, len(e.Messages))
			spans++
		}
		w.d.Progress.Spans = spans
	})
}

func (w *world) SweepDistribution(d *message.Distribution, _ message.Time) error {
	return w.step(d.Version, func() { w.d.Progress.Swept++ })
}

func (w *world) Withheld(_ *message.Distribution, n int) ([]*message.Outbound, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.held[n]), nil
}

func (w *world) ReleaseDistribution(r *message.Release) error {
	return w.step(r.Version, func() {
		w.gone = append(w.gone, r.Messages...)
		for n := range len(w.held) - r.Progress.Held {
			w.held[n] = nil
		}
		w.d.Progress = r.Progress
	})
}

func (w *world) CompleteDistribution(d *message.Distribution, _ message.Time) error {
	defer w.dead()
	return w.step(d.Version, func() { w.d.Progress.State = message.DistributionCompleted })
}

func (w *world) OpenDistributions() ([]message.Distribution, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.d.Open() {
		return nil, nil
	}
	return []message.Distribution{w.d}, nil
}

func (w *world) Distribution(message.Owner, message.ID) (message.Distribution, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.d, nil
}

func (w *world) SpanResting(*message.Distribution, int) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.resting, nil
}

func (w *world) Recipients(_ *message.Distribution, n int) (message.RecipientChunk, error) {
	return w.chunks[n], nil
}

func (w *world) Marked(_ *message.Distribution, marks []message.Mark) (bool, error) {
	return slices.ContainsFunc(marks, func(m message.Mark) bool { return w.marks[m] }), nil
}

func (w *world) OptedOut(_ message.Owner, i message.Identity) (bool, error) {
	return slices.Contains(w.optedOut, i), nil
}

func (w *world) Pending(message.Lane) int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.pending
}

func (w *world) Contact(o message.Owner, id message.ID) (message.Contact, error) {
	for _, c := range w.contacts {
		if c.ID == id && o == owner {
			return c, nil
		}
	}
	return message.Contact{}, message.ErrNotFound
}

func (w *world) Contacts(_ message.Owner, q message.ContactQuery) (page message.ContactPage, err error) {
	for _, c := range w.contacts {
		switch {
		case c.ID.Position() <= q.After || !q.Match(&c):
		case len(page.Contacts) == q.Limit:
			page.Next = page.Contacts[q.Limit-1].ID.Position()
			return page, nil
		default:
			page.Contacts = append(page.Contacts, c)
		}
	}
	return page, nil
}

// inBubble runs f on a fake clock.
func inBubble(t *testing.T, f func(t *testing.T)) { synctest.Test(t, f) }

func text(channel, content string) message.Step {
	return message.Step{Channel: channel, ContentType: message.Text, Content: content, Success: message.Sent}
}

func person(n int, tags string, identities ...message.Identity) message.Contact {
	return message.Contact{ID: message.NewID(message.At(uint64(n), 0), 1), Owner: owner, Tags: strings.Fields(tags), Identities: identities}
}
