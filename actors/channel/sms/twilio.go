package sms

import (
	"context"
	"time"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sms/gsm"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

// maxSid bounds Twilio's message ids; real ones have 34 characters.
const maxSid = 64

// twilio sends for one account, from one number or messaging service.
type twilio struct {
	test        bool
	url         string
	auth        [2]string
	fixed       []byte // see fixedForm
	buffers     channel.Buffers
	http        *channel.Client
	from        string
	service     string
	callbackURL string
	retries     bool // of callbacks, see retryCallbacks
	links       bool // media go as links
	readers     twilioReaders
	encoder     gsm.Encoder
	now         func() time.Time
}

func newTwilio(s channel.Sender) (channel.Adapter, error) {
	v := s.Settings
	if err := checkTwilio(v); err != nil {
		return nil, err
	}
	a := &twilio{
		test: s.Test, http: s.HTTP, now: time.Now, callbackURL: s.CallbackURL,
		retries: v.Bool(settingRetries), links: v.Bool(settingLinks),
		from: v.Text(settingFrom), service: v.Text(settingService),
		readers: twilioReaders{token: v.Text(settingAuthToken)}, encoder: encoderOf(v),
	}
	account := v.Text(settingAccountSid)
	a.url = base(v, "https://api.twilio.com") + "/2010-04-01/Accounts/" + account + "/Messages.json"
	a.auth = [2]string{account, v.Text(settingAuthToken)}
	if key := v.Text(settingAPIKeySid); key != "" {
		a.auth = [2]string{key, v.Text(settingAPIKeySecret)}
	}
	a.fixed = a.fixedForm()
	return a, nil
}

// Send implements [channel.Adapter].
func (a *twilio) Send(ctx context.Context, r *channel.Request) (channel.Acceptance, error) {
	buffer := a.buffers.Get()
	defer a.buffers.Put(buffer)
	form, err := a.encode(*buffer, r)
	*buffer = form
	if err != nil {
		return channel.Acceptance{}, err
	}
	answer, err := a.http.Do(ctx, channel.Call{
		URL: a.url, ContentType: "application/x-www-form-urlencoded", Basic: a.auth, Body: form,
	})
	if err != nil {
		return channel.Acceptance{}, err
	}
	acceptance, err := decodeTwilio(answer)
	if err == nil && acceptance.Segments == 0 {
		acceptance.Segments, _, _ = a.text(r.Step)
	}
	return acceptance, err
}

// text returns what a step goes as, and how many segments it has, if it goes
// as a text: media are counted by themselves, and templates are Twilio's.
func (a *twilio) text(s *message.Step) (segments int, text string, ok bool) {
	if s.ContentType != message.Text && (s.ContentType != message.Media || !a.links) {
		return 0, "", false
	}
	content, err := textOf(s)
	form, text := a.encoder.Measure(content)
	return form.Parts, text, err == nil
}

// decodeTwilio makes the outcome of an answer. A yes needs a 2xx and a SID.
func decodeTwilio(a *channel.Answer) (channel.Acceptance, error) {
	if a.Status >= 300 {
		return channel.Acceptance{}, twilioRefused(a)
	}
	var c twilioCreated
	if json.Unmarshal(a.Body, &c) != nil || !usable(c.Sid) {
		return channel.Acceptance{}, a.ByStatus()
	}
	if c.Status == statusFailed || c.Status == statusUndelivered { // created, and given up at once
		return channel.Acceptance{}, twilioFailed(c.ErrorCode)
	}
	return channel.Acceptance{ProviderID: c.Sid, Segments: c.segments()}, nil
}

// usable reports whether sid can be stored as a message's id.
func usable[T string | []byte](sid T) bool {
	if len(sid) == 0 || len(sid) > maxSid {
		return false
	}
	for i := range len(sid) {
		if c := sid[i]; (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return true
}
