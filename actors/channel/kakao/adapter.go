package kakao

import (
	"context"
	"errors"
	"strings"
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

// adapter sends for one KakaoTalk channel.
type adapter struct {
	test           bool
	base           string
	appKey         string
	secret         string
	sender         string
	webhook        string
	authentication bool
	targeting      string
	optOut         string
	optOutAuth     string
	night          string
	brandRepeat    bool
	foreign        string
	zone           *time.Location
	http           *channel.Client
	keys           keys
	api            map[int]channel.Code
	results        map[string]result
	poll           *poller // nil where nothing is asked for
	now            func() time.Time
}

func newAdapter(s channel.Sender) (channel.Adapter, error) {
	v := s.Settings
	every := v.Duration(settingPoll)
	switch {
	case v.Text(settingOptOutAuth) != "" && v.Text(settingOptOut) == "":
		return nil, errors.New("unsubscribeNo is missing: unsubscribeAuthNo is the code to enter there")
	case v.Text(settingWebhook) == "" && every == 0:
		return nil, errors.New("webhookSecret is missing: with pollEvery 0s, no receipt would ever come")
	}
	a := &adapter{
		test: s.Test, base: strings.TrimSuffix(v.Text(settingBaseURL), "/"), appKey: v.Text(settingAppKey), secret: v.Text(settingSecret),
		sender: v.Text(settingSender), webhook: v.Text(settingWebhook), authentication: v.Bool(settingAuth),
		targeting: v.Text(settingTargeting), optOut: v.Text(settingOptOut), optOutAuth: v.Text(settingOptOutAuth),
		night: v.Text(settingNight), brandRepeat: v.Bool(settingBrandRepeat), foreign: v.Text(settingForeign),
		zone: time.FixedZone("NHN", int(v.Duration(settingOffset).Seconds())), http: s.HTTP,
		api: apiCodes(), results: resultCodes(), now: time.Now,
	}
	if every > 0 {
		a.poll = &poller{adapter: a, vault: s.Vault, report: s.Report, timing: timingOf(every, a.webhook != "")}
	}
	return a, nil
}

// Send implements [channel.Adapter].
func (a *adapter) Send(ctx context.Context, r *channel.Request) (channel.Acceptance, error) {
	call, e := a.compose(r)
	if e != nil {
		return channel.Acceptance{}, e
	}
	f := familyOf(r.Step.ContentType)
	if a.poll != nil {
		if err := a.poll.begin(f); err != nil {
			return channel.Acceptance{}, channel.Failed(channel.ConnectionFailed, "", "what to ask for later can't be written down; nothing was sent")
		}
	}
	answer, err := a.http.Do(ctx, call)
	if err != nil {
		a.note(r.Ref, err, false)
		return channel.Acceptance{}, err
	}
	in := readAnswer(answer)
	if in.code() == codeRepeated {
		return a.recover(ctx, f, r.Ref)
	}
	acceptance, e := in.decode(answer, a.api)
	if e != nil {
		a.note(r.Ref, e, in.Header != nil)
		return channel.Acceptance{}, e
	}
	return acceptance, nil
}

// note tells the keys of a send that failed; answered: NHN itself says so.
func (a *adapter) note(ref string, err error, answered bool) {
	var e *channel.Error
	if !errors.As(err, &e) {
		return
	}
	switch {
	case e.Code == channel.OutcomeUnknown || e.Code == channel.ProviderError && !answered:
		a.keys.fix(ref)
	case e.Code == channel.ProviderError:
		a.keys.spend(ref)
	}
}

// RepeatFor implements [channel.Repeater].
func (a *adapter) RepeatFor(s *message.Step) time.Duration {
	if s.ContentType == message.BrandMessage && !a.brandRepeat {
		return 0
	}
	return repeatFor
}

// Run implements [channel.Runner]: it asks for results.
func (a *adapter) Run(ctx context.Context) {
	if a.poll != nil {
		a.poll.run(ctx)
	}
}

// Probe implements [channel.Prober]: it reads the sender profile.
func (a *adapter) Probe(ctx context.Context) (string, error) {
	answer, err := a.http.Do(ctx, a.call("GET", alimtalk, "senders/"+a.sender))
	if err != nil {
		return "", err
	}
	var in struct {
		Sender *struct {
			Name    string `json:"plusFriendId"`
			Key     string `json:"senderKey"`
			Dormant bool   `json:"dormant"`
			Block   bool   `json:"block"`
		} `json:"sender"`
	}
	header := readAnswer(answer)
	switch {
	case header.Header != nil && !header.Header.OK:
		return "", header.refused(answer, a.api)
	case answer.Status >= 300 || header.Header == nil || json.Unmarshal(answer.Body, &in) != nil || in.Sender == nil || in.Sender.Key == "":
		return "", answer.ByStatus()
	case in.Sender.Block || in.Sender.Dormant:
		return "", channel.Failed(channel.SenderRestricted, "", "the sender profile is blocked or dormant")
	}
	return channel.Clean(in.Sender.Name), nil
}
