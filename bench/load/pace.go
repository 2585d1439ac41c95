package load

import (
	"container/heap"
	"time"
)

// schedule is a constant rate: when the requests of a source are due, in
// nanoseconds since the start of the load. It knows no clock.
type schedule struct {
	first float64
	gap   float64
	n     int64
}

func newSchedule(perSecond, phase float64) schedule {
	gap := float64(time.Second) / perSecond
	return schedule{first: gap * phase, gap: gap}
}

// due is when the next request is due.
func (s *schedule) due() int64 { return int64(s.first + float64(s.n)*s.gap) }

// take takes the next request and says when it was due.
func (s *schedule) take() int64 {
	at := s.due()
	s.n++
	return at
}

// skip drops the requests that were due before the given moment, and says how
// many.
func (s *schedule) skip(before int64) int64 {
	from := s.n
	if behind := float64(before) - s.first; behind > float64(s.n)*s.gap {
		s.n = int64(behind/s.gap) + 1
		for s.n > from && int64(s.first+float64(s.n-1)*s.gap) >= before {
			s.n--
		}
	}
	return s.n - from
}

// agenda holds the sources that wait for their next request, the first due
// first.
type agenda []*source

// Len implements [heap.Interface].
func (a agenda) Len() int           { return len(a) }
func (a agenda) Less(i, j int) bool { return a[i].schedule.due() < a[j].schedule.due() }
func (a agenda) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }

// Push implements [heap.Interface].
func (a *agenda) Push(s any) { *a = append(*a, s.(*source)) }

// Pop implements [heap.Interface].
func (a *agenda) Pop() any {
	old := *a
	last := old[len(old)-1]
	*a = old[:len(old)-1]
	return last
}

func (a *agenda) add(s *source) { heap.Push(a, s) }

// due takes the first source if it is due; nil: none is.
func (a *agenda) due(now int64) *source {
	if len(*a) == 0 || (*a)[0].schedule.due() > now {
		return nil
	}
	return heap.Pop(a).(*source)
}

// Bounds of one wait. Below the lower one a loop would spend its time waking
// up; requests are sent at most that late, and say so.
const (
	shortest = 100 * time.Microsecond
	longest  = 50 * time.Millisecond
)

// wait says how long to wait for the next request.
func (a agenda) wait(now int64) time.Duration {
	if len(a) == 0 {
		return longest
	}
	return min(max(time.Duration(a[0].schedule.due()-now), shortest), longest)
}
