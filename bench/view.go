package bench

import (
	"fmt"
	"io"
	"strings"
	"time"

	"messagehub/bench/load"
)

// View shows a run while it goes on. Its methods are called from one goroutine
// at a time.
type View interface {
	Step(Step)
	Interval(i load.Interval, backlog float64)
	Say(text string)
	Close()
}

// Step is one round, about to begin.
type Step struct {
	Name   string
	N, Of  int
	Length time.Duration
	Since  time.Duration // since the run began
}

// left estimates how long the run will go on: as the steps so far took.
func (s Step) left() time.Duration {
	if s.N <= 1 {
		return time.Duration(s.Of-s.N+1) * s.Length
	}
	return s.Since / time.Duration(s.N-1) * time.Duration(s.Of-s.N+1)
}

// Lines shows a run as plain lines, one for each round: for logs and files.
type Lines struct {
	W    io.Writer
	sum  meter
	step Step
}

// meter adds up the intervals of a round.
type meter struct {
	intervals        int
	accepted, errors int64
	p50, p99         time.Duration
	backlog          float64
}

func (m *meter) add(i load.Interval, backlog float64) {
	m.intervals++
	m.accepted += i.Accepted
	m.errors += i.Errors
	m.p50, m.p99, m.backlog = i.P50, max(m.p99, i.P99), backlog
}

func (m *meter) rate() float64 {
	return float64(m.accepted) / (float64(max(m.intervals, 1)) * load.IntervalLength.Seconds())
}

// Step implements [View].
func (l *Lines) Step(s Step) {
	l.flush()
	l.step = s
}

// Interval implements [View].
func (l *Lines) Interval(i load.Interval, backlog float64) { l.sum.add(i, backlog) }

// Say implements [View].
func (l *Lines) Say(text string) {
	l.flush()
	fmt.Fprintln(l.W, text)
}

// Close implements [View].
func (l *Lines) Close() { l.flush() }

func (l *Lines) flush() {
	if l.sum.intervals > 0 {
		fmt.Fprintf(l.W, "%d/%d %s: %.0f/s, p99 at most %v, %d errors, backlog %.0f\n", l.step.N, l.step.Of, l.step.Name,
			l.sum.rate(), l.sum.p99.Round(10*time.Microsecond), l.sum.errors, l.sum.backlog)
	}
	l.sum = meter{}
}

// Terminal shows a run in two lines that it writes anew, and keeps one line of
// each round.
type Terminal struct {
	W      io.Writer
	lines  Lines
	now    load.Interval
	shown  bool
	recent []float64 // rates, for the little graph
}

// NewTerminal makes a Terminal on w.
func NewTerminal(w io.Writer) *Terminal { return &Terminal{W: w, lines: Lines{W: w}} }

// Step implements [View].
func (t *Terminal) Step(s Step) {
	t.clear()
	t.lines.Step(s)
	t.draw()
}

// Say implements [View].
func (t *Terminal) Say(text string) {
	t.clear()
	t.lines.Say(text)
}

// Close implements [View].
func (t *Terminal) Close() {
	t.clear()
	t.lines.Close()
}

// Interval implements [View].
func (t *Terminal) Interval(i load.Interval, backlog float64) {
	t.lines.Interval(i, backlog)
	t.now = i
	if t.recent = append(t.recent, float64(i.Accepted)); len(t.recent) > 20 {
		t.recent = t.recent[1:]
	}
	t.clear()
	t.draw()
}

func (t *Terminal) clear() {
	if t.shown {
		fmt.Fprint(t.W, "\x1b[1A\x1b[2K\x1b[1A\x1b[2K\r")
	}
	t.shown = false
}

func (t *Terminal) draw() {
	s, m := t.lines.step, &t.lines.sum
	done := float64(s.N-1) + min(float64(m.intervals)*load.IntervalLength.Seconds()/max(s.Length.Seconds(), 1e-9), 1)
	const width = 24
	full := min(int(done/float64(max(s.Of, 1))*width), width)
	fmt.Fprintf(t.W, "\x1b[2m%s%s\x1b[0m %d/%d \x1b[1m%s\x1b[0m  about %v left\n", strings.Repeat("█", full), strings.Repeat("░", width-full),
		s.N, s.Of, s.Name, s.left().Round(time.Second))
	fmt.Fprintf(t.W, "\x1b[36m%s\x1b[0m %.0f/s  p50 %v  p99 %v  backlog %.0f  errors %d\n", spark(t.recent),
		float64(t.now.Accepted)/load.IntervalLength.Seconds(), t.now.P50.Round(10*time.Microsecond), t.now.P99.Round(10*time.Microsecond), m.backlog, m.errors)
	t.shown = true
}

// spark draws values as a line of bars.
func spark(values []float64) string {
	bars := []rune("▁▂▃▄▅▆▇█")
	top := 0.0
	for _, v := range values {
		top = max(top, v)
	}
	out := make([]rune, len(values))
	for i, v := range values {
		out[i] = bars[int(v/max(top, 1)*float64(len(bars)-1))]
	}
	return string(out)
}
