package actors

import (
	"context"
	"sync/atomic"
	"testing"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

// quick is a log that agrees to everything at once.
type quick struct {
	outbound *message.Outbound
	state    message.State
	jobs     []message.Job
	done     chan struct{}
	left     atomic.Int64
}

func (q *quick) FoldInto(_ message.WorkspaceID, _ message.ID, f message.Fact, s *message.State) (message.Folded, error) {
	if f.Kind == message.Accepted && q.left.Add(-1) == 0 {
		close(q.done)
	}
	if s != nil {
		*s = q.state
	}
	return message.Folded{Outbound: q.outbound, State: s}, nil
}

func (q *quick) Message(message.WorkspaceID, message.ID) (*message.Outbound, *message.State, error) {
	return q.outbound, &q.state, nil
}

func (q *quick) Backlog(_ message.Lane, _ int, after message.Position, dst []message.Job) ([]message.Job, error) {
	n := min(cap(dst)-len(dst), len(q.jobs)-int(after))
	return append(dst, q.jobs[after:int(after)+n]...), nil
}

// BenchmarkShard passes jobs through one shard, from the feed to the recorded
// outcome, with an adapter and a log that do nothing.
func BenchmarkShard(b *testing.B) {
	q := &quick{outbound: text("a", "sms"), jobs: make([]message.Job, b.N), done: make(chan struct{})}
	q.state, _ = message.Begin(q.outbound, 1)
	q.left.Store(int64(b.N))
	for i := range q.jobs {
		q.jobs[i] = message.Job{
			Position: message.Position(i + 1), Workspace: message.WorkspaceID(i % 7), Recipient: uint64(i), Deadline: 1 << 60,
		}
	}
	sms := spec("sms", stub(accepting))
	sms.Pace.InFlight = 64
	s, err := New(Options{Specs: []channel.Spec{sms}, Senders: senders(sms), Log: q, Backlog: q, Shards: 1})
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	b.ReportAllocs()
	b.ResetTimer()
	go func() { ended <- s.Run(ctx) }()
	lane := message.Lane{Channel: "sms"}
	for i := range q.jobs {
		s.Offer(lane, 0, q.jobs[i])
	}
	<-q.done
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
	stop()
	if err := <-ended; err != nil {
		b.Fatal(err)
	}
}

// BenchmarkStep is the pure part: a job in, a permit, a send out, its outcome.
func BenchmarkStep(b *testing.B) {
	s := newShard(limits{window: 4096, share: 1024, asks: 64, expiry: 64}, lone())
	jobs := make([]message.Job, 1)
	now := moment{wall: 1}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		jobs[0] = message.Job{Position: message.Position(i + 1), Recipient: uint64(i), Deadline: 1 << 60}
		s.step(now, event{kind: delivered, jobs: jobs})
		slot := s.step(now, event{kind: granted, n: 1})[0].slot
		s.step(now, event{kind: settled, slot: slot})
	}
}

// BenchmarkOffer is what the log's feed pays for a job.
func BenchmarkOffer(b *testing.B) {
	m := newMailbox(1024)
	r, _ := m.beginRead()
	m.endRead(r, nil, true)
	dst := make([]message.Job, 0, batch)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		m.offer(message.Job{Position: message.Position(i + 1)})
		if i%batch == batch-1 {
			m.take(dst)
		}
	}
}
