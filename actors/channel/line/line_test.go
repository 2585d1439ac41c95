package line

import (
	"crypto/sha256"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sim"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

// LINE's own vectors, from the tests of its Node SDK.
func TestSignatureVectors(t *testing.T) {
	event := `{"events":[{"message":{"id":"test_event_message_id","text":"this is test message.😄😅😢😞😄😅😢😞","quoteToken":"test_quote_token","type":"text"},"replyToken":"test_reply_token","source":{"groupId":"test_group_id","type":"group"},"webhookEventId":"test_webhook_event_id","deliveryContext":{"isRedelivery":false},"timestamp":0,"mode":"active","type":"message"}],"destination":"Uaaaabbbbccccddddeeeeffff"}`
	rows := []struct {
		secret, body, signature string
		ok                      bool
	}{
		{"test_secret", `{"hello":"world"}`, "t7Hn4ZDHqs6e+wdvI5TyQIvzie0DmMUmuXEBqyyE/tM=", true},
		{"test_secret", `{"hello":"world"}`, "t7hn4ZDHqs6e+wdvI5TyQIvzie0DmMUmuXEBqyyE/tM=", false},
		{"test_channel_secret", event, "eRdWYcVCzZV3MVZ3M9/rHJCl/a3oSbsRb04cLovpVwM=", true},
		{"test_channel_secret", event + " ", "eRdWYcVCzZV3MVZ3M9/rHJCl/a3oSbsRb04cLovpVwM=", false},
		{"test_secret", "", "", false},
		{"test_secret", "", "é", false},
	}
	for _, row := range rows {
		if got := signed(channel.NewMACs(sha256.New, []byte(row.secret)), row.signature, []byte(row.body)); got != row.ok {
			t.Errorf("%s over %.20q: %v", row.signature, row.body, got)
		}
	}
}

func adapterWith(t *testing.T, base string, change channel.Values) *adapter {
	t.Helper()
	given := channel.Sandbox(Spec().Settings)
	given["baseURL"] = base
	for name, value := range change {
		given[name] = value
	}
	values, err := channel.Complete(Spec().Settings, given)
	if err != nil {
		t.Fatal(err)
	}
	client := channel.NewClient(nil, 4)
	t.Cleanup(client.Close)
	a, err := newAdapter(channel.Sender{Test: true, Settings: values, HTTP: client})
	if err != nil {
		t.Fatal(err)
	}
	return a.(*adapter)
}

func request1(step message.Step) *channel.Request {
	return &channel.Request{Ref: message.AttemptRef(1, message.NewID(message.At(7, 0), 42), 0), Test: true, Step: &step}
}

// TestRetryKeyTakenBefore: a 409 is the earlier attempt's success.
func TestRetryKeyTakenBefore(t *testing.T) {
	rows := []struct {
		name, header, body, id string
		code                   channel.Code
	}{
		{"with the message", "req-1", `{"message":"The retry key is already accepted","sentMessages":[{"id":"461230966842064897"}]}`, "461230966842064897", ""},
		{"with the request alone", "req-1", `{"message":"The retry key is already accepted"}`, "req-1", ""},
		{"with neither", "", `{"message":"The retry key is already accepted"}`, "", channel.OutcomeUnknown},
		{"another conflict", "req-1", `{"message":"Conflict"}`, "", channel.ContentRejected},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Line-Accepted-Request-Id", row.header)
				w.WriteHeader(409)
				_, _ = w.Write([]byte(row.body))
			}))
			defer server.Close()
			got, err := adapterWith(t, server.URL, nil).Send(t.Context(), request1(textTo(user, "x")))
			var e *channel.Error
			if errors.As(err, &e); got.ProviderID != row.id || (e == nil) != (row.code == "") || e != nil && e.Code != row.code {
				t.Errorf("%+v, %+v", got, e)
			}
		})
	}
}

// world serves a simulator of the sender's settings.
func world(t *testing.T, settings channel.Values) (*sim.World, string) {
	t.Helper()
	given := channel.Sandbox(Spec().Settings)
	for name, value := range settings {
		given[name] = value
	}
	w := sim.NewWorld(sim.Options{})
	t.Cleanup(w.Close)
	provider := newSimulator(w, channel.Sender{Settings: given})
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		var ctx fasthttp.RequestCtx
		body, _ := io.ReadAll(r.Body)
		ctx.Request.Header.SetMethod(r.Method)
		ctx.Request.SetRequestURI(r.URL.Path)
		for name := range r.Header {
			ctx.Request.Header.Set(name, r.Header.Get(name))
		}
		ctx.Request.SetBody(body)
		provider.Handle(&ctx)
		for name, value := range ctx.Response.Header.All() {
			rw.Header().Set(string(name), string(value))
		}
		rw.WriteHeader(ctx.Response.StatusCode())
		_, _ = rw.Write(ctx.Response.Body())
	}))
	t.Cleanup(server.Close)
	return w, server.URL
}

