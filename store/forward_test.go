package store

import (
	"testing"
	"testing/synctest"
	"time"

	"messagehub/store/message"
)

// The clock of the sandbox moves what its messages wait for, as often as it is
// moved; it does not touch live ones and other workspaces.
func TestForward(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Store, e *ear) {
		scheduled := func(ws message.WorkspaceID, test bool) message.ID {
			o := testOutbound()
			o.Workspace, o.Test, o.CreatedAt, o.ScheduledAt = ws, test, clock(), clock().Add(time.Hour)
			return mustAccept(t, s, o)
		}
		ours, live, theirs := scheduled(1, true), scheduled(1, false), scheduled(2, true)
		forward := func(ws message.WorkspaceID, by time.Duration, want int) {
			t.Helper()
			if n, err := s.Forward(ws, by, clock()); err != nil || n != want {
				t.Fatalf("%d moved, %v; want %d", n, err, want)
			}
		}
		forward(1, 20*time.Minute, 1)
		forward(1, 30*time.Minute, 1)
		synctest.Wait()
		if got := stateNow(t, s, ours).Status; got != message.Scheduled {
			t.Errorf("ten minutes before its time it is %s", got)
		}
		due := clock().Add(10 * time.Minute)
		if j := <-e.news; j.ID != ours || clock() != due {
			t.Errorf("fed %s at %d, want %s at %d", j.ID, clock(), ours, due)
		}
		forward(0, 50*time.Minute, 2) // ours waits in its lane now, theirs for its time
		if j := <-e.news; j.ID != theirs || clock() != due {
			t.Errorf("fed %s at %d, want %s", j.ID, clock(), theirs)
		}
		forward(1, 24*time.Hour, 1)
		synctest.Wait()
		if a, b := stateNow(t, s, ours).Status, stateNow(t, s, live).Status; a != message.Expired || b != message.Scheduled {
			t.Errorf("ours is %s, the live one %s", a, b)
		}
		forward(1, time.Hour, 0)
	})
}
