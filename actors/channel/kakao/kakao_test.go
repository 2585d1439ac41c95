package kakao

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

// TestNight: advertising is barred from 20:50 to 08:00.
func TestNight(t *testing.T) {
	at := func(day, hour, minute int) time.Time { return time.Date(2026, 12, day, hour, minute, 0, 0, korea()) }
	rows := []struct {
		now, morning time.Time
	}{
		{at(31, 7, 59), at(31, 8, 0)},
		{at(31, 8, 0), time.Time{}},
		{at(31, 20, 49), time.Time{}},
		{at(31, 20, 50), at(32, 8, 0)},
		{at(31, 23, 59), at(32, 8, 0)},
		{at(32, 0, 0), at(32, 8, 0)},
	}
	for _, row := range rows {
		got, night := morning(row.now.UTC())
		if night != !row.morning.IsZero() || !got.Equal(row.morning) {
			t.Errorf("at %v: %v, %v", row.now, got, night)
		}
	}
	r := newRig(t, channel.Values{"nightHours": nightFail})
	r.pass(10 * time.Hour)
	if _, err := sendTo(r.adapter, 1, brandText("Sale")); codeOf(err) != channel.MarketingCap || r.world.Ledger.Len() != 0 {
		t.Errorf("a Brand Message at night: %v", err)
	}
	if _, err := sendTo(r.adapter, 2, template(phone, "NOTICE")); err != nil {
		t.Errorf("AlimTalk at night: %v", err)
	}
	r.adapter.night = nightSend
	if _, err := sendTo(r.adapter, 3, brandText("Sale")); err != nil {
		t.Errorf("with send: %v", err)
	}
	r.pass(time.Minute)
	r.poll.round(context.Background(), brand)
	if told := r.told(); told[refOf(3)] != message.Failed {
		t.Errorf("told %v", told)
	}
	r.adapter.night = nightSchedule
	if _, err := sendTo(r.adapter, 4, brandText("Sale")); err != nil {
		t.Errorf("with schedule: %v", err)
	}
	r.pass(9 * time.Hour)
	r.poll.round(context.Background(), brand)
	early := r.told()
	r.pass(time.Hour)
	r.poll.round(context.Background(), brand)
	if told := r.told(); len(early) != 0 || told[refOf(4)] != message.Delivered {
		t.Errorf("told %v, and in the morning %v", early, told)
	}
}

// TestLostAnswerIsRecovered: a repeat is refused by its key, and the message
// that was taken the first time is found. It goes out once.
func TestLostAnswerIsRecovered(t *testing.T) {
	r := newRig(t, nil)
	lost := template("sim:timeout", "NOTICE")
	if _, err := sendTo(r.adapter, 1, lost); codeOf(err) != channel.OutcomeUnknown {
		t.Fatalf("first: %v", err)
	}
	r.pass(repeatFor)
	got, err := sendTo(r.adapter, 1, lost)
	lines := r.world.Ledger.Lines(0)
	if err != nil || len(lines) != 1 || got.ProviderID != lines[0].ProviderID {
		t.Errorf("again: %+v, %v; the ledger has %+v", got, err, lines)
	}
	if d := r.RepeatFor(&lost); d <= 0 || d >= 10*time.Minute {
		t.Errorf("repeated for %v", d)
	}
	sale := brandText("Sale")
	if r.RepeatFor(&sale) != 0 || newRig(t, channel.Values{"brandIdempotent": "true"}).RepeatFor(&sale) != repeatFor {
		t.Error("Brand Messages are repeated where nobody has said so, or not where somebody has")
	}
}

// TestKeys: which key each try has, by what came of those before it.
func TestKeys(t *testing.T) {
	const (
		system   = `{"header":{"resultCode":-9999,"resultMessage":"System error.","isSuccessful":false}}`
		repeated = `{"header":{"resultCode":-1005,"resultMessage":"The same key","isSuccessful":false}}`
		nothing  = `{"header":{"resultCode":0,"resultMessage":"success","isSuccessful":true},"messageSearchResultResponse":{"messages":[],"totalCount":0}}`
		template = `{"header":{"resultCode":-3003,"resultMessage":"Template does not exist.","isSuccessful":false}}`
	)
	first, second := refOf(1), refOf(1)+".2"
	rows := []struct {
		name   string
		bodies []string
		codes  []channel.Code
		keys   []string
	}{
		{"failed at NHN", []string{system, alimtalkYes}, []channel.Code{channel.ProviderError, ""}, []string{first, second}},
		{"lost", []string{"", alimtalkYes}, []channel.Code{channel.OutcomeUnknown, ""}, []string{first, first}},
		{"lost, then failed", []string{"", system, alimtalkYes}, []channel.Code{channel.OutcomeUnknown, channel.ProviderError, ""}, []string{first, first, first}},
		{"failed, then lost", []string{system, "", alimtalkYes}, []channel.Code{channel.ProviderError, channel.OutcomeUnknown, ""}, []string{first, second, second}},
		{"not found", []string{"", repeated, nothing, repeated, nothing}, []channel.Code{channel.OutcomeUnknown, channel.OutcomeUnknown, channel.OutcomeUnknown}, []string{first, first, first}},
		{"search fails", []string{repeated, system}, []channel.Code{channel.OutcomeUnknown}, []string{first}},
		{"refused", []string{template, alimtalkYes}, []channel.Code{channel.TemplateNotFound, ""}, []string{first, first}},
	}
	for _, row := range rows {
		r := newRig(t, nil)
		transport := &answers{bodies: row.bodies}
		r.http = channel.NewClientOver(transport)
		for i, want := range row.codes {
			if _, err := sendTo(r.adapter, 1, templateStep()); codeOf(err) != want {
				t.Errorf("%s, try %d: %v, want %q", row.name, i, err, want)
			}
		}
		if !slices.Equal(transport.keys, row.keys) {
			t.Errorf("%s: keys %v, want %v", row.name, transport.keys, row.keys)
		}
	}
	var k keys
	for n := range uint64(2*maxKeys + 1) {
		k.spend(refOf(n))
	}
	if len(k.used) > maxKeys {
		t.Errorf("%d references are remembered", len(k.used))
	}
}

