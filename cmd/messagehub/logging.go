package main

import (
	"io"
	"log/slog"
	"sync/atomic"

	"messagehub/cmd/messagehub/config"
)

// logging is the process's own log. What goes into it holds no secret, no
// address and no content.
type logging struct {
	*slog.Logger
	level    slog.LevelVar
	attempts atomic.Bool // tell each attempt's outcome
	sink     *sink
}

// newLogging starts a log that writes to w without ever waiting for it.
func newLogging(w io.Writer, c config.Log) *logging {
	l := &logging{sink: newSink(w)}
	l.adjust(c)
	options := &slog.HandlerOptions{Level: &l.level}
	if c.JSON {
		l.Logger = slog.New(slog.NewJSONHandler(l.sink, options))
	} else {
		l.Logger = slog.New(slog.NewTextHandler(l.sink, options))
	}
	return l
}

// adjust puts what can change while the process runs in force.
func (l *logging) adjust(c config.Log) {
	l.level.Set(c.Level)
	l.attempts.Store(c.Attempts)
}

// Close writes what is not written yet.
func (l *logging) Close() {
	if n := l.sink.Dropped(); n > 0 {
		l.Warn("log lines dropped", "lines", n)
	}
	l.sink.Close()
}
