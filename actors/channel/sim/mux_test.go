package sim

import (
	"bytes"
	"encoding/json"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valyala/fasthttp"
)

// named answers with its name and the path it sees.
type named string

func (n named) Handle(ctx *fasthttp.RequestCtx) {
	ctx.SetBodyString(string(n) + " " + string(ctx.Path()) + " " + string(ctx.QueryArgs().QueryString()))
}

func ask(m *Mux, method, path, body string) (int, string) {
	var ctx fasthttp.RequestCtx
	ctx.Init(&fasthttp.Request{}, nil, nil)
	ctx.Request.Header.SetMethod(method)
	ctx.Request.SetRequestURI(path)
	ctx.Request.SetBodyString(body)
	m.Handle(&ctx)
	return ctx.Response.StatusCode(), string(ctx.Response.Body())
}

func TestMuxRoutesByPrefix(t *testing.T) {
	m := NewMux(newTestWorld(t, Knobs{}))
	m.Add("/sms", named("sms"))
	m.Add("/sms/main", named("main"))
	m.Add("/telegram", named("telegram"))
	for path, want := range map[string]string{
		"/sms/2010-04-01/Messages.json?a=b":  "sms /2010-04-01/Messages.json a=b",
		"/sms/main/2010-04-01/Messages.json": "main /2010-04-01/Messages.json ",
		"/sms/mainly/x":                      "sms /mainly/x ",
		"/sms":                               "sms / ",
		"/telegram/bot1:a/sendMessage":       "telegram /bot1:a/sendMessage ",
	} {
		if status, body := ask(m, "POST", path, ""); status != 200 || body != want {
			t.Errorf("%s: %d %q, want %q", path, status, body, want)
		}
	}
	m.Add("/sms", named("other"))
	if _, body := ask(m, "POST", "/sms/x", ""); body != "other /x " {
		t.Errorf("in the place of another one: %q", body)
	}
	for _, path := range []string{"/", "/smsx", "/other/x", "/_sim"} {
		if status, _ := ask(m, "POST", path, ""); status != 404 {
			t.Errorf("%s: status %d, want 404", path, status)
		}
	}
}

// bookish keeps what its users write.
type bookish struct {
	named
	got []Written
}

func (b *bookish) Write(w Written) error {
	if w.Kind != WritesText {
		return w.Unwritable("the library")
	}
	b.got = append(b.got, w)
	return nil
}

func TestControlWrites(t *testing.T) {
	m := NewMux(newTestWorld(t, Knobs{}))
	library := &bookish{}
	m.Name("post/main", library)
	m.Name("post/mute", named("mute"))
	for body, want := range map[string]string{
		`{"account":"post/main","from":"loft-1","text":"STOP","replyTo":"p1"}`: "",
		`{"account":"post/main","kind":"image"}`:                               "the library brings no message of the kind \"image\"",
		`{"account":"post/mute","text":"x"}`:                                   "brings no messages of users",
		`{"account":"post/other","text":"x"}`:                                  "no simulated account",
		`{"acount":"post/main"}`:                                               "acount",
	} {
		status, text := ask(m, "POST", "/_sim/write", body)
		if (status == 202) != (want == "") || !strings.Contains(text, want) {
			t.Errorf("%s: %d %s", body, status, text)
		}
	}
	if len(library.got) != 1 || library.got[0] != (Written{From: "loft-1", Kind: WritesText, Text: "STOP", ReplyTo: "p1"}) {
		t.Errorf("%+v", library.got)
	}
}

func TestControlKnobs(t *testing.T) {
	w := newTestWorld(t, Knobs{Latency: 20 * time.Millisecond})
	m := NewMux(w)
	status, body := ask(m, "PUT", "/_sim/knobs", `{"throttle":0.25,"receiptDelay":"1.5s"}`)
	want := Knobs{Latency: 20 * time.Millisecond, Throttle: 0.25, ReceiptDelay: 1500 * time.Millisecond}
	if status != 200 || w.Knobs() != want {
		t.Errorf("status %d %s, knobs %+v, want %+v", status, body, w.Knobs(), want)
	}
	var shown map[string]any
	status, body = ask(m, "GET", "/_sim/knobs", "")
	if err := json.Unmarshal([]byte(body), &shown); err != nil || status != 200 || shown["latency"] != "20ms" || shown["throttle"] != 0.25 {
		t.Errorf("status %d %s", status, body)
	}
	for _, bad := range []string{
		"", "{", `{"trottle":1}`, `{"throttle":2}`, `{"fail":-1}`, `{"latency":5}`, `{"latency":"-1s"}`, `{"latency":"soon"}`, `{"loseReceipt":"1"}`,
	} {
		if status, _ := ask(m, "PUT", "/_sim/knobs", bad); status != 400 || w.Knobs() != want {
			t.Errorf("%s: status %d, knobs %+v", bad, status, w.Knobs())
		}
	}
}

func TestControlLedger(t *testing.T) {
	w := newTestWorld(t, Knobs{})
	m := NewMux(w)
	all := fill(w.Ledger, 9_000)
	status, body := ask(m, "GET", "/_sim/ledger", "")
	if status != 200 || strings.Count(body, "\n") != len(all) || !strings.Contains(body, `"ref":"ref-8999"`) {
		t.Errorf("status %d, %d lines", status, strings.Count(body, "\n"))
	}
	if status, body := ask(m, "GET", "/_sim/status", ""); status != 200 || body != `{"ledger":9000,"waiting":0,"dropped":0}`+"\n" {
		t.Errorf("status %d %s", status, body)
	}
	if status, _ := ask(m, "POST", "/_sim/reset", ""); status != 204 || w.Ledger.Len() != 0 {
		t.Errorf("status %d, %d lines left", status, w.Ledger.Len())
	}
	for _, route := range []string{"GET /_sim/reset", "POST /_sim/ledger", "GET /_sim/", "DELETE /_sim/knobs"} {
		method, path, _ := strings.Cut(route, " ")
		if status, _ := ask(m, method, path, ""); status != 404 {
			t.Errorf("%s: status %d, want 404", route, status)
		}
	}
}

// TestWithhold checks that the client sees the connection close and no byte.
func TestWithhold(t *testing.T) {
	here, there := net.Pipe()
	done := make(chan error, 1)
	go func() { done <- fasthttp.ServeConn(there, Withhold) }()
	if _, err := here.Write([]byte("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if n, err := got.ReadFrom(here); n != 0 || err != nil {
		t.Errorf("got %q, %v", got.String(), err)
	}
	<-done
	_ = here.Close()
}

func TestWaitEndsWithTheWorld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWorld(Options{})
		start := time.Now()
		w.Wait(-1)
		w.Wait(0)
		w.Wait(time.Second)
		if d := time.Since(start); d != time.Second {
			t.Errorf("waited %v", d)
		}
		go func() { time.Sleep(time.Second); w.Close() }()
		w.Wait(time.Hour)
		if d := time.Since(start); d != 2*time.Second {
			t.Errorf("waited %v", d)
		}
	})
}
