package whatsapp

import (
	"context"
	"strings"

	"messagehub/actors/channel"
	"messagehub/store/message/json"
)

// Probe implements [channel.Prober]: it reads the phone number's own entry.
func (a *adapter) Probe(ctx context.Context) (string, error) {
	address := strings.TrimSuffix(a.url, "/messages") + "?fields=display_phone_number,verified_name"
	answer, err := a.http.Do(ctx, channel.Call{Method: "GET", URL: address, Header: a.header})
	if err != nil {
		return "", err
	}
	var in struct {
		Number string      `json:"display_phone_number"`
		Name   string      `json:"verified_name"`
		Error  *graphError `json:"error"`
	}
	switch {
	case json.Unmarshal(answer.Body, &in) != nil:
	case answer.Status == 200 && in.Number != "":
		return channel.Clean(in.Number + " " + in.Name), nil
	case in.Error != nil && in.Error.Message != "":
		return "", in.Error.failed(answer)
	}
	return "", answer.ByStatus()
}
