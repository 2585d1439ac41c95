package distribute

import (
	"cmp"
	"time"

	"messagehub/store/message"
)

// Standing is how the distributions are.
type Standing struct {
	Expanding, Running, Paused int
	// Behind is since how long the one that is furthest behind its rate might have
	// made messages; 0: none is behind.
	Behind time.Duration
}

// standing is a Standing as it was found.
type standing struct {
	Standing
	ready message.Time // of the one that is furthest behind; 0: none is
}

func standingOf(jobs []*job) *standing {
	s := &standing{}
	for _, j := range jobs {
		switch j.Progress.State {
		case message.Expanding:
			s.Expanding++
		case message.Running:
			s.Running++
		case message.Paused:
			s.Paused++
		}
		if j.ready != 0 && (s.ready == 0 || j.ready < s.ready) {
			s.ready = j.ready
		}
	}
	return s
}

// Standing returns how the distributions are. It may be called at any time.
func (r *Runner) Standing() Standing {
	s := r.stands.Load()
	out := s.Standing
	if s.ready != 0 {
		out.Behind = max(r.o.Now().Sub(s.ready), 0)
	}
	return out
}

// note notes since when the job might do what is its turn to do now: since it
// was to wake, or where it did not sleep, since now.
func (j *job) note(what turn, at message.Time) {
	switch {
	case what.kind != expand && what.kind != release && !what.crowded:
		j.ready = 0
	case j.ready == 0 && j.Plan.PerSecond > 0:
		j.ready = cmp.Or(j.due, at)
	}
}
