package relay

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"messagehub/store/message"
)

// sent is the answer to a send.
type sent struct {
	Data struct {
		MessageID string `json:"messageId"`
		Channel   string `json:"channel"`
		Status    string `json:"status"`
		DryRun    bool   `json:"dryRun"`
		Test      bool   `json:"test"`
		Segments  int    `json:"segments"`
		Encoding  string `json:"encoding"`
		Warnings  []struct {
			Param   string `json:"param"`
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"warnings"`
	} `json:"data"`
}

func sentOf(t testing.TB, got reply, status int) sent {
	t.Helper()
	var s sent
	dec := json.NewDecoder(strings.NewReader(got.body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil || got.status != status {
		t.Fatalf("got %d, want %d: %v %s", got.status, status, err, got.body)
	}
	if id := got.header.Get("Request-Id"); !strings.HasPrefix(id, "req_") || len(id) != 30 {
		t.Errorf("Request-Id %q", id)
	}
	return s
}

func TestSendIsAccepted(t *testing.T) {
	d := newDesk(t, nil).open()
	got := d.ask(d.post(d.live, sms(`,"reference":"r-1"`), "Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "X-Request-Id: mine"))
	s := sentOf(t, got, 202)
	o := d.log.last()
	if s.Data.MessageID != d.log.accepted[0].id.String() || s.Data.Channel != "sms" || s.Data.Status != "queued" || s.Data.Test {
		t.Errorf("%+v", s)
	}
	if s.Data.Segments != 1 || s.Data.Encoding != "GSM-7" || s.Data.Warnings != nil {
		t.Errorf("%+v", s)
	}
	want := &message.Outbound{
		Workspace: 7, On: message.OnAll, Reference: "r-1", CreatedAt: day, ExpiresIn: message.DefaultExpiresIn,
		TraceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", ClientRequestID: "mine", Salt: o.Salt,
		Steps: []message.Step{{Channel: "sms", To: "+14155550100", ContentType: message.Text, Content: "hi", Success: message.Sent}},
	}
	if diff := cmp.Diff(want, o); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if o.Salt == 0 || o.Salt >= 1<<44 {
		t.Errorf("salt %x", o.Salt)
	}
	if got.header.Get("X-Ratelimit-Limit") != "1000000" || got.header.Get("X-Ratelimit-Remaining") != "999999" || got.header.Get("X-Ratelimit-Reset") == "" {
		t.Errorf("headers %v", got.header)
	}
	if !strings.Contains(got.body, `{"data":{"messageId":"msg_`) || strings.Contains(got.body, `"test"`) {
		t.Errorf("body %s", got.body)
	}
}

func TestSendFromTheSandboxSaysSo(t *testing.T) {
	d := newDesk(t, nil).open()
	s := sentOf(t, d.ask(d.post(d.test, `{"to":"sim:delivered","channel":"whatsapp","content":"x"}`)), 202)
	if !s.Data.Test || !d.log.last().Test || s.Data.Encoding != "" {
		t.Errorf("%+v", s)
	}
}

// A phone number is read as people write it, for each step.
func TestRecipientsAreNormalised(t *testing.T) {
	d := newDesk(t, nil).open()
	sentOf(t, d.ask(d.post(d.live, `{"to":"+49 (151) 1234-5678","channel":"whatsapp","content":"x",
		"fallback":{"channels":["sms",{"channel":"sms","to":"0044 (0)20 7946-0018"}]}}`)), 202)
	var got []string
	for _, step := range d.log.last().Steps {
		got = append(got, step.To)
	}
	if want := []string{"+4915112345678", "+4915112345678", "+442079460018"}; !slices.Equal(got, want) {
		t.Errorf("recipients %v, want %v", got, want)
	}
}

func TestSendWarns(t *testing.T) {
	d := newDesk(t, nil).open()
	s := sentOf(t, d.ask(d.post(d.live, sms(`,"fallback":{"channels":["telegram"],"timeout":60}`))), 202)
	if len(s.Data.Warnings) != 2 || s.Data.Warnings[0].Code != "unroutable" || s.Data.Warnings[0].Param != "fallback.channels[0]" ||
		s.Data.Warnings[1].Code != "unsupported_status" || s.Data.Warnings[1].Param != "fallback.timeout" {
		t.Errorf("%+v", s.Data.Warnings)
	}
}

func TestScheduledSend(t *testing.T) {
	d := newDesk(t, nil).open()
	s := sentOf(t, d.ask(d.post(d.live, sms(`,"scheduledAt":"2027-01-15T09:00:00Z"`))), 202)
	if s.Data.Status != "scheduled" || d.log.last().ScheduledAt != day.Add(time.Hour) {
		t.Errorf("%+v", s)
	}
}

func TestDryRunStoresNothing(t *testing.T) {
	d := newDesk(t, nil).open()
	ask := func(query, body string) reply {
		return d.ask(request("POST /api/v1/messages/send?"+query+" HTTP/1.1", body, "Authorization: Bearer "+d.live))
	}
	s := sentOf(t, ask("dryRun=true", sms("")), 200)
	if !s.Data.DryRun || s.Data.Channel != "sms" || s.Data.MessageID != "" || s.Data.Segments != 1 {
		t.Errorf("%+v", s)
	}
	refused(t, ask("dryRun=true", `{}`), 400, MissingParameter)
	if d.log.count() != 0 {
		t.Fatal("a dry run was stored")
	}
	sentOf(t, ask("dryRun=false", sms("")), 202)
}

func TestAllFaultsAreListed(t *testing.T) {
	d := newDesk(t, nil).open()
	p := refused(t, d.ask(d.post(d.live, `{"to":"x","chanel":"sms","fallback":{"channels":[{"channel":"sms"},{"channel":"sms","timeout":1}]}}`)), 400, UnknownParameter)
	var params []string
	for _, e := range p.Error.Errors {
		params = append(params, *e.Param+" "+e.Code)
	}
	want := []string{
		"chanel unknown_parameter", "fallback.channels[1].timeout invalid_parameter", "channel missing_parameter", "content content_required",
		"fallback.channels[0].content content_required", "fallback.channels[1].content content_required",
	}
	if diff := cmp.Diff(want, params); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if *p.Error.Param != "chanel" || p.Error.Message != p.Error.Errors[0].Message || !p.Error.Permanent {
		t.Errorf("headline %+v", p.Error)
	}
}

func TestIdempotency(t *testing.T) {
	d := newDesk(t, nil).open()
	first := d.ask(d.post(d.live, sms(""), "Idempotency-Key: k-1"))
	again := d.ask(d.post(d.live, sms(""), "Idempotency-Key: k-1"))
	if sentOf(t, first, 202); first.body != again.body || again.status != 202 {
		t.Errorf("first %s, again %s", first.body, again.body)
	}
	if first.header.Get("Idempotency-Replayed") != "" || again.header.Get("Idempotency-Replayed") != "true" {
		t.Error("Idempotency-Replayed does not tell the second from the first")
	}
	refused(t, d.ask(d.post(d.live, sms(" "), "Idempotency-Key: k-1")), 422, KeyReused)
	if d.log.count() != 1 {
		t.Errorf("%d stored, want 1", d.log.count())
	}
	sentOf(t, d.ask(d.post(d.live, sms(""), "Idempotency-Key: k-2")), 202)
	if d.log.count() != 2 {
		t.Errorf("%d stored, want 2", d.log.count())
	}
}

// A repeated request gets the first one's answer even if it would no longer
// be accepted: its time has come since, or its sender has gone.
func TestIdempotencyOutlivesTheRules(t *testing.T) {
	d := newDesk(t, nil).open()
	body := sms(`,"scheduledAt":"2027-01-15T09:00:00Z"`)
	first := sentOf(t, d.ask(d.post(d.live, body, "Idempotency-Key: k-1")), 202)
	d.clock.add(3 * time.Hour)
	got := d.ask(d.post(d.live, body, "Idempotency-Key: k-1"))
	if again := sentOf(t, got, 202); again.Data.MessageID != first.Data.MessageID || got.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("%+v, want %+v", again, first)
	}
	refused(t, d.ask(d.post(d.live, body, "Idempotency-Key: k-2")), 400, InvalidParameter)
	refused(t, d.ask(d.post(d.live, body)), 400, InvalidParameter)
	if d.log.count() != 1 {
		t.Errorf("%d stored, want 1", d.log.count())
	}
}

func TestErrorsOfTheLog(t *testing.T) {
	d := newDesk(t, nil).open()
	for _, row := range []struct {
		err    error
		status int
		code   Code
	}{
		{message.ErrKeyReused, 422, KeyReused},
		{message.ErrUnavailable, 503, Unavailable},
		{errors.New("secret detail"), 500, Internal},
	} {
		d.log.fail = row.err
		got := d.ask(d.post(d.live, sms(""), "Idempotency-Key: k", "Prefer: wait=1"))
		refused(t, got, row.status, row.code)
		if strings.Contains(got.body, "secret") {
			t.Errorf("%s", got.body)
		}
		if row.status == 500 { // whoever waits for nothing is told that it may try again
			row.status, row.code = 503, Unavailable
		}
		refused(t, d.ask(d.post(d.live, sms(""), "Idempotency-Key: k")), row.status, row.code)
	}
	d.log.fail = nil
	sentOf(t, d.ask(d.post(d.live, sms(""))), 202)
}

func TestTraceParent(t *testing.T) {
	const good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	for value, want := range map[string]string{
		good: good, "": "", good[1:]: "", good + "0": "", strings.ToUpper(good): "", "01" + good[2:]: "", strings.Replace(good, "-", "_", 1): "",
	} {
		if got := traceParent(value); got != want {
			t.Errorf("traceParent(%q) = %q", value, got)
		}
	}
	for value, want := range map[string]string{"a b": "a b", "": "", "a\x01": "", "é": "", strings.Repeat("x", 129): ""} {
		if got := clientRequestID(value); got != want {
			t.Errorf("clientRequestID(%q) = %q", value, got)
		}
	}
}

// While a request is on its way into the log it holds a place; when there is
// none left, the next is refused before its body is looked at.
func TestGateRefusesBeyondItsBound(t *testing.T) {
	d := newDesk(t, func(o *Options) { o.Limits.InFlight, o.Limits.InFlightShare = 2, 1 })
	d.log.hold, d.log.entered = make(chan struct{}), make(chan struct{}, 8)
	d.keys.PutWorkspace(message.Workspace{ID: 8, PerMinute: 600})
	d.keys.PutWorkspace(message.Workspace{ID: 9, PerMinute: 600})
	second := d.addKey(message.Key{Workspace: 8, Scopes: message.ScopeAll})
	third := d.addKey(message.Key{Workspace: 9, Scopes: message.ScopeAll})
	d.open()
	a := d.dial()
	a.write(d.post(d.live, sms("")))
	<-d.log.entered
	refused(t, d.ask(d.post(d.live, `not even JSON`)), 503, Overloaded)
	b := d.dial()
	b.write(d.post(second, sms("")))
	<-d.log.entered
	refused(t, d.ask(d.post(third, `not even JSON`)), 503, Overloaded)
	close(d.log.hold)
	sentOf(t, a.read(), 202)
	sentOf(t, b.read(), 202)
	d.log.entered = make(chan struct{}, 8)
	sentOf(t, d.ask(d.post(third, sms(""))), 202)
	if n := d.server.gate.requests.Load() + d.server.gate.bytes.Load(); n != 0 {
		t.Errorf("%d places are still taken", n)
	}
}

func TestGateBoundsBytes(t *testing.T) {
	d := newDesk(t, func(o *Options) { o.Limits.InFlightBytes = 100 }).open()
	refused(t, d.ask(d.post(d.live, sms(strings.Repeat(" ", 100)))), 503, Overloaded)
	sentOf(t, d.ask(d.post(d.live, sms(""))), 202)
}

func TestFullLaneRefuses(t *testing.T) {
	d := newDesk(t, func(o *Options) { o.Limits.Backlog = 10 }).open()
	d.backlog.n.Store(10)
	refused(t, d.ask(d.post(d.live, sms(""))), 503, BacklogFull)
	if d.log.count() != 0 {
		t.Error("a refused message was stored")
	}
	d.backlog.n.Store(9)
	sentOf(t, d.ask(d.post(d.live, sms(""))), 202)
}
