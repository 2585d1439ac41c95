package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
)

// exitInterrupted is the code after a second signal: nothing was waited for.
const exitInterrupted = 130

// signals returns a context that the first SIGINT or SIGTERM ends. A second
// one ends the process at once: all that was acknowledged is on disk.
func signals(ctx context.Context) (_ context.Context, release func()) {
	ctx, cancel := context.WithCancel(ctx)
	came := make(chan os.Signal, 2)
	signal.Notify(came, syscall.SIGINT, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		for n := 0; ; n++ {
			select {
			case <-came:
				if n > 0 {
					os.Exit(exitInterrupted)
				}
				cancel()
			case <-done:
				return
			}
		}
	}()
	return ctx, func() {
		signal.Stop(came)
		close(done)
		cancel()
	}
}

// listen opens a TCP listener; flag is what the user said the address with.
func listen(flag, address string) (net.Listener, error) {
	ln, err := net.Listen("tcp", address)
	if err == nil {
		return ln, nil
	}
	remedy := ""
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		remedy = fmt.Sprintf("another process has it: stop that one, or change %s (port 0 takes any free one)", flag)
	case errors.Is(err, syscall.EACCES):
		remedy = "ports below 1024 need a privilege: change " + flag
	}
	return nil, fail(exitFailure, remedy, "listen on %s: %w", address, reason(err))
}

// reason drops what net and os repeat around the system's own words.
func reason(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	var sys *os.SyscallError
	if errors.As(err, &sys) {
		err = sys.Err
	}
	var path *os.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return err
}
