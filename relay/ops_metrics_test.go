package relay

import (
	"bufio"
	"bytes"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"messagehub/relay/distribute"
	"messagehub/relay/webhook"
	"messagehub/store/message"
)

// waiting is a backlog of one message in one lane.
type waiting struct{ lane message.Lane }

func (w waiting) Pending(l message.Lane) int64 {
	if l == w.lane {
		return 3
	}
	return 0
}

func (w waiting) OldestPending(l message.Lane) (message.Time, bool) { return day - 5000, l == w.lane }

// standing is how the endpoints are, as the test says.
type standing webhook.Standing

func (s standing) Standing() webhook.Standing { return webhook.Standing(s) }

// distributing is how the distributions are, as the test says.
type distributing distribute.Standing

func (d distributing) Standing() distribute.Standing { return distribute.Standing(d) }

func testMetrics() *Metrics {
	return NewMetrics(MetricsOptions{
		Channels: []string{"sms", "whatsapp"},
		Codes:    map[string]message.Class{"not_on_channel": message.Recipient, "rate_limited": message.Capacity},
		Waiting:  waiting{message.Lane{Channel: "sms"}}, Endpoints: standing{Healthy: 2, Failing: 1, Oldest: 3 * time.Second},
		Distributions: distributing{Expanding: 2, Paused: 1, Behind: 7 * time.Second},
		Now:           func() message.Time { return day }, LogDropped: func() uint64 { return 7 },
	})
}

// scrape returns the samples of our own metrics by name and labels.
func scrape(t *testing.T, m *Metrics) map[string]float64 {
	t.Helper()
	var out bytes.Buffer
	m.WritePrometheus(&out)
	samples := make(map[string]float64)
	lines := bufio.NewScanner(&out)
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "#") || !strings.HasPrefix(line, "messagehub_") {
			continue
		}
		i := strings.LastIndexByte(line, ' ')
		v, err := strconv.ParseFloat(line[i+1:], 64)
		if err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		if _, ok := samples[line[:i]]; ok {
			t.Errorf("sample %s appears twice", line[:i])
		}
		samples[line[:i]] = v
	}
	return samples
}

func expectSamples(t *testing.T, got, want map[string]float64) {
	t.Helper()
	for name, v := range want {
		if have, ok := got[name]; !ok || have != v {
			t.Errorf("%s = %v (there: %v), want %v", name, have, ok, v)
		}
	}
}

