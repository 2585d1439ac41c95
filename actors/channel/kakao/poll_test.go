package kakao

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message"
	"messagehub/store/message/json"
	"messagehub/store/message/mutate"
)

// rounds lets a minute pass and asks.
func (r *rig) rounds() map[string]message.Status {
	r.pass(time.Minute)
	for _, f := range []family{alimtalk, brand} {
		r.poll.round(context.Background(), f)
	}
	return r.told()
}

func (r *rig) agenda(t *testing.T, f family) (g agenda) {
	t.Helper()
	if err := json.Unmarshal(r.vault.values[f.vaultName()], &g); err != nil {
		t.Fatalf("%s: %v", f.vaultName(), err)
	}
	return g
}

func mustSend(t *testing.T, r *rig, n uint64, s message.Step) {
	t.Helper()
	if _, err := sendTo(r.adapter, n, s); err != nil {
		t.Fatalf("message %d: %v (%+v)", n, err, err)
	}
}

// TestResultsAreAskedFor: without a webhook every result is found, once, and
// what is not confirmed is asked for until the horizon.
func TestResultsAreAskedFor(t *testing.T) {
	r := newRig(t, nil)
	if told := r.rounds(); len(told) != 0 || len(r.vault.values) != 0 {
		t.Errorf("before the first message: told %v, kept %v", told, r.vault.values)
	}
	mustSend(t, r, 1, template(phone, "NOTICE"))
	mustSend(t, r, 2, template("+14155550100", "NOTICE"))
	mustSend(t, r, 3, template("sim:sent_only", "NOTICE"))
	mustSend(t, r, 4, brandText("Sale"))
	mustSend(t, r, 5, template("sim:no_receipt", "NOTICE"))
	want := map[string]message.Status{refOf(1): message.Delivered, refOf(2): message.Delivered, refOf(3): message.Sent, refOf(4): message.Delivered}
	if told := r.rounds(); !maps.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
	mustSend(t, r, 6, template("+821000003019", "NOTICE")) // a number that says its result
	for range 20 {
		if told := r.rounds(); len(told) > 0 && !maps.Equal(told, map[string]message.Status{refOf(6): message.Failed}) {
			t.Errorf("told again: %v", told)
		}
	}
	r.pass(time.Hour)
	r.rounds()
	if g := r.agenda(t, brand); len(g.Open) > 11 {
		t.Errorf("%d windows are open where all is known", len(g.Open))
	}
	r.pass(horizon)
	r.rounds()
	r.pass(time.Hour)
	r.rounds()
	for _, w := range r.agenda(t, alimtalk).Open {
		if time.Unix(w.To*60, 0).Before(noon().Add(horizon)) {
			t.Errorf("%+v is asked for beyond the horizon", w)
		}
	}
}

// TestAfterARestart: what an earlier process sent is asked for, even where it
// never had the answer, and what it has told is told once more at most.
func TestAfterARestart(t *testing.T) {
	r := newRig(t, nil)
	mustSend(t, r, 1, brandText("Sale"))
	r.rounds()
	lost := brandText("Sale")
	lost.To = "sim:timeout"
	if _, err := sendTo(r.adapter, 2, lost); codeOf(err) != channel.OutcomeUnknown {
		t.Fatal(err)
	}
	r.provider.messages[1].resultAt, r.provider.messages[1].result = r.clock(), "1000"
	r.restart(t)
	r.pass(30 * time.Minute) // it was down for long
	want := map[string]message.Status{refOf(1): message.Delivered, refOf(2): message.Delivered}
	if told := r.rounds(); !maps.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
	if told := r.rounds(); len(told) != 0 {
		t.Errorf("told again: %v", told)
	}
}

