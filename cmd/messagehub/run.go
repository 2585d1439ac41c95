package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// poisonGrace is how long a process whose store can't be written has to end by
// itself.
const poisonGrace = 500 * time.Millisecond

// runHub makes a Hub and runs it until a signal, as a process of its own.
func runHub(ctx context.Context, o hubOptions, reload func(*Hub), ready func(*Hub) error) error {
	h, err := newHub(o)
	if err != nil {
		return err
	}
	stop, release := signals(ctx)
	defer release()
	if reload != nil {
		end := onHangup(func() { reload(h) })
		defer end()
	}
	err = h.Run(stop, func() error { return ready(h) })
	if h.store.Healthy() != nil {
		// Whatever is stuck in the engine may never come back.
		time.AfterFunc(poisonGrace, func() { os.Exit(exitPoisoned) })
	}
	if closeErr := h.Close(); err == nil {
		err = closeErr
	}
	return err
}

// onHangup calls f for every SIGHUP, one after the other, until end.
func onHangup(f func()) (end func()) {
	came := make(chan os.Signal, 1)
	signal.Notify(came, syscall.SIGHUP)
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-came:
				f()
			case <-stop:
				return
			}
		}
	}()
	return func() {
		signal.Stop(came)
		close(stop)
		<-done
	}
}
