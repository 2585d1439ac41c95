package line

import (
	"context"
	"net/url"
	"sync"
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message/json"
)

const (
	// minTokenLife is how long before its end a token is not used any more.
	minTokenLife = time.Minute
	// maxToken bounds a token; LINE's have up to about 1,000 characters.
	maxToken = 4096
)

// tokens gives out channel access tokens: the configured one, or stateless
// ones, which live for 15 minutes and are issued as needed.
type tokens struct {
	fixed  string
	url    string
	client string
	secret string
	http   *channel.Client
	now    func() time.Time

	mu    sync.Mutex // held while one is issued: the others wait for it
	token string
	until time.Time
}

// get returns a token that is good for now. Its error is an [*channel.Error].
func (t *tokens) get(ctx context.Context) (string, error) {
	if t.fixed != "" {
		return t.fixed, nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token != "" && t.until.Sub(t.now()) > minTokenLife {
		return t.token, nil
	}
	token, life, err := t.issue(ctx)
	if err != nil {
		return "", err
	}
	t.token, t.until = token, t.now().Add(life)
	return token, nil
}

// drop forgets a token that LINE has refused. false: there will be no other.
func (t *tokens) drop(token string) bool {
	if t.fixed != "" {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token == token {
		t.token = ""
	}
	return true
}

// issue gets a stateless token. Nothing has been sent to anybody when it
// fails, so no outcome is unknown.
func (t *tokens) issue(ctx context.Context) (string, time.Duration, error) {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {t.client}, "client_secret": {t.secret}}
	answer, err := t.http.Do(ctx, channel.Call{URL: t.url, ContentType: "application/x-www-form-urlencoded", Body: []byte(form.Encode())})
	if err != nil {
		e := err.(*channel.Error)
		return "", 0, &channel.Error{Code: channel.ConnectionFailed, ProviderMessage: e.ProviderMessage}
	}
	var in struct {
		Token string `json:"access_token"`
		Life  int64  `json:"expires_in"`
		Error string `json:"error"`
	}
	err = json.Unmarshal(answer.Body, &in)
	switch {
	case err == nil && answer.Status == 200 && usableToken(in.Token) && in.Life > 0:
		return in.Token, time.Duration(min(in.Life, 86_400)) * time.Second, nil
	case answer.Status == 429:
		return "", 0, &channel.Error{Code: channel.RateLimited, ProviderMessage: "no token was issued", RetryAfter: answer.RetryAfter}
	case answer.Status >= 400 && answer.Status < 500:
		return "", 0, channel.Failed(channel.BadCredentials, "", "no token was issued: channelId and channelSecret are not taken")
	}
	return "", 0, &channel.Error{Code: channel.ProviderUnavailable, ProviderMessage: "no token was issued"}
}

// usableToken reports whether a token can stand in a header.
func usableToken(token string) bool {
	if token == "" || len(token) > maxToken {
		return false
	}
	for i := range len(token) {
		if token[i] <= ' ' || token[i] > '~' {
			return false
		}
	}
	return true
}
