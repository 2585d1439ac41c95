package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// bar shows how much of something is done: on a terminal a bar that is drawn
// anew, elsewhere a line now and then.
type bar struct {
	out      io.Writer
	terminal bool
	shown    time.Time
}

const (
	barWidth  = 30
	barEvery  = 100 * time.Millisecond
	lineEvery = 5 * time.Second
)

func newBar(out io.Writer, now time.Time) bar {
	return bar{out: out, terminal: isTerminal(out), shown: now}
}

// due reports whether it is time to show it again, and takes it that it is.
func (b *bar) due(now time.Time) bool {
	every := lineEvery
	if b.terminal {
		every = barEvery
	}
	if now.Sub(b.shown) < every {
		return false
	}
	b.shown = now
	return true
}

// show shows a share of 0 to 1, negative where it is not known, and a text.
func (b *bar) show(share float64, text string) {
	if share >= 0 {
		share = min(1, share)
		text = fmt.Sprintf("%3.0f %%  %s", 100*share, text)
		if done := int(share * barWidth); b.terminal {
			text = "[" + strings.Repeat("#", done) + strings.Repeat(".", barWidth-done) + "] " + text
		}
	}
	if b.terminal {
		fmt.Fprint(b.out, "\r\x1b[K"+text)
		return
	}
	fmt.Fprintln(b.out, text)
}

// end leaves what was shown last where it is.
func (b *bar) end() {
	if b.terminal {
		fmt.Fprintln(b.out)
	}
}