// TestFailuresLoseNothing: what can't be recorded, asked for or kept is asked
// for again.
func TestFailuresLoseNothing(t *testing.T) {
	r := newRig(t, nil)
	r.vault.fail = errors.New("disk")
	if _, err := sendTo(r.adapter, 1, template(phone, "NOTICE")); codeOf(err) != channel.ConnectionFailed || r.world.Ledger.Len() != 0 {
		t.Errorf("without the vault: %v, %d sent", err, r.world.Ledger.Len())
	}
	r.vault.fail = nil
	mustSend(t, r, 1, template(phone, "NOTICE"))
	r.refuse = errors.New("disk")
	r.rounds()
	r.refuse = nil
	http := r.http
	down := &answers{bodies: []string{""}}
	r.http = channel.NewClientOver(down)
	for range 5 {
		r.rounds()
	}
	if len(down.lines) != 5 {
		t.Errorf("NHN was asked %d times in 5 rounds while it was down", len(down.lines))
	}
	r.http = http
	r.pass(10 * time.Minute)
	r.vault.fail = errors.New("disk")
	r.rounds()
	r.vault.fail = nil
	r.poll.told = memory{}
	if told := r.rounds(); told[refOf(1)] != message.Delivered {
		t.Errorf("told %v", told)
	}
	r.vault.values[alimtalk.vaultName()] = []byte("damaged")
	r.poll.agendas, r.poll.told = nil, memory{}
	if told := r.rounds(); told[refOf(1)] != message.Delivered {
		t.Errorf("with a damaged agenda: told %v", told)
	}
}

// TestQuestions: the questions as NHN documents them.
func TestQuestions(t *testing.T) {
	transport := &answers{bodies: []string{`{"header":{"resultCode":-1005,"resultMessage":"The same key","isSuccessful":false}}`}}
	r := newRig(t, channel.Values{"utcOffset": "0s", "authentication": "true"})
	r.http = channel.NewClientOver(transport)
	if _, err := sendTo(r.adapter, 1, template(phone, "LOGIN_CODE")); codeOf(err) != channel.OutcomeUnknown {
		t.Fatal(err)
	}
	_, _, _ = r.search(t.Context(), brand, query{from: noon(), to: noon().Add(time.Minute)}, 2)
	_, _ = r.Probe(t.Context())
	const sender = "0123456789abcdef0123456789abcdef01234567"
	want := []string{
		"POST /alimtalk/v2.3/appkeys/sandboxAppKey0001/auth/messages",
		"GET /alimtalk/v2.3/appkeys/sandboxAppKey0001/auth/messages?endRequestDate=2026-11-27%2003%3A00&pageNum=1&pageSize=400" +
			"&recipientGroupingKey=" + refOf(1) + "&senderKey=" + sender + "&startRequestDate=2026-11-26%2002%3A00",
		"GET /brand-message/v1.0/appkeys/sandboxAppKey0001/messages?endRequestDate=2026-11-26%2003%3A01&pageNum=2&pageSize=400" +
			"&senderKey=" + sender + "&startRequestDate=2026-11-26%2003%3A00",
		"GET /alimtalk/v2.3/appkeys/sandboxAppKey0001/senders/" + sender,
	}
	if !slices.Equal(transport.lines, want) {
		t.Errorf("asked\n%s", strings.Join(transport.lines, "\n"))
	}
}

// TestManyPages: a window that does not fit a page is read whole.
func TestManyPages(t *testing.T) {
	r := newRig(t, nil)
	for n := range uint64(pageSize + 3) {
		mustSend(t, r, n, template(phone, "NOTICE"))
	}
	if told := r.rounds(); len(told) != pageSize+3 {
		t.Errorf("%d results are told", len(told))
	}
}

