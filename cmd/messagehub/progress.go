package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"
)

// progress shows how much of a file has been read: on a terminal a bar that is
// drawn anew, elsewhere a line now and then.
type progress struct {
	out      io.Writer
	terminal bool
	size     int64 // -1: not known
	read     int64
	lines    int64
	begun    time.Time
	shown    time.Time
}

const (
	barWidth  = 30
	barEvery  = 100 * time.Millisecond
	lineEvery = 5 * time.Second
)

func newProgress(out io.Writer, size int64) *progress {
	now := time.Now()
	return &progress{out: out, terminal: isTerminal(out), size: size, begun: now, shown: now}
}

// reading returns a reader of in that tells p of what it reads.
func (p *progress) reading(in io.Reader) io.Reader { return &progressReader{in, p} }

type progressReader struct {
	in io.Reader
	p  *progress
}

func (r *progressReader) Read(b []byte) (int, error) {
	n, err := r.in.Read(b)
	r.p.note(b[:n], time.Now())
	return n, err
}

// note counts what was read, and shows it if it is time.
func (p *progress) note(b []byte, now time.Time) {
	p.read += int64(len(b))
	p.lines += int64(bytes.Count(b, []byte{'\n'}))
	every := lineEvery
	if p.terminal {
		every = barEvery
	}
	if now.Sub(p.shown) >= every {
		p.shown = now
		p.show(now)
	}
}

func (p *progress) show(now time.Time) {
	perSecond := float64(p.lines) / max(now.Sub(p.begun).Seconds(), 0.001)
	text := fmt.Sprintf("%d lines, %.0f/s", p.lines, perSecond)
	if p.size > 0 {
		share := min(1, float64(p.read)/float64(p.size))
		text = fmt.Sprintf("%3.0f %%  %s", 100*share, text)
		if done := int(share * barWidth); p.terminal {
			text = "[" + strings.Repeat("#", done) + strings.Repeat(".", barWidth-done) + "] " + text
		}
	}
	if p.terminal {
		fmt.Fprint(p.out, "\r\x1b[K"+text)
		return
	}
	fmt.Fprintln(p.out, text)
}

// end shows the last of it.
func (p *progress) end() {
	p.show(time.Now())
	if p.terminal {
		fmt.Fprintln(p.out)
	}
}