// TestRepeatIsOneMessage: the same attempt sent again is no second message.
func TestRepeatIsOneMessage(t *testing.T) {
	w, base := world(t, nil)
	a := adapterWith(t, base, nil)
	first, err := a.Send(t.Context(), request1(textTo(user, "x")))
	if err != nil {
		t.Fatal(err)
	}
	second, err := a.Send(t.Context(), request1(textTo(user, "x")))
	if err != nil || second != first || w.Ledger.Len() != 1 {
		t.Errorf("%+v, then %+v, %v; %d messages", first, second, err, w.Ledger.Len())
	}
	if a.RepeatFor(nil) <= time.Hour || a.RepeatFor(nil) >= 24*time.Hour || adapterWith(t, base, channel.Values{"mode": "pnp"}).RepeatFor(nil) != 0 {
		t.Error("a push is repeated for hours, less than a day; a notification never")
	}
}

// TestStatelessTokens: one token for all, a new one before its end and after a
// 401.
func TestStatelessTokens(t *testing.T) {
	settings := channel.Values{"channelAccessToken": "", "channelId": "1234567890"}
	w, base := world(t, settings)
	a := adapterWith(t, base, settings)
	now := time.Now()
	a.tokens.now = func() time.Time { return now }
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			r := request1(textTo(user, "x"))
			r.Ref += strings.Repeat("x", i)
			if _, err := a.Send(t.Context(), r); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := w.Ledger.Len(); n != 20 {
		t.Errorf("%d messages", n)
	}
	first := a.tokens.token
	now = now.Add(15 * time.Minute)
	if account, err := a.Probe(t.Context()); err != nil || account != "@sandbox Sandbox" {
		t.Errorf("probe: %q, %v", account, err)
	}
	second := a.tokens.token
	if first == second || second == "" {
		t.Error("the token outlives its end")
	}
	a.tokens.token = "revoked"
	if _, err := a.Send(t.Context(), request1(textTo(user, "y"))); err != nil || a.tokens.token == "revoked" {
		t.Errorf("after a 401: %v", err)
	}
	a.tokens.secret = "wrong"
	a.tokens.token = ""
	_, err := a.Send(t.Context(), request1(textTo(user, "z")))
	var e *channel.Error
	if !errors.As(err, &e) || e.Code != channel.BadCredentials {
		t.Errorf("wrong secret: %+v", e)
	}
}

func TestTokensThatAreNone(t *testing.T) {
	rows := map[string]struct {
		status int
		body   string
		code   channel.Code
	}{
		"header breaks":  {200, `{"access_token":"a\r\nb","expires_in":899}`, channel.ProviderUnavailable},
		"empty":          {200, `{"access_token":"","expires_in":899}`, channel.ProviderUnavailable},
		"no life":        {200, `{"access_token":"abc"}`, channel.ProviderUnavailable},
		"no JSON":        {200, `<html>`, channel.ProviderUnavailable},
		"server error":   {500, ``, channel.ProviderUnavailable},
		"rate":           {429, ``, channel.RateLimited},
		"invalid client": {400, `{"error":"invalid_client"}`, channel.BadCredentials},
	}
	for name, row := range rows {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(row.status)
			_, _ = w.Write([]byte(row.body))
		}))
		a := adapterWith(t, server.URL, channel.Values{"channelAccessToken": "", "channelId": "1234567890"})
		_, err := a.Send(t.Context(), request1(textTo(user, "x")))
		var e *channel.Error
		if !errors.As(err, &e) || e.Code != row.code {
			t.Errorf("%s: %+v, want %s", name, e, row.code)
		}
		server.Close()
	}
	dead := adapterWith(t, "http://127.0.0.1:1", channel.Values{"channelAccessToken": "", "channelId": "1234567890"})
	var e *channel.Error
	if _, err := dead.Send(t.Context(), request1(textTo(user, "x"))); !errors.As(err, &e) || e.Code != channel.ConnectionFailed {
		t.Errorf("no connection: %+v", e)
	}
}

