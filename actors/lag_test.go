package actors

import (
	"slices"
	"testing"

	"messagehub/store/message"
)

// TestSweepEndsWhenNoFlowHasRoom: the log is not read to its end for flows
// that can take nothing more.
func TestSweepEndsWhenNoFlowHasRoom(t *testing.T) {
	s := newShard(limits{window: 8, share: 2, asks: 1, expiry: 1}, lone())
	var jobs []message.Job
	for p := message.Position(1); p <= 100; p++ {
		jobs = append(jobs, message.Job{Position: p, Recipient: uint64(p), Deadline: 1 << 40})
	}
	now := moment{}
	s.step(now, event{kind: delivered, jobs: jobs})
	if _, ok := s.wants(); ok {
		t.Fatal("a sweep begins before there is room")
	}
	slot := slices.Clone(s.step(now, event{kind: granted, n: 1}))[0].slot
	s.step(now, event{kind: settled, slot: slot})
	after, ok := s.wants()
	if !ok || after != 2 {
		t.Fatalf("with room for one, the sweep begins after %d, %v", after, ok)
	}
	s.step(now, event{kind: swept, jobs: jobs[2:5]})
	if _, ok := s.wants(); ok {
		t.Error("the sweep goes on with no room")
	}
	if f := s.queues[0].flows[flowKey{0, classNormal}]; f.held != 2 || f.lag.from != 4 {
		t.Errorf("the flow holds %d, and goes on from %d", f.held, f.lag.from)
	}
}

// TestFloodHoldsBackNobodyElse: a workspace with far more than a window of
// messages delays another's first one by one turn.
func TestFloodHoldsBackNobodyElse(t *testing.T) {
	s := newShard(limits{window: 64, share: 16, asks: 8, expiry: 1}, lone())
	now := moment{}
	p := message.Position(0)
	deliver := func(ws message.WorkspaceID, n int) {
		for range n {
			p++
			job := message.Job{Position: p, Workspace: ws, Recipient: uint64(p), Deadline: 1 << 40}
			s.step(now, event{kind: delivered, jobs: []message.Job{job}})
		}
	}
	deliver(1, 10_000)
	deliver(2, 1)
	var order []message.WorkspaceID
	for range 2 {
		order = append(order, s.step(now, event{kind: granted, n: 1})[0].job.Workspace)
	}
	if !slices.Contains(order, 2) {
		t.Errorf("sent for workspaces %v", order)
	}
	if n := len(s.slots); n > 64 {
		t.Errorf("the shard holds %d jobs", n)
	}
}
