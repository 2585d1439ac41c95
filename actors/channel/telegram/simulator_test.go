package telegram

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sim"
	"messagehub/store/message/mutate"
)

const bot = "/bot110201543:sandbox-bot-token/"

type desk struct {
	world    *sim.World
	provider sim.Provider
}

func newDesk(t *testing.T, knobs sim.Knobs) *desk {
	t.Helper()
	w := sim.NewWorld(sim.Options{Knobs: knobs})
	t.Cleanup(w.Close)
	return &desk{w, newSimulator(w, channel.Sender{Settings: sandbox()})}
}

// ask sends a request, and returns the status and the answer.
func (d *desk) ask(t *testing.T, uri, kind, body string) (int, map[string]any) {
	t.Helper()
	var ctx fasthttp.RequestCtx
	ctx.Request.Header.SetMethod("POST")
	ctx.Request.SetRequestURI("http://api.example.com" + uri)
	ctx.Request.Header.SetContentType(kind)
	ctx.Request.SetBodyString(body)
	d.provider.Handle(&ctx)
	var answer map[string]any
	if err := json.Unmarshal(ctx.Response.Body(), &answer); err != nil {
		t.Fatalf("answer %q: %v", ctx.Response.Body(), err)
	}
	if retry := string(ctx.Response.Header.Peek("Retry-After")); (retry == "1") != (ctx.Response.StatusCode() == 429) {
		t.Errorf("status %d has Retry-After %q", ctx.Response.StatusCode(), retry)
	}
	return ctx.Response.StatusCode(), answer
}

// RoundTrip implements [http.RoundTripper]: the simulator answers without a
// network.
func (d *desk) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var ctx fasthttp.RequestCtx
	ctx.Request.Header.SetMethod(r.Method)
	ctx.Request.SetRequestURI(strings.TrimPrefix(r.URL.String(), "http://sandbox.invalid/telegram"))
	ctx.Request.Header.SetContentType(r.Header.Get("Content-Type"))
	ctx.Request.SetBody(body)
	d.provider.Handle(&ctx)
	answer := strings.NewReader(string(ctx.Response.Body()))
	return &http.Response{StatusCode: ctx.Response.StatusCode(), Header: http.Header{}, Body: io.NopCloser(answer), Request: r}, nil
}

func (d *desk) json(t *testing.T, method, body string) (int, map[string]any) {
	t.Helper()
	return d.ask(t, bot+method, "application/json", body)
}

