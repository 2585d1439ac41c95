package main

import (
	"time"

	"messagehub/actors"
	"messagehub/actors/channel"
	"messagehub/relay"
	"messagehub/store/message"
)

// makeMetrics fixes what is counted: the channels and the closed table of
// failures are the only labels there will ever be.
func (h *Hub) makeMetrics() {
	codes := map[string]message.Class{}
	for code, rule := range channel.Rules() {
		codes[string(code)] = rule.Class
	}
	var channels []string
	for _, spec := range h.specs {
		channels = append(channels, spec.Name)
	}
	h.metrics = relay.NewMetrics(relay.MetricsOptions{
		Channels: channels, Codes: codes, Waiting: h.store, Endpoints: h.webhooks, Distributions: h.expander, LogDropped: h.log.sink.Dropped, Now: now,
	})
}

// observe is told of every public event after it is durable.
func (h *Hub) observe(e message.Event) {
	h.api.Observe(e)
	h.metrics.ObserveEvent(e)
	h.webhooks.Tell(&e)
	if h.observed != nil {
		h.observed(e)
	}
}

// deliveryListener tells metrics and log what delivery does: one line for
// each outcome.
func (h *Hub) deliveryListener() actors.Listener {
	return actors.Listener{
		OnSend: func(lane message.Lane, sender string, o actors.Outcome, took time.Duration) {
			h.metrics.ObserveSend(lane, o.Kind, o.Code, took)
			h.logAttempt(lane, sender, o, took)
			if o.Kind == message.Lost { // of which there is no event
				h.api.Settled(o.Message)
			}
		},
		OnBreaker: func(lane message.Lane, sender string, state actors.BreakerState) {
			h.metrics.ObserveBreaker(lane, sender, state.String())
			h.degraded(lane, sender, state)
			h.log.Warn("breaker", "lane", lane.String(), "sender", sender, "state", state.String())
		},
		OnBehind: func(lane message.Lane, shard int, behind bool) {
			h.metrics.ObserveBehind(lane, shard, behind)
			h.log.Debug("mailbox", "lane", lane.String(), "shard", shard, "behind", behind)
		},
		OnQuarantine: func(lane message.Lane, sender string, p actors.Panic) {
			h.metrics.ObserveQuarantine(lane)
			h.log.Error("adapter panicked", "lane", lane.String(), "sender", sender, "message", p.Message.String(),
				"attempt", p.Attempt, "type", p.Type, "place", p.Place)
		},
	}
}

// logAttempt writes the one line of an attempt's outcome.
func (h *Hub) logAttempt(lane message.Lane, sender string, o actors.Outcome, took time.Duration) {
	if !h.log.attempts.Load() {
		return
	}
	h.log.Info("attempt", "message", o.Message.String(), "attempt", o.Attempt, "channel", lane.Channel, "test", lane.Test, "sender", sender, "outcome", outcomeName(o.Kind),
		"code", o.Code, "class", o.Class.String(), "took", took.Round(10*time.Microsecond))
}

func outcomeName(k message.FactKind) string {
	switch k {
	case message.Accepted:
		return "accepted"
	case message.Rejected:
		return "rejected"
	case message.Deferred:
		return "deferred"
	}
	return "unknown"
}
