package load

import (
	"maps"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Stats counts the answers of a group of sources.
type Stats struct {
	Requests int64 // answered
	Accepted int64 // messages of 2xx answers; requests, where those hold no ids
	Refused  int64 // 429 and 503
	Limited  int64 // of these, 429
	NoRetry  int64 // of the refused, without Retry-After
	Other    int64 // any other status
	Broken   int64 // connections that broke with a request on them
	Withheld int64 // requests never sent: see Source.Patience, and those still due at the end
	Latency  *hdrhistogram.Histogram
	Refusal  *hdrhistogram.Histogram
	Statuses map[int]int64
}

// maxLatency is the largest latency that is told apart, in microseconds.
const maxLatency = 60_000_000

// NewHistogram makes a histogram of microseconds, up to a minute, to three
// digits.
func NewHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, maxLatency, 3) }

// NewStats makes Stats of nothing.
func NewStats() *Stats {
	return &Stats{Latency: NewHistogram(), Refusal: NewHistogram(), Statuses: map[int]int64{}}
}

// Add adds o to s.
func (s *Stats) Add(o *Stats) {
	s.Requests += o.Requests
	s.Accepted += o.Accepted
	s.Refused += o.Refused
	s.Limited += o.Limited
	s.NoRetry += o.NoRetry
	s.Other += o.Other
	s.Broken += o.Broken
	s.Withheld += o.Withheld
	s.Latency.Merge(o.Latency)
	s.Refusal.Merge(o.Refusal)
	for status, n := range o.Statuses {
		s.Statuses[status] += n
	}
}

// Errors is the share of requests that came to nothing good: refused, of
// another status, broken or withheld.
func (s *Stats) Errors() float64 {
	bad := s.Refused + s.Other + s.Broken + s.Withheld
	return float64(bad) / max(float64(s.Requests+s.Broken+s.Withheld), 1)
}

// book counts an answer that holds the given number of messages.
func (s *Stats) book(a *answer, messages int64, took time.Duration) {
	s.Requests++
	s.Statuses[a.status]++
	us := min(max(took.Microseconds(), 1), maxLatency)
	switch {
	case a.status >= 200 && a.status < 300:
		s.Accepted += messages
		_ = s.Latency.RecordValue(us)
	case a.status == 429 || a.status == 503:
		s.Refused++
		if a.status == 429 {
			s.Limited++
		}
		if !a.retryAfter {
			s.NoRetry++
		}
		_ = s.Refusal.RecordValue(us)
	default:
		s.Other++
	}
}

// Promise is a message that the server has answered for with a 202.
type Promise struct {
	N  uint64 // its number, see [Ref]
	ID ID
}

// IntervalLength is how long an Interval is.
const IntervalLength = 250 * time.Millisecond

// Interval is what was answered in one interval of a load.
type Interval struct {
	At       time.Duration // its end, since the start
	Accepted int64
	Errors   int64
	P50, P99 time.Duration // of what was accepted
}

// chunk is one worker's part of an interval.
type chunk struct {
	index            int
	accepted, errors int64
	latency          *hdrhistogram.Histogram
}

func newChunk(index int) *chunk {
	return &chunk{index: index, latency: hdrhistogram.New(1, maxLatency, 2)}
}

// tape puts the workers' chunks together.
type tape struct {
	chunks  chan *chunk
	workers int
	observe func(Interval)
	open    map[int]*chunk
	seen    map[int]int
	done    []Interval
}

func newTape(workers int, observe func(Interval)) *tape {
	return &tape{chunks: make(chan *chunk, 64), workers: workers, observe: observe, open: map[int]*chunk{}, seen: map[int]int{}}
}

// run ends when the workers have.
func (t *tape) run() {
	for c := range t.chunks {
		sum := t.open[c.index]
		if sum == nil {
			t.open[c.index], sum = c, c
		} else {
			sum.accepted += c.accepted
			sum.errors += c.errors
			sum.latency.Merge(c.latency)
		}
		if t.seen[c.index]++; t.seen[c.index] == t.workers {
			t.finish(sum)
		}
	}
	for _, index := range slices.Sorted(maps.Keys(t.open)) { // workers that ended early
		t.finish(t.open[index])
	}
}

func (t *tape) finish(c *chunk) {
	delete(t.open, c.index)
	delete(t.seen, c.index)
	i := Interval{
		At: time.Duration(c.index+1) * IntervalLength, Accepted: c.accepted, Errors: c.errors,
		P50: us(c.latency.ValueAtQuantile(50)), P99: us(c.latency.ValueAtQuantile(99)),
	}
	t.done = append(t.done, i)
	if t.observe != nil {
		t.observe(i)
	}
}

func us(n int64) time.Duration { return time.Duration(n) * time.Microsecond }
