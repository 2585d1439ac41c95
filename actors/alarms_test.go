package actors

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"messagehub/store/message"
)

func TestAlarmsComeInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var a alarms[int64]
		var want []int64
		for _, at := range rapid.SliceOfN(rapid.Int64Range(0, 50), 0, 60).Draw(t, "at") {
			a.add(at, at)
			want = append(want, at)
		}
		if rapid.Bool().Draw(t, "prune") {
			even := func(at int64) bool { return at%2 == 0 }
			a.prune(even)
			want = slices.DeleteFunc(want, func(at int64) bool { return !even(at) })
		}
		slices.Sort(want)
		for _, at := range want {
			if first, ok := a.earliest(); !ok || first != at {
				t.Fatalf("earliest %d, want %d", first, at)
			}
			if _, early := a.due(at - 1); early {
				t.Fatalf("the alarm of %d came early", at)
			}
			if got, ok := a.due(at); !ok || got != at {
				t.Fatalf("got %d, want %d", got, at)
			}
		}
		if _, ok := a.earliest(); ok {
			t.Fatal("an alarm is left")
		}
	})
}

// TestDeadlinesOfJobsLongGoneAreForgotten: a shard that works for ever keeps
// no more alarms than it has room for jobs.
func TestDeadlinesOfJobsLongGoneAreForgotten(t *testing.T) {
	s := newShard(limits{window: 8, share: 8, asks: 8, expiry: 1}, lone())
	now := moment{wall: 1000}
	for p := message.Position(1); p <= 10_000; p++ {
		s.step(now, event{kind: delivered, jobs: []message.Job{{Position: p, Recipient: uint64(p), Deadline: 1_000_000}}})
		for _, do := range slices.Clone(s.step(now, event{kind: granted, n: 1})) {
			if do.kind == send {
				s.step(now, event{kind: settled, slot: do.slot})
			}
		}
	}
	if n := len(s.deadlines.heap); n > 1100 {
		t.Errorf("%d alarms for no job", n)
	}
	if s.busy() || len(s.slots) > 3 {
		t.Errorf("%d slots for one job at a time", len(s.slots))
	}
}

// TestPausedRecipientsAreBounded: beyond the bound a recipient is not
// remembered; the provider will say so again.
func TestPausedRecipientsAreBounded(t *testing.T) {
	s := newShard(limits{window: 8, share: 8, asks: 8, expiry: 1}, lone())
	for p := message.Position(1); p <= 2*maxPaused; p++ {
		s.step(moment{}, event{kind: delivered, jobs: []message.Job{{Position: p, Recipient: uint64(p), Deadline: 1}}})
		for _, do := range slices.Clone(s.step(moment{}, event{kind: granted, n: 1})) {
			if do.kind == send {
				s.step(moment{}, event{kind: settled, slot: do.slot, hold: pauseObeyed})
			}
		}
	}
	if n := len(s.queues[0].recipients); n > maxPaused {
		t.Errorf("%d recipients are paused", n)
	}
	s.step(moment{mono: pauseObeyed}, event{kind: ticked})
	if n := len(s.queues[0].recipients); n != 0 {
		t.Errorf("%d recipients are left when the pause is over", n)
	}
}

// TestActorSleeps: a far deadline wakes nobody, and a near one no earlier than
// it is due.
func TestActorSleeps(t *testing.T) {
	for deadline, want := range map[message.Time]time.Duration{
		1 << 60: maxSleep, 1_000 + 60_000: maxSleep, 1_000 + 7: 7 * time.Millisecond,
	} {
		s := newShard(limits{window: 8, share: 8, asks: 8, expiry: 1}, lone())
		now := moment{wall: 1000}
		s.step(now, event{kind: delivered, jobs: []message.Job{{Position: 1, Deadline: deadline}}})
		if got := s.alarm(now); got != want {
			t.Errorf("deadline %d: sleeps %v, want %v", deadline, got, want)
		}
	}
}

// overdueShard holds n jobs whose deadline is at 1,000, and may record two
// expiries at once.
func overdueShard(n int) *shard {
	s := newShard(limits{window: 8, share: 8, asks: 8, expiry: 2}, lone())
	for p := message.Position(1); p <= message.Position(n); p++ {
		s.step(moment{}, event{kind: delivered, jobs: []message.Job{{Position: p, Recipient: uint64(p), Deadline: 1000}}})
	}
	return s
}

func count(actions []action, kind actionKind) int {
	n := 0
	for _, do := range actions {
		if do.kind == kind {
			n++
		}
	}
	return n
}

func TestExpiriesAreBounded(t *testing.T) {
	s := overdueShard(5)
	late := slices.Clone(s.step(moment{wall: 1000}, event{kind: ticked}))
	if n := count(late, expire); n != 2 {
		t.Fatalf("%d expiries at once", n)
	}
	if n := count(s.step(moment{wall: 1000}, event{kind: settled, slot: late[0].slot}), expire); n != 1 {
		t.Errorf("%d expiries when one is done", n)
	}
}

// TestPermitComesTooLate: a permit that comes at the deadline is not used,
// even if nothing else has told the shard the time.
func TestPermitComesTooLate(t *testing.T) {
	s := overdueShard(1)
	got := s.step(moment{wall: 1000}, event{kind: granted, n: 1})
	if count(got, send) != 0 || count(got, giveBack) != 1 || count(got, expire) != 1 {
		t.Errorf("actions %+v", got)
	}
}
