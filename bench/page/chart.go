package page

import "strings"

// The size of a chart, and of the room around its plot, in units of its view
// box: about a pixel on a phone.
const (
	width, height        = 380.0, 230.0
	left, right          = 52.0, 14.0
	top, bottom          = 12.0, 30.0
	plotRight, plotFloor = width - right, height - bottom
)

// chart is a plot of lines over a common axis, ready to be drawn.
type chart struct {
	Title, About string
	XTicks       []tick
	YTicks       []tick
	Lines        []line
	Marks        []mark
}

// tick is a place on an axis.
type tick struct{ At, Text string }

// line is a path in the colour of its side.
type line struct {
	Side  int
	Class string // "thin" for what is less important
	Path  string
}

// mark is a labelled point.
type mark struct {
	Side             int
	X, Y, Text, Hint string
	TextY            string
}

// series is what a line is made of. NaN-free; breaks says where it is
// interrupted.
type series struct {
	side   int
	class  string
	x, y   []float64
	breaks int // points in a row that belong together; 0: all
}

// axis is how values are laid out and written.
type axis struct {
	log   bool
	write func(float64) string
	// low bounds a logarithmic axis from below; 0: by the values.
	low float64
}

// over makes a chart of series over time.
func over(title, about string, y axis, all []series) *chart {
	c := &chart{Title: title, About: about}
	lastX, topY, lowY := 0.0, 0.0, 0.0
	for _, s := range all {
		for i := range s.x {
			lastX, topY = max(lastX, s.x[i]), max(topY, s.y[i])
			if s.y[i] > 0 && (lowY == 0 || s.y[i] < lowY) {
				lowY = s.y[i]
			}
		}
	}
	xs, xTicks := linear(lastX, left, plotRight)
	xs.high = max(lastX, 1e-9) // time ends where it ended
	for _, v := range xTicks {
		if v <= xs.high {
			c.XTicks = append(c.XTicks, tick{coordinate(xs.at(v)), trim(v)})
		}
	}
	if n := len(c.XTicks); n > 0 {
		c.XTicks[n-1].Text += " s"
	}
	ys := c.vertical(y, lowY, topY)
	for _, s := range all {
		c.Lines = append(c.Lines, line{s.side, s.class, path(s, xs, ys)})
	}
	return c
}

// vertical lays out the values.
func (c *chart) vertical(y axis, low, high float64) scale {
	s, ticks := linear(high, plotFloor, top)
	if y.log {
		s, ticks = logarithmic(max(low, y.low), high, plotFloor, top)
	}
	for _, v := range ticks {
		c.YTicks = append(c.YTicks, tick{coordinate(s.at(v)), y.write(v)})
	}
	return s
}

// path draws a series.
func path(s series, xs, ys scale) string {
	var b strings.Builder
	for i := range s.x {
		switch {
		case i == 0 || s.breaks > 0 && i%s.breaks == 0:
			b.WriteString("M")
		default:
			b.WriteString("L")
		}
		b.WriteString(coordinate(xs.at(s.x[i])) + " " + coordinate(ys.at(s.y[i])))
	}
	return b.String()
}
