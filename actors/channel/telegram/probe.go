package telegram

import (
	"context"

	"messagehub/actors/channel"
	"messagehub/store/message/json"
)

// Probe implements [channel.Prober] with getMe.
func (a *adapter) Probe(ctx context.Context) (string, error) {
	answer, err := a.http.Do(ctx, channel.Call{Method: "GET", URL: a.url + "getMe"})
	if err != nil {
		return "", err
	}
	var e envelope
	if json.Unmarshal(answer.Body, &e) != nil || !e.OK && (e.Code < 400 || e.Code > 599) {
		return "", byStatus(answer)
	}
	if !e.OK {
		return "", a.refused(&e, answer, "")
	}
	var bot struct {
		Username string `json:"username"`
	}
	if json.Unmarshal(e.Result, &bot) != nil || bot.Username == "" {
		return "", byStatus(answer)
	}
	return channel.Clean("@" + bot.Username), nil
}
