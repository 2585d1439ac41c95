package main

import (
	"context"
	"fmt"

	"messagehub/actors"
	"messagehub/relay/webhook"
	"messagehub/store/message"
)

// makeWebhooks makes what posts events to endpoints.
func (h *Hub) makeWebhooks() error {
	c := h.config.Webhooks
	guard := webhook.NewGuard(c.Allow)
	h.webhooks = webhook.NewDeliverer(webhook.Options{
		Feed: h.store, Outboxes: h.store, Messages: h.store, Book: h.store, Editor: sealedEndpoints{h.store, h.vault}, History: h.store, Audit: h.store,
		Publisher: h.store, Sealer: h.vault,
		Rules:        webhook.Rules{Guard: guard, HTTP: c.HTTP, Timeout: c.Timeout},
		DisableAfter: c.DisableAfter, Drain: h.config.Delivery.Drain, Transport: webhook.NewTransport(guard, nil),
		Now: now, Logger: h.log.Logger, Observe: func(a webhook.Attempt) { h.metrics.ObserveWebhook(a) },
	})
	return nil
}

// startWebhooks begins to post events. The channel is closed when that has
// ended.
func (h *Hub) startWebhooks(ctx context.Context) <-chan struct{} {
	done := make(chan struct{})
	h.work.Go(func() {
		defer close(done)
		if err := h.webhooks.Run(ctx); err != nil {
			h.fail(fmt.Errorf("deliver events: %w", err))
		}
	})
	return done
}

// degraded tells those who want to know that a sender's provider fails.
func (h *Hub) degraded(lane message.Lane, sender string, state actors.BreakerState) {
	if state != actors.BreakerHalfOpen { // a probe says nothing yet
		h.webhooks.Degraded(lane, sender, state == actors.BreakerOpen)
	}
}
