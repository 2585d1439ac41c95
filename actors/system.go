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
	order   []*lane           // in the order of the specs, live before test
	clients []*channel.Client // those made here

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
		lanes: make(map[message.Lane]*lane),
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
	var work sync.WaitGroup
	running, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	s.runAdapters(running, &work)
	<-run.Done()
	err := s.drain(&loops, abandon)
	end()
	work.Wait()
	s.close()
	return errors.Join(s.failure(), err)
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

func (s *System) close() {
	for _, l := range s.order {
		for _, out := range l.senders {
			out.gate.close()
		}
	}
	for _, c := range s.clients {
		c.Close()
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
