package main

import (
	"context"

	"messagehub/relay"
	"messagehub/relay/distribute"
	"messagehub/store/message"
)

// makeExpander makes what expands distributions into messages. It leaves half of
// what may wait in a lane to those who send one by one.
func (h *Hub) makeExpander() error {
	limits := h.limits(h.config.Limits)
	limits.EnsureDefaults()
	h.expander = distribute.New(distribute.Options{
		Log: h.store, Book: h.store, Rows: h.store, Contacts: h.store, OptOuts: h.store, Backlog: h.store,
		Channels: relay.DistributionChannels(h.channels(h.config.Senders)), Ceiling: max(limits.Backlog/2, 1), Now: now, Logger: h.log.Logger,
		Observe: func(n message.DistributionCounts) { h.metrics.ObserveDistributed(n) },
	})
	return nil
}

// startExpander begins to expand. The channel is closed when that has ended.
func (h *Hub) startExpander(ctx context.Context) <-chan struct{} {
	done := make(chan struct{})
	h.work.Go(func() {
		defer close(done)
		h.expander.Run(ctx)
	})
	return done
}
