package telegram

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"messagehub/actors/channel"
	"messagehub/actors/channel/texts"
	"messagehub/store/message/json"
)

// adapter sends for one bot.
type adapter struct {
	test    bool
	url     string // up to the method; it holds the token
	hidden  string // the token's secret part
	http    *channel.Client
	secret  []byte
	body    outgoing // what every call has alike
	preview bool
	mode    string // of parsing; empty: none
	divides bool   // long texts go in parts
	texts   templates
	floods  floods
	now     func() time.Time
}

func newAdapter(s channel.Sender) (channel.Adapter, error) {
	v := s.Settings
	_, hidden, _ := strings.Cut(v.Text(settingToken), ":")
	stored, err := texts.Parse(v.Text(settingTemplates))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", settingTemplates, err)
	}
	return &adapter{
		test: s.Test, http: s.HTTP, now: time.Now,
		url:    strings.TrimSuffix(v.Text(settingBaseURL), "/") + "/bot" + v.Text(settingToken) + "/",
		hidden: hidden, secret: []byte(v.Text(settingSecret)),
		body:    outgoing{Silent: v.Bool(settingSilent), Protect: v.Bool(settingProtect), Paid: v.Bool(settingPaid)},
		preview: v.Bool(settingPreview), mode: v.Text(settingMode), divides: v.Bool(settingSplit),
		texts: templates{stored, v.Text(settingLanguage)},
	}, nil
}

// Send implements [channel.Adapter]. What is too long for one message goes in
// several, one after the other: if one fails after the first, it is not known
// what the recipient has.
func (a *adapter) Send(ctx context.Context, r *channel.Request) (channel.Acceptance, error) {
	calls, err := a.compose(r)
	if err != nil {
		return channel.Acceptance{}, err
	}
	chat := calls[0].body.Chat
	var first channel.Acceptance
	for i, c := range calls {
		c.body.Chat = chat
		acceptance, moved, err := a.follow(ctx, c)
		if moved != 0 {
			chat, c.body.Chat = moved, moved
		}
		if err != nil && i > 0 {
			acceptance, err = a.insist(ctx, c, err)
		}
		switch {
		case err != nil && i > 0:
			return channel.Acceptance{}, inPart(err, i, len(calls))
		case err != nil:
			return channel.Acceptance{}, err
		case i == 0:
			first = acceptance
		}
	}
	return first, nil
}

// follow makes a call. Where a group has become a supergroup, Telegram refuses
// and names the new chat: the call is made there, once.
func (a *adapter) follow(ctx context.Context, c call) (acceptance channel.Acceptance, moved int64, err error) {
	acceptance, moved, err = a.call(ctx, c)
	if moved != 0 {
		c.body.Chat = moved
		acceptance, _, err = a.call(ctx, c)
	}
	return acceptance, moved, err
}

// call makes one call. moved is the chat to send to instead, if the one asked
// for was refused for it.
func (a *adapter) call(ctx context.Context, c call) (acceptance channel.Acceptance, moved int64, err error) {
	body, err := json.Marshal(&c.body)
	if err != nil {
		return acceptance, 0, channel.Failed(channel.ContentRejected, "", "the content can't be encoded")
	}
	answer, err := a.http.Do(ctx, channel.Call{URL: a.url + c.method, ContentType: "application/json", Body: body})
	if err != nil {
		return acceptance, 0, err
	}
	var e envelope
	switch {
	case json.Unmarshal(answer.Body, &e) != nil:
		return acceptance, 0, byStatus(answer)
	case e.OK:
		acceptance, err = e.accepted(answer)
		return acceptance, 0, err
	case e.Code < 400 || e.Code > 599:
		return acceptance, 0, byStatus(answer)
	}
	return acceptance, e.moved(), a.refused(&e, answer, c.body.Chat)
}

// accepted makes the acceptance of a yes.
func (e *envelope) accepted(a *channel.Answer) (channel.Acceptance, error) {
	if a.Status >= 300 {
		return channel.Acceptance{}, channel.Failed(channel.OutcomeUnknown, "", "the answer contradicts itself")
	}
	var s sent
	if json.Unmarshal(e.Result, &s) != nil || s.Message <= 0 || s.Chat.ID == 0 {
		return channel.Acceptance{}, byStatus(a)
	}
	id := strconv.FormatInt(s.Chat.ID, 10) + ":" + strconv.FormatInt(s.Message, 10)
	return channel.Acceptance{ProviderID: id}, nil
}
