package main

import (
	"errors"
	"fmt"

	"messagehub/cmd/messagehub/config"
	"messagehub/relay"
)

// makeOps opens the operations listener, unless it is off.
func (h *Hub) makeOps() (err error) {
	if h.config.Ops == "" {
		return nil
	}
	if h.opsListener, err = listen("ops", h.config.Ops); err != nil {
		return err
	}
	checks := []relay.Check{{Name: "store", Run: h.store.Healthy}, {Name: "disk", Run: h.diskReady}}
	if !h.acceptOnly {
		checks = append(checks, relay.Check{Name: "delivery", Run: h.caughtUp})
	}
	h.ops = relay.NewOps(relay.OpsOptions{Metrics: h.metrics, Logger: h.log.Logger, Checks: checks})
	return nil
}

// caughtUp: until then new messages would wait behind the old ones' reading.
func (h *Hub) caughtUp() error {
	if n, of := h.system.CatchingUp(); n > 0 {
		return fmt.Errorf("%d of %d shards still read what waited before the start", n, of)
	}
	return nil
}

func (h *Hub) diskReady() error {
	if h.store.Stalled() {
		return errors.New("the disk does not keep up")
	}
	return nil
}

// limits are the front door's; what the configuration leaves out has the
// front door's own defaults.
func (h *Hub) limits(l config.Limits) relay.Limits {
	return relay.Limits{
		Connections: l.Connections, BodyBytes: int(l.Body), Read: l.Read, Write: l.Write, Idle: l.Idle,
		InFlight: l.InFlight, Backlog: l.Backlog, FailuresPerMinute: l.FailuresPerMinute,
	}
}
