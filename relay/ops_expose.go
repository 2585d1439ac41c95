package relay

import (
	"io"

	"messagehub/store/message"
)

// expose writes our own metrics.
func (m *Metrics) expose(w io.Writer) {
	x := &exposition{w: w}
	m.exposeLog(x)
	m.answers.write(x)
	m.exposeBacklog(x)
	m.exposeDelivery(x)
	m.exposeReports(x)
	m.exposeSenders(x)
	m.exposeWebhooks(x)
	m.exposeDistributions(x)
	if m.o.LogDropped != nil {
		x.family("messagehub_log_lines_dropped_total", "counter", "Lines of the process's log, those of attempts among them, that were lost since nobody read them.")
		x.sample("messagehub_log_lines_dropped_total", "", float64(m.o.LogDropped()))
	}
}

func (m *Metrics) exposeLog(x *exposition) {
	x.family("messagehub_accept_seconds", "histogram", "Time from a request's header to its 202, disk included.")
	m.accept.write(x, "messagehub_accept_seconds", "")
	x.family("messagehub_commit_seconds", "histogram", "Time that one write of the log waited for the disk.")
	m.commit.write(x, "messagehub_commit_seconds", "")
	x.family("messagehub_commit_operations", "histogram", "Operations in one write of the log.")
	m.batch.write(x, "messagehub_commit_operations", "")
}

// each calls f for every lane in a fixed order, the one for all others last.
func (m *Metrics) each(f func(message.Lane, *laneMetrics)) {
	for _, lane := range lanesOf(m.o.Channels) {
		f(lane, m.lanes[lane])
	}
	f(message.Lane{Channel: otherLabel}, m.other)
}

func (m *Metrics) exposeBacklog(x *exposition) {
	if m.o.Waiting == nil {
		return
	}
	x.family("messagehub_backlog_messages", "gauge", "Messages that wait in a lane.")
	for _, lane := range lanesOf(m.o.Channels) {
		x.sample("messagehub_backlog_messages", laneLabels(lane), float64(m.o.Waiting.Pending(lane)))
	}
	x.family("messagehub_backlog_oldest_seconds", "gauge", "Age of the message that has waited longest in a lane; 0 if none waits.")
	for _, lane := range lanesOf(m.o.Channels) {
		age := 0.0
		if since, ok := m.o.Waiting.OldestPending(lane); ok {
			age = max(m.o.Now().Sub(since).Seconds(), 0)
		}
		x.sample("messagehub_backlog_oldest_seconds", laneLabels(lane), age)
	}
}

func (m *Metrics) exposeDelivery(x *exposition) {
	x.family("messagehub_sends_total", "counter", "Sends by lane, outcome and, where there is one, the failure's code and class.")
	m.each(func(_ message.Lane, l *laneMetrics) {
		for outcome := range l.sends {
			for code := range l.sends[outcome] {
				// Only what has happened: most outcomes and codes never meet.
				if n := l.sends[outcome][code].Load(); n != 0 {
					x.sample("messagehub_sends_total", join(join(l.labels, sendOutcomeLabel(outcome)), m.codes.labels[code]), float64(n))
				}
			}
		}
	})
	m.exposeHistogram(x, "messagehub_provider_seconds", "Time that providers take to answer a send.",
		func(l *laneMetrics) *histogram { return l.provider })
	m.exposeHistogram(x, "messagehub_time_to_sent_seconds", "Time from acceptance until a provider has taken the message.",
		func(l *laneMetrics) *histogram { return l.sent })
	m.exposeHistogram(x, "messagehub_time_to_delivered_seconds", "Time from acceptance to the first delivery.",
		func(l *laneMetrics) *histogram { return l.delivered })
}

// exposeHistogram writes one histogram of every lane that has counted
// anything.
func (m *Metrics) exposeHistogram(x *exposition, name, help string, of func(*laneMetrics) *histogram) {
	x.family(name, "histogram", help)
	m.each(func(_ message.Lane, l *laneMetrics) {
		if h := of(l); !h.empty() {
			h.write(x, name, l.labels)
		}
	})
}

func (m *Metrics) exposeReports(x *exposition) {
	x.family("messagehub_receipts_total", "counter", "Receipts by lane and the status that they report.")
	m.each(func(_ message.Lane, l *laneMetrics) {
		for i := range l.receipts {
			if n := l.receipts[i].Load(); n != 0 {
				x.sample("messagehub_receipts_total", join(l.labels, receiptStatusLabel(i)), float64(n))
			}
		}
	})
	x.family("messagehub_events_total", "counter", "Events of messages by lane and type.")
	m.each(func(_ message.Lane, l *laneMetrics) {
		for i := range l.events {
			if n := l.events[i].Load(); n != 0 {
				x.sample("messagehub_events_total", join(l.labels, `type="`+message.EntryType(i).String()+`"`), float64(n))
			}
		}
	})
}

func (m *Metrics) exposeSenders(x *exposition) {
	x.family("messagehub_senders", "gauge", "Senders whose breaker is not closed, by its state.")
	states := breakerStates()
	for _, lane := range lanesOf(m.o.Channels) {
		counts := m.breakers.counts(lane)
		for i, name := range states[1:] {
			x.sample("messagehub_senders", join(laneLabels(lane), `state="`+name+`"`), float64(counts[i+1]))
		}
	}
	x.family("messagehub_shards_behind", "gauge", "Shards whose mailbox has overflowed, so that they read on from the log.")
	m.each(func(_ message.Lane, l *laneMetrics) {
		x.sample("messagehub_shards_behind", l.labels, float64(l.behind.Load()))
	})
	x.family("messagehub_adapter_panics_total", "counter", "Panics of channel adapters.")
	m.each(func(_ message.Lane, l *laneMetrics) {
		x.sample("messagehub_adapter_panics_total", l.labels, float64(l.quarantined.Load()))
	})
}
