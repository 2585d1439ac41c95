package zalo

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttputil"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sim"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

// Vectors made by the documented formula.
func TestSignatureVectors(t *testing.T) {
	rows := []struct{ app, body, at, want string }{
		{
			"2074138120372622546", `{"sender":{"id":"2893352839501541173"},"recipient":{"id":"84123456789"},"event_name":"user_received_message","message":{"delivery_time":"1602960467432","msg_id":"15a0cc0bbb13bd4ce403","tracking_id":"order-88213"},"app_id":"2074138120372622546","timestamp":"1602560967477"}`,
			"1602560967477", "bdcb2f7f59b800db4147a9068961687509cd8e9fa68c66e6b550d8b623bb1e80",
		},
		{
			"360846524940903967", `{"app_id":"360846524940903967","sender":{"id":"246845883529197922"},"user_id_by_app":"552177279717587730","recipient":{"id":"388613280878808645"},"event_name":"user_send_text","message":{"text":"Xin chào","msg_id":"96d3cdf3af150460909"},"timestamp":"154390853474"}`,
			"154390853474", "18586651126fbbcbc05c94867f87c6946e4191dfd529e5bd5dce08c9b06e32d4",
		},
	}
	for _, row := range rows {
		a := &adapter{signer: row.app, webhook: "OASecretExample01"}
		for _, form := range []string{"mac=" + row.want, row.want, "sha256=" + strings.ToUpper(row.want)} {
			if !a.signed(form, []byte(row.body), row.at) {
				t.Errorf("%s is refused", form)
			}
		}
		if a.signed("mac="+row.want, []byte(row.body+" "), row.at) || a.signed("", []byte(row.body), row.at) || (&adapter{signer: row.app}).signed("mac="+row.want, []byte(row.body), row.at) {
			t.Error("a wrong signature is taken")
		}
	}
}

func TestTrackingIDsComeBack(t *testing.T) {
	for _, ref := range []string{message.AttemptRef(1, message.NewID(message.At(7, 0), 42), 0), message.AttemptRef(1<<32-1, message.NewID(message.At(1<<40, 4095), 1<<44-1), message.MaxAttempts-1)} {
		id := trackingID(ref)
		if len(id) > 48 || strings.ContainsAny(id, "_-") || refOf(id) != ref {
			t.Errorf("%s is %s, and back %s", ref, id, refOf(id))
		}
	}
	for _, foreign := range []string{"", "msg", "order-88213", "msguuu", "msg_0g000000000000e0000000001a-1-0"} {
		if ref := refOf(foreign); ref != "" {
			t.Errorf("%q is %s", foreign, ref)
		}
	}
}

// memory is a vault that remembers what it was given.
type memory struct {
	mu    sync.Mutex
	value []byte
	saves int
	fail  error
}

func (m *memory) Load(string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.value, m.fail
}

func (m *memory) Save(_ string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail == nil {
		m.value = append([]byte(nil), value...)
		m.saves++
	}
	return m.fail
}

// zalo is a simulated Zalo in memory, and what it was asked.
type zalo struct {
	provider *simulator
	world    *sim.World
	mu       sync.Mutex
	spent    []string // refresh tokens that came
}

func newZalo(t *testing.T) (*zalo, *channel.Client) {
	t.Helper()
	z := &zalo{world: sim.NewWorld(sim.Options{})}
	z.provider = newSimulator(z.world, channel.Sender{Settings: channel.Sandbox(Spec().Settings)}).(*simulator)
	ln := fasthttputil.NewInmemoryListener()
	server := &fasthttp.Server{Handler: func(ctx *fasthttp.RequestCtx) {
		path := strings.TrimPrefix(string(ctx.Path()), "/zalo")
		z.mu.Lock()
		if token := string(ctx.PostArgs().Peek("refresh_token")); token != "" {
			z.spent = append(z.spent, token)
		}
		z.mu.Unlock()
		ctx.URI().SetPath(path)
		z.provider.Handle(ctx)
	}}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(ln) }()
	client := channel.NewClientOver(&http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return ln.Dial() }})
	t.Cleanup(func() { client.Close(); _ = ln.Close(); _ = server.Shutdown(); <-done; z.world.Close() })
	return z, client
}

