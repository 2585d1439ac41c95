package actors

import (
	"testing"
	"time"

	"messagehub/actors/channel"
)

func TestRepaceCountsFromNow(t *testing.T) {
	g := newGate(newPace(1, 1), 1, 1)
	g.ask(0, 3)
	if got := g.grant(0, nil); len(got) != 1 || got[0].n != 1 {
		t.Fatalf("granted %v", got)
	}
	g.repace(0, channel.Pace{PerSecond: 10, Burst: 1, InFlight: 3})
	if at := g.earliest(); at != 100*time.Millisecond {
		t.Errorf("the next permit comes at %v, want 100ms", at)
	}
	if got := g.grant(200*time.Millisecond, nil); len(got) != 1 || got[0].n != 1 {
		t.Errorf("granted %v", got)
	}
}

func TestRepaceBelowWhatIsInFlightGrantsNothing(t *testing.T) {
	g := newGate(newPace(0, 0), 3, 1)
	g.ask(0, 4)
	g.grant(0, nil)
	g.repace(0, channel.Pace{InFlight: 1})
	for left := 2; left >= 0; left-- {
		if got := g.grant(0, nil); len(got) != 0 {
			t.Fatalf("granted %v with %d in flight", got, left+1)
		}
		g.settle(0, report{verdict: verdictAlive})
	}
	if got := g.grant(0, nil); len(got) != 1 || got[0].n != 1 {
		t.Errorf("granted %v once there is room", got)
	}
}
