package main

import (
	"bytes"
	"fmt"
	"io"
	"time"
)

// progress shows how much of a file has been read.
type progress struct {
	bar
	size  int64 // -1: not known
	read  int64
	lines int64
	begun time.Time
}

func newProgress(out io.Writer, size int64) *progress {
	now := time.Now()
	return &progress{bar: newBar(out, now), size: size, begun: now}
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
	if p.due(now) {
		p.show(now)
	}
}

func (p *progress) show(now time.Time) {
	share := -1.0
	if p.size > 0 {
		share = float64(p.read) / float64(p.size)
	}
	perSecond := float64(p.lines) / max(now.Sub(p.begun).Seconds(), 0.001)
	p.bar.show(share, fmt.Sprintf("%d lines, %.0f/s", p.lines, perSecond))
}

// end shows the last of it.
func (p *progress) end() {
	p.show(time.Now())
	p.bar.end()
}
