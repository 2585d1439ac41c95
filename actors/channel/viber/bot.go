package viber

import (
	"context"
	"crypto/sha256"
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"messagehub/actors/channel"
	"messagehub/store/message/json"
)

// bot sends for one Viber bot.
type bot struct {
	test      bool
	base      string
	header    map[string]string
	http      *channel.Client
	sender    botSender
	language  string
	templates map[string]stored
	macs      *channel.MACs // by the token
	crowd     crowd
	now       func() time.Time
}

// maxBotSender is the most characters of a sender's name.
const maxBotSender = 28

func newBot(s channel.Sender) (channel.Adapter, error) {
	v := s.Settings
	token := v.Text(settingToken)
	if token == "" {
		return nil, needs(providerBot, settingToken)
	}
	if utf8.RuneCountInString(v.Text(settingSender)) > maxBotSender {
		return nil, errors.New(settingSender + " must be at most 28 characters for a bot: shorten it")
	}
	templates, err := parseTemplates(v.Text(settingTemplates))
	if err != nil {
		return nil, err
	}
	return &bot{
		test: s.Test, http: s.HTTP, now: time.Now, base: base(v, "https://chatapi.viber.com"),
		header:   map[string]string{"X-Viber-Auth-Token": token},
		sender:   botSender{v.Text(settingSender), v.Text(settingAvatar)},
		language: v.Text(settingLanguage), templates: templates, macs: channel.NewMACs(sha256.New, []byte(token)),
	}, nil
}

// Send implements [channel.Adapter].
func (b *bot) Send(ctx context.Context, r *channel.Request) (channel.Acceptance, error) {
	body, err := b.encode(r)
	if err != nil {
		return channel.Acceptance{}, err
	}
	answer, err := b.call(ctx, "send_message", body)
	if err != nil {
		return channel.Acceptance{}, err
	}
	id, refused := decodeBot(answer)
	switch {
	case refused == nil:
		b.crowd.accepted(r.Step.To, b.now())
		return channel.Acceptance{ProviderID: id}, nil
	case refused.Code == channel.RateLimited && b.crowd.alone(r.Step.To, b.now()):
		refused.Code = channel.MarketingCap
	}
	return channel.Acceptance{}, refused
}

// call makes one call of the API.
func (b *bot) call(ctx context.Context, method string, body []byte) (*channel.Answer, error) {
	return b.http.Do(ctx, channel.Call{
		URL: b.base + "/pa/" + method, ContentType: "application/json", Header: b.header, Body: body,
	})
}

// botAnswer is Viber's answer, a yes or a no: both come with the HTTP status
// 200.
type botAnswer struct {
	Status  *int            `json:"status"`
	Message string          `json:"status_message"`
	Token   json.RawMessage `json:"message_token"`
	Name    string          `json:"name"` // of the account, to get_account_info
}

// readBot makes the answer, or the error that it is.
func readBot(a *channel.Answer) (*botAnswer, *channel.Error) {
	var out botAnswer
	if json.Unmarshal(a.Body, &out) != nil || out.Status == nil {
		return nil, a.ByStatus()
	}
	switch {
	case *out.Status == 0 && a.Status < 300:
		return &out, nil
	case *out.Status == 0:
		return nil, channel.Failed(channel.OutcomeUnknown, "", "the answer contradicts itself")
	}
	e := channel.Failed(codeOfBot(*out.Status), strconv.Itoa(*out.Status), out.Message)
	e.RetryAfter = a.RetryAfter
	return nil, e
}

// decodeBot makes the outcome of a send: the message's token. A yes without
// one is of unknown outcome.
func decodeBot(a *channel.Answer) (id string, _ *channel.Error) {
	answer, e := readBot(a)
	if e != nil {
		return "", e
	}
	if id = tokenOf(answer.Token); id == "" {
		return "", a.ByStatus()
	}
	return id, nil
}

// tokenOf reads a message's token, quoted or not, as decimal digits; "" if it
// is none. Tokens need all of 64 bits: a float64 would merge them.
func tokenOf(raw json.RawMessage) string {
	n, err := strconv.ParseUint(strings.Trim(string(raw), `"`), 10, 64)
	if err != nil || n == 0 {
		return ""
	}
	return strconv.FormatUint(n, 10)
}

// Probe implements [channel.Prober].
func (b *bot) Probe(ctx context.Context) (string, error) {
	answer, err := b.call(ctx, "get_account_info", []byte("{}"))
	if err != nil {
		return "", err
	}
	account, e := readBot(answer)
	if e != nil {
		return "", e
	}
	return channel.Clean(account.Name), nil
}
