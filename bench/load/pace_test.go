package load

import (
	"testing"
	"time"
)

// A clock that is moved by hand: requests are due at a constant rate, whenever
// somebody looks.
func TestAgendaKeepsTheRate(t *testing.T) {
	var a agenda
	fast := &source{schedule: newSchedule(1000, 0), Source: Source{Group: 1}}
	slow := &source{schedule: newSchedule(10, 0.5), Source: Source{Group: 2}}
	a.add(fast)
	a.add(slow)
	sent := map[int]int{}
	last := int64(-1)
	for clock := int64(0); clock <= int64(time.Second); clock += int64(7 * time.Millisecond) {
		for s := a.due(clock); s != nil; s = a.due(clock) {
			due := s.schedule.take()
			if due > clock || due < last {
				t.Fatalf("at %v: due %v after %v", time.Duration(clock), time.Duration(due), time.Duration(last))
			}
			last = due
			sent[s.Group]++
			a.add(s)
		}
		if wait := a.wait(clock); wait < shortest || wait > longest {
			t.Fatalf("waits %v", wait)
		}
	}
	if sent[1] != 995 || sent[2] != 10 { // the last look is at 994 ms
		t.Errorf("sent %v", sent)
	}
}

func TestScheduleSkips(t *testing.T) {
	for _, c := range []struct {
		before time.Duration
		skips  int64
		next   time.Duration
	}{
		{0, 0, 5 * time.Millisecond},
		{5 * time.Millisecond, 0, 5 * time.Millisecond},
		{6 * time.Millisecond, 1, 15 * time.Millisecond},
		{95 * time.Millisecond, 9, 95 * time.Millisecond},
		{96 * time.Millisecond, 10, 105 * time.Millisecond},
	} {
		s := newSchedule(100, 0.5)
		if n := s.skip(int64(c.before)); n != c.skips || time.Duration(s.due()) != c.next {
			t.Errorf("before %v: skips %d, next %v", c.before, n, time.Duration(s.due()))
		}
	}
}

func TestDealKeepsConnectionsAndRate(t *testing.T) {
	sources := []Source{{Connections: 7, PerSecond: 700}, {Connections: 1, PerSecond: 5}, {Connections: 9, Once: true}, {Connections: 1, PerSecond: 3}}
	conns, rate := 0, 0.0
	shares := deal(sources, 3)
	for _, share := range shares {
		for _, s := range share {
			conns += s.Connections
			rate += s.PerSecond
		}
	}
	if len(shares) != 3 || conns != 18 || rate < 707.9 || rate > 708.1 {
		t.Errorf("%d shares, %d connections, %g a second", len(shares), conns, rate)
	}
	if one := deal(sources[1:2], 3); len(one) != 1 {
		t.Errorf("one connection makes %d shares", len(one))
	}
}
