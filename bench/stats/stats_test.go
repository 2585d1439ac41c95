package stats

import (
	"math"
	"testing"

	"messagehub/store/message/mutate"
)

func near(a, b, by float64) bool { return math.Abs(a-b) <= by }

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		in   []float64
		want float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{3, 1}, 2}, {[]float64{9, 1, 5}, 5}} {
		if got := Median(c.in); got != c.want {
			t.Errorf("median of %v is %g", c.in, got)
		}
	}
}

// The exact values are those of the tables of the U test.
func TestMannWhitney(t *testing.T) {
	for _, c := range []struct {
		a, b []float64
		p    float64
	}{
		{[]float64{1, 2, 3, 4, 5}, []float64{6, 7, 8, 9, 10}, 2.0 / 252},
		{[]float64{1, 2, 3}, []float64{4, 5, 6}, 2.0 / 20},
		{[]float64{1, 4, 5}, []float64{2, 3, 6}, 1},
		{[]float64{1, 2, 3, 4, 6}, []float64{5, 7, 8, 9, 10}, 4.0 / 252},
		{[]float64{1}, []float64{2}, 1},
		{[]float64{5, 5, 5}, []float64{5, 5}, 1},
		{nil, []float64{1}, 1},
	} {
		if p := MannWhitney(c.a, c.b); !near(p, c.p, 1e-9) || !near(p, MannWhitney(c.b, c.a), 1e-9) {
			t.Errorf("%v against %v: p %g, want %g", c.a, c.b, p, c.p)
		}
	}
	many, more := make([]float64, 30), make([]float64, 30)
	for i := range many {
		many[i], more[i] = float64(i), float64(i)+8
	}
	if p := MannWhitney(many, more); p > 0.01 || p < 1e-5 {
		t.Errorf("approximation p %g", p)
	}
}

func TestCompare(t *testing.T) {
	a, b := []float64{100, 101, 99, 100, 102}, []float64{110, 111, 109, 112, 110}
	c := Compare(a, b)
	if !near(c.Ratio, 0.1, 1e-9) || c.Low > c.Ratio || c.High < c.Ratio || c.Low < 0.05 || !c.Significant() || c != Compare(a, b) {
		t.Errorf("%+v", c)
	}
	if same := Compare(a, a); same.Significant() || same.Ratio != 0 {
		t.Errorf("%+v", same)
	}
}

func TestObjective(t *testing.T) {
	o, err := ParseObjective("p99<50ms, errors <= 0.1%,rate>=1000,accept.throughput>0.78x,footprint.rss<400MB")
	if err != nil {
		t.Fatal(err)
	}
	want := []Bound{{"p99", "<", 0.05, ""}, {"errors", "<=", 0.001, ""}, {"rate", ">=", 1000, ""}, {"accept.throughput", ">", 0.78, ""}, {"footprint.rss", "<", 400e6, ""}}
	for i, b := range o {
		b.text = ""
		if b.Name != want[i].Name || b.Op != want[i].Op || !near(b.Value, want[i].Value, 1e-12*want[i].Value) {
			t.Errorf("bound %d is %+v", i, b)
		}
	}
	values := map[string]float64{"p99": 0.06, "errors": 0.001, "rate": 1000, "accept.throughput": 0.78, "footprint.rss": 1e6}
	missed, err := o.Check(values)
	if err != nil || len(missed) != 2 {
		t.Errorf("missed %v, %v", missed, err)
	}
	delete(values, "p99")
	if _, err := o.Check(values); err == nil {
		t.Error("a name that nobody knows is no error")
	}
	for _, bad := range []string{"", "p99", "<5", "p99<", "p99<fast", "p99=5ms", "p99<-5ms", "p 99<5ms", "p99<5ms,", "p99<1e3", "p99<5.5.5", "p99<<5"} {
		if o, err := ParseObjective(bad); err == nil {
			t.Errorf("%q is read as %v", bad, o)
		}
	}
}

// FuzzObjective: what is read reads the same again, and can be checked.
func FuzzObjective(f *testing.F) {
	mutate.Strings(f, []string{"p99<50ms,errors<0.1%", "rate>=1000", "a.b-c<=1.5GB,x>0.8x"}, func(t testing.TB, s string) {
		o, err := ParseObjective(s)
		if err != nil {
			return
		}
		again, err := ParseObjective(o.String())
		if err != nil || len(again) != len(o) {
			t.Fatalf("%q reads as %q, which does not read: %v", s, o, err)
		}
		values := map[string]float64{}
		for i, b := range o {
			if math.IsNaN(b.Value) || b.Value < 0 || again[i].Value != b.Value {
				t.Fatalf("bound %+v, again %+v", b, again[i])
			}
			values[b.Name] = b.Value
		}
		if _, err := o.Check(values); err != nil {
			t.Fatal(err)
		}
	})
}
