package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// drainTime bounds how long requests in flight are waited for. With the drain
// of the delivery beside it, a stop takes at most ten seconds.
const drainTime = 7 * time.Second

// drain lets requests and sends in flight finish: the front door and the
// delivery at the same time, since what is accepted in the meantime is on
// disk and waits there.
func (h *Hub) drain(stop func(), delivered <-chan struct{}) error {
	if h.ops != nil {
		h.ops.Drain()
	}
	h.api.Drain()
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	stop()
	err := h.api.Shutdown(ctx)
	<-delivered
	if h.sandbox != nil && h.loopback != nil {
		h.sandbox.conclude()
	}
	if err != nil {
		return fmt.Errorf("requests in flight did not end in time: %w", err)
	}
	return nil
}

// Close closes everything that is open, the store last. It is safe to call
// twice, and after an error of newHub.
func (h *Hub) Close() error {
	h.closing.Do(func() { h.closeErr = h.close() })
	return h.closeErr
}

func (h *Hub) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	var faults []error
	if h.admin != nil {
		h.admin.close()
	}
	if h.sandbox != nil {
		if h.loopback != nil {
			faults = append(faults, h.loopback.Shutdown(ctx))
		}
		h.sandbox.close()
	}
	if h.usage != nil {
		h.usage.close()
	}
	idle := h.retention == nil || h.retention.close()
	// A store that is still read from is left as it is: all that was
	// acknowledged is on disk, and the next start finds it as after a crash.
	if h.store != nil && h.store.Healthy() == nil && idle {
		faults = append(faults, h.store.Close())
	}
	if h.ops != nil {
		faults = append(faults, h.ops.Shutdown(ctx))
	}
	for _, ln := range []interface{ Close() error }{h.listener, h.opsListener} {
		if ln != nil {
			_ = ln.Close() // closed already, but for an error in between
		}
	}
	h.work.Wait()
	return errors.Join(faults...)
}
