package relay

import (
	"io"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/valyala/fasthttp"

	"messagehub/store/message"
)

// Waiting says what waits in a lane.
type Waiting interface {
	Pending(message.Lane) int64
	OldestPending(message.Lane) (message.Time, bool)
}

// MetricsOptions is what Metrics are made of. It fixes every label: what is
// not in it is counted as "other".
type MetricsOptions struct {
	Channels []string
	// Codes are the codes of failed sends and their classes.
	Codes         map[string]message.Class
	Waiting       Waiting              // may be nil
	Endpoints     Standing             // may be nil
	Distributions DistributionStanding // may be nil
	// LogDropped returns how many lines of the process's log were lost since
	// its start; it may be nil.
	LogDropped func() uint64
	Now        func() message.Time
}

// Metrics counts what the process does. Its Observe methods are safe for
// concurrent use, never block, and do not allocate.
//
// Guarantee: no label is made of anything that a client or a provider sent.
type Metrics struct {
	o   MetricsOptions
	set *metrics.Set

	accept  *histogram
	commit  *histogram
	batch   *histogram
	answers *answers
	lanes   map[message.Lane]*laneMetrics
	// other counts for lanes that are not in the options.
	other *laneMetrics
	codes *codeSet

	breakers      breakers
	webhooks      webhookMetrics
	distributions distributionMetrics
}

// laneMetrics is what is counted for each lane.
type laneMetrics struct {
	labels      string
	sends       [sendOutcomes][]atomic.Uint64 // by outcome and code
	receipts    [receiptStatuses]atomic.Uint64
	events      [publicEvents]atomic.Uint64
	provider    *histogram
	sent        *histogram
	delivered   *histogram
	behind      atomic.Int64
	quarantined atomic.Uint64
}

// NewMetrics makes Metrics with every count at zero.
func NewMetrics(o MetricsOptions) *Metrics {
	m := &Metrics{
		o: o, set: metrics.NewSet(),
		accept: newHistogram(fastBounds(), hotStripes()), commit: newHistogram(fastBounds(), 1), batch: newSizes(4096),
		answers: newAnswers(), lanes: make(map[message.Lane]*laneMetrics), codes: newCodeSet(o.Codes),
		breakers: breakers{states: make(map[breakerKey]breakerState)}, webhooks: newWebhookMetrics(),
	}
	for _, lane := range lanesOf(o.Channels) {
		m.lanes[lane] = m.newLane(lane)
	}
	m.other = m.newLane(message.Lane{Channel: otherLabel})
	m.set.RegisterMetricsWriter(m.expose)
	return m
}

// lanesOf returns the live and the sandbox lane of each channel, in order.
func lanesOf(channels []string) []message.Lane {
	var lanes []message.Lane
	for _, name := range channels {
		lanes = append(lanes, message.Lane{Channel: name}, message.Lane{Channel: name, Test: true})
	}
	return lanes
}

func (m *Metrics) newLane(lane message.Lane) *laneMetrics {
	l := &laneMetrics{
		labels: laneLabels(lane), provider: newHistogram(fastBounds(), 1), sent: newHistogram(fastBounds(), 1),
		delivered: newHistogram(slowBounds(), 1),
	}
	for i := range l.sends {
		l.sends[i] = make([]atomic.Uint64, m.codes.size())
	}
	return l
}

func laneLabels(lane message.Lane) string {
	if lane.Test {
		return `channel="` + lane.Channel + `",test="true"`
	}
	return `channel="` + lane.Channel + `",test="false"`
}

func (m *Metrics) lane(lane message.Lane) *laneMetrics {
	if l := m.lanes[lane]; l != nil {
		return l
	}
	return m.other
}

// ObserveAccept counts an accepted message and how long that took.
func (m *Metrics) ObserveAccept(took time.Duration) { m.accept.observe(int64(took)) }

// ObserveAnswer counts an answer of the API.
func (m *Metrics) ObserveAnswer(a Answer) {
	m.answers.count(a)
	if a.Route == sendPath && a.Status == fasthttp.StatusAccepted {
		m.ObserveAccept(a.Took)
	}
}

// ObserveCommit counts one write of the log: its operations, and how long its
// sync took.
func (m *Metrics) ObserveCommit(operations int, sync time.Duration) {
	m.commit.observe(int64(sync))
	m.batch.observe(int64(operations))
}

// ObserveSend counts what a send came to: Accepted, Rejected, Deferred or
// Lost, with the code of its failure.
func (m *Metrics) ObserveSend(lane message.Lane, outcome message.FactKind, code string, took time.Duration) {
	l := m.lane(lane)
	l.sends[sendOutcome(outcome)][m.codes.index(code)].Add(1)
	l.provider.observe(int64(took))
}

// ObserveEvent counts an event of the log.
func (m *Metrics) ObserveEvent(e message.Event) {
	l := m.lane(message.Lane{Channel: e.Channel, Test: e.Test})
	if t := e.Entry.Type; t.Public() {
		l.events[t].Add(1)
	}
	if e.CreatedAt == 0 {
		return
	}
	switch e.Entry.Type {
	case message.MessageSent:
		l.sent.observe(int64(max(e.Entry.At.Sub(e.CreatedAt), 0)))
	case message.MessageDelivered:
		l.delivered.observe(int64(max(e.Entry.At.Sub(e.CreatedAt), 0)))
	}
}

// ObserveReceipts counts receipts.
func (m *Metrics) ObserveReceipts(receipts []message.Receipt) {
	for i := range receipts {
		r := &receipts[i]
		m.lane(message.Lane{Channel: r.Channel, Test: r.Test}).receipts[receiptStatus(r.Status)].Add(1)
	}
}

// ObserveBreaker notes the state of a sender's breaker: "closed", "half-open"
// or "open".
func (m *Metrics) ObserveBreaker(lane message.Lane, sender, state string) {
	if m.lanes[lane] != nil {
		m.breakers.note(lane, sender, state)
	}
}

// ObserveBehind counts the shards whose mailbox has overflowed into the log.
func (m *Metrics) ObserveBehind(lane message.Lane, _ int, behind bool) {
	if behind {
		m.lane(lane).behind.Add(1)
		return
	}
	m.lane(lane).behind.Add(-1)
}

// ObserveQuarantine counts the panics of adapters.
func (m *Metrics) ObserveQuarantine(lane message.Lane) { m.lane(lane).quarantined.Add(1) }

// WritePrometheus writes everything in the Prometheus text format, with what the
// runtime and the process tell about themselves.
func (m *Metrics) WritePrometheus(w io.Writer) {
	m.set.WritePrometheus(w)
	metrics.WriteProcessMetrics(w)
	metrics.WriteFDMetrics(w)
}
