package sms

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sim"
	"messagehub/store/message/mutate"
)

// twilioDesk is a simulator without a network: what it posts ends in a list.
type twilioDesk struct {
	world    *sim.World
	provider sim.Provider
}

func newTwilioDesk(t *testing.T, knobs sim.Knobs, o channel.Values) *twilioDesk {
	t.Helper()
	w := sim.NewWorld(sim.Options{Knobs: knobs})
	t.Cleanup(w.Close)
	values := sandbox()
	for name, value := range o {
		values[name] = value
	}
	return &twilioDesk{w, newTwilioSimulator(w, channel.Sender{Settings: values})}
}

const path = "/2010-04-01/Accounts/" + account + "/Messages.json"

// post sends a form, and returns the status and the answer.
func (d *twilioDesk) post(t *testing.T, form url.Values, change ...func(*fasthttp.Request)) (int, map[string]any) {
	t.Helper()
	var ctx fasthttp.RequestCtx
	r := &ctx.Request
	r.Header.SetMethod("POST")
	r.SetRequestURI("http://api.example.com" + path)
	r.Header.SetContentType("application/x-www-form-urlencoded")
	r.Header.Set("Authorization", login(account, "sandbox-auth-token"))
	r.SetBodyString(form.Encode())
	for _, c := range change {
		c(r)
	}
	d.provider.Handle(&ctx)
	var body map[string]any
	if err := json.Unmarshal(ctx.Response.Body(), &body); err != nil {
		t.Fatalf("answer %q: %v", ctx.Response.Body(), err)
	}
	if retry := string(ctx.Response.Header.Peek("Retry-After")); (retry != "") != (ctx.Response.StatusCode() == 429 && body["code"] == 20429.0) {
		t.Errorf("status %d has Retry-After %q", ctx.Response.StatusCode(), retry)
	}
	return ctx.Response.StatusCode(), body
}

func twilioOrder(changes ...string) url.Values {
	form := url.Values{"To": {"+15558675310"}, "From": {"+15005550006"}, "Body": {"Order 1234 shipped"}}
	for i := 0; i < len(changes); i += 2 {
		if form.Del(changes[i]); changes[i+1] != "" {
			form.Set(changes[i], changes[i+1])
		}
	}
	return form
}

func TestSimulatorRefusesWhatTwilioDoes(t *testing.T) {
	d := newTwilioDesk(t, sim.Knobs{}, nil)
	eleven := twilioOrder()
	eleven["MediaUrl"] = strings.Split(strings.Repeat("https://example.com/a.jpg ", 11), " ")[:11]
	rows := []struct {
		name string
		form url.Values
		code float64
	}{
		{"magic invalid", twilioOrder("To", "+15005550001"), 21211},
		{"magic not reachable", twilioOrder("To", "+15005550002"), 21612},
		{"magic no permission", twilioOrder("To", "+15005550003"), 21408},
		{"magic opted out", twilioOrder("To", "+15005550004"), 21610},
		{"magic not mobile", twilioOrder("To", "+15005550009"), 21614},
		{"magic sender invalid", twilioOrder("From", "+15005550001"), 21212},
		{"magic sender not owned", twilioOrder("From", "+15005550007"), 21606},
		{"magic sender full", twilioOrder("From", "+15005550008"), 21611},
		{"no recipient", twilioOrder("To", ""), 21604},
		{"recipient without plus", twilioOrder("To", "15558675310"), 21211},
		{"recipient too short", twilioOrder("To", "+155586"), 21211},
		{"no sender", twilioOrder("From", ""), 21603},
		{"sender is no number", twilioOrder("From", "A name that is too long"), 21212},
		{"bad service", twilioOrder("MessagingServiceSid", "MG1"), 21705},
		{"no content", twilioOrder("Body", ""), 21602},
		{"too long", twilioOrder("Body", strings.Repeat("é", 1601)), 21617},
		{"not UTF-8", twilioOrder("Body", "\xff"), 21618},
		{"bad medium", twilioOrder("MediaUrl", "example.com/a.jpg"), 21620},
		{"eleven media", eleven, 21623},
		{"variables alone", twilioOrder("ContentVariables", `{"1":"a"}`), 21654},
		{"bad template", twilioOrder("ContentSid", "order_shipped"), 21655},
		{"variables are no object", twilioOrder("ContentSid", content, "ContentVariables", `["a"]`), 21656},
		{"variables are null", twilioOrder("ContentSid", content, "ContentVariables", "null"), 21656},
		{"variable is empty", twilioOrder("ContentSid", content, "ContentVariables", `{"1":""}`), 21656},
		{"callback is no URL", twilioOrder("StatusCallback", "relay"), 21609},
		{"callback with an unknown override", twilioOrder("StatusCallback", "https://relay.example.com/#x=1"), 21609},
		{"callback with too many tries", twilioOrder("StatusCallback", "https://relay.example.com/#rc=6&rp=all"), 21609},
		{"callback with a word for a number", twilioOrder("StatusCallback", "https://relay.example.com/#rc=five"), 21609},
		{"callback with underscore", twilioOrder("StatusCallback", "https://my_relay.example.com/"), 21609},
		{"validity too long", twilioOrder("ValidityPeriod", "36001"), 21624},
		{"validity zero", twilioOrder("ValidityPeriod", "0"), 21624},
		{"unknown parameter", twilioOrder("Text", "x"), 20001},
		{"parameter in lower case", twilioOrder("body", "x"), 20001},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			status, body := d.post(t, row.form)
			if body["code"] != row.code || body["status"] != float64(status) || status < 400 || body["message"] == "" {
				t.Errorf("status %d, %v; want code %v", status, body, row.code)
			}
		})
	}
	if n := d.world.Ledger.Len(); n != 0 {
		t.Errorf("%d refused messages are in the ledger", n)
	}
	for _, good := range []url.Values{twilioOrder(), twilioOrder("StatusCallback", "https://relay.example.com/#rc=5&rp=all&ct=500"), twilioOrder("From", "MyCompany"), twilioOrder("From", "12345"), twilioOrder("From", "", "MessagingServiceSid", service)} {
		if status, body := d.post(t, good); status != 201 {
			t.Errorf("%v: %d %v", good, status, body)
		}
	}
}

