package main

import (
	"io"
	"sync"
	"sync/atomic"
	"time"
)

const (
	sinkLines = 4096        // that wait to be written
	sinkFlush = time.Second // for what waits when the process ends
)

// sink writes lines in the background.
//
// Guarantee: Write never blocks. While the writer beneath does, lines that
// find no room are dropped and counted.
type sink struct {
	to      io.Writer
	lines   chan []byte
	dropped atomic.Uint64
	closing sync.Once
	closed  chan struct{} // no line is taken any more
	done    chan struct{} // all is written
}

func newSink(to io.Writer) *sink {
	s := &sink{to: to, lines: make(chan []byte, sinkLines), closed: make(chan struct{}), done: make(chan struct{})}
	go s.run()
	return s
}

// Write takes a copy of one line.
func (s *sink) Write(line []byte) (int, error) {
	select {
	case s.lines <- append([]byte(nil), line...):
	default:
		s.dropped.Add(1)
	}
	return len(line), nil
}

// Dropped returns how many lines were lost.
func (s *sink) Dropped() uint64 { return s.dropped.Load() }

// Close writes what waits, unless that takes too long.
func (s *sink) Close() {
	s.closing.Do(func() { close(s.closed) })
	timer := time.NewTimer(sinkFlush)
	defer timer.Stop()
	select {
	case <-s.done:
	case <-timer.C:
	}
}

func (s *sink) run() {
	defer close(s.done)
	for {
		select {
		case line := <-s.lines:
			_, _ = s.to.Write(line)
		case <-s.closed:
			s.drain()
			return
		}
	}
}

func (s *sink) drain() {
	for {
		select {
		case line := <-s.lines:
			_, _ = s.to.Write(line)
		default:
			return
		}
	}
}
