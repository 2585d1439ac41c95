package relay

import (
	"io"
	"strconv"
)

// exposition writes metrics in the Prometheus text format. The first error
// ends it: the scraper is gone.
type exposition struct {
	w   io.Writer
	buf []byte
	err error
}

// family begins a metric: its help and its type.
func (x *exposition) family(name, kind, help string) {
	x.buf = append(x.buf, "# HELP "...)
	x.buf = append(append(append(x.buf, name...), ' '), help...)
	x.buf = append(x.buf, "\n# TYPE "...)
	x.buf = append(append(append(x.buf, name...), ' '), kind...)
	x.buf = append(x.buf, '\n')
	x.flush()
}

// sample writes one value. labels is `a="b",c="d"`, made of fixed texts only.
func (x *exposition) sample(name, labels string, v float64) {
	x.buf = append(x.buf, name...)
	if labels != "" {
		x.buf = append(append(append(x.buf, '{'), labels...), '}')
	}
	x.buf = strconv.AppendFloat(append(x.buf, ' '), v, 'g', -1, 64)
	x.buf = append(x.buf, '\n')
	x.flush()
}

func (x *exposition) flush() {
	if x.err == nil {
		_, x.err = x.w.Write(x.buf)
	}
	x.buf = x.buf[:0]
}

// join joins two lists of labels.
func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + "," + b
}