func (z *zalo) tokensSpent() []string {
	z.mu.Lock()
	defer z.mu.Unlock()
	return append([]string(nil), z.spent...)
}

func adapterOf(t *testing.T, client *channel.Client, v channel.Vault, change channel.Values) *adapter {
	t.Helper()
	values := channel.Sandbox(Spec().Settings)
	for name, value := range change {
		values[name] = value
	}
	a, err := newAdapter(channel.Sender{Test: true, Settings: values, HTTP: client, Vault: v})
	if err != nil {
		t.Fatal(err)
	}
	return a.(*adapter)
}

func sendText(a *adapter) error {
	step := textTo(user, "Xin chao")
	_, err := a.Send(context.Background(), &channel.Request{Ref: "msg_0g000000000000e0000000001a-1-0", Test: true, Step: &step})
	return err
}

func codeOf(err error) channel.Code {
	var e *channel.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// TestStaleTokenIsRenewedOnce: however many sends find the token stale, one
// refresh token is spent, and every message goes out once.
func TestStaleTokenIsRenewedOnce(t *testing.T) {
	z, client := newZalo(t)
	m := &memory{}
	a := adapterOf(t, client, m, channel.Values{"accessToken": "stale"})
	var wg sync.WaitGroup
	for range 30 {
		wg.Go(func() {
			if err := sendText(a); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := len(z.tokensSpent()); n != 1 || z.world.Ledger.Len() != 30 || m.saves != 2 {
		t.Errorf("%d refresh tokens spent, %d messages, %d saves", n, z.world.Ledger.Len(), m.saves)
	}
	again := adapterOf(t, client, m, channel.Values{"accessToken": "stale"}) // a restart
	if err := sendText(again); err != nil || len(z.tokensSpent()) != 1 {
		t.Errorf("after a restart: %v, %v", err, z.tokensSpent())
	}
	if account, err := again.Probe(t.Context()); err != nil || account != "Sandbox" {
		t.Errorf("probe: %q, %v", account, err)
	}
}

// TestNewConfiguredTokenBeginsAnew: the operator's new refresh token counts, and
// what the vault holds of the old one does not.
func TestNewConfiguredTokenBeginsAnew(t *testing.T) {
	z, client := newZalo(t)
	m := &memory{}
	a := adapterOf(t, client, m, channel.Values{"accessToken": "", "refreshToken": "spent-long-ago"})
	if code := codeOf(sendText(a)); code != channel.BadCredentials {
		t.Errorf("refused by Zalo: %s", code)
	}
	asked := len(z.tokensSpent())
	if code := codeOf(sendText(a)); code != channel.BadCredentials || len(z.tokensSpent()) != asked {
		t.Errorf("a token that was refused is tried again: %s", code)
	}
	if err := sendText(adapterOf(t, client, m, channel.Values{"accessToken": ""})); err != nil {
		t.Errorf("with a new token: %v", err)
	}
}

// TestNothingIsSpentWithoutTheVault: what can't be marked is not used, and what
// can't be kept is not lost silently.
func TestNothingIsSpentWithoutTheVault(t *testing.T) {
	z, client := newZalo(t)
	m := &memory{fail: errors.New("disk")}
	a := adapterOf(t, client, m, channel.Values{"accessToken": ""})
	if code := codeOf(sendText(a)); code != channel.ConnectionFailed || len(z.tokensSpent()) != 0 {
		t.Errorf("%s, spent %v", code, z.tokensSpent())
	}
	m.fail = nil
	if err := sendText(a); err != nil {
		t.Errorf("with the vault back: %v", err)
	}
}

// TestUnknownRenewal: a renewal whose answer is lost leaves the token marked,
// for this process and the next; the setting allows another try.
func TestUnknownRenewal(t *testing.T) {
	z, client := newZalo(t)
	m := &memory{}
	lost := &lossy{}
	a := adapterOf(t, channel.NewClientOver(lost), m, channel.Values{"accessToken": ""})
	for range 2 {
		if code := codeOf(sendText(a)); code != channel.BadCredentials {
			t.Fatalf("code %s", code)
		}
	}
	if lost.tokens != 1 {
		t.Errorf("the token was sent %d times", lost.tokens)
	}
	if code := codeOf(sendText(adapterOf(t, client, m, channel.Values{"accessToken": ""}))); code != channel.BadCredentials || len(z.tokensSpent()) != 0 {
		t.Errorf("after a restart: %s, spent %v", code, z.tokensSpent())
	}
	if err := sendText(adapterOf(t, client, m, channel.Values{"accessToken": "", "retryUnknownRefresh": "true"})); err != nil {
		t.Errorf("with the setting: %v", err)
	}
}

// lossy loses the answers to requests for tokens.
type lossy struct{ tokens int }

// RoundTrip implements [http.RoundTripper].
func (l *lossy) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.Contains(r.URL.Path, "/oauth/") {
		l.tokens++
		gotConnection(r)
		return nil, errors.New("the answer is lost")
	}
	return nil, errors.New("unexpected request")
}

// TestFailuresThatSpendNothing: where Zalo says that it has not renewed the
// token, or was never reached, it is used again.
func TestFailuresThatSpendNothing(t *testing.T) {
	rows := map[string]func() (*http.Response, error){
		"never reached": func() (*http.Response, error) { return nil, errors.New("refused") },
		"server error":  func() (*http.Response, error) { return canned(500, "oops"), nil },
		"rate":          func() (*http.Response, error) { return canned(200, `{"error":-32,"error_name":"rate"}`), nil },
		"too many":      func() (*http.Response, error) { return canned(429, ``), nil },
	}
	for name, fail := range rows {
		_, client := newZalo(t)
		m := &memory{}
		a := adapterOf(t, channel.NewClientOver(answering(fail)), m, channel.Values{"accessToken": ""})
		err := sendText(a)
		if action := channel.Rules()[codeOf(err)].Action; action != channel.Again {
			t.Errorf("%s: %v", name, err)
		}
		a.tokens.http, a.http = client, client
		if err := sendText(a); err != nil {
			t.Errorf("%s, then: %v", name, err)
		}
	}
}

// TestTokensThatAreNone: what is no pair of tokens is not kept.
func TestTokensThatAreNone(t *testing.T) {
	for _, body := range []string{
		``, `{}`, `[]`, `{"access_token":"a"}`, `{"access_token":"a","refresh_token":"b"}`, `{"access_token":"a\n","refresh_token":"b","expires_in":"1"}`,
		`{"access_token":"a","refresh_token":"b","expires_in":"x"}`, `{"access_token":"a","refresh_token":"b","expires_in":-1}`,
	} {
		m := &memory{}
		a := adapterOf(t, channel.NewClientOver(answering(func() (*http.Response, error) { return canned(200, body), nil })), m, channel.Values{"accessToken": ""})
		var kept pair
		if code := codeOf(sendText(a)); code != channel.BadCredentials {
			t.Errorf("%s: %s", body, code)
		}
		if json.Unmarshal(m.value, &kept) != nil || !kept.Spending || kept.Refresh != "sandbox-refresh-token" {
			t.Errorf("%s: kept %+v", body, kept)
		}
	}
}

// TestRenewedAheadOfTime: the token is renewed at four fifths of its life, and
// a send never meets its end.
func TestRenewedAheadOfTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Duration
		begin := time.Now()
		transport := answering(func() (*http.Response, error) {
			at = append(at, time.Since(begin))
			return canned(200, `{"access_token":"a","refresh_token":"b`+time.Since(begin).String()+`","expires_in":"90000"}`), nil
		})
		a := adapterOf(t, channel.NewClientOver(transport), &memory{}, channel.Values{"accessToken": ""})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); a.Run(ctx) }()
		time.Sleep(41 * time.Hour)
		cancel()
		<-done
		if len(at) != 3 || at[0] != 0 || at[1] != 20*time.Hour || at[2] != 40*time.Hour {
			t.Errorf("renewed at %v", at)
		}
	})
}
