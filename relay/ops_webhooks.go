package relay

import (
	"sync/atomic"

	"messagehub/relay/webhook"
	"messagehub/store/message"
)

// Standing says how the webhook endpoints are.
type Standing interface {
	Standing() webhook.Standing
}

// webhookMetrics is what is counted of deliveries to endpoints. No label tells
// an endpoint from another: clients make them.
type webhookMetrics struct {
	attempts [message.LastDeliveryOutcome + 1]atomic.Uint64
	took     *histogram
	delay    *histogram
}

func newWebhookMetrics() webhookMetrics {
	return webhookMetrics{took: newHistogram(fastBounds(), 1), delay: newHistogram(slowBounds(), 1)}
}

// ObserveWebhook counts an attempt to deliver an event to an endpoint.
func (m *Metrics) ObserveWebhook(a webhook.Attempt) {
	m.webhooks.attempts[min(a.Outcome, message.LastDeliveryOutcome)].Add(1)
	m.webhooks.took.observe(int64(a.Took))
	if a.Delay > 0 {
		m.webhooks.delay.observe(int64(a.Delay))
	}
}

func (m *Metrics) exposeWebhooks(x *exposition) {
	x.family("messagehub_webhook_deliveries_total", "counter", "Attempts to deliver an event to an endpoint, by outcome.")
	for i := range m.webhooks.attempts {
		x.sample("messagehub_webhook_deliveries_total", `outcome="`+message.DeliveryOutcome(i).String()+`"`, float64(m.webhooks.attempts[i].Load()))
	}
	x.family("messagehub_webhook_seconds", "histogram", "Time that an attempt to deliver an event took.")
	m.webhooks.took.write(x, "messagehub_webhook_seconds", "")
	x.family("messagehub_webhook_delay_seconds", "histogram", "Time from an event to its delivery, where the first attempt was one.")
	m.webhooks.delay.write(x, "messagehub_webhook_delay_seconds", "")
	if m.o.Endpoints == nil {
		return
	}
	s := m.o.Endpoints.Standing()
	x.family("messagehub_webhook_endpoints", "gauge", "Endpoints by how they are: the last attempt of a failing one was in vain.")
	x.sample("messagehub_webhook_endpoints", `state="healthy"`, float64(s.Healthy))
	x.sample("messagehub_webhook_endpoints", `state="failing"`, float64(s.Failing))
	x.sample("messagehub_webhook_endpoints", `state="disabled"`, float64(s.Disabled))
	x.family("messagehub_webhook_oldest_seconds", "gauge", "Age of the oldest event that waits for its first delivery to an enabled endpoint; 0 if none waits.")
	x.sample("messagehub_webhook_oldest_seconds", "", s.Oldest.Seconds())
}
