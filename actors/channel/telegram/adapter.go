package telegram

import (
	"context"
	"strconv"
	"strings"
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message/json"
)

// adapter sends for one bot.
type adapter struct {
	test    bool
	url     string // up to the method; it holds the token
	hidden  string // the token's secret part
	http    *channel.Client
	secret  []byte
	silent  bool
	protect bool
	preview bool
	floods  floods
	now     func() time.Time
}

func newAdapter(s channel.Sender) (channel.Adapter, error) {
	v := s.Settings
	_, hidden, _ := strings.Cut(v.Text(settingToken), ":")
	return &adapter{
		test: s.Test, http: s.HTTP, now: time.Now,
		url:    strings.TrimSuffix(v.Text(settingBaseURL), "/") + "/bot" + v.Text(settingToken) + "/",
		hidden: hidden, secret: []byte(v.Text(settingSecret)),
		silent: v.Bool(settingSilent), protect: v.Bool(settingProtect), preview: v.Bool(settingPreview),
	}, nil
}

// Send implements [channel.Adapter]. Where a group has become a supergroup,
// Telegram refuses and names the new chat: the message is sent there, once.
func (a *adapter) Send(ctx context.Context, r *channel.Request) (channel.Acceptance, error) {
	c, err := a.compose(r)
	if err != nil {
		return channel.Acceptance{}, err
	}
	acceptance, moved, err := a.call(ctx, c)
	if moved != 0 {
		c.body.Chat = moved
		acceptance, _, err = a.call(ctx, c)
	}
	return acceptance, err
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