func TestSimulatorAdmits(t *testing.T) {
	key := "SK" + strings.Repeat("a", 32)
	d := newTwilioDesk(t, sim.Knobs{}, channel.Values{"apiKeySid": key, "apiKeySecret": "key-secret"})
	header := func(value string) func(*fasthttp.Request) {
		return func(r *fasthttp.Request) { r.Header.Set("Authorization", value) }
	}
	at := func(uri string) func(*fasthttp.Request) {
		return func(r *fasthttp.Request) { r.SetRequestURI("http://api.example.com" + uri) }
	}
	rows := []struct {
		name   string
		change func(*fasthttp.Request)
		status int
		code   any
	}{
		{"auth token", header(login(account, "sandbox-auth-token")), 201, nil},
		{"API key", header(login(key, "key-secret")), 201, nil},
		{"none", func(r *fasthttp.Request) { r.Header.Del("Authorization") }, 401, 20003.0},
		{"wrong token", header(login(account, "x")), 401, 20003.0},
		{"wrong user", header(login(key, "sandbox-auth-token")), 401, 20003.0},
		{"bearer", header("Bearer sandbox-auth-token"), 401, 20003.0},
		{"another account", at("/2010-04-01/Accounts/AC" + strings.Repeat("1", 32) + "/Messages.json"), 404, 20404.0},
		{"another resource", at("/2010-04-01/Accounts/" + account + "/Calls.json"), 404, 20404.0},
		{"no JSON", at("/2010-04-01/Accounts/" + account + "/Messages"), 404, 20404.0},
		{"another method", func(r *fasthttp.Request) { r.Header.SetMethod("PUT") }, 405, 20004.0},
		{"a JSON body", func(r *fasthttp.Request) { r.Header.SetContentType("application/json") }, 400, 21604.0},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if status, body := d.post(t, twilioOrder(), row.change); status != row.status || body["code"] != row.code {
				t.Errorf("status %d, %v; want %d, code %v", status, body, row.status, row.code)
			}
		})
	}
}

func TestSimulatorMisbehavesOnRequest(t *testing.T) {
	d := newTwilioDesk(t, sim.Knobs{Throttle: 1}, nil)
	if status, body := d.post(t, twilioOrder()); status != 429 || body["code"] != 20429.0 {
		t.Errorf("throttled: %d %v", status, body)
	}
	d.world.SetKnobs(sim.Knobs{Fail: 1})
	if status, body := d.post(t, twilioOrder()); status != 500 || body["code"] != 20500.0 {
		t.Errorf("failing: %d %v", status, body)
	}
	if n := d.world.Ledger.Len(); n != 0 {
		t.Errorf("%d refused messages are in the ledger", n)
	}
}

