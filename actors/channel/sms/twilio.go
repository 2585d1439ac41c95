package sms

import (
	"context"
	"sync"
	"time"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sms/gsm"
	"messagehub/store/message"
)

// maxSid bounds Twilio's message ids; real ones have 34 characters.
const maxSid = 64

// twilio sends for one account, from one number or messaging service.
type twilio struct {
	test        bool
	url         string
	auth        [2]string
	fixed       []byte    // see fixedForm
	exchanges   sync.Pool // of *twilioExchange
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

// twilioExchange is the memory of one send. A form is as long as a message may
// be, at most.
type twilioExchange struct {
	form   []byte
	answer channel.Answer
}

// Send implements [channel.Adapter].
func (a *twilio) Send(ctx context.Context, r *channel.Request) (channel.Acceptance, error) {
	x, _ := a.exchanges.Get().(*twilioExchange)
	if x == nil {
		x = new(twilioExchange)
	}
	defer a.exchanges.Put(x)
	var err error
	if x.form, err = a.encode(x.form[:0], r); err != nil {
		return channel.Acceptance{}, err
	}
	answer, err := a.http.Do(ctx, channel.Call{
		URL: a.url, ContentType: "application/x-www-form-urlencoded", Basic: a.auth, Body: x.form, Into: &x.answer,
	})
	if err != nil {
		return channel.Acceptance{}, err
	}
	acceptance, err := decodeTwilio(answer)
	if err == nil && acceptance.Segments == 0 {
		acceptance.Segments = a.segments(r.Step)
	}
	return acceptance, err
}

// text returns what a step goes as, if it goes as a text: templates are
// Twilio's.
func (a *twilio) text(s *message.Step) (text string, ok bool) {
	if s.ContentType != message.Text && (s.ContentType != message.Media || !a.links) {
		return "", false
	}
	content, err := textOf(s)
	if a.encoder.Smart {
		_, content = a.encoder.Measure(content)
	}
	return content, err == nil
}

// segments returns how many segments a step has; 0: it does not go as a text,
// and media are counted by themselves.
func (a *twilio) segments(s *message.Step) int {
	text, ok := a.text(s)
	if !ok {
		return 0
	}
	form, _ := a.encoder.Measure(text)
	return form.Parts
}

// decodeTwilio makes the outcome of an answer. A yes needs a 2xx and a SID.
func decodeTwilio(a *channel.Answer) (channel.Acceptance, error) {
	if a.Status >= 300 {
		return channel.Acceptance{}, twilioRefused(a)
	}
	c, ok := readTwilioCreated(a.Body)
	if !ok || !usable(c.sid) {
		return channel.Acceptance{}, a.ByStatus()
	}
	if status := string(c.status); status == statusFailed || status == statusUndelivered { // created, and given up at once
		return channel.Acceptance{}, twilioFailed(c.errorCode)
	}
	return channel.Acceptance{ProviderID: string(c.sid), Segments: c.segments}, nil
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
