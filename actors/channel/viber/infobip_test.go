package viber

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"messagehub/actors/channel"
	"messagehub/actors/channel/channeltest"
	"messagehub/store/message"
)

// server answers one request after the other, by itself.
type server struct {
	answers  []channeltest.Answer
	requests []*http.Request
	bodies   []string
}

// RoundTrip implements [http.RoundTripper].
func (s *server) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil || len(s.requests) >= len(s.answers) {
		return nil, errors.Join(errors.New("unexpected request of "+r.URL.String()), err)
	}
	a := s.answers[len(s.requests)]
	s.requests, s.bodies = append(s.requests, r), append(s.bodies, string(body))
	header := make(http.Header)
	for name, value := range a.Header {
		header.Set(name, value)
	}
	return &http.Response{StatusCode: a.Status, Header: header, Body: io.NopCloser(strings.NewReader(a.Body)), Request: r}, nil
}

// sandbox returns the sandbox's settings, changed.
func sandbox(change channel.Values) channel.Values {
	values := channel.Sandbox(Spec().Settings)
	for name, value := range change {
		values[name] = value
	}
	return values
}

// adapterOver makes an adapter whose provider is s.
func adapterOver(t *testing.T, s http.RoundTripper, change channel.Values) channel.Adapter {
	t.Helper()
	a, err := newAdapter(channel.Sender{
		Name: "main", Settings: sandbox(change), HTTP: channel.NewClientOver(s), CallbackURL: "https://relay.example.com/hook/viber/main",
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// send sends a text and returns the acceptance and the error's code.
func send(t *testing.T, a channel.Adapter, reference, to string) (channel.Acceptance, channel.Code) {
	t.Helper()
	step := text(to, "hello")
	acceptance, err := a.Send(t.Context(), &channel.Request{Ref: reference, Step: &step, Expires: message.TimeOf(time.Now().Add(time.Hour))})
	if err == nil {
		return acceptance, ""
	}
	var e *channel.Error
	if !errors.As(err, &e) {
		t.Fatalf("error is a %T", err)
	}
	return acceptance, e.Code
}

// sentIDs are the ids that messages were given.
func (s *server) sentIDs(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, body := range s.bodies {
		var b struct {
			Messages []struct{ Destinations []struct{ MessageID string } }
		}
		if err := json.Unmarshal([]byte(body), &b); err != nil {
			t.Fatal(err)
		}
		out = append(out, b.Messages[0].Destinations[0].MessageID)
	}
	return out
}

// TestRepeatedMessageIsTheSame: what Infobip refuses as a double was taken
// before.
func TestRepeatedMessageIsTheSame(t *testing.T) {
	for name, no := range map[string]channeltest.Answer{
		"by its status": infobipNo(5, "REJECTED", 23, "REJECTED_DUPLICATE_MESSAGE_ID", ""),
		"by its error":  infobipNo(2, "UNDELIVERABLE", 9, "X", `,"error":{"id":7280,"name":"EC_DUPLICATE_REQUEST"}`),
	} {
		s := &server{answers: []channeltest.Answer{answer(500, ""), no}}
		a := adapterOver(t, s, nil)
		if _, code := send(t, a, ref(), phone); code != channel.ProviderError {
			t.Errorf("%s: first: %q", name, code)
		}
		acceptance, code := send(t, a, ref(), phone)
		if code != "" || acceptance.ProviderID != ref() {
			t.Errorf("%s: second: %+v, %q", name, acceptance, code)
		}
		if ids := s.sentIDs(t); ids[0] != ref() || ids[1] != ref() {
			t.Errorf("%s: ids %v, want the reference twice", name, ids)
		}
	}
}

// TestRefusedIDIsSpent: a try after a refusal that will pass must not be taken
// for the one that was refused.
func TestRefusedIDIsSpent(t *testing.T) {
	busy := infobipNo(5, "REJECTED", 21, "REJECTED_SYSTEM_ERROR", "")
	s := &server{answers: []channeltest.Answer{busy, busy, answer(200, infobipYes), answer(200, infobipYes)}}
	a := adapterOver(t, s, nil)
	for range 3 {
		send(t, a, ref(), phone)
	}
	other := message.AttemptRef(1, message.NewID(message.At(7, 0), 42), 1)
	send(t, a, other, phone)
	want := []string{ref(), ref() + ".2", ref() + ".3", other}
	for i, id := range s.sentIDs(t) {
		if id != want[i] || refOf(id) != strings.Split(want[i], ".")[0] {
			t.Errorf("message %d has the id %q, want %q", i, id, want[i])
		}
	}
}

func TestPermanentRefusalsAreNotRemembered(t *testing.T) {
	s := &server{answers: []channeltest.Answer{infobipNo(5, "REJECTED", 52, "REJECTED_DESTINATION", "")}}
	a := adapterOver(t, s, nil).(*infobip)
	if _, code := send(t, a, ref(), phone); code != channel.InvalidRecipient || len(a.spent.tries) != 0 {
		t.Errorf("code %q, %d remembered", code, len(a.spent.tries))
	}
	for i := range 3 * maxSpent {
		a.spent.add(message.AttemptRef(1, message.NewID(message.At(uint64(i), 0), 1), 0))
	}
	if len(a.spent.tries) > maxSpent {
		t.Errorf("%d references are remembered, at most %d", len(a.spent.tries), maxSpent)
	}
}

func TestValidityIsWhatIsLeft(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	a := &infobip{now: func() time.Time { return now }}
	for left, want := range map[time.Duration]int64{
		-time.Hour: 1, 0: 1, time.Second: 1, time.Minute: 1, 61 * time.Second: 2, 24 * time.Hour: 1440, 48 * time.Hour: 2880, 90 * 24 * time.Hour: 2880,
	} {
		if got := a.validity(message.TimeOf(now.Add(left))); got != (infobipValidity{want, "MINUTES"}) {
			t.Errorf("%v left: %+v, want %d minutes", left, got, want)
		}
	}
}

// TestReportsBringTheKey: the address given with a message is proof enough, and
// another sender's is not.
func TestReportsBringTheKey(t *testing.T) {
	s := &server{answers: []channeltest.Answer{answer(200, infobipYes)}}
	a := adapterOver(t, s, nil)
	send(t, a, ref(), phone)
	var b struct {
		Messages []struct {
			Webhooks struct{ Delivery, Seen struct{ URL string } }
		}
	}
	if err := json.Unmarshal([]byte(s.bodies[0]), &b); err != nil {
		t.Fatal(err)
	}
	hooks := b.Messages[0].Webhooks
	_, query, _ := strings.Cut(hooks.Delivery.URL, "?")
	if query == "" || hooks.Seen.URL != hooks.Delivery.URL || strings.Contains(query, "sandbox-callback-secret") {
		t.Fatalf("addresses %q and %q", hooks.Delivery.URL, hooks.Seen.URL)
	}
	cb := &message.Callback{
		Method: "POST", Query: query, Header: func(string) string { return "" },
		Body: []byte(results(report("m1", ref(), 3, "DELIVERED", 5, noError))),
	}
	if got, _, err := a.(channel.Receiver).Receipts(cb); err != nil || len(got) != 1 || got[0].Ref != ref() {
		t.Errorf("receipts %+v, %v", got, err)
	}
	other, err := newAdapter(channel.Sender{Name: "other", Settings: sandbox(nil)})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := other.(channel.Receiver).Receipts(cb); !errors.Is(err, message.ErrUnsigned) {
		t.Errorf("another sender takes it: %v", err)
	}
}

func TestKeyJoinsAQuery(t *testing.T) {
	p := proofOf("secret", "main")
	if got := p.address("https://a/b?c=d"); got != "https://a/b?c=d&key="+p.key {
		t.Errorf("address %q", got)
	}
}

func TestReservedRecipientsAreTheSandboxsAlone(t *testing.T) {
	for _, provider := range []string{"infobip", "bot"} {
		a := adapterOver(t, &server{}, channel.Values{"provider": provider})
		if _, code := send(t, a, ref(), "sim:delivered"); code != channel.InvalidRecipient {
			t.Errorf("%s: a live message to a reserved recipient: %q", provider, code)
		}
	}
}

func TestInfobipProbe(t *testing.T) {
	rows := map[string]struct {
		answer channeltest.Answer
		want   channel.Code
	}{
		"in order":     {answer(200, `{"results":[]}`), ""},
		"unauthorized": {answer(401, `{"errorCode":"E401","description":"x"}`), channel.BadCredentials},
		"forbidden":    {answer(403, `{"errorCode":"E403","description":"x"}`), channel.BadCredentials},
		"down":         {answer(503, ""), channel.ProviderUnavailable},
		"not Infobip":  {answer(200, "<html>"), channel.OutcomeUnknown},
		"another API":  {answer(200, "{}"), channel.OutcomeUnknown},
	}
	for name, row := range rows {
		s := &server{answers: []channeltest.Answer{row.answer}}
		account, err := adapterOver(t, s, nil).(channel.Prober).Probe(t.Context())
		checkProbe(t, name, account, "MessageHub", err, row.want)
		if r := s.requests[0]; r.Method != "GET" || r.URL.Path != "/viber/viber/2/reports" || r.URL.Query().Get("messageId") != probeID || r.Header.Get("Authorization") != "App sandbox-api-key" {
			t.Errorf("%s: request %s %s", name, r.Method, r.URL)
		}
	}
}

// checkProbe compares what a probe returned.
func checkProbe(t *testing.T, name, account, want string, err error, code channel.Code) {
	t.Helper()
	if code == "" {
		if err != nil || account != want {
			t.Errorf("%s: account %q, %v; want %q", name, account, err, want)
		}
		return
	}
	var e *channel.Error
	if !errors.As(err, &e) || e.Code != code || account != "" {
		t.Errorf("%s: account %q, error %v; want %s", name, account, err, code)
	}
}