func TestSimulatorLedger(t *testing.T) {
	d := newTwilioDesk(t, sim.Knobs{}, nil)
	d.post(t, twilioOrder())
	d.post(t, twilioOrder("Body", "", "ContentSid", content, "ContentVariables", `{"1":"Kim"}`))
	lines := d.world.Ledger.Lines(0)
	if len(lines) != 2 || lines[0].Text != "Order 1234 shipped" || lines[0].To != "+15558675310" || lines[0].Account != account {
		t.Fatalf("ledger %+v", lines)
	}
	if want := content + ` {"1":"Kim"}`; lines[1].Text != want {
		t.Errorf("text of a template is %q, want %q", lines[1].Text, want)
	}
	if age := time.Since(lines[0].At.Std()); age < 0 || age > time.Minute {
		t.Errorf("the line is %v old", age)
	}
}

// FuzzTwilioSimulator feeds the simulator arbitrary forms.
func FuzzTwilioSimulator(f *testing.F) {
	rules := newTwilioRules()
	seeds := []string{
		twilioOrder().Encode(), twilioOrder("ContentSid", content, "ContentVariables", `{"1":"a"}`).Encode(),
		twilioOrder("StatusCallback", "https://a.example/#rc=5&rp=all&ct=x", "ValidityPeriod", "36000").Encode(), "To=%&From", "",
	}
	mutate.Strings(f, seeds, func(t testing.TB, text string) {
		var args fasthttp.Args
		args.Parse(text)
		form := &twilioForm{&args, rules}
		if r := form.check(); r == nil && (form.get("To") == "" || form.text() == "" && !args.Has("MediaUrl")) {
			t.Errorf("%q is taken", text)
		}
	})
}

// twilioInbox is a relay that keeps the callbacks it is sent.
type twilioInbox struct {
	mu   sync.Mutex
	got  []url.Values
	bad  []string
	hook string
}

func (in *twilioInbox) take(ctx *fasthttp.RequestCtx) {
	in.mu.Lock()
	defer in.mu.Unlock()
	form, err := url.ParseQuery(string(ctx.PostBody()))
	header := string(ctx.Request.Header.Peek("X-Twilio-Signature"))
	if err != nil || !readerOf("sandbox-auth-token", form).signed(header, in.hook) {
		in.bad = append(in.bad, string(ctx.PostBody()))
	}
	in.got = append(in.got, form)
}

func TestSimulatorCallbacks(t *testing.T) {
	rows := []struct {
		to    string
		knobs sim.Knobs
		want  string // the statuses, sorted
	}{
		{"+15558675310", sim.Knobs{}, "delivered sent"},
		{"+15558675310", sim.Knobs{DoubleReceipt: 1}, "delivered delivered sent sent"},
		{"+15558675310", sim.Knobs{LoseReceipt: 1}, ""},
		{"sim:failed", sim.Knobs{}, "sent undelivered"},
		{"sim:out_of_order", sim.Knobs{}, "delivered sent"},
	}
	for _, row := range rows {
		t.Run(row.to+" "+row.want, func(t *testing.T) {
			in := &twilioInbox{}
			in.hook = "http://" + serve(t, in.take) + "/hook?sender=main"
			d := newTwilioDesk(t, row.knobs, nil)
			_, body := d.post(t, twilioOrder("To", row.to, "From", "", "MessagingServiceSid", service, "StatusCallback", in.hook))
			if err := d.world.Settle(t.Context()); err != nil {
				t.Fatal(err)
			}
			in.check(t, row.want, body["sid"].(string))
		})
	}
}

func (in *twilioInbox) check(t *testing.T, want, sid string) {
	t.Helper()
	in.mu.Lock()
	defer in.mu.Unlock()
	var got []string
	for _, form := range in.got {
		got = append(got, form.Get("MessageStatus"))
		if form.Get("MessageSid") != sid || form.Get("SmsSid") != sid || form.Get("AccountSid") != account ||
			form.Get("MessagingServiceSid") != service || form.Get("From") == "" || form.Get("ApiVersion") != "2010-04-01" {
			t.Errorf("callback %v", form)
		}
		if form.Get("AddedWithoutNotice") == "" {
			t.Errorf("callback %v has no unknown parameter", form)
		}
		if failed := form.Get("MessageStatus") == "undelivered"; failed != form.Has("ErrorCode") {
			t.Errorf("callback %v", form)
		}
	}
	slices.Sort(got)
	if strings.Join(got, " ") != want || len(in.bad) > 0 {
		t.Errorf("callbacks %v, want %s; badly signed: %v", got, want, in.bad)
	}
}
