package viber

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

// infobip sends for one sender of Viber Business Messages.
type infobip struct {
	test      bool
	base      string
	header    map[string]string
	http      *channel.Client
	sender    string
	label     string
	language  string
	templates map[string]stored
	webhook   string // with the key; empty: a subscription tells Infobip
	proof     callbackProof
	spent     spent
	repeat    time.Duration
	now       func() time.Time
}

func newInfobip(s channel.Sender) (channel.Adapter, error) {
	v := s.Settings
	for _, setting := range []string{settingAPIKey, settingCallback} {
		if v.Text(setting) == "" {
			return nil, needs(providerInfobip, setting)
		}
	}
	templates, err := parseTemplates(v.Text(settingTemplates))
	if err != nil {
		return nil, err
	}
	a := &infobip{
		test: s.Test, http: s.HTTP, now: time.Now, base: base(v, "https://api.infobip.com"),
		header: map[string]string{"Authorization": "App " + v.Text(settingAPIKey), "Accept": "application/json"},
		sender: v.Text(settingSender), label: v.Text(settingLabel),
		language: v.Text(settingLanguage), templates: templates,
		proof: proofOf(v.Text(settingCallback), s.Name), repeat: v.Duration(settingRepeat),
	}
	if s.CallbackURL != "" && v.Bool(settingInMessage) {
		a.webhook = a.proof.address(s.CallbackURL)
	}
	return a, nil
}

// Send implements [channel.Adapter].
func (a *infobip) Send(ctx context.Context, r *channel.Request) (channel.Acceptance, error) {
	id := a.spent.id(r.Ref)
	body, err := a.encode(r, id)
	if err != nil {
		return channel.Acceptance{}, err
	}
	answer, err := a.http.Do(ctx, channel.Call{
		URL: a.base + "/viber/2/messages", ContentType: "application/json", Header: a.header, Body: body,
	})
	if err != nil {
		return channel.Acceptance{}, err
	}
	acceptance, refused := decodeInfobip(answer, id)
	if refused == nil {
		return acceptance, nil
	}
	action := channel.Rules()[refused.Code].Action
	if answer.Status < 300 && action != channel.Fail && action != channel.Ask {
		a.spent.add(r.Ref)
	}
	return channel.Acceptance{}, refused
}

// infobipAnswer is Infobip's answer, a yes or a no.
type infobipAnswer struct {
	Messages []struct {
		ID     string        `json:"messageId"`
		Status infobipStatus `json:"status"`
		Error  infobipError  `json:"error"`
	} `json:"messages"`
}

// decodeInfobip makes the outcome of an answer. id is what the message was
// given.
func decodeInfobip(a *channel.Answer, id string) (channel.Acceptance, *channel.Error) {
	if a.Status >= 300 {
		return channel.Acceptance{}, infobipProblem(a)
	}
	var answer infobipAnswer
	if json.Unmarshal(a.Body, &answer) != nil || len(answer.Messages) == 0 {
		return channel.Acceptance{}, a.ByStatus()
	}
	m := &answer.Messages[0]
	switch {
	case m.Status.duplicate(&m.Error): // it has this very message already
		return channel.Acceptance{ProviderID: id}, nil
	case m.Status.refused():
		e := m.Status.failed(&m.Error)
		e.RetryAfter = a.RetryAfter
		return channel.Acceptance{}, e
	case !m.Status.accepted() || !usable(m.ID):
		return channel.Acceptance{}, a.ByStatus()
	}
	return channel.Acceptance{ProviderID: strings.Clone(m.ID)}, nil
}

// maxID bounds a message's id, as Infobip does.
const maxID = 200

// usable reports whether id can be stored as a message's id.
func usable(id string) bool { return id != "" && len(id) <= maxID && channel.Clean(id) == id }

// probeID is a message's id that no message ever has.
const probeID = "messagehub-probe"

// Probe implements [channel.Prober]. It asks for the reports of a message that
// does not exist, with the permission that sending needs: Infobip gives each
// report once, so no other may be asked for.
func (a *infobip) Probe(ctx context.Context) (string, error) {
	answer, err := a.http.Do(ctx, channel.Call{
		Method: http.MethodGet, URL: a.base + "/viber/2/reports?limit=1&messageId=" + probeID, Header: a.header,
	})
	if err != nil {
		return "", err
	}
	var reports struct {
		Results *[]json.RawMessage `json:"results"`
	}
	switch {
	case answer.Status >= 300:
		return "", infobipProblem(answer)
	case json.Unmarshal(answer.Body, &reports) != nil || reports.Results == nil:
		return "", answer.ByStatus()
	}
	return channel.Clean(a.sender), nil
}

// RepeatFor says how long a send of unknown outcome may be made again with the
// same reference: Infobip refuses an id that it has seen. That it does so on
// Viber is documented nowhere, so the operator has to say it.
func (a *infobip) RepeatFor(*message.Step) time.Duration { return a.repeat }

// maxSpent bounds how many references are remembered.
const maxSpent = 1 << 12

// spent gives messages their ids at Infobip. An id is the attempt's reference,
// so that a request that comes twice is noticed; but an id that Infobip looked
// at and refused may count as seen, and a try after it takes the next one: the
// reference, a dot and a number.
type spent struct {
	mu    sync.Mutex
	tries map[string]int
}

func (s *spent) id(ref string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := s.tries[ref]; n > 0 {
		return ref + "." + strconv.Itoa(n+1)
	}
	return ref
}

func (s *spent) add(ref string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tries == nil || len(s.tries) >= maxSpent {
		s.tries = make(map[string]int)
	}
	s.tries[ref]++
}

// refOf is the attempt's reference in a message's id.
func refOf(id string) string {
	ref, _, _ := strings.Cut(id, ".")
	return ref
}