func TestSimulatorRefusesWhatTelegramDoes(t *testing.T) {
	d := newDesk(t, sim.Knobs{})
	rows := []struct{ name, method, body, want string }{
		{"no chat", "sendMessage", `{"text":"x"}`, "Bad Request: chat_id is empty"},
		{"chat is a phone", "sendMessage", `{"chat_id":"15558675310x","text":"x"}`, "Bad Request: chat not found"},
		{"chat is zero", "sendMessage", `{"chat_id":0,"text":"x"}`, "Bad Request: chat not found"},
		{"chat is too large", "sendMessage", `{"chat_id":9007199254740993,"text":"x"}`, "Bad Request: chat not found"},
		{"no text", "sendMessage", `{"chat_id":1}`, "Bad Request: message text is empty"},
		{"blank text", "sendMessage", `{"chat_id":1,"text":" \n"}`, "Bad Request: message text is empty"},
		{"long text", "sendMessage", `{"chat_id":1,"text":"` + strings.Repeat("é", 4097) + `"}`, "Bad Request: message is too long"},
		{"very long text", "sendMessage", `{"chat_id":1,"text":"` + strings.Repeat("é", 16385) + `"}`, "Bad Request: text is too long"},
		{"long caption", "sendPhoto", `{"chat_id":1,"photo":"https://a/b.jpg","caption":"` + strings.Repeat("é", 1025) + `"}`, "Bad Request: message caption is too long"},
		{"no photo", "sendPhoto", `{"chat_id":1}`, "Bad Request: there is no photo in the request"},
		{"bad URL", "sendVideo", `{"chat_id":1,"video":"a.mp4"}`, "Bad Request: wrong file identifier/HTTP URL specified"},
		{"bad mode", "sendMessage", `{"chat_id":1,"text":"x","parse_mode":"bbcode"}`, "Bad Request: unsupported parse_mode"},
		{"open element", "sendMessage", `{"chat_id":1,"text":"<b>x","parse_mode":"HTML"}`, `Bad Request: can't parse entities: Can't find end tag corresponding to start tag "b"`},
		{"open tag", "sendMessage", `{"chat_id":1,"text":"a <b","parse_mode":"html"}`, "Bad Request: can't parse entities: Unclosed start tag at byte offset 2"},
		{"unknown element", "sendMessage", `{"chat_id":1,"text":"<p>x</p>","parse_mode":"HTML"}`, `Bad Request: can't parse entities: Unsupported start tag "p" at byte offset 0`},
		{"elements cross", "sendPhoto", `{"chat_id":1,"photo":"https://a/b.jpg","caption":"<b><i>x</b></i>","parse_mode":"HTML"}`, "Bad Request: can't parse entities: Unexpected end tag at byte offset 7"},
		{"nothing seen", "sendMessage", `{"chat_id":1,"text":"<b> </b>","parse_mode":"HTML"}`, "Bad Request: message text is empty"},
		{"long text in markup", "sendMessage", `{"chat_id":1,"text":"<b>` + strings.Repeat("é", 4097) + `</b>","parse_mode":"HTML"}`, "Bad Request: message is too long"},
		{"not escaped", "sendMessage", `{"chat_id":1,"text":"1.","parse_mode":"MarkdownV2"}`, `Bad Request: can't parse entities: Character '.' is reserved and must be escaped with the preceding '\'`},
		{"one mark", "sendMessage", `{"chat_id":1,"text":"*a","parse_mode":"MarkdownV2"}`, "Bad Request: can't parse entities: Can't find end of the entity"},
		{"open code", "sendMessage", "{\"chat_id\":1,\"text\":\"`a\",\"parse_mode\":\"MarkdownV2\"}", "Bad Request: can't parse entities: Can't find end of Code entity at byte offset 0"},
		{"upgraded group", "sendMessage", `{"chat_id":-404,"text":"x"}`, "Bad Request: group chat was upgraded to a supergroup chat"},
		{"no voice", "sendVoice", `{"chat_id":1}`, "Bad Request: there is no voice in the request"},
		{"not UTF-8", "sendMessage?text=%ff", `{"chat_id":1}`, "Bad Request: strings must be encoded in UTF-8"},
		{"no JSON", "sendMessage", `chat_id=1`, "Bad Request: can't parse JSON object"},
		{"unknown field", "sendMessage", `{"chat_id":1,"text":"x","disable_web_page_preview":true}`, `Bad Request: sendMessage has no field "disable_web_page_preview"`},
		{"field of another method", "sendPhoto", `{"chat_id":1,"photo":"https://a/b.jpg","text":"x"}`, `Bad Request: sendPhoto has no field "text"`},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			status, answer := d.json(t, row.method, row.body)
			if status != 400 || answer["ok"] != false || answer["error_code"] != 400.0 || answer["description"] != row.want {
				t.Errorf("status %d, %v; want %s", status, answer, row.want)
			}
		})
	}
	if n := d.world.Ledger.Len(); n != 0 {
		t.Errorf("%d refused messages are in the ledger", n)
	}
}

