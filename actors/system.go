package actors

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

// System is the delivery of all channels, live and test.
type System struct {
	options Options
	clock   clock
	policy  policy
	lanes   map[message.Lane]*lane
	order   []*lane // in the order of the specs, live before test
	crew    crew
	over    chan struct{} // closed when no more work is taken
	// reloading is held while the senders change. It guards running, which is
	// what the adapters' own work lives in; nil before Run and after it.
	reloading sync.Mutex
	running   context.Context

	mu struct {
		sync.Mutex
		started bool
		failed  error // why the log does not work any more
		cancel  context.CancelFunc
	}
}

// New makes a System. It does nothing before Run, but may be offered jobs.
func New(o Options) (*System, error) {
	o.EnsureDefaults()
	if err := o.Validate(); err != nil {
		return nil, fmt.Errorf("make actors: %w", err)
	}
	s := &System{
		options: o, clock: clock{o.Now, o.Now()}, policy: policy{channel.Rules()},
		lanes: make(map[message.Lane]*lane), over: make(chan struct{}),
	}
	for _, spec := range o.Specs {
		for _, test := range []bool{false, true} {
			l, err := s.newLane(spec, test)
			if err != nil {
				return nil, err
			}
			s.lanes[l.name] = l
			s.order = append(s.order, l)
		}
	}
	return s, nil
}

// Offer is the log's feed: it is called after commit, in log order for each
// shard, and never blocks. Jobs of a lane that is not built stay in the log.
func (s *System) Offer(lane message.Lane, shard int, job message.Job) {
	if l := s.lanes[lane]; l != nil {
		l.actors[shard].offer(job)
	}
}

// Run delivers until ctx ends or the log fails. Then it takes no more work,
// lets sends in flight finish, records their outcomes, and returns why it
// ended: nil if ctx did. What was never started stays in the log. It can be
// called once.
func (s *System) Run(ctx context.Context) error {
	run, cancel := context.WithCancel(ctx)
	defer cancel()
	if !s.begin(cancel) {
		return errors.New("run actors: already run")
	}
	sends, abandon := context.WithCancel(context.WithoutCancel(ctx))
	defer abandon()
	var loops sync.WaitGroup
	for _, l := range s.order {
		for _, a := range l.actors {
			a.run, a.sends = run, sends
			loops.Go(func() {
				a.loop()
				a.work.Wait()
			})
		}
	}
	s.startEngines(ctx)
	<-run.Done()
	close(s.over)
	err := s.drain(&loops, abandon)
	s.crew.close()
	s.close()
	return errors.Join(s.failure(), err)
}

// startEngines begins the work that adapters have beside sending. It goes on
// after ctx, until close.
func (s *System) startEngines(ctx context.Context) {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	s.running = context.WithoutCancel(ctx)
	for _, l := range s.order {
		for _, out := range l.all() {
			s.start(l, out, out.engine.Load())
		}
	}
}

// CatchingUp tells how many of the shards have not yet read all that waited in
// the log when Run began.
func (s *System) CatchingUp() (shards, of int) {
	for _, l := range s.order {
		for _, a := range l.actors {
			if of++; !a.caught.Load() {
				shards++
			}
		}
	}
	return shards, of
}

func (s *System) begin(cancel context.CancelFunc) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.started {
		return false
	}
	s.mu.started, s.mu.cancel = true, cancel
	return true
}

// drain waits for the loops to end: for the sends in flight to finish, then
// for them to notice that they are abandoned.
func (s *System) drain(loops *sync.WaitGroup, abandon func()) error {
	ended := make(chan struct{})
	go func() {
		loops.Wait()
		close(ended)
	}()
	budget := time.NewTimer(s.options.Drain)
	defer budget.Stop()
	select {
	case <-ended:
		return nil
	case <-budget.C:
	}
	abandon()
	budget.Reset(s.options.grace)
	select {
	case <-ended:
		return nil
	case <-budget.C:
		return errors.New("drain actors: sends in flight did not end")
	}
}

// close ends the adapters' own work, then lets go of what they have.
func (s *System) close() {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	s.running = nil
	for _, l := range s.order {
		for _, out := range l.all() {
			out.gate.close()
			if e := out.engine.Load(); e.end != nil {
				e.end()
			}
		}
	}
	for _, l := range s.order {
		for _, out := range l.all() {
			e := out.engine.Load()
			e.halt()
			e.close()
		}
	}
}

// check stops the System for an error of the log, unless it only says that a
// message is no more.
func (s *System) check(err error) {
	if err != nil && !errors.Is(err, message.ErrNotFound) {
		s.stop(fmt.Errorf("record fact: %w", err))
	}
}

// stop ends Run with the first error it is called with.
func (s *System) stop(err error) {
	s.mu.Lock()
	if s.mu.failed == nil {
		s.mu.failed = err
	}
	cancel := s.mu.cancel
	s.mu.Unlock()
	cancel()
}

func (s *System) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mu.failed
}
