package zalo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message/json"
)

// pair is an access token and the refresh token that renews it.
type pair struct {
	Access  string `json:"access"`
	Refresh string `json:"refresh"`
	// Until is when the access token ends, and Life how long it lived in all;
	// 0: not known. Unix milliseconds.
	Until int64 `json:"until"`
	Life  int64 `json:"life"`
	// Seed is the hash of the configured refresh token that the pair descends
	// from: another one in the configuration begins a new chain.
	Seed string `json:"seed"`
	// Spending: the refresh token is being used, or was when the process
	// ended. What became of that nobody knows.
	Spending bool `json:"spending"`
	// Over: Zalo has refused the refresh token for good.
	Over bool `json:"over"`
}

const (
	vaultName = "tokens"
	// earliest is the least time between two renewals ahead of time, and how
	// soon a failed one is tried again.
	earliest = time.Minute
	maxToken = 8192
)

// tokens gives out the access token and renews it.
//
// A refresh token is good for one use, and its use kills both tokens of the
// pair. So it is marked in the vault as being spent before the request goes
// out, and the new pair is in the vault before anybody uses it:
//
//	mark ─▶ save ─▶ request ─▶ save the new pair ─▶ use it
//
// Invariant: no refresh token is sent twice. A crash before the request leaves
// a token that is marked but good, and one after it a token that is spent;
// they can't be told apart, so neither is used again, unless the settings say
// so: the operator gives a new one.
type tokens struct {
	url, app, secret string
	http             *channel.Client
	vault            channel.Vault // nil: nothing outlives the process
	first            pair
	retryUnknown     bool
	now              func() time.Time

	turn   chan struct{} // holds one: whose turn it is with the members below
	loaded bool
	pair   pair
}

var errSpent = errors.New("the refresh token may be spent: its use was cut off. Get a new one in Zalo's console and put it into refreshToken")

// get returns the access token. Its error is an [*channel.Error].
func (t *tokens) get(ctx context.Context) (string, error) {
	if err := t.lock(ctx); err != nil {
		return "", err
	}
	defer t.unlock()
	if t.pair.Access == "" || t.ended() {
		if err := t.spend(ctx); err != nil {
			return "", err
		}
	}
	return t.pair.Access, nil
}

// renew replaces an access token that Zalo does not take, unless it has been
// replaced meanwhile.
func (t *tokens) renew(ctx context.Context, refused string) error {
	if err := t.lock(ctx); err != nil {
		return err
	}
	defer t.unlock()
	if t.pair.Access != refused {
		return nil
	}
	return t.spend(ctx)
}