func TestSettingsThatDoNotWork(t *testing.T) {
	given := channel.Sandbox(Spec().Settings)
	given["channelAccessToken"] = ""
	if _, err := newAdapter(channel.Sender{Settings: given}); err == nil || !strings.Contains(err.Error(), "channelId") {
		t.Errorf("no token and no id: %v", err)
	}
	for _, bad := range []string{
		`[]`, `{"a":1}`, `{"a":[]}`, `{"a":{"text":"x"}}`, `{"a":{"type":"flex","contents":{}}}`, `{`,
		`{"a":[{"type":"text"},{"type":"text"},{"type":"text"},{"type":"text"},{"type":"text"},{"type":"text"}]}`,
	} {
		if err := checkTemplates(bad); err == nil || !strings.HasPrefix(err.Error(), "must be ") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// TestVideoWithPreview: a configured preview makes a video of a link.
func TestVideoWithPreview(t *testing.T) {
	a := adapterWith(t, "http://127.0.0.1:1", channel.Values{"videoPreviewURL": "https://example.com/p.jpg", "notificationDisabled": "true"})
	step := mediaTo("video", "https://example.com/a.mp4", "")
	body, e := a.push(user, &step)
	if e != nil {
		t.Fatal(e)
	}
	text, _ := json.Marshal(body)
	want := `{"to":"` + user + `","messages":[{"type":"video","originalContentUrl":"https://example.com/a.mp4","previewImageUrl":"https://example.com/p.jpg"}],"notificationDisabled":true}`
	if string(text) != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}

// TestRenderLeavesTheTemplate: filling in changes no template.
func TestRenderLeavesTheTemplate(t *testing.T) {
	a := adapterWith(t, "http://127.0.0.1:1", channel.Values{"templates": templatesText})
	before, _ := json.Marshal(a.templates)
	step := templateTo(user, "receipt", "", message.Param{Name: "total", Value: `"}],{{total}}`})
	out, e := a.render(&step)
	if e != nil {
		t.Fatal(e)
	}
	text, _ := json.Marshal(out)
	if after, _ := json.Marshal(a.templates); string(before) != string(after) || !strings.Contains(string(text), `"\"}],{{total}}"`) {
		t.Errorf("rendered %s", text)
	}
}

// TestSimulatorIsStrict: what LINE refuses, it refuses, and keeps nothing of.
func TestSimulatorIsStrict(t *testing.T) {
	w, base := world(t, nil)
	ask := func(path, body string, header ...string) (int, string) {
		req, _ := http.NewRequest("POST", base+path, strings.NewReader(body))
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer sandbox-channel-access-token")
		for i := 0; i+1 < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text := make([]byte, 4096)
		n, _ := resp.Body.Read(text)
		return resp.StatusCode, string(text[:n])
	}
	defer http.DefaultClient.CloseIdleConnections()
	const push, pnp = "/v2/bot/message/push", "/bot/pnp/push"
	message1 := func(m string) string { return `{"to":"` + user + `","messages":[` + m + `]}` }
	rows := []struct {
		name, path, body string
		header           []string
		status           int
		text             string
	}{
		{"token", push, message1(`{"type":"text","text":"x"}`), []string{"Authorization", "Bearer other"}, 401, "Authentication failed"},
		{"retry key", push, message1(`{"type":"text","text":"x"}`), []string{"X-Line-Retry-Key", "1"}, 400, "X-Line-Retry-Key"},
		{"media type", push, message1(`{"type":"text","text":"x"}`), []string{"Content-Type", "text/plain"}, 415, "media type"},
		{"no JSON", push, `{`, nil, 400, "could not be parsed"},
		{"unknown member", push, `{"to":"` + user + `","messages":[{"type":"text","text":"x"}],"silent":true}`, nil, 400, "could not be parsed"},
		{"no messages", push, message1(""), nil, 400, "messages"},
		{"six messages", push, message1(strings.Repeat(`{"type":"text","text":"x"},`, 5) + `{"type":"text","text":"x"}`), nil, 400, "messages"},
		{"no text", push, message1(`{"type":"text"}`), nil, 400, "messages[0].text"},
		{"long text", push, message1(`{"type":"text","text":"` + strings.Repeat("x", 5001) + `"}`), nil, 400, "messages[0].text"},
		{"no preview", push, message1(`{"type":"image","originalContentUrl":"https://a/b.jpg"}`), nil, 400, "previewImageUrl"},
		{"plain http", push, message1(`{"type":"audio","originalContentUrl":"http://a/b.m4a","duration":1}`), nil, 400, "invalid uri"},
		{"no duration", push, message1(`{"type":"audio","originalContentUrl":"https://a/b.m4a"}`), nil, 400, "duration"},
		{"no altText", push, message1(`{"type":"flex","contents":{}}`), nil, 400, "altText"},
		{"no contents", push, message1(`{"type":"flex","altText":"x"}`), nil, 400, "contents"},
		{"five actions", push, message1(`{"type":"template","altText":"x","template":{"type":"buttons","text":"x","actions":[1,2,3,4,5]}}`), nil, 400, "actions"},
		{"type", push, message1(`{"type":"fax"}`), nil, 400, "Invalid type"},
		{"recipient", push, `{"to":"U1","messages":[{"type":"text","text":"x"}]}`, nil, 400, "'to'"},
		{"retry key of a notification", pnp, message1(`{"type":"text","text":"x"}`), []string{"X-Line-Retry-Key", requestID}, 400, "retry key"},
		{"short tag", pnp, message1(`{"type":"text","text":"x"}`), []string{"X-Line-Delivery-Tag", "short"}, 400, "Delivery-Tag"},
		{"plain number", pnp, message1(`{"type":"text","text":"x"}`), nil, 400, "'to'"},
		{"template key", "/v2/bot/message/pnp/templated/push", `{"to":"x"}`, nil, 400, "templateKey"},
		{"path", "/v2/bot/message/fax", `{}`, nil, 404, "Not found"},
		{"client", "/oauth2/v3/token", `grant_type=client_credentials`, []string{"Content-Type", "application/x-www-form-urlencoded"}, 400, "invalid_request"},
	}
	for _, row := range rows {
		if status, text := ask(row.path, row.body, row.header...); status != row.status || !strings.Contains(text, row.text) {
			t.Errorf("%s: %d %s", row.name, status, text)
		}
	}
	if n := w.Ledger.Len(); n != 0 {
		t.Errorf("%d refused messages are in the ledger", n)
	}
}
