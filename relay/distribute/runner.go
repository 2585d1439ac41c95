package distribute

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"messagehub/store/message"
)

// Log is where messages go, and where distributions are moved on.
type Log interface {
	Expand(*message.Distribution, *message.Expansion) error
	ReleaseDistribution(*message.Release) error
	SweepDistribution(d *message.Distribution, at message.Time) error
	CompleteDistribution(d *message.Distribution, at message.Time) error
}

// Book knows the distributions.
type Book interface {
	// OpenDistributions returns those that may still change, paused ones too.
	OpenDistributions() ([]message.Distribution, error)
	Distribution(o message.Owner, id message.ID) (message.Distribution, error)
	// SpanResting reports whether nothing will happen to a run of messages any
	// more, unless receipts come.
	SpanResting(d *message.Distribution, n int) (bool, error)
	// Withheld returns those of a run of messages that a pause has withheld.
	Withheld(d *message.Distribution, n int) ([]*message.Outbound, error)
}

// Backlog says how many messages wait in a lane.
type Backlog interface {
	Pending(message.Lane) int64
}

// Options is what a Runner is made of.
type Options struct {
	Log      Log
	Book     Book
	Rows     Rows
	Contacts Contacts
	OptOuts  OptOuts
	Backlog  Backlog
	Channels []Channel
	// Ceiling is how many messages may wait in a lane before distributions wait
	// for it.
	Ceiling int64
	// Observe is told what became of recipients whose turn has come; it may be
	// nil.
	Observe func(message.DistributionCounts)
	Now     func() message.Time
	Logger  *slog.Logger
}

const (
	// windowCeiling takes the place of Ceiling for a distribution with a window:
	// what waits in a lane when it closes still goes out.
	windowCeiling = 1000
	checkEvery    = 500 * time.Millisecond
	// retryAfter is how long a distribution rests after an error.
	retryAfter = time.Second
)

// Runner makes the messages of all distributions.
type Runner struct {
	o Options
	// changed tells it that there is another one, or one in another state.
	// Capacity 1.
	changed chan struct{}
	stands  atomic.Pointer[standing]
}

// New makes a Runner; it does nothing before Run.
func New(o Options) *Runner {
	if o.Observe == nil {
		o.Observe = func(message.DistributionCounts) {}
	}
	r := &Runner{o: o, changed: make(chan struct{}, 1)}
	r.stands.Store(&standing{})
	return r
}

// Changed tells the Runner of a distribution that a client has made or changed.
// It never blocks.
func (r *Runner) Changed() {
	select {
	case r.changed <- struct{}{}:
	default: // it will look anyway
	}
}

// job is a distribution that there is, or may be, something to do for.
type job struct {
	message.Distribution
	due    message.Time // when its next turn is
	over   bool         // there will be nothing more to do
	rested int          // how many runs of its messages are over
	// ready is since when it might have made messages that it has not made; 0: it
	// is not behind.
	ready message.Time
}

// Run works until ctx ends.
func (r *Runner) Run(ctx context.Context) {
	var jobs []*job
	r.Changed()
	for ctx.Err() == nil {
		select {
		case <-r.changed:
			jobs = r.load(ctx, jobs)
		default:
		}
		jobs = r.round(ctx, jobs)
		r.stands.Store(standingOf(jobs))
		r.sleep(ctx, earliest(jobs))
	}
}

// load reads what there is to do. Of the jobs that stay, what is known stays.
func (r *Runner) load(ctx context.Context, old []*job) (jobs []*job) {
	open, err := r.o.Book.OpenDistributions()
	if err != nil {
		if !errors.Is(err, message.ErrUnavailable) {
			r.o.Logger.Error("read distributions", "error", err)
		}
		r.rest(ctx, retryAfter)
		r.Changed()
		return old
	}
	known := map[message.ID]*job{}
	for _, j := range old {
		known[j.ID] = j
	}
	for _, d := range open {
		j := &job{Distribution: d}
		if was := known[d.ID]; was != nil {
			j.rested, j.ready = was.rested, was.ready
		}
		jobs = append(jobs, j)
	}
	return jobs
}

// round gives each job that is due a turn, and returns those that are left.
func (r *Runner) round(ctx context.Context, jobs []*job) []*job {
	left := jobs[:0]
	for _, j := range jobs {
		if ctx.Err() != nil {
			return jobs
		}
		if j.due <= r.o.Now() {
			r.turn(ctx, j)
		}
		if !j.over {
			left = append(left, j)
		}
	}
	clear(jobs[len(left):])
	return left
}