// run renews the access token when four fifths of its life are over.
func (t *tokens) run(ctx context.Context) {
	for {
		wait := t.renewAhead(ctx)
		timer := time.NewTimer(max(wait, earliest))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// renewAhead renews the token if it is time, and returns when to look again.
func (t *tokens) renewAhead(ctx context.Context) time.Duration {
	if t.lock(ctx) != nil {
		return earliest
	}
	defer t.unlock()
	if t.pair.Access == "" || t.due() <= 0 && t.pair.Until != 0 {
		_ = t.spend(ctx) // sends will say what is wrong
	}
	if t.pair.Until == 0 {
		return time.Hour // until a send finds out
	}
	return t.due()
}

// due is how long until the token should be renewed.
func (t *tokens) due() time.Duration {
	return time.Duration(t.pair.Until-t.pair.Life/5-t.now().UnixMilli()) * time.Millisecond
}

func (t *tokens) ended() bool { return t.pair.Until != 0 && t.now().UnixMilli() >= t.pair.Until }

// lock takes the turn, and reads the vault the first time.
func (t *tokens) lock(ctx context.Context) error {
	select {
	case t.turn <- struct{}{}:
	case <-ctx.Done():
		return &channel.Error{Code: channel.ConnectionFailed, ProviderMessage: "no token in time; nothing was sent"}
	}
	if err := t.load(); err != nil {
		t.unlock()
		return &channel.Error{Code: channel.ConnectionFailed, ProviderMessage: "the sealed tokens can't be read; nothing was sent"}
	}
	return nil
}

func (t *tokens) unlock() { <-t.turn }

// load reads the pair. One that descends from another configured token is of
// no use any more.
func (t *tokens) load() error {
	if t.loaded {
		return nil
	}
	sum := sha256.Sum256([]byte(t.first.Refresh))
	t.first.Seed = hex.EncodeToString(sum[:])
	t.pair = t.first
	if t.vault != nil {
		sealed, err := t.vault.Load(vaultName)
		if err != nil {
			return err
		}
		var kept pair
		if len(sealed) > 0 && json.Unmarshal(sealed, &kept) == nil && kept.Seed == t.first.Seed {
			t.pair = kept
		}
	}
	t.loaded = true
	return nil
}

// save makes p the pair, once it is durable.
func (t *tokens) save(p pair) error {
	sealed, err := json.Marshal(p)
	if err == nil && t.vault != nil {
		err = t.vault.Save(vaultName, sealed)
	}
	if err != nil {
		return &channel.Error{Code: channel.ConnectionFailed, ProviderMessage: "the sealed tokens can't be written; nothing was sent"}
	}
	t.pair = p
	return nil
}

// spend uses the refresh token. The caller has the turn.
func (t *tokens) spend(ctx context.Context) error {
	switch {
	case t.pair.Over:
		return channel.Failed(channel.BadCredentials, "", "the refresh token is not taken any more: put a new one into refreshToken")
	case t.pair.Spending && !t.retryUnknown:
		return channel.Failed(channel.BadCredentials, "", errSpent.Error())
	}
	marked := t.pair
	marked.Spending = true
	if err := t.save(marked); err != nil {
		return err
	}
	next, outcome := t.request(ctx, marked)
	if next == nil {
		return outcome
	}
	if err := t.save(*next); err != nil {
		return err
	}
	return outcome
}

// request asks for a new pair. It returns the pair to keep, or nil where the
// outcome is unknown and the mark stays.
func (t *tokens) request(ctx context.Context, marked pair) (*pair, error) {
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {marked.Refresh}, "app_id": {t.app}}
	answer, err := t.http.Do(ctx, channel.Call{
		URL: t.url, ContentType: "application/x-www-form-urlencoded", Body: []byte(form.Encode()),
		Header: map[string]string{"secret_key": t.secret},
	})
	var failed *channel.Error
	if errors.As(err, &failed) {
		if failed.Code != channel.ConnectionFailed {
			return nil, channel.Failed(channel.BadCredentials, "", errSpent.Error())
		}
		return unmarked(marked), failed
	}
	var in struct {
		Access  string          `json:"access_token"`
		Refresh string          `json:"refresh_token"`
		Life    json.RawMessage `json:"expires_in"` // seconds, as a text or a number
		Error   int             `json:"error"`
		Name    string          `json:"error_name"`
	}
	readable := json.Unmarshal(answer.Body, &in) == nil
	seconds, _ := strconv.ParseInt(strings.Trim(string(in.Life), `"`), 10, 64)
	switch {
	case readable && answer.Status == 200 && usableToken(in.Access) && usableToken(in.Refresh) && seconds > 0:
		life := min(seconds, 1<<31) * 1000
		return &pair{Access: in.Access, Refresh: in.Refresh, Life: life, Until: t.now().UnixMilli() + life, Seed: marked.Seed}, nil
	case answer.Status >= 500 || readable && in.Error == -32 || answer.Status == 429:
		// Zalo has answered, and has not renewed it.
		return unmarked(marked), &channel.Error{Code: channel.ProviderUnavailable, ProviderMessage: "no token was issued", RetryAfter: answer.RetryAfter}
	case readable && in.Error != 0 || answer.Status >= 400:
		over := unmarked(marked)
		over.Over = true
		return over, channel.Failed(channel.BadCredentials, strconv.Itoa(in.Error), "the refresh token is not taken: "+in.Name)
	}
	return nil, channel.Failed(channel.BadCredentials, "", errSpent.Error())
}

func unmarked(p pair) *pair {
	p.Spending = false
	return &p
}

// usableToken reports whether a token can stand in a header.
func usableToken(token string) bool {
	return token != "" && len(token) <= maxToken && strings.IndexFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}
