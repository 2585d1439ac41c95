package whatsapp

import (
	"context"
	"crypto/sha256"
	"strings"

	"messagehub/actors/channel"
	"messagehub/store/message/json"
)

// maxProviderID bounds Meta's message ids; real ones have about 60
// characters.
const maxProviderID = 256

// adapter sends for one business phone number.
type adapter struct {
	test     bool
	url      string
	header   map[string]string
	http     *channel.Client
	format   string
	language string
	preview  bool
	macs     *channel.MACs // by the app secret
	verify   string
}

func newAdapter(s channel.Sender) (channel.Adapter, error) {
	v := s.Settings
	return &adapter{
		test: s.Test, http: s.HTTP,
		url:    strings.TrimSuffix(v.Text(settingBaseURL), "/") + "/" + v.Text(settingVersion) + "/" + v.Text(settingPhoneNumberID) + "/messages",
		header: map[string]string{"Authorization": "Bearer " + v.Text(settingAccessToken)},
		format: v.Text(settingFormat), language: v.Text(settingLanguage), preview: v.Bool(settingPreview),
		macs: channel.NewMACs(sha256.New, []byte(v.Text(settingAppSecret))), verify: v.Text(settingVerifyToken),
	}, nil
}

// Send implements [channel.Adapter].
func (a *adapter) Send(ctx context.Context, r *channel.Request) (channel.Acceptance, error) {
	body, err := a.encode(r)
	if err != nil {
		return channel.Acceptance{}, err
	}
	answer, err := a.http.Do(ctx, channel.Call{URL: a.url, ContentType: "application/json", Header: a.header, Body: body})
	if err != nil {
		return channel.Acceptance{}, err
	}
	return decode(answer)
}

// response is Meta's answer, a yes or a no.
type response struct {
	Messages []struct {
		ID string `json:"id"`
	} `json:"messages"`
	Error *graphError `json:"error"`
}

// decode makes the outcome of an answer. A yes needs a 2xx and an id; an
// answer with an id and another status is of unknown outcome.
func decode(a *channel.Answer) (channel.Acceptance, error) {
	var r response
	if json.Unmarshal(a.Body, &r) != nil {
		return channel.Acceptance{}, a.ByStatus()
	}
	id := ""
	if len(r.Messages) > 0 {
		id = r.Messages[0].ID
	}
	switch {
	case usable(id) && a.Status < 300:
		return channel.Acceptance{ProviderID: strings.Clone(id)}, nil
	case r.Error != nil && r.Error.Message != "" && id == "":
		return channel.Acceptance{}, r.Error.failed(a)
	case id != "":
		return channel.Acceptance{}, channel.Failed(channel.OutcomeUnknown, "", "the answer contradicts itself")
	}
	return channel.Acceptance{}, a.ByStatus()
}

// usable reports whether id can be stored as a message's id.
func usable(id string) bool { return id != "" && len(id) <= maxProviderID && channel.Clean(id) == id }
