package sms

import (
	"context"
	"strings"

	"messagehub/actors/channel"
	"messagehub/store/message/json"
)

// Probe implements [channel.Prober]: it reads the account. An API key that may
// only send is refused here.
func (a *twilio) Probe(ctx context.Context) (string, error) {
	answer, err := a.http.Do(ctx, channel.Call{Method: "GET", URL: strings.TrimSuffix(a.url, "/Messages.json") + ".json", Basic: a.auth})
	if err != nil {
		return "", err
	}
	var account struct {
		Name   string `json:"friendly_name"`
		Status string `json:"status"`
	}
	switch {
	case answer.Status >= 300:
		return "", twilioRefused(answer)
	case json.Unmarshal(answer.Body, &account) != nil || account.Status == "":
		return "", answer.ByStatus()
	case account.Status != "active":
		return "", channel.Failed(channel.SenderRestricted, "", "the account is "+account.Status)
	}
	return channel.Clean(account.Name), nil
}
