package store

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"messagehub/store/message"
)

// releaseNext lets the next run of messages go that may hold withheld ones.
func releaseNext(s *Store, d *message.Distribution) error {
	held, err := s.Withheld(d, d.Progress.Spans-d.Progress.Held)
	if err != nil {
		return err
	}
	r := &message.Release{ID: d.ID, Owner: d.Owner, Version: d.Version, At: noon, Progress: d.Progress}
	r.Progress.Held--
	for _, o := range held {
		r.Messages = append(r.Messages, message.Going{Message: o})
	}
	return s.ReleaseDistribution(r)
}

// waiting returns the jobs of the lane that distributionOf sends over.
func waiting(t testing.TB, s *Store) (all []message.Job) {
	t.Helper()
	for shard := range s.options.Shards {
		jobs, err := s.Backlog(message.Lane{Channel: "sms"}, shard, 0, make([]message.Job, 0, 1000))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, jobs...)
	}
	return all
}

func startOf(j message.Job) message.Fact {
	return message.Fact{Kind: message.Started, At: noon, Attempt: j.Attempt, Position: j.Position, Sender: "main"}
}

// TestNothingStartsWhilePaused: whatever is cut off and whenever it is paused and
// resumed, nothing is started from a pause to its end, and in the end each
// message has been started once.
func TestNothingStartsWhilePaused(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		files := vfs.NewCrashableMem()
		s, _ := started(t, files)
		const n = 20
		d := mustDistribute(t, s, distributionOf(n))
		starts := map[message.ID]int{}
		for turns, crashes := 0, 0; len(starts) < n; turns++ {
			d, _ = s.Distribution(testOwner, d.ID)
			was := d.Progress.State
			paused := was == message.Paused
			switch rapid.IntRange(0, 5).Draw(rt, "turn") {
			case 0:
				if crashes++; crashes > 3 {
					break
				}
				crashed := files.CrashClone(vfs.CrashCloneCfg{})
				_ = s.Close()
				files = crashed
				s, _ = started(t, files)
			case 1:
				to := message.Paused
				if paused || turns > 60 {
					to = message.Expanding
				}
				if _, err := s.TurnDistribution(testOwner, d.ID, to, noon); err != nil {
					t.Fatal(err)
				}
			case 2:
				switch {
				case d.Progress.Held > 0:
					if err := releaseNext(s, &d); err != nil {
						t.Fatal(err)
					}
				case was == message.Expanding:
					if err := step(s, &d, 8); err != nil {
						t.Fatal(err)
					}
				}
			default:
				jobs := waiting(t, s)
				for _, j := range jobs[:min(4, len(jobs))] {
					got, err := s.Fold(1, j.ID, startOf(j))
					if err != nil || got.Refused != paused {
						t.Fatalf("start while %s: refused %t, %v", was, got.Refused, err)
					}
					if !paused {
						starts[j.ID]++
						mustFold(t, s, j.ID, message.Fact{Kind: message.Accepted, At: noon, Attempt: j.Attempt, ProviderID: j.ID.String()})
					}
				}
			}
		}
		for id, count := range starts {
			if count != 1 {
				t.Fatalf("%s was started %d times", id, count)
			}
		}
		soundOf(t, s)
		_ = s.Close()
	})
}

// TestCanceledIsNotStarted: not even before it has been swept, and the sweep
// takes back what a pause has withheld.
func TestCanceledIsNotStarted(t *testing.T) {
	s, _ := started(t, vfs.NewMem())
	d := mustDistribute(t, s, distributionOf(6))
	if err := step(s, &d, 6); err != nil {
		t.Fatal(err)
	}
	turn := func(to message.DistributionState) {
		t.Helper()
		var err error
		if d, err = s.TurnDistribution(testOwner, d.ID, to, noon); err != nil {
			t.Fatal(err)
		}
	}
	turn(message.Paused)
	jobs := waiting(t, s)
	refused := func(j message.Job) message.Status {
		t.Helper()
		got, err := s.Fold(1, j.ID, startOf(j))
		if err != nil || !got.Refused {
			t.Fatalf("started: %+v, %v", got, err)
		}
		return got.State.Status
	}
	if status := refused(jobs[0]); status != message.Queued {
		t.Errorf("withheld as %s", status)
	}
	if counts, err := s.DistributionCensus(&d); err != nil || counts.Of(message.Queued) != 6 || counts.Withheld != 1 {
		t.Errorf("%+v, %v", counts, err)
	}
	turn(message.DistributionCanceled)
	if status := refused(jobs[1]); status != message.Canceled {
		t.Errorf("canceled as %s", status)
	}
	if err := s.SweepDistribution(&d, noon); err != nil {
		t.Fatal(err)
	}
	counts, err := s.DistributionCensus(&d)
	if err != nil || counts.Of(message.Canceled) != 6 || counts.Withheld != 0 {
		t.Errorf("%v, %v", counts, err)
	}
	soundOf(t, s)
}