func TestSimulatorRoutes(t *testing.T) {
	d := newDesk(t, sim.Knobs{})
	form := url.Values{"chat_id": {"-100"}, "text": {"hello"}}.Encode()
	rows := []struct {
		name, uri, kind, body string
		status                int
		description           any
	}{
		{"JSON", bot + "sendMessage", "application/json", `{"chat_id":1,"text":"x"}`, 200, nil},
		{"form", bot + "sendMessage", "application/x-www-form-urlencoded", form, 200, nil},
		{"query", bot + "sendMessage?" + form, "", "", 200, nil},
		{"any case", bot + "SENDmessage", "application/json; charset=utf-8", `{"chat_id":"1","text":"x"}`, 200, nil},
		{"who am I", bot + "getMe", "", "", 200, nil},
		{"another bot", "/bot110201544:sandbox-bot-token/sendMessage", "", "", 401, "Unauthorized"},
		{"no token", "/bot/sendMessage", "", "", 404, "Not Found"},
		{"no colon", "/bot110201543/sendMessage", "", "", 404, "Not Found"},
		{"leading zero", "/bot0:x/sendMessage", "", "", 404, "Not Found"},
		{"no bot", "/sendMessage", "", "", 404, "Not Found"},
		{"another method", bot + "sendFax", "", "", 404, "Not Found: method not found"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			status, answer := d.ask(t, row.uri, row.kind, row.body)
			if status != row.status || answer["description"] != row.description || answer["ok"] != (status == 200) {
				t.Errorf("status %d, %v; want %d, %v", status, answer, row.status, row.description)
			}
		})
	}
}

func TestSimulatorMisbehavesOnRequest(t *testing.T) {
	d := newDesk(t, sim.Knobs{Throttle: 1})
	status, answer := d.json(t, "sendMessage", `{"chat_id":1,"text":"x"}`)
	if hint, _ := answer["parameters"].(map[string]any); status != 429 || hint["retry_after"] != 1.0 {
		t.Errorf("throttled: %d %v", status, answer)
	}
	d.world.SetKnobs(sim.Knobs{Fail: 1})
	if status, answer := d.json(t, "sendMessage", `{"chat_id":1,"text":"x"}`); status != 500 || answer["error_code"] != 500.0 {
		t.Errorf("failing: %d %v", status, answer)
	}
	if n := d.world.Ledger.Len(); n != 0 {
		t.Errorf("%d refused messages are in the ledger", n)
	}
}

func TestSimulatorLedger(t *testing.T) {
	d := newDesk(t, sim.Knobs{})
	d.json(t, "sendMessage", `{"chat_id":-100,"text":"hello"}`)
	d.json(t, "sendPhoto", `{"chat_id":"@some_channel","photo":"https://a/b.jpg","caption":"see"}`)
	d.json(t, "sendMessage", `{"chat_id":"@some_channel","text":"again"}`)
	lines := d.world.Ledger.Lines(0)
	if len(lines) != 3 {
		t.Fatalf("ledger %+v", lines)
	}
	for i, want := range []struct{ to, text string }{{"-100", "hello"}, {"@some_channel", "see"}, {"@some_channel", "again"}} {
		line := lines[i]
		if line.To != want.to || line.Text != want.text || line.Account != "110201543" || !line.Answered {
			t.Errorf("line %+v, want %+v", line, want)
		}
		if age := time.Since(line.At.Std()); age < 0 || age > time.Minute {
			t.Errorf("line %d is %v old", i, age)
		}
	}
	chat := func(id string) string { c, _, _ := strings.Cut(id, ":"); return c }
	if chat(lines[0].ProviderID) != "-100" || chat(lines[1].ProviderID) != chat(lines[2].ProviderID) || lines[1].ProviderID == lines[2].ProviderID {
		t.Errorf("provider ids %s, %s, %s", lines[0].ProviderID, lines[1].ProviderID, lines[2].ProviderID)
	}
}

// FuzzSimulator feeds the simulator arbitrary texts in every mode.
func FuzzSimulator(f *testing.F) {
	seeds := []string{"<b>a</b> &lt;", "*a* [b](https://c.d) `e` ||f||\\.", "<", "`", "](", "||", "\\", "\xff", ">a\n>b"}
	mutate.Strings(f, seeds, func(t testing.TB, text string) {
		for _, mode := range []string{"", "HTML", "Markdown", "MarkdownV2"} {
			if seen, fault := parsed(text, mode); fault == "" && len(seen) > len(text) || fault != "" && seen != "" {
				t.Errorf("%s: %q is seen as %q, %s", mode, text, seen, fault)
			}
		}
	})
}