func TestMetricsCountWhatHappens(t *testing.T) {
	m := testMetrics()
	sms := message.Lane{Channel: "sms"}
	m.ObserveAnswer(Answer{Route: sendPath, Status: 202, Took: 3 * time.Millisecond})
	m.ObserveAnswer(Answer{Route: sendPath, Status: 429, Code: RateLimited})
	m.ObserveAnswer(Answer{Status: 401, Code: InvalidKey})
	m.ObserveCommit(5, 400*time.Microsecond)
	m.ObserveSend(sms, message.Accepted, "", 20*time.Millisecond)
	m.ObserveSend(sms, message.Rejected, "not_on_channel", 20*time.Millisecond)
	m.ObserveEvent(message.Event{
		Channel: "sms", CreatedAt: day,
		Entry: message.Entry{Type: message.MessageDelivered, At: day.Add(1500 * time.Millisecond)},
	})
	m.ObserveReceipts([]message.Receipt{{Channel: "sms", Status: message.Delivered}, {Channel: "sms", Test: true, Status: message.Failed}})
	m.ObserveBreaker(sms, "main", "open")
	m.ObserveBreaker(sms, "spare", "open")
	m.ObserveBreaker(sms, "spare", "half-open")
	m.ObserveBehind(sms, 1, true)
	m.ObserveQuarantine(sms)
	expectSamples(t, scrape(t, m), map[string]float64{
		`messagehub_accept_seconds_bucket{le="0.0025"}`:                                                                 0,
		`messagehub_accept_seconds_bucket{le="0.005"}`:                                                                  1,
		`messagehub_accept_seconds_bucket{le="+Inf"}`:                                                                   1,
		`messagehub_accept_seconds_count`:                                                                               1,
		`messagehub_accept_seconds_sum`:                                                                                 0.003,
		`messagehub_commit_operations_bucket{le="4"}`:                                                                   0,
		`messagehub_commit_operations_bucket{le="8"}`:                                                                   1,
		`messagehub_commit_seconds_bucket{le="0.0005"}`:                                                                 1,
		`messagehub_requests_total{route="/api/v1/messages/send",status="202"}`:                                         1,
		`messagehub_requests_total{route="",status="401"}`:                                                              1,
		`messagehub_refusals_total{code="rate_limited"}`:                                                                1,
		`messagehub_refusals_total{code="invalid_key"}`:                                                                 1,
		`messagehub_refusals_total{code="insufficient_scope"}`:                                                          0,
		`messagehub_backlog_messages{channel="sms",test="false"}`:                                                       3,
		`messagehub_backlog_messages{channel="sms",test="true"}`:                                                        0,
		`messagehub_backlog_oldest_seconds{channel="sms",test="false"}`:                                                 5,
		`messagehub_backlog_oldest_seconds{channel="whatsapp",test="false"}`:                                            0,
		`messagehub_sends_total{channel="sms",test="false",outcome="accepted",code="",class=""}`:                        1,
		`messagehub_sends_total{channel="sms",test="false",outcome="rejected",code="not_on_channel",class="recipient"}`: 1,
		`messagehub_provider_seconds_count{channel="sms",test="false"}`:                                                 2,
		`messagehub_time_to_delivered_seconds_bucket{channel="sms",test="false",le="1"}`:                                0,
		`messagehub_time_to_delivered_seconds_bucket{channel="sms",test="false",le="2"}`:                                1,
		`messagehub_events_total{channel="sms",test="false",type="message.delivered"}`:                                  1,
		`messagehub_receipts_total{channel="sms",test="false",status="delivered"}`:                                      1,
		`messagehub_receipts_total{channel="sms",test="true",status="failed"}`:                                          1,
		`messagehub_senders{channel="sms",test="false",state="open"}`:                                                   1,
		`messagehub_senders{channel="sms",test="false",state="half-open"}`:                                              1,
		`messagehub_shards_behind{channel="sms",test="false"}`:                                                          1,
		`messagehub_adapter_panics_total{channel="sms",test="false"}`:                                                   1,
	})
}

var label = regexp.MustCompile(`([a-z]+)="([^"]*)"`)

// allowedLabels is every value that any label may have, written down anew.
func allowedLabels() map[string][]string {
	codes := []string{"", "other", "not_on_channel", "rate_limited"}
	for _, row := range Problems() {
		codes = append(codes, string(row.Code))
	}
	classes := []string{""}
	for _, c := range message.Classes() {
		classes = append(classes, c.String())
	}
	patterns := []string{""}
	for _, r := range routes() {
		patterns = append(patterns, r.pattern)
	}
	return map[string][]string{
		"channel": {"sms", "whatsapp", "other"},
		"test":    {"true", "false"},
		"code":    codes,
		"class":   classes,
		"route":   patterns,
		"outcome": {
			"accepted", "rejected", "deferred", "unknown", "other",
			"delivered", "refused_status", "refused_redirect", "gone", "timeout", "address_not_found", "address_forbidden",
			"connection_failed", "event_removed",
			"reached", "invalid", "duplicate", "opted_out",
		},
		"state": {"half-open", "open", "healthy", "failing", "disabled", "expanding", "running", "paused"},
		"type": {
			"message.queued", "message.sent", "message.delivered", "message.read", "message.failed",
			"message.expired", "message.canceled", "message.fallback", "message.duplicate", "message.scheduled",
			"channel.degraded", "endpoint.disabled", "message.received", "distribution.completed",
		},
	}
}

