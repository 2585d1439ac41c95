package telegram

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"messagehub/actors/channel"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

func sandbox() channel.Values { return channel.Sandbox(Spec().Settings) }

// server answers one call after the other, by itself.
type server struct {
	answers []string
	chats   []string // the chat_id of each call
	methods []string
	sent    []outgoing
}

// RoundTrip implements [http.RoundTripper].
func (s *server) RoundTrip(r *http.Request) (*http.Response, error) {
	var body struct {
		Chat json.RawMessage `json:"chat_id"`
	}
	var whole outgoing
	text, err := io.ReadAll(r.Body)
	if err == nil {
		err = errors.Join(json.Unmarshal(text, &body), json.Unmarshal(text, &whole))
	}
	if err != nil || len(s.chats) >= len(s.answers) {
		return nil, errors.Join(errors.New("unexpected call of "+r.URL.String()), err)
	}
	answer := s.answers[len(s.chats)]
	s.chats, s.sent = append(s.chats, string(body.Chat)), append(s.sent, whole)
	s.methods = append(s.methods, r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:])
	if answer == "" {
		return nil, errors.New("connection reset")
	}
	status := 200
	if _, err := fmt.Sscanf(answer, `{"ok":false,"error_code":%d`, &status); err != nil {
		status = 200
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answer)), Request: r}, nil
}

func adapterOver(t *testing.T, s http.RoundTripper, change channel.Values) *adapter {
	t.Helper()
	values := sandbox()
	for name, value := range change {
		values[name] = value
	}
	a, err := newAdapter(channel.Sender{Settings: values, HTTP: channel.NewClientOver(s)})
	if err != nil {
		t.Fatal(err)
	}
	return a.(*adapter)
}

const (
	moved    = `{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a supergroup chat","parameters":{"migrate_to_chat_id":-1009876543210}}`
	success2 = `{"ok":true,"result":{"message_id":7,"chat":{"id":-1009876543210,"type":"supergroup"},"date":1750000000}}`
)

// TestMovedChat: the message follows a group that has become a supergroup.
func TestMovedChat(t *testing.T) {
	rows := []struct {
		name    string
		answers []string
		chats   string
		id      string
		code    channel.Code
	}{
		{"sent there", []string{moved, success2}, "-4242 -1009876543210", "-1009876543210:7", ""},
		{"refused there", []string{moved, `{"ok":false,"error_code":403,"description":"Forbidden: bot was kicked from the supergroup chat"}`}, "-4242 -1009876543210", "", channel.Blocked},
		{"moved on", []string{moved, moved}, "-4242 -1009876543210", "", channel.NotOnChannel},
		{"unknown there", []string{moved, `{}`}, "-4242 -1009876543210", "", channel.OutcomeUnknown},
		{"only told so", []string{`{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a supergroup chat"}`}, "-4242", "", channel.NotOnChannel},
		{"with another code", []string{`{"ok":false,"error_code":500,"description":"Internal Server Error","parameters":{"migrate_to_chat_id":-1009876543210}}`}, "-4242", "", channel.ProviderError},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := &server{answers: row.answers}
			step := text("-4242", "hello")
			got, err := adapterOver(t, s, nil).Send(t.Context(), &channel.Request{Step: &step})
			if chats := strings.Join(s.chats, " "); chats != row.chats {
				t.Errorf("sent to %s, want %s", chats, row.chats)
			}
			if e, _ := err.(*channel.Error); got.ProviderID != row.id || (e == nil) != (row.code == "") || e != nil && e.Code != row.code {
				t.Errorf("%+v, %+v; want %q, %q", got, e, row.id, row.code)
			}
			if step.To != "-4242" {
				t.Error("the step was changed")
			}
		})
	}
}

func TestReservedRecipientsAreTheSandboxsAlone(t *testing.T) {
	step := text("sim:delivered", "hello")
	_, err := adapterOver(t, &server{}, nil).Send(t.Context(), &channel.Request{Step: &step})
	if e, _ := err.(*channel.Error); e == nil || e.Code != channel.InvalidRecipient {
		t.Errorf("live: %v", err)
	}
	s := &server{answers: []string{success}}
	if _, err := adapterOver(t, s, nil).Send(t.Context(), &channel.Request{Step: &step, Test: true}); err != nil || s.chats[0] != `"sim:delivered"` {
		t.Errorf("test: %v to %v", err, s.chats)
	}
}

// down fails as the network does, and tells the URL as net/http would.
type down struct{}

// RoundTrip implements [http.RoundTripper].
func (down) RoundTrip(r *http.Request) (*http.Response, error) {
	return nil, fmt.Errorf("dial %s: no route to host", r.URL)
}

func TestTokenIsNeverTold(t *testing.T) {
	tell := map[string]http.RoundTripper{
		"down": down{},
		"echo": &server{answers: []string{`{"ok":false,"error_code":404,"description":"Not Found: sandbox-bot-token"}`}},
	}
	for name, s := range tell {
		step := text("1", "hello")
		_, err := adapterOver(t, s, nil).Send(t.Context(), &channel.Request{Step: &step})
		if text := fmt.Sprintf("%v %+v %#v", err, err, err); err == nil || strings.Contains(text, "sandbox-bot-token") {
			t.Errorf("%s: %s", name, text)
		}
	}
	for _, bad := range []string{"110201543", ":x", "0123:abc", "1:", "1:a b", "1:a/b", "1:" + strings.Repeat("a", 79), "1:a\n"} {
		given := sandbox()
		given["botToken"] = bad
		if _, err := channel.Complete(Spec().Settings, given); err == nil || !strings.Contains(err.Error(), "botToken") || strings.Contains(err.Error(), "abc") {
			t.Errorf("token %q: %v", bad, err)
		}
	}
}

func TestUpdatesNeedASecret(t *testing.T) {
	rows := []struct {
		name, configured, header string
		want                     error
	}{
		{"right", "s3cret-of_the-hook", "s3cret-of_the-hook", nil},
		{"wrong", "s3cret-of_the-hook", "s3cret-of_the-hooK", message.ErrUnsigned},
		{"missing", "s3cret-of_the-hook", "", message.ErrUnsigned},
		{"none configured", "", "", message.ErrUnsigned},
		{"none configured, one given", "", "x", message.ErrUnsigned},
	}
	for _, row := range rows {
		a := adapterOver(t, &server{}, channel.Values{"webhookSecret": row.configured})
		_, _, err := a.Receipts(&message.Callback{Body: []byte(`{"update_id":1}`), Header: func(name string) string {
			if name != signatureHeader {
				t.Errorf("asked for %s", name)
			}
			return row.header
		}})
		if !errors.Is(err, row.want) {
			t.Errorf("%s: %v, want %v", row.name, err, row.want)
		}
	}
}

func TestWebhookSecretForm(t *testing.T) {
	for _, bad := range []string{"with space", "umläut", strings.Repeat("a", 257), "a\n"} {
		given := sandbox()
		given["webhookSecret"] = bad
		if _, err := channel.Complete(Spec().Settings, given); err == nil || !strings.Contains(err.Error(), "webhookSecret") || strings.Contains(err.Error(), bad) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