// TestWindows follows one window, and bounds their number.
func TestWindows(t *testing.T) {
	at := noon()
	minute := at.Unix() / 60
	g := newAgenda(at)
	quick := timingOf(10*time.Second, false)
	g.cut(at, quick)
	w := g.due(at)[0]
	if len(g.Open) != 1 || w.From != minute-10 || w.To != minute+1 {
		t.Fatalf("begun as %+v", g)
	}
	step := func(name string, now time.Duration, pending bool, due time.Duration) {
		g.asked(g.Open[0], pending, at.Add(now), quick)
		if len(g.Open) != 1 || g.Open[0].Due != at.Add(due).Unix() {
			t.Fatalf("%s: %+v", name, g)
		}
	}
	step("filling", 0, false, 10*time.Second)
	step("filling, pending", time.Minute, true, 70*time.Second)
	step("pending", 2*time.Minute, true, 130*time.Second)
	step("pending still", 130*time.Second, true, 150*time.Second)
	step("all known, but young", 150*time.Second, false, 11*time.Minute)
	g.asked(g.Open[0], false, at.Add(11*time.Minute), quick)
	if len(g.Open) != 0 {
		t.Errorf("settled, but open: %+v", g)
	}
	slow := timingOf(10*time.Second, true)
	for n := range 3 * maxOpen {
		g.cut(at.Add(time.Duration(n)*time.Minute), slow)
	}
	if len(g.Open) != maxOpen || g.Open[0].From != minute+1 || g.Next != minute+3*maxOpen {
		t.Errorf("%d windows from %d, next %d", len(g.Open), g.Open[0].From, g.Next)
	}
	for i, w := range g.Open[1:] {
		if w.From != g.Open[i].To {
			t.Errorf("there is a gap before %+v", w)
		}
	}
	if due := g.due(at); len(due) != 0 {
		t.Errorf("with a webhook, %d windows are due at once", len(due))
	}
}

// TestRun: the work begins at once, goes on by the clock and ends with its
// context.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := &answers{bodies: []string{`{"header":{"resultCode":0,"resultMessage":"success","isSuccessful":true},"messageSearchResultResponse":{"messages":[
			{"requestId":"R","recipientSeq":1,"messageStatus":"COMPLETED","resultCode":"1000","receiveDate":"2000-01-01 09:00:00","recipientGroupingKey":"` + ref + `"},{"requestId":7}],"totalCount":1}}`}}
		var got []message.Receipt
		values := channel.Sandbox(Spec().Settings)
		values[settingWebhook], values[settingPoll] = "", "1m"
		a, err := newAdapter(channel.Sender{
			Settings: values, HTTP: channel.NewClientOver(transport), Vault: &memoryVault{},
			Report: func(rs []message.Receipt) error { got = append(got, rs...); return nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := a.(*adapter).poll.begin(alimtalk); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); a.(channel.Runner).Run(ctx) }()
		time.Sleep(time.Hour)
		cancel()
		<-done
		want := message.Receipt{Channel: name, ProviderID: "R/1", Ref: ref, Status: message.Delivered, At: message.TimeOf(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC))}
		if len(got) != 1 || got[0] != want {
			t.Errorf("got %+v", got)
		}
	})
}

// FuzzResults feeds the poller arbitrary lists.
func FuzzResults(f *testing.F) {
	list := `{"header":{"resultCode":0,"resultMessage":"success","isSuccessful":true},"messageSearchResultResponse":{"messages":[{"requestId":"R","recipientSeq":1,` +
		`"receiveDate":"2026-11-26 12:00:05","messageStatus":"FAILED","resultCode":"3019","resultCodeName":"not a user","recipientGroupingKey":"` + ref + `"}],"totalCount":1}}`
	seeds := [][]byte{
		[]byte(list), []byte(strings.Replace(list, "3019", "1000", 1)), []byte(strings.Replace(list, "3019", "4161", 1)), []byte(`{"header":{"isSuccessful":true}}`),
		[]byte(`{"header":{"resultCode":-4103,"resultMessage":"x","isSuccessful":false}}`), []byte("null"), []byte("[]"), []byte(""),
	}
	a := &adapter{api: apiCodes(), results: resultCodes(), zone: korea()}
	mutate.Bytes(f, seeds, func(t testing.TB, body []byte) {
		items, _, err := readPage(&channel.Answer{Status: 200, Body: body}, a.api)
		if err != nil && codeOf(err) == "" {
			t.Errorf("error %v", err)
		}
		for i := range items {
			r, told, _ := a.receipt(&items[i])
			if !told {
				continue
			}
			if r.ProviderID == "" && r.Ref == "" || r.At < 0 || (r.Status == message.Failed) != (r.Failure != nil) {
				t.Errorf("receipt %+v", r)
			}
			if r.Failure != nil && (channel.Clean(r.Failure.ProviderMessage) != r.Failure.ProviderMessage || channel.Clean(r.Failure.ProviderCode) != r.Failure.ProviderCode) {
				t.Errorf("failure %+v is not clean", r.Failure)
			}
		}
	})
}