// checkLabels wants each label of each sample to be of its fixed set.
func checkLabels(t *testing.T, samples map[string]float64) {
	t.Helper()
	allowed := allowedLabels()
	for sample := range samples {
		for _, pair := range label.FindAllStringSubmatch(sample, -1) {
			name, value := pair[1], pair[2]
			switch name {
			case "le":
				if _, err := strconv.ParseFloat(value, 64); err != nil {
					t.Errorf("%s: bound %q", sample, value)
				}
			case "status":
				if _, err := strconv.Atoi(value); err != nil && !slices.Contains([]string{"sent", "delivered", "read", "failed", "other"}, value) {
					t.Errorf("%s: status %q", sample, value)
				}
			default:
				if !slices.Contains(allowed[name], value) {
					t.Errorf("%s: label %s has the value %q", sample, name, value)
				}
			}
		}
	}
}

// observeAll feeds foreign input into every Observe method.
func observeAll(m *Metrics, text string, number int) {
	lane := message.Lane{Channel: text, Test: number%2 == 0}
	m.ObserveAnswer(Answer{Route: text, Status: number, Code: Code(text), Took: time.Duration(number)})
	m.ObserveCommit(number, time.Duration(number))
	m.ObserveSend(lane, message.FactKind(number), text, time.Duration(number))
	m.ObserveSend(message.Lane{Channel: "sms"}, message.FactKind(number), text, time.Duration(-number))
	m.ObserveEvent(message.Event{
		Channel: text, CreatedAt: message.Time(number),
		Entry: message.Entry{Type: message.EntryType(number), Code: text, At: message.Time(-number)},
	})
	m.ObserveEvent(message.Event{Channel: text, CreatedAt: 1, Entry: message.Entry{Type: message.MessageDelivered, At: message.Time(number)}})
	m.ObserveReceipts([]message.Receipt{{Channel: text, Status: message.Status(number), ProviderID: text, Ref: text}})
	m.ObserveBehind(lane, number, true)
	m.ObserveQuarantine(lane)
	m.ObserveBreaker(lane, text, text)
	m.ObserveBreaker(lane, text, "open")
	m.ObserveDistributed(message.DistributionCounts{Recipients: number, Invalid: -number})
	m.ObserveWebhook(webhook.Attempt{Outcome: message.DeliveryOutcome(number), Took: time.Duration(number), Delay: time.Duration(number)})
}

func TestLabelsAreOfFixedSetsWhateverComesIn(t *testing.T) {
	m := testMetrics()
	for _, text := range []string{"sms", "", "\"} evil{x=\"\n", "+4915112345678", "not_on_channel", "open"} {
		observeAll(m, text, 202)
		observeAll(m, text, -1)
	}
	rapid.Check(t, func(t *rapid.T) {
		observeAll(m, rapid.String().Draw(t, "text"), rapid.Int().Draw(t, "number"))
	})
	checkLabels(t, scrape(t, m))
}

func TestForeignInputMakesNoNewSeries(t *testing.T) {
	m := testMetrics()
	observeAll(m, "first", 1)
	before := len(scrape(t, m))
	for i := range 1000 {
		observeAll(m, "foreign"+strconv.Itoa(i), 1)
	}
	if n := len(m.breakers.states); n != 0 {
		t.Errorf("%d breakers of lanes that do not exist", n)
	}
	if after := len(scrape(t, m)); after != before {
		t.Errorf("%d series, then %d", before, after)
	}
}

