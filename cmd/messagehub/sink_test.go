package main

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"

	"messagehub/cmd/messagehub/config"
)

func TestSinkWritesInOrder(t *testing.T) {
	var out bytes.Buffer
	s := newSink(&out)
	for i := range 1000 {
		fmt.Fprintf(s, "%d\n", i)
	}
	s.Close()
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 1000 || lines[0] != "0" || lines[999] != "999" || s.Dropped() != 0 {
		t.Fatalf("%d lines, %d dropped", len(lines), s.Dropped())
	}
}

// A full pipe that nobody reads must not hold up whoever logs.
func TestBlockedSinkNeverBlocksTheLogger(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	l := newLogging(w, config.Log{Attempts: true})
	const lines = 4 * sinkLines
	for i := range lines { // would hang here
		l.Info("attempt", "n", i, "padding", strings.Repeat("x", 100))
	}
	if l.sink.Dropped() == 0 {
		t.Fatal("a pipe of 64 KiB held everything")
	}
	read := make(chan string)
	go func() {
		b, _ := io.ReadAll(r)
		read <- string(b)
	}()
	l.Close()
	w.Close()
	got := <-read
	if n := uint64(strings.Count(got, "msg=attempt")); n+l.sink.Dropped() < lines {
		t.Errorf("%d written and %d dropped of %d", n, l.sink.Dropped(), lines)
	}
	r.Close()
}

func TestLevelAndFormatFollowTheConfiguration(t *testing.T) {
	var out bytes.Buffer
	l := newLogging(&out, config.Log{Level: slog.LevelWarn, JSON: true})
	l.Info("hidden")
	l.adjust(config.Log{Level: slog.LevelInfo, Attempts: true})
	l.Info("shown")
	l.Close()
	if got := out.String(); strings.Contains(got, "hidden") || !strings.Contains(got, `"msg":"shown"`) || !l.attempts.Load() {
		t.Errorf("log: %s", got)
	}
}
