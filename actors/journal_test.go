package actors

import (
	"cmp"
	"slices"

	"messagehub/store/message"
)

// journal is a log in memory: it folds facts by the real transitions, keeps
// the backlog and the timers, and feeds what is dispatched. It has no lock.
type journal struct {
	shards   int
	feed     func(message.Lane, int, message.Job)
	observe  func(message.ID, message.Fact, message.Effects)
	sequence uint64
	records  map[message.ID]*record
	pending  map[place][]message.Job // in log order
	timers   []timer
}

type record struct {
	outbound *message.Outbound
	state    message.State
}

type place struct {
	lane  message.Lane
	shard int
}

type timer struct {
	message.Timer
	id message.ID
}

func newJournal(shards int) *journal {
	return &journal{
		shards: shards, records: map[message.ID]*record{}, pending: map[place][]message.Job{},
		feed: func(message.Lane, int, message.Job) {}, observe: func(message.ID, message.Fact, message.Effects) {},
	}
}

func (j *journal) next() message.Position {
	j.sequence++
	return message.At(j.sequence, 0)
}

// accept stores o, gives it its id and dispatches it.
func (j *journal) accept(o *message.Outbound) message.ID {
	p := j.next()
	o.ID = message.NewID(p, o.Salt)
	state, effects := message.Begin(o, p)
	r := &record{o, state}
	j.records[o.ID] = r
	j.apply(r, effects, p)
	return o.ID
}

func (j *journal) fold(id message.ID, fact message.Fact) (message.Folded, error) {
	r := j.records[id]
	if r == nil {
		return message.Folded{}, message.ErrNotFound
	}
	p := j.next()
	effects := r.state.Apply(r.outbound, fact, p)
	j.observe(id, fact, effects)
	if !effects.Refused {
		j.apply(r, effects, p)
	}
	return message.Folded{Outbound: r.outbound, State: r.copy(), Refused: effects.Refused}, nil
}

func (r *record) copy() *message.State {
	s := r.state
	s.Attempts = slices.Clone(s.Attempts)
	s.Timeline = slices.Clone(s.Timeline)
	return &s
}

func (j *journal) apply(r *record, e message.Effects, p message.Position) {
	id := r.outbound.ID
	if e.Drop != 0 {
		j.drop(r, e)
	}
	for _, t := range e.Disarm {
		j.timers = slices.DeleteFunc(j.timers, func(o timer) bool { return o == timer{t, id} })
	}
	for _, t := range e.Arm {
		j.timers = append(j.timers, timer{t, id})
	}
	if e.Dispatch {
		j.dispatch(r, p)
	}
}

func (j *journal) drop(r *record, e message.Effects) {
	at := j.place(r.outbound, e.DropStep)
	j.pending[at] = slices.DeleteFunc(j.pending[at], func(job message.Job) bool { return job.Position == e.Drop })
}

func (j *journal) dispatch(r *record, p message.Position) {
	i := r.state.Current()
	a := &r.state.Attempts[i]
	at := j.place(r.outbound, a.Step)
	job := r.outbound.Job(a.Step, i)
	job.Bind(a)
	job.Position, job.Deadline = p, a.Deadline
	j.pending[at] = append(j.pending[at], job)
	j.feed(at.lane, at.shard, job)
}

func (j *journal) place(o *message.Outbound, step int) place {
	return place{o.Lane(step), message.ShardOf(message.RecipientHash(o.Steps[step].To), j.shards)}
}

func (j *journal) backlog(at place, after message.Position, dst []message.Job) []message.Job {
	jobs := j.pending[at]
	i, _ := slices.BinarySearchFunc(jobs, after+1, func(job message.Job, p message.Position) int {
		return cmp.Compare(job.Position, p)
	})
	return append(dst, jobs[i:min(len(jobs), i+cap(dst)-len(dst))]...)
}

// nextTimer returns when the next timer fires.
func (j *journal) nextTimer() (message.Time, bool) {
	if len(j.timers) == 0 {
		return 0, false
	}
	return slices.MinFunc(j.timers, func(a, b timer) int { return cmp.Compare(a.At, b.At) }).At, true
}

// fire folds the timers that are due at now, in order, and reports whether
// there were any.
func (j *journal) fire(now message.Time) bool {
	due := slices.DeleteFunc(slices.Clone(j.timers), func(t timer) bool { return t.At > now })
	j.timers = slices.DeleteFunc(j.timers, func(t timer) bool { return t.At <= now })
	slices.SortStableFunc(due, func(a, b timer) int { return cmp.Compare(a.At, b.At) })
	for _, t := range due {
		_, _ = j.fold(t.id, t.Kind.Fact(t.Attempt, now))
	}
	return len(due) > 0
}

// waiting counts the jobs of all backlogs.
func (j *journal) waiting() int {
	n := 0
	for _, jobs := range j.pending {
		n += len(jobs)
	}
	return n
}
