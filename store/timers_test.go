package store

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"messagehub/store/message"
)

// inBubble runs a test on a fake clock, with a started store.
func inBubble(t *testing.T, test func(t *testing.T, s *Store, e *ear)) {
	synctest.Test(t, func(t *testing.T) {
		s, e := started(t, vfs.NewMem())
		test(t, s, e)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

func clock() message.Time { return message.TimeOf(time.Now()) }

func stateNow(t *testing.T, s *Store, id message.ID) *message.State {
	t.Helper()
	_, state, err := s.Message(1, id)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

func TestScheduleFires(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Store, e *ear) {
		later, sooner := testOutbound(), testOutbound()
		later.CreatedAt, sooner.CreatedAt = clock(), clock()
		later.ScheduledAt = clock().Add(90 * time.Second)
		sooner.ScheduledAt = clock().Add(20 * time.Second)
		idLater, idSooner := mustAccept(t, s, later), mustAccept(t, s, sooner)
		if got := stateNow(t, s, idLater).Status; got != message.Scheduled {
			t.Errorf("status %s", got)
		}
		for _, want := range []struct {
			id message.ID
			at message.Time
		}{{idSooner, sooner.ScheduledAt}, {idLater, later.ScheduledAt}} {
			if j := <-e.news; j.ID != want.id || clock() != want.at {
				t.Errorf("%s was fed at %d, want %s at %d", j.ID, clock(), want.id, want.at)
			}
		}
		if got := stateNow(t, s, idLater).Status; got != message.Queued {
			t.Errorf("status %s", got)
		}
	})
}

func TestRetryComesBackAsNewJob(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Store, e *ear) {
		o := testOutbound()
		o.CreatedAt = clock()
		id := mustAccept(t, s, o)
		first := <-e.news
		mustFold(t, s, id, message.Fact{Kind: message.Started, At: clock(), Position: first.Position, Sender: "main"})
		retry := clock().Add(7 * time.Second)
		mustFold(t, s, id, message.Fact{
			Kind: message.Deferred, At: clock(), RetryAt: retry, Failure: &message.Failure{Code: "rate_limited", Class: message.Capacity},
		})
		if n := s.Pending(message.Lane{Channel: "whatsapp"}); n != 0 {
			t.Errorf("%d pending while it waits for its retry", n)
		}
		second := <-e.news
		if clock() != retry || second.ID != id || second.Position <= first.Position {
			t.Errorf("fed %+v at %d, want it at %d behind %d", second, clock(), retry, first.Position)
		}
		stale, err := s.Fold(1, id, message.Fact{Kind: message.Started, At: clock(), Position: first.Position})
		if err != nil || !stale.Refused {
			t.Errorf("the old job was started: %v", err)
		}
	})
}

func TestSuccessTimeoutMovesOn(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Store, e *ear) {
		o := testOutbound()
		o.CreatedAt = clock()
		o.Steps[0].Success, o.Steps[0].Timeout = message.Delivered, time.Minute
		o.Steps = append(o.Steps, message.Step{Channel: "sms", To: "+821012345678", Success: message.Sent})
		id := mustAccept(t, s, o)
		j := <-e.news
		mustFold(t, s, id, message.Fact{Kind: message.Started, At: clock(), Position: j.Position, Sender: "main"})
		mustFold(t, s, id, message.Fact{Kind: message.Accepted, At: clock(), ProviderID: "w1"})
		due := clock().Add(time.Minute)
		if j = <-e.news; clock() != due || j.Attempt != 1 || s.Pending(message.Lane{Channel: "sms"}) != 1 {
			t.Errorf("attempt %d was fed at %d, want 1 at %d", j.Attempt, clock(), due)
		}
	})
}

func TestDeadlineExpires(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Store, e *ear) {
		o := testOutbound()
		o.CreatedAt, o.ExpiresIn = clock(), 30*time.Second
		id := mustAccept(t, s, o)
		<-e.news
		time.Sleep(31 * time.Second)
		synctest.Wait()
		if got := stateNow(t, s, id).Status; got != message.Expired {
			t.Errorf("status %s", got)
		}
		if _, found := s.OldestPending(message.Lane{Channel: "whatsapp"}); found {
			t.Error("it is pending still")
		}
	})
}

// TestTimersSurviveRestart: what fell due while the store was closed fires as
// soon as it is started.
func TestTimersSurviveRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := started(t, vfs.NewMem())
		o := testOutbound()
		o.CreatedAt = clock()
		o.ScheduledAt = clock().Add(time.Minute)
		id := mustAccept(t, s, o)
		files := s.options.FS
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		again, e := started(t, files)
		now := clock()
		if j := <-e.news; j.ID != id || clock() != now {
			t.Errorf("fed %+v after %d ms", j, clock()-now)
		}
		if err := again.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestOrphansExpire(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Store, _ *ear) {
		r := message.Receipt{Channel: "whatsapp", ProviderID: "early", Status: message.Delivered}
		if err := s.Report([]message.Receipt{r}, clock()); err != nil {
			t.Fatal(err)
		}
		count := func() (rows int) {
			for _, prefix := range []byte{prefixOrphan, prefixTimer} {
				if err := eachRow(s.db, []byte{prefix}, func(_, _ []byte) error { rows++; return nil }); err != nil {
					t.Fatal(err)
				}
			}
			return rows
		}
		time.Sleep(OrphanFor - time.Second)
		synctest.Wait()
		if n := count(); n != 2 {
			t.Errorf("%d rows before it expires", n)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if n := count(); n != 0 {
			t.Errorf("%d rows are left", n)
		}
	})
}
