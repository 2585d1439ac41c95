package line

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"messagehub/actors/channel/channeltest"
)

func messaging(t *testing.T) *channeltest.OpenAPI {
	t.Helper()
	return channeltest.ReadOpenAPI(t, "line/messaging-api.yml")
}

// TestGoldensAreLINEs: every golden request is valid by the official schema.
// The templated notification has none there.
func TestGoldensAreLINEs(t *testing.T) {
	d := messaging(t)
	files, err := filepath.Glob("testdata/*.http")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d golden files, %v", len(files), err)
	}
	schemas := map[string]string{"POST /v2/bot/message/push": "PushMessageRequest", "POST /bot/pnp/push": "PnpMessagesRequest"}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		head, body, _ := strings.Cut(string(text), "\n\n")
		line, _, _ := strings.Cut(head, "\n")
		if name := schemas[line]; name != "" {
			t.Run(filepath.Base(file), func(t *testing.T) { d.Fits(t, name, body) })
		} else if !strings.Contains(line, "/templated/") {
			t.Errorf("%s: request line %q", file, line)
		}
	}
}

// The check itself finds what is wrong.
func TestSchemasRefuse(t *testing.T) {
	d := messaging(t)
	for _, bad := range []string{
		`{"to":"U1"}`, `{"to":"U1","messages":[]}`, `{"to":1,"messages":[{"type":"text","text":"x"}]}`, `{"to":"U1","messages":[{"type":"text"}]}`,
		`{"to":"U1","messages":[{"type":"fax"}]}`, `{"to":"U1","messages":[{"type":"image","originalContentUrl":"https://a/b"}]}`,
		`{"to":"U1","messages":[{"type":"template","altText":"x","template":{"type":"buttons","actions":[]}}]}`,
	} {
		if len(d.Faults(t, "PushMessageRequest", bad)) == 0 {
			t.Errorf("%s is taken", bad)
		}
	}
}

// TestSimulatorsAnswersAreLINEs: what the simulator says is valid, too.
func TestSimulatorsAnswersAreLINEs(t *testing.T) {
	d, tokens := messaging(t), channeltest.ReadOpenAPI(t, "line/channel-access-token.yml")
	settings := map[string]string{"channelId": "1234567890"}
	_, base := world(t, settings)
	ask := func(method, path, kind, body, key string) (int, string) {
		req, err := http.NewRequest(method, base+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", kind)
		req.Header.Set("Authorization", "Bearer sandbox-channel-access-token")
		req.Header.Set("X-Line-Retry-Key", key)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(text)
	}
	defer http.DefaultClient.CloseIdleConnections()
	good := `{"to":"` + user + `","messages":[{"type":"text","text":"x"},{"type":"text","text":"y"}]}`
	rows := []struct {
		name, method, path, kind, body string
		status                         int
		schema                         string
		of                             *channeltest.OpenAPI
	}{
		{"push", "POST", "/v2/bot/message/push", "application/json", good, 200, "PushMessageResponse", d},
		{"again", "POST", "/v2/bot/message/push", "application/json", good, 409, "ErrorResponse", d},
		{"refused", "POST", "/v2/bot/message/push", "application/json", `{"to":"","messages":[{"type":"text"}]}`, 400, "ErrorResponse", d},
		{"info", "GET", "/v2/bot/info", "", "", 200, "BotInfoResponse", d},
		{
			"token", "POST", "/oauth2/v3/token", "application/x-www-form-urlencoded",
			"grant_type=client_credentials&client_id=1234567890&client_secret=sandbox-channel-secret", 200, "IssueStatelessChannelAccessTokenResponse", tokens,
		},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			status, text := ask(row.method, row.path, row.kind, row.body, requestID)
			if status != row.status {
				t.Fatalf("status %d: %s", status, text)
			}
			row.of.Fits(t, row.schema, text)
		})
	}
}

// TestCallbacksAreLINEs: the adapter is tested on events of the documented
// form.
func TestCallbacksAreLINEs(t *testing.T) {
	d := channeltest.ReadOpenAPI(t, "line/webhook.yml")
	checked := 0
	for _, cb := range callbacks() {
		if slices.Contains([]string{"verify", "delivery", "redelivery"}, cb.Name) {
			d.Fits(t, "CallbackRequest", cb.Body)
			checked++
		}
	}
	for _, cb := range inbounds() {
		if len(cb.Inbound) > 0 {
			d.Fits(t, "CallbackRequest", cb.Body)
			checked++
		}
	}
	if checked != 13 {
		t.Errorf("%d callbacks checked", checked)
	}
}
