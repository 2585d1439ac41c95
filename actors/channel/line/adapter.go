package line

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

// adapter sends for one channel of LINE's.
type adapter struct {
	test      bool
	base      string
	mode      string
	http      *channel.Client
	tokens    tokens
	macs      *channel.MACs // by the channel secret
	templates map[string]template
	preview   string
	duration  time.Duration
	silent    bool
}

func newAdapter(s channel.Sender) (channel.Adapter, error) {
	v := s.Settings
	templates, err := parseTemplates(v.Text(settingTemplates))
	if err != nil {
		return nil, fmt.Errorf("templates %w", err)
	}
	if v.Text(settingToken) == "" && v.Text(settingChannel) == "" {
		return nil, errors.New("channelAccessToken is missing: give it, or channelId, so that tokens can be issued")
	}
	base := strings.TrimSuffix(v.Text(settingBaseURL), "/")
	return &adapter{
		test: s.Test, base: base, mode: v.Text(settingMode), http: s.HTTP, macs: channel.NewMACs(sha256.New, []byte(v.Text(settingSecret))),
		tokens: tokens{
			fixed: v.Text(settingToken), url: base + "/oauth2/v3/token", client: v.Text(settingChannel), secret: v.Text(settingSecret),
			http: s.HTTP, now: time.Now,
		},
		templates: templates, preview: v.Text(settingPreview), duration: v.Duration(settingDuration), silent: v.Bool(settingSilent),
	}, nil
}

// Send implements [channel.Adapter].
func (a *adapter) Send(ctx context.Context, r *channel.Request) (channel.Acceptance, error) {
	call, e := a.compose(r)
	if e != nil {
		return channel.Acceptance{}, e
	}
	answer, err := a.do(ctx, call)
	if err != nil {
		return channel.Acceptance{}, err
	}
	if a.mode == modePush {
		return pushed(answer)
	}
	return notified(answer)
}

// do makes the call with a token. One that LINE does not take any more is
// replaced, once: a 401 has sent nothing.
func (a *adapter) do(ctx context.Context, call channel.Call) (*channel.Answer, error) {
	for again := true; ; again = false {
		token, err := a.tokens.get(ctx)
		if err != nil {
			return nil, err
		}
		call.Header["Authorization"] = "Bearer " + token
		answer, err := a.http.Do(ctx, call)
		if err != nil || answer.Status != 401 || !again || !a.tokens.drop(token) {
			return answer, err
		}
	}
}

// compose makes the call of a request.
func (a *adapter) compose(r *channel.Request) (channel.Call, *channel.Error) {
	to, e := a.address(r)
	if e != nil {
		return channel.Call{}, e
	}
	call := channel.Call{ContentType: "application/json", Header: map[string]string{}}
	var body any
	if a.mode == modePNPTemplate {
		call.URL = a.base + "/v2/bot/message/pnp/templated/push"
		body, e = notification(to, r.Step)
	} else {
		call.URL = a.base + map[string]string{modePush: "/v2/bot/message/push", modePNP: "/bot/pnp/push"}[a.mode]
		body, e = a.push(to, r.Step)
	}
	if e != nil {
		return channel.Call{}, e
	}
	if a.mode == modePush {
		call.Header["X-Line-Retry-Key"] = retryKey(r.Ref)
	} else {
		call.Header["X-Line-Delivery-Tag"] = r.Ref
	}
	text, err := json.Marshal(body)
	if err != nil {
		return channel.Call{}, channel.Failed(channel.ContentRejected, "", "the content can't be encoded")
	}
	call.Body = text
	return call, nil
}

// RepeatFor implements [channel.Repeater]: LINE knows a retry key for 24 hours.
// Notification messages have none.
func (a *adapter) RepeatFor(*message.Step) time.Duration {
	if a.mode == modePush {
		return 20 * time.Hour
	}
	return 0
}

// retryKey is the UUID (version 5) of an attempt: a repeat has the same one.
func retryKey(ref string) string {
	sum := sha1.Sum([]byte("messagehub/line/" + ref))
	sum[6], sum[8] = sum[6]&0x0f|0x50, sum[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// Probe implements [channel.Prober].
func (a *adapter) Probe(ctx context.Context) (string, error) {
	answer, err := a.do(ctx, channel.Call{Method: "GET", URL: a.base + "/v2/bot/info", Header: map[string]string{}})
	if err != nil {
		return "", err
	}
	var bot struct {
		Name string `json:"displayName"`
		ID   string `json:"basicId"`
	}
	if answer.Status != 200 || json.Unmarshal(answer.Body, &bot) != nil || bot.ID == "" {
		return "", refused(answer)
	}
	return channel.Clean(bot.ID + " " + bot.Name), nil
}
