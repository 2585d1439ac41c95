package page

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// scale maps values to a coordinate between from and to, linearly or by the
// logarithm.
type scale struct {
	low, high float64
	from, to  float64
	log       bool
}

func (s scale) at(v float64) float64 {
	low, high := s.low, s.high
	if s.log {
		low, high, v = math.Log10(low), math.Log10(high), math.Log10(max(v, s.low))
	}
	if high == low {
		return s.from
	}
	return s.from + (min(max(v, low), high)-low)/(high-low)*(s.to-s.from)
}

// linear makes a scale from 0 over values up to top, with round ticks.
func linear(top, from, to float64) (scale, []float64) {
	if !(top > 0) {
		top = 1
	}
	step := math.Pow(10, math.Floor(math.Log10(top)))
	for _, f := range []float64{0.2, 0.25, 0.5, 1, 2, 2.5} {
		if top/(step*f) <= 5 {
			step *= f
			break
		}
	}
	var ticks []float64
	n := math.Ceil(top/step - 1e-9)
	for i := range int(n) + 1 {
		ticks = append(ticks, float64(i)*step)
	}
	return scale{low: 0, high: n * step, from: from, to: to}, ticks
}

// logarithmic makes a scale over the decades that hold low and high.
func logarithmic(low, high, from, to float64) (scale, []float64) {
	if !(low > 0) {
		low = 1e-5
	}
	first, last := math.Floor(math.Log10(low)), math.Ceil(math.Log10(max(high, low*1.01)))
	var ticks []float64
	for d := first; d <= last; d++ {
		ticks = append(ticks, math.Pow(10, d))
	}
	return scale{low: math.Pow(10, first), high: math.Pow(10, last), from: from, to: to, log: true}, ticks
}

// coordinate writes a coordinate short.
func coordinate(v float64) string {
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(v, 'f', 1, 64), "0"), ".")
}

// The ways to write a value on an axis.

func plain(v float64) string {
	switch {
	case v >= 1e6:
		return trim(v/1e6) + " M"
	case v >= 1e3:
		return trim(v/1e3) + " k"
	}
	return trim(v)
}

func trim(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) }

func duration(seconds float64) string {
	switch {
	case seconds == 0:
		return "0"
	case seconds < 0.999e-3:
		return trim(seconds*1e6) + " µs"
	case seconds < 0.999:
		return trim(seconds*1e3) + " ms"
	}
	return trim(seconds) + " s"
}

func size(bytes float64) string {
	switch {
	case bytes >= 1e9:
		return trim(bytes/1e9) + " GB"
	case bytes >= 1e6:
		return fmt.Sprintf("%.0f MB", bytes/1e6)
	}
	return plain(bytes)
}

func pow10(v float64) float64 { return math.Pow(10, v) }