// turn does what there is to do next for a job.
func (r *Runner) turn(ctx context.Context, j *job) {
	at := r.o.Now()
	began := time.Now()
	what := next(&j.Distribution, at, r.full(&j.Distribution))
	j.note(what, at)
	var err error
	switch j.due = 0; what.kind {
	case nothing:
		j.over = true
		return
	case wait:
		j.due = what.until
		return
	case expand:
		err = r.expand(j, at, what.messages)
	case release:
		err = r.release(j, at)
	case check:
		err = r.check(j, at)
	case sweep:
		err = r.o.Log.SweepDistribution(&j.Distribution, at)
	}
	r.after(j, err)
	if what.kind != check {
		r.rest(ctx, time.Since(began))
	}
}

// expand makes the next messages of a job.
func (r *Runner) expand(j *job, at message.Time, limit int) error {
	e, err := r.expansion(&j.Distribution, at, limit)
	if err == nil {
		err = r.o.Log.Expand(&j.Distribution, e)
	}
	if err == nil {
		j.ready = 0
		r.o.Observe(e.Progress.Counts.Minus(j.Progress.Counts))
	}
	return err
}

// release lets messages of a job go that a pause has withheld.
func (r *Runner) release(j *job, at message.Time) error {
	e, err := r.released(&j.Distribution, at)
	if err == nil {
		err = r.o.Log.ReleaseDistribution(e)
	}
	if err == nil {
		j.ready = 0
	}
	return err
}

// check ends a job whose messages are all over.
func (r *Runner) check(j *job, at message.Time) error {
	for ; j.rested < j.Progress.Spans; j.rested++ {
		resting, err := r.o.Book.SpanResting(&j.Distribution, j.rested)
		if err != nil {
			return err
		}
		if !resting {
			j.due = at.Add(checkEvery)
			return nil
		}
	}
	err := r.o.Log.CompleteDistribution(&j.Distribution, at)
	if n := &j.Progress.Counts; err == nil {
		r.o.Logger.Info("distribution", "id", string(message.AppendID(nil, message.PrefixDistribution, j.ID)), "recipients", n.Recipients,
			"messages", n.Messages, "invalid", n.Invalid, "duplicates", n.Duplicates, "optedOut", n.OptedOut)
	}
	return err
}

// after reads how the job stands after its turn.
func (r *Runner) after(j *job, err error) {
	if errors.Is(err, message.ErrVersion) || errors.Is(err, message.ErrDistributionState) {
		err = nil // somebody has changed it: it is as is read now
	}
	if err == nil {
		j.Distribution, err = r.o.Book.Distribution(j.Owner, j.ID)
	}
	switch {
	case err == nil:
	case errors.Is(err, message.ErrNotFound):
		j.over = true
	default:
		j.due = r.o.Now().Add(retryAfter)
		if !errors.Is(err, message.ErrUnavailable) {
			r.o.Logger.Error("distribute", "id", string(message.AppendID(nil, message.PrefixDistribution, j.ID)), "error", err)
		}
	}
}

// full reports whether one of the job's lanes has enough.
func (r *Runner) full(d *message.Distribution) bool {
	ceiling := r.o.Ceiling
	if w := d.Plan.Window; w.From != w.To {
		ceiling = min(ceiling, windowCeiling)
	}
	for i := range d.Plan.Contents {
		if r.o.Backlog.Pending(message.Lane{Channel: d.Plan.Contents[i].Channel, Test: d.Owner.Test}) >= ceiling {
			return true
		}
	}
	return false
}

func earliest(jobs []*job) message.Time {
	first := message.Never
	for _, j := range jobs {
		first = min(first, j.due)
	}
	return first
}

// sleep returns at a moment, when something has changed, or when ctx ends.
func (r *Runner) sleep(ctx context.Context, until message.Time) {
	const longest = time.Hour // a wall clock may be set meanwhile
	d := longest
	if until != message.Never {
		d = min(max(until.Sub(r.o.Now()), 0), longest)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-r.changed:
		r.Changed()
	}
}

// rest leaves the log to others for as long as it was used.
func (r *Runner) rest(ctx context.Context, took time.Duration) {
	timer := time.NewTimer(took)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