func templateStep() message.Step { return template(phone, "NOTICE") }

// TestSecrets: what proves a callback.
func TestSecrets(t *testing.T) {
	secret := "a-secret-of-sixteen-or-more"
	body := []byte(hook(hookOf("1000", `"`+ref+`"`)))
	rows := []struct {
		name, header, configured, given string
		ok                              bool
	}{
		{"documented", signatureHeader, secret, secret, true},
		{"seen", signatureOther, secret, secret, true},
		{"another", signatureHeader, secret, secret + "x", false},
		{"prefix", signatureHeader, secret, secret[:20], false},
		{"other case", signatureHeader, secret, strings.ToUpper(secret), false},
		{"not configured", signatureHeader, "", "", false},
		{"as the guide's sample has it", signatureHeader, secret, "application/json;charset=UTF-8", false},
		{"elsewhere", "X-Secret-Key", secret, secret, false},
	}
	for _, row := range rows {
		a := &adapter{webhook: row.configured, results: resultCodes(), zone: korea()}
		cb := &message.Callback{Body: body, Header: func(name string) string { return map[string]string{row.header: row.given}[name] }}
		if got, _, err := a.Receipts(cb); (err == nil) != row.ok || row.ok != (len(got) == 1) {
			t.Errorf("%s: %d receipts, %v", row.name, len(got), err)
		}
	}
}

// TestSettings: what is refused, and what is told about it.
func TestSettings(t *testing.T) {
	rows := []struct{ setting, value, told string }{
		{"appKey", "a/b", "appKey"},
		{"senderKey", "short", "40"},
		{"webhookSecret", "short", "16"},
		{"pollEvery", "1s", "10s"},
		{"targeting", "X", "M, N or I"},
		{"unsubscribeNo", "010-123-4567", "080"},
		{"unsubscribeAuthNo", "12a", "digits"},
		{"nightHours", "maybe", "schedule"},
		{"foreignPrefix", "011", "00"},
		{"utcOffset", "99h", "14h"},
	}
	for _, row := range rows {
		given := channel.Sandbox(Spec().Settings)
		given[row.setting] = row.value
		if _, err := channel.Complete(Spec().Settings, given); err == nil || !strings.Contains(err.Error(), row.setting) || !strings.Contains(err.Error(), row.told) {
			t.Errorf("%s %q: %v", row.setting, row.value, err)
		}
	}
	for told, change := range map[string]channel.Values{
		"unsubscribeNo is missing": {"unsubscribeAuthNo": "1234"},
		"webhookSecret is missing": {"webhookSecret": "", "pollEvery": "0s"},
	} {
		values := channel.Sandbox(Spec().Settings)
		for name, value := range change {
			values[name] = value
		}
		if _, err := newAdapter(channel.Sender{Settings: values}); err == nil || !strings.Contains(err.Error(), told) {
			t.Errorf("%v: %v", change, err)
		}
	}
}

func TestRecipientNumbers(t *testing.T) {
	for _, row := range []struct{ to, foreign, want string }{
		{"+821012345678", "00", "01012345678"},
		{"+8201012345678", "", "01012345678"},
		{"+14155550100", "", "14155550100"},
		{"+14155550100", "+", "+14155550100"},
		{"sim:read", "00", "sim:read"},
	} {
		if got := recipientNo(row.to, row.foreign); got != row.want {
			t.Errorf("%s is %s, want %s", row.to, got, row.want)
		}
	}
}

// TestProbe: a profile that is blocked is not in order, and one that NHN does
// not know is a matter of the settings.
func TestProbe(t *testing.T) {
	const yes = `{"header":{"resultCode":0,"resultMessage":"success","isSuccessful":true},"sender":{"plusFriendId":"@shop","senderKey":"k"`
	for body, want := range map[string]channel.Code{
		yes + `,"dormant":false,"block":false}}`: "",
		yes + `,"dormant":true}}`:                channel.SenderRestricted,
		yes + `,"block":true}}`:                  channel.SenderRestricted,
		`{"header":{"resultCode":-2017,"resultMessage":"Not exist plus friend.","isSuccessful":false}}`: channel.SenderMisconfigured,
	} {
		r := newRig(t, nil)
		r.http = channel.NewClientOver(&answers{bodies: []string{body}})
		if account, err := r.Probe(t.Context()); codeOf(err) != want || err == nil && account != "@shop" {
			t.Errorf("%s: %q, %v", body, account, err)
		}
	}
}