func TestObservingDoesNotAllocate(t *testing.T) {
	m := testMetrics()
	sms := message.Lane{Channel: "sms"}
	event := message.Event{Channel: "sms", CreatedAt: day, Entry: message.Entry{Type: message.MessageDelivered, At: day + 9}}
	receipts := []message.Receipt{{Channel: "sms", Status: message.Delivered}}
	for name, observe := range map[string]func(){
		"accept":   func() { m.ObserveAccept(time.Millisecond) },
		"answer":   func() { m.ObserveAnswer(Answer{Route: sendPath, Status: 202, Took: time.Millisecond}) },
		"commit":   func() { m.ObserveCommit(7, time.Millisecond) },
		"send":     func() { m.ObserveSend(sms, message.Rejected, "rate_limited", time.Millisecond) },
		"event":    func() { m.ObserveEvent(event) },
		"receipts": func() { m.ObserveReceipts(receipts) },
		"behind":   func() { m.ObserveBehind(sms, 0, true) },
		"webhook":  func() { m.ObserveWebhook(webhook.Attempt{Outcome: message.DeliveryTimeout, Took: 1, Delay: 1}) },
	} {
		if n := testing.AllocsPerRun(100, observe); n != 0 {
			t.Errorf("%s: %v allocations, want 0", name, n)
		}
	}
}

func TestWebhookMetrics(t *testing.T) {
	m := testMetrics()
	m.ObserveWebhook(webhook.Attempt{Outcome: message.DeliveryDone, Took: time.Millisecond, Delay: time.Second})
	m.ObserveWebhook(webhook.Attempt{Outcome: message.AddressForbidden, Took: time.Millisecond})
	got := scrape(t, m)
	for sample, want := range map[string]float64{
		`messagehub_webhook_deliveries_total{outcome="delivered"}`: 1, `messagehub_webhook_deliveries_total{outcome="address_forbidden"}`: 1,
		"messagehub_webhook_seconds_count": 2, "messagehub_webhook_delay_seconds_count": 1,
		`messagehub_webhook_endpoints{state="healthy"}`: 2, `messagehub_webhook_endpoints{state="failing"}`: 1, "messagehub_webhook_oldest_seconds": 3,
	} {
		if got[sample] != want {
			t.Errorf("%s is %v, want %v", sample, got[sample], want)
		}
	}
}

func TestDistributionMetrics(t *testing.T) {
	m := testMetrics()
	m.ObserveDistributed(message.DistributionCounts{Recipients: 10, Messages: 8, Invalid: 1, Duplicates: 2, OptedOut: 3})
	m.ObserveDistributed(message.DistributionCounts{Recipients: 1, Messages: 2})
	expectSamples(t, scrape(t, m), map[string]float64{
		`messagehub_distributions{state="expanding"}`: 2, `messagehub_distributions{state="running"}`: 0, `messagehub_distributions{state="paused"}`: 1,
		"messagehub_distribution_lag_seconds": 7, "messagehub_distribution_messages_total": 10,
		`messagehub_distribution_recipients_total{outcome="reached"}`: 5, `messagehub_distribution_recipients_total{outcome="invalid"}`: 1,
		`messagehub_distribution_recipients_total{outcome="duplicate"}`: 2, `messagehub_distribution_recipients_total{outcome="opted_out"}`: 3,
	})
}

// Nothing may be lost between the stripes.
func TestStripedHistogramCountsEverything(t *testing.T) {
	h := newHistogram(fastBounds(), 8)
	const each = 10_000
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range each {
				h.observe(int64(i) * int64(time.Microsecond))
			}
		})
	}
	wg.Wait()
	var out bytes.Buffer
	h.write(&exposition{w: &out}, "h", "")
	if !strings.Contains(out.String(), "h_count 40000\n") {
		t.Errorf("not all values are counted:\n%s", out.String())
	}
	if want := "h_bucket{le=\"0.001\"} 4004\n"; !strings.Contains(out.String(), want) {
		t.Errorf("no %q in:\n%s", want, out.String())
	}
}

func BenchmarkObserveAccept(b *testing.B) {
	m := testMetrics()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			m.ObserveAccept(time.Millisecond)
		}
	})
}
