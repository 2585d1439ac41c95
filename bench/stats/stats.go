// Package stats says what figures measured in rounds tell, and with what
// confidence. All of it is pure.
package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"sort"
)

// Median returns the middle value, the mean of the two middle ones of an even
// number; 0 of none.
func Median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	switch {
	case n == 0:
		return 0
	case n%2 == 1:
		return sorted[n/2]
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}

// Ratios divides the rounds of a by those of b, one by one: rounds alternate,
// so neighbours met the same machine.
func Ratios(a, b []float64) []float64 {
	out := make([]float64, min(len(a), len(b)))
	for i := range out {
		if b[i] != 0 {
			out[i] = a[i] / b[i]
		}
	}
	return out
}

// Change says how far b is from a.
type Change struct {
	A, B float64 // medians
	// Ratio is B ÷ A − 1; Low and High bound it with 95 % confidence. Without
	// enough rounds the bounds are those of what was seen.
	Ratio, Low, High float64
	// P is the probability of a difference at least this large between two runs
	// of the same thing (Mann-Whitney, two-sided).
	P float64
}

// Significant reports whether the change is more than chance.
func (c Change) Significant() bool { return c.P < 0.05 }

// resamples is how often the bootstrap draws.
const resamples = 2000

// Compare compares the rounds of two runs. The bounds come of a bootstrap with
// a fixed seed: the same rounds give the same bounds.
func Compare(a, b []float64) Change {
	c := Change{A: Median(a), B: Median(b), P: MannWhitney(a, b)}
	c.Ratio = c.B/c.A - 1
	rng := rand.New(rand.NewPCG(uint64(len(a)), uint64(len(b))))
	drawn := make([]float64, 0, resamples)
	for range resamples {
		if m := Median(draw(rng, a)); m != 0 {
			drawn = append(drawn, Median(draw(rng, b))/m-1)
		}
	}
	sort.Float64s(drawn)
	if len(drawn) > 0 {
		c.Low, c.High = drawn[len(drawn)*25/1000], drawn[len(drawn)*975/1000]
	}
	return c
}

func draw(rng *rand.Rand, values []float64) []float64 {
	out := make([]float64, len(values))
	for i := range out {
		out[i] = values[rng.IntN(len(values))]
	}
	return out
}

// exactSize is up to how many values of both samples together the
// distribution of U is counted out.
const exactSize = 40

// MannWhitney returns the two-sided p-value of the Mann-Whitney U test: exact
// for small samples without ties, by the normal approximation otherwise.
func MannWhitney(a, b []float64) float64 {
	if len(a) == 0 || len(b) == 0 {
		return 1
	}
	u, ties := rankSum(a, b)
	n, m := float64(len(a)), float64(len(b))
	if len(ties) == 0 && len(a)+len(b) <= exactSize {
		return exactP(u, len(a), len(b))
	}
	mean, total := n*m/2, n+m
	sum := 0.0
	for _, t := range ties {
		sum += t*t*t - t
	}
	sigma := math.Sqrt(n * m / 12 * (total + 1 - sum/(total*(total-1))))
	if sigma == 0 {
		return 1
	}
	z := max(math.Abs(u-mean)-0.5, 0) / sigma
	return math.Erfc(z / math.Sqrt2)
}

// rankSum returns U of a, and the sizes of the groups of equal values.
func rankSum(a, b []float64) (u float64, ties []float64) {
	all := slices.Sorted(slices.Values(append(slices.Clone(a), b...)))
	rank := map[float64]float64{}
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j] == all[i] {
			j++
		}
		rank[all[i]] = float64(i+j+1) / 2
		if j-i > 1 {
			ties = append(ties, float64(j-i))
		}
		i = j
	}
	sum := 0.0
	for _, v := range a {
		sum += rank[v]
	}
	return sum - float64(len(a)*(len(a)+1))/2, ties
}

// exactP counts the orders of n and m values that are as far from the middle as
// u.
func exactP(u float64, n, m int) float64 {
	ways := make([][]float64, m+1) // ways[j][k]: orders of i and j values with U = k
	for j := range ways {
		ways[j] = make([]float64, n*m+1)
		ways[j][0] = 1
	}
	for i := 1; i <= n; i++ {
		next := make([][]float64, m+1)
		for j := range next {
			next[j] = make([]float64, n*m+1)
			for k := range next[j] {
				if k >= j {
					next[j][k] += ways[j][k-j]
				}
				if j > 0 {
					next[j][k] += next[j-1][k]
				}
			}
		}
		ways = next
	}
	low := min(u, float64(n*m)-u)
	tail, total := 0.0, 0.0
	for k, w := range ways[m] {
		total += w
		if float64(k) <= low {
			tail += w
		}
	}
	return min(2*tail/total, 1)
}
