package viber

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"

	"messagehub/actors/channel"
	"messagehub/actors/channel/channeltest"
	"messagehub/store/message"
)

func botOver(t *testing.T, answers ...channeltest.Answer) (*bot, *server) {
	t.Helper()
	s := &server{answers: answers}
	return adapterOver(t, s, channel.Values{"provider": "bot"}).(*bot), s
}

// TestTokensAreWhole: neighbours beyond 2^53 stay apart, in answers and in
// callbacks.
func TestTokensAreWhole(t *testing.T) {
	for _, token := range []uint64{1, 1<<53 + 1, 4987381194038857789, 4987381194038857790, 1<<63 + 1, 1<<64 - 1} {
		digits := strconv.FormatUint(token, 10)
		b, _ := botOver(t, answer(200, `{"status":0,"message_token":`+digits+`}`))
		if acceptance, code := send(t, b, ref(), userID); code != "" || acceptance.ProviderID != digits {
			t.Errorf("%s: accepted as %q, %q", digits, acceptance.ProviderID, code)
		}
		if got := tokenOf([]byte(`"` + digits + `"`)); got != digits {
			t.Errorf("%s: quoted it is %q", digits, got)
		}
	}
}

// TestSignatureVector is the one of both of Viber's SDKs.
func TestSignatureVector(t *testing.T) {
	const body = `{"event":"webhook","timestamp":4977069964384421269,"message_token":1478683725125}`
	const want = "d21b343448c8aee33b8e93768ef6ceb64a6ba6163099973a2b8bd028fea510ef"
	if got := string(signBot(channel.NewMACs(sha256.New, []byte(botToken)), []byte(body))); got != want {
		t.Errorf("signature %s, want %s", got, want)
	}
	b, _ := botOver(t)
	callback := func(header, query string) *message.Callback {
		return &message.Callback{Method: "POST", Query: query, Body: []byte(body), Header: func(string) string { return header }}
	}
	rows := map[string]struct {
		cb     *message.Callback
		signed bool
	}{
		"header":                     {callback(want, ""), true},
		"query":                      {callback("", "sig="+want), true},
		"both":                       {callback(want, "sig="+want), true},
		"none":                       {callback("", ""), false},
		"empty query":                {callback("", "sig="), false},
		"broken query":               {callback("", "sig=%zz"), false},
		"wrong header, right query":  {callback("00", "sig="+want), false},
		"header in upper case":       {callback("D21B343448C8AEE33B8E93768EF6CEB64A6BA6163099973A2B8BD028FEA510EF", ""), false},
		"header with another prefix": {callback("sha256="+want, ""), false},
	}
	for name, row := range rows {
		receipts, _, err := b.Receipts(row.cb)
		if row.signed != (err == nil) || !row.signed && !errors.Is(err, message.ErrUnsigned) || len(receipts) != 0 {
			t.Errorf("%s: %v, %d receipts", name, err, len(receipts))
		}
	}
}

const tooMany = `{"status":12,"status_message":"tooManyRequests"}`

// TestAHundredAnHour: the hundredth message to a user without a reply makes the
// limit the user's, until the hour is over.
func TestAHundredAnHour(t *testing.T) {
	var answers []channeltest.Answer
	for range hourly {
		answers = append(answers, answer(200, botYes))
	}
	answers = append(answers, answer(200, tooMany), answer(200, tooMany), answer(200, tooMany))
	b, _ := botOver(t, answers...)
	now := time.Date(2026, 1, 1, 10, 59, 59, 0, time.UTC)
	b.now = func() time.Time { return now }
	for range hourly {
		if _, code := send(t, b, ref(), userID); code != "" {
			t.Fatal(code)
		}
	}
	if _, code := send(t, b, ref(), userID); code != channel.MarketingCap {
		t.Errorf("after %d messages: %s, want %s", hourly, code, channel.MarketingCap)
	}
	if _, code := send(t, b, ref(), "01234567890B="); code != channel.RateLimited {
		t.Errorf("another user: %s, want %s", code, channel.RateLimited)
	}
	now = now.Add(time.Second)
	if _, code := send(t, b, ref(), userID); code != channel.RateLimited {
		t.Errorf("in the next hour: %s, want %s", code, channel.RateLimited)
	}
}

// TestStubbornUser: a user who is refused again and again, while others are
// not, is at fault, and not the bot.
func TestStubbornUser(t *testing.T) {
	now := time.Date(2026, 1, 1, 10, 0, 0, 0, time.UTC)
	var c crowd
	for range 5 {
		if c.alone("a", now) {
			t.Error("a bot that gets nothing through is taken for a user's limit")
		}
	}
	c.accepted("b", now)
	if c.alone("a", now) {
		t.Error("the second refusal is taken for the user's limit")
	}
	c.accepted("b", now)
	for range 2 {
		if !c.alone("a", now) {
			t.Error("the third refusal is not taken for the user's limit")
		}
	}
	c.accepted("a", now)
	if c.alone("a", now) {
		t.Error("a user who was sent to is still refused")
	}
}

func TestCrowdIsBounded(t *testing.T) {
	now := time.Date(2026, 1, 1, 10, 0, 0, 0, time.UTC)
	var c crowd
	for i := range 2 * maxCrowd {
		c.accepted(fmt.Sprint("sent", i), now)
		c.alone(fmt.Sprint("refused", i), now)
	}
	if len(c.sent) > maxCrowd || len(c.refused) > maxCrowd {
		t.Errorf("%d and %d users are remembered, at most %d", len(c.sent), len(c.refused), maxCrowd)
	}
}

func TestBotProbe(t *testing.T) {
	rows := map[string]struct {
		answer channeltest.Answer
		want   channel.Code
	}{
		"in order":    {answer(200, `{"status":0,"status_message":"ok","id":"pa:75346594275468546724","name":"My\u0007 bot"}`), ""},
		"wrong token": {answer(200, `{"status":2,"status_message":"invalidAuthToken"}`), channel.BadCredentials},
		"suspended":   {answer(200, `{"status":9,"status_message":"publicAccountSuspended"}`), channel.SenderRestricted},
		"down":        {answer(503, ""), channel.ProviderUnavailable},
		"not Viber":   {answer(200, "<html>"), channel.OutcomeUnknown},
	}
	for name, row := range rows {
		b, s := botOver(t, row.answer)
		account, err := b.Probe(t.Context())
		checkProbe(t, name, account, "My  bot", err, row.want)
		if r := s.requests[0]; r.Method != "POST" || r.URL.Path != "/viber/pa/get_account_info" || r.Header.Get("X-Viber-Auth-Token") != botToken {
			t.Errorf("%s: request %s %s", name, r.Method, r.URL)
		}
	}
}
