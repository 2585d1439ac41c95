package relay

import (
	"math/bits"
	"math/rand/v2"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"
)

// maxBuckets bounds the buckets of a histogram, the one without an upper
// bound included.
const maxBuckets = 20

// histogram counts values into buckets with fixed upper bounds. It is striped,
// so that goroutines on different processors seldom write to one cache line;
// the stripes are added up when it is read.
type histogram struct {
	bounds  []int64 // upper bounds, ascending
	unit    float64 // what 1 in bounds is worth when shown
	stripes []stripe
}

// stripe is one part of a histogram's counts.
type stripe struct {
	counts [maxBuckets]atomic.Uint64
	sum    atomic.Int64
	_      [64]byte // keeps the next stripe off this one's cache line
}

// newHistogram makes a histogram of durations.
func newHistogram(bounds []time.Duration, stripes int) *histogram {
	h := &histogram{unit: 1e-9, stripes: make([]stripe, stripes)}
	for _, b := range bounds {
		h.bounds = append(h.bounds, int64(b))
	}
	return h
}

// newSizes makes a histogram of counts: 1, 2, 4, … up to the bound.
func newSizes(most int64) *histogram {
	h := &histogram{unit: 1, stripes: make([]stripe, 1)}
	for b := int64(1); b <= most; b *= 2 {
		h.bounds = append(h.bounds, b)
	}
	return h
}

// hotStripes is how many stripes a histogram on the hot path has: a power of
// two, at least one for each processor.
func hotStripes() int {
	return min(1<<bits.Len(uint(runtime.GOMAXPROCS(0)-1)), 64)
}

// observe counts one value. It does not allocate.
func (h *histogram) observe(v int64) {
	s := &h.stripes[0]
	if n := len(h.stripes); n > 1 {
		s = &h.stripes[rand.Uint32()&uint32(n-1)]
	}
	i := 0
	for i < len(h.bounds) && v > h.bounds[i] {
		i++
	}
	s.counts[i].Add(1)
	s.sum.Add(v)
}

// write writes the histogram in the Prometheus text format.
func (h *histogram) write(x *exposition, name, labels string) {
	var cumulated uint64
	var sum int64
	for i := range h.stripes {
		sum += h.stripes[i].sum.Load()
	}
	bucket := name + "_bucket"
	for i := 0; i <= len(h.bounds); i++ {
		for k := range h.stripes {
			cumulated += h.stripes[k].counts[i].Load()
		}
		x.sample(bucket, join(labels, `le="`+h.bound(i)+`"`), float64(cumulated))
	}
	x.sample(name+"_sum", labels, float64(sum)*h.unit)
	x.sample(name+"_count", labels, float64(cumulated))
}

// bound is the text of the i-th upper bound.
func (h *histogram) bound(i int) string {
	if i == len(h.bounds) {
		return "+Inf"
	}
	if h.unit == 1 {
		return strconv.FormatInt(h.bounds[i], 10)
	}
	return strconv.FormatFloat(time.Duration(h.bounds[i]).Seconds(), 'g', -1, 64)
}

// empty reports whether nothing has been counted.
func (h *histogram) empty() bool {
	for i := range h.stripes {
		for k := range h.stripes[i].counts {
			if h.stripes[i].counts[k].Load() != 0 {
				return false
			}
		}
	}
	return true
}

// Bounds of the histograms of durations.
func fastBounds() []time.Duration {
	const us, ms, s = time.Microsecond, time.Millisecond, time.Second
	return []time.Duration{
		50 * us, 100 * us, 250 * us, 500 * us, ms, 2500 * us, 5 * ms, 10 * ms, 25 * ms,
		50 * ms, 100 * ms, 250 * ms, 500 * ms, s, 2500 * ms, 5 * s, 10 * s, 30 * s,
	}
}

func slowBounds() []time.Duration {
	const ms, s, m, h = time.Millisecond, time.Second, time.Minute, time.Hour
	return []time.Duration{
		100 * ms, 250 * ms, 500 * ms, s, 2 * s, 5 * s, 10 * s, 30 * s, m, 2 * m, 5 * m, 15 * m, h, 6 * h, 24 * h,
	}
}
