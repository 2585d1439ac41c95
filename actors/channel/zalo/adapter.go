package zalo

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message/json"
)

// adapter sends for one Official Account.
type adapter struct {
	test        bool
	openapi     string // addresses of the hosts
	business    string
	http        *channel.Client
	tokens      *tokens
	proof       []byte // the app's secret, where requests carry its proof
	development bool
	signer      string // the id that events are signed with
	webhook     string
}

// hosts returns the addresses of Zalo's three hosts.
func hosts(base string) (openapi, business, oauth string) {
	if base == "" {
		return "https://openapi.zalo.me", "https://business.openapi.zalo.me", "https://oauth.zaloapp.com"
	}
	base = strings.TrimSuffix(base, "/")
	return base + "/openapi", base + "/business", base + "/oauth"
}

func newAdapter(s channel.Sender) (channel.Adapter, error) {
	v := s.Settings
	a := &adapter{
		test: s.Test, http: s.HTTP, development: v.Bool(settingMode),
		signer: v.Text(v.Text(settingSigned)), webhook: v.Text(settingWebhook),
	}
	var oauth string
	a.openapi, a.business, oauth = hosts(v.Text(settingBaseURL))
	if v.Bool(settingProof) {
		a.proof = []byte(v.Text(settingAppSecret))
	}
	a.tokens = &tokens{
		url: oauth + "/v4/oa/access_token", app: v.Text(settingApp), secret: v.Text(settingAppSecret), http: s.HTTP,
		vault: s.Vault, first: pair{Access: v.Text(settingAccess), Refresh: v.Text(settingRefresh)},
		retryUnknown: v.Bool(settingUnknown), now: time.Now, turn: make(chan struct{}, 1),
	}
	return a, nil
}

// Send implements [channel.Adapter].
func (a *adapter) Send(ctx context.Context, r *channel.Request) (channel.Acceptance, error) {
	m, e := a.compose(r)
	if e != nil {
		return channel.Acceptance{}, e
	}
	body, err := json.Marshal(m.body)
	if err != nil {
		return channel.Acceptance{}, channel.Failed(channel.ContentRejected, "", "the content can't be encoded")
	}
	answer, err := a.do(ctx, m.codes, channel.Call{URL: m.url, ContentType: "application/json", Body: body})
	if err != nil {
		return channel.Acceptance{}, err
	}
	return m.codes.decode(answer)
}

// do makes a call with a token. One that Zalo does not take any more is
// renewed, once: such an answer has sent nothing.
func (a *adapter) do(ctx context.Context, codes table, call channel.Call) (*channel.Answer, error) {
	for again := true; ; again = false {
		token, err := a.tokens.get(ctx)
		if err != nil {
			return nil, err
		}
		call.Header = map[string]string{"access_token": token}
		if a.proof != nil {
			mac := hmac.New(sha256.New, a.proof)
			mac.Write([]byte(token))
			call.Header["appsecret_proof"] = hex.EncodeToString(mac.Sum(nil))
		}
		answer, err := a.http.Do(ctx, call)
		if err != nil || !again || !codes.stale(answer) {
			return answer, err
		}
		if err := a.tokens.renew(ctx, token); err != nil {
			return nil, err
		}
	}
}

// Run implements [channel.Runner]: it renews the access token before its end.
func (a *adapter) Run(ctx context.Context) { a.tokens.run(ctx) }

// Probe implements [channel.Prober].
func (a *adapter) Probe(ctx context.Context) (string, error) {
	codes := openapiCodes()
	answer, err := a.do(ctx, codes, channel.Call{Method: "GET", URL: a.openapi + "/v2.0/oa/getoa"})
	if err != nil {
		return "", err
	}
	var in struct {
		Error *int `json:"error"`
		Data  struct {
			Name string `json:"name"`
		} `json:"data"`
	}
	if answer.Status != 200 || json.Unmarshal(answer.Body, &in) != nil || in.Error == nil || *in.Error != 0 {
		_, err := codes.decode(answer)
		return "", err
	}
	return channel.Clean(in.Data.Name), nil
}
