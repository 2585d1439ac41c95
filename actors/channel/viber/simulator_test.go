package viber

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/valyala/fasthttp"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sim"
	"messagehub/store/message"
)

// desk is a simulator that is asked without a network.
type desk struct {
	world    *sim.World
	provider sim.Provider
}

func newDesk(t *testing.T, knobs sim.Knobs, provider, callback string) *desk {
	t.Helper()
	w := sim.NewWorld(sim.Options{Knobs: knobs})
	t.Cleanup(w.Close)
	return &desk{w, newSimulator(w, channel.Sender{Settings: sandbox(channel.Values{"provider": provider}), CallbackURL: callback})}
}

// ask makes a request and returns the status and the answer.
func (d *desk) ask(t *testing.T, method, path, body string, header map[string]string) (int, map[string]any) {
	t.Helper()
	var ctx fasthttp.RequestCtx
	ctx.Init(&fasthttp.Request{}, nil, nil)
	ctx.Request.Header.SetMethod(method)
	ctx.Request.SetRequestURI(path)
	ctx.Request.Header.SetContentType("application/json")
	for name, value := range header {
		ctx.Request.Header.Set(name, value)
	}
	ctx.Request.SetBodyString(body)
	d.provider.Handle(&ctx)
	var got map[string]any
	if err := json.Unmarshal(ctx.Response.Body(), &got); err != nil {
		return ctx.Response.StatusCode(), nil
	}
	return ctx.Response.StatusCode(), got
}

func (d *desk) infobip(t *testing.T, body string) (int, map[string]any) {
	t.Helper()
	return d.ask(t, "POST", "/viber/2/messages", body, map[string]string{"Authorization": "App sandbox-api-key"})
}

func (d *desk) bot(t *testing.T, method, body string) map[string]any {
	t.Helper()
	status, got := d.ask(t, "POST", "/pa/"+method, body, map[string]string{"X-Viber-Auth-Token": botToken})
	if status != 200 {
		t.Errorf("%s: status %d, want 200", method, status)
	}
	return got
}

// infobipBody is a request for a message whose content is the given one.
func infobipBody(content, more string) string {
	return `{"messages":[{"sender":"MessageHub","destinations":[{"to":"441134960001"}],"content":` + content + more + `}]}`
}

func TestInfobipSimulatorRefuses(t *testing.T) {
	const good = `{"type":"TEXT","text":"a"}`
	long := func(n int) string { return strings.Repeat("é", n) }
	content := func(c string) string { return infobipBody(c, "") }
	rows := map[string]struct{ body, property string }{
		"no JSON":               {"to=1", "body"},
		"unknown member":        {infobipBody(good, `,"sendr":"x"`), "body"},
		"no messages":           {`{"messages":[]}`, "messages"},
		"no sender":             {`{"messages":[{"destinations":[{"to":"441134960001"}],"content":` + good + `}]}`, "sender"},
		"foreign sender":        {`{"messages":[{"sender":"Other","destinations":[{"to":"441134960001"}],"content":` + good + `}]}`, "sender"},
		"no destinations":       {`{"messages":[{"sender":"MessageHub","content":` + good + `}]}`, "destinations"},
		"recipient with a plus": {`{"messages":[{"sender":"MessageHub","destinations":[{"to":"+441134960001"}],"content":` + good + `}]}`, "destinations[0].to"},
		"long id":               {`{"messages":[{"sender":"MessageHub","destinations":[{"to":"441134960001","messageId":"` + long(201) + `"}],"content":` + good + `}]}`, "destinations[0].messageId"},
		"no content":            {`{"messages":[{"sender":"MessageHub","destinations":[{"to":"441134960001"}]}]}`, "content"},
		"unknown type":          {content(`{"type":"AUDIO","mediaUrl":"https://a.example/a.mp3"}`), "content.type"},
		"no text":               {content(`{"type":"TEXT"}`), "content.text"},
		"long text":             {content(`{"type":"TEXT","text":"` + long(1001) + `"}`), "content.text"},
		"medium of a text":      {content(`{"type":"TEXT","text":"a","mediaUrl":"https://a.example/a.jpg"}`), "content.mediaUrl"},
		"no link":               {content(`{"type":"IMAGE","mediaUrl":"a.jpg"}`), "content.mediaUrl"},
		"long link":             {content(`{"type":"IMAGE","mediaUrl":"https://a.example/` + strings.Repeat("a", 1000) + `"}`), "content.mediaUrl"},
		"empty caption":         {content(`{"type":"IMAGE","mediaUrl":"https://a.example/a.jpg","text":""}`), "content.text"},
		"button without text":   {content(`{"type":"IMAGE","mediaUrl":"https://a.example/a.jpg","button":{"title":"a","action":"https://a.example"}}`), "content.text"},
		"long button":           {content(`{"type":"TEXT","text":"a","button":{"title":"` + long(31) + `","action":"x"}}`), "content.button.title"},
		"video without length":  {content(`{"type":"VIDEO","mediaUrl":"https://a.example/v.mp4","thumbnailUrl":"https://a.example/t.jpg"}`), "content.mediaDuration"},
		"video with seconds":    {content(`{"type":"VIDEO","mediaUrl":"https://a.example/v.mp4","mediaDuration":"5","thumbnailUrl":"https://a.example/t.jpg"}`), "content.mediaDuration"},
		"video without preview": {content(`{"type":"VIDEO","mediaUrl":"https://a.example/v.mp4","mediaDuration":"PT5S"}`), "content.thumbnailUrl"},
		"file without a name":   {content(`{"type":"FILE","mediaUrl":"https://a.example/a.pdf"}`), "content.fileName"},
		"archive":               {content(`{"type":"FILE","mediaUrl":"https://a.example/a.zip","fileName":"a.zip"}`), "content.fileName"},
		"caption of a file":     {content(`{"type":"FILE","mediaUrl":"https://a.example/a.pdf","fileName":"a.pdf","text":"x"}`), "content.text"},
		"no template":           {content(`{"type":"TEMPLATE","language":"en"}`), "content.templateId"},
		"no language":           {content(`{"type":"TEMPLATE","templateId":"a"}`), "content.language"},
		"long value":            {content(`{"type":"TEMPLATE","templateId":"a","language":"en","parameters":{"pin":"` + long(126) + `"}}`), "content.parameters"},
		"unknown label":         {infobipBody(good, `,"options":{"label":"SPAM"}`), "options.label"},
		"no validity":           {infobipBody(good, `,"options":{"validityPeriod":{"amount":0}}`), "options.validityPeriod.amount"},
		"unknown unit":          {infobipBody(good, `,"options":{"validityPeriod":{"amount":1,"timeUnit":"DAYS"}}`), "options.validityPeriod.timeUnit"},
		"long campaign":         {infobipBody(good, `,"options":{"campaignReferenceId":"`+long(256)+`"}`), "options.campaignReferenceId"},
		"tracked template":      {infobipBody(`{"type":"TEMPLATE","templateId":"a","language":"en"}`, `,"options":{"trackingData":"x"}`), "options.trackingData"},
		"bad address":           {infobipBody(good, `,"webhooks":{"delivery":{"url":"relay"}}`), "webhooks.delivery.url"},
		"bad address for seen":  {infobipBody(good, `,"webhooks":{"seen":{"url":"relay"}}`), "webhooks.seen.url"},
		"unknown content type":  {infobipBody(good, `,"webhooks":{"contentType":"text/plain"}`), "webhooks.contentType"},
		"long callback data":    {infobipBody(good, `,"webhooks":{"callbackData":"`+long(4001)+`"}`), "webhooks.callbackData"},
	}
	d := newDesk(t, sim.Knobs{}, "infobip", "")
	for name, row := range rows {
		status, got := d.infobip(t, row.body)
		property := ""
		if violations, _ := got["violations"].([]any); len(violations) == 1 {
			property, _ = violations[0].(map[string]any)["property"].(string)
		}
		if status != 400 || got["errorCode"] != "E400" || strings.TrimPrefix(property, "messages[0].") != row.property {
			t.Errorf("%s: %d %v, want a violation of %s", name, status, got, row.property)
		}
	}
	if n := d.world.Ledger.Len(); n != 0 {
		t.Errorf("%d refused messages are in the ledger", n)
	}
}

func TestInfobipSimulatorAdmits(t *testing.T) {
	d := newDesk(t, sim.Knobs{}, "infobip", "")
	key := map[string]string{"Authorization": "App sandbox-api-key"}
	body := infobipBody(`{"type":"TEXT","text":"a"}`, "")
	rows := map[string]struct {
		method, path string
		header       map[string]string
		status       int
	}{
		"send":          {"POST", "/viber/2/messages", key, 200},
		"reports":       {"GET", "/viber/2/reports?messageId=x", key, 200},
		"no key":        {"POST", "/viber/2/messages", nil, 401},
		"wrong key":     {"POST", "/viber/2/messages", map[string]string{"Authorization": "App x"}, 401},
		"bearer":        {"POST", "/viber/2/messages", map[string]string{"Authorization": "Bearer sandbox-api-key"}, 401},
		"older address": {"POST", "/viber/1/message/text", key, 404},
		"other method":  {"GET", "/viber/2/messages", key, 404},
		"a form":        {"POST", "/viber/2/messages", map[string]string{"Authorization": "App sandbox-api-key", "Content-Type": "application/x-www-form-urlencoded"}, 400},
	}
	for name, row := range rows {
		if status, got := d.ask(t, row.method, row.path, body, row.header); status != row.status || status >= 400 && got["errorCode"] == "" {
			t.Errorf("%s: %d %v, want %d", name, status, got, row.status)
		}
	}
}

// TestInfobipSimulatorTakesAnIDOnce, and gives an id to a message without one.
func TestInfobipSimulatorTakesAnIDOnce(t *testing.T) {
	d := newDesk(t, sim.Knobs{}, "infobip", "")
	body := `{"messages":[{"sender":"MessageHub","destinations":[{"to":"441134960001","messageId":"a"},{"to":"441134960002","messageId":"a"},{"to":"441134960003"}],"content":{"type":"TEXT","text":"x"}}]}`
	_, got := d.infobip(t, body)
	var ids []float64
	for _, m := range got["messages"].([]any) {
		m := m.(map[string]any)
		ids = append(ids, m["status"].(map[string]any)["id"].(float64))
		if m["messageId"] == "" || m["destination"] == "" {
			t.Errorf("message %v", m)
		}
	}
	if !slices.Equal(ids, []float64{26, 23, 26}) || d.world.Ledger.Len() != 2 {
		t.Errorf("statuses %v and %d lines in the ledger, want 26, 23, 26 and two", ids, d.world.Ledger.Len())
	}
}

// inbox is a relay that keeps the callbacks it is sent.
type inbox struct {
	mu  sync.Mutex
	got []map[string]any
	to  []string // the query, and Authorization
}

func (in *inbox) take(ctx *fasthttp.RequestCtx) {
	in.mu.Lock()
	defer in.mu.Unlock()
	var body map[string]any
	_ = json.Unmarshal(ctx.PostBody(), &body)
	in.got = append(in.got, body)
	in.to = append(in.to, string(ctx.URI().QueryString())+" "+string(ctx.Request.Header.Peek("Authorization"))+string(ctx.Request.Header.Peek("X-Viber-Content-Signature")))
}

// drain returns what came since the last time.
func (in *inbox) drain() (got []map[string]any, to []string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	got, to = in.got, in.to
	in.got, in.to = nil, nil
	return got, to
}

func TestInfobipSimulatorReports(t *testing.T) {
	in := &inbox{}
	hook := "http://" + serve(t, in.take) + "/hook"
	rows := map[string]struct {
		to, webhooks string
		reports      int
	}{
		"subscription":  {"441134960001", "", 1},
		"intermediate":  {"441134960001", `,"webhooks":{"delivery":{"url":"` + hook + `?x=1","intermediateReport":true}}`, 2},
		"none":          {"441134960001", `,"webhooks":{"delivery":{"url":"` + hook + `?x=1","notify":false}}`, 0},
		"seen":          {"sim:read", `,"webhooks":{"delivery":{"url":"` + hook + `?x=1"},"seen":{"url":"` + hook + `?x=1"}}`, 2},
		"never on here": {"sim:not_on_channel", `,"webhooks":{"delivery":{"url":"` + hook + `?x=1"}}`, 1},
	}
	for name, row := range rows {
		d := newDesk(t, sim.Knobs{}, "infobip", hook)
		body := strings.Replace(infobipBody(`{"type":"TEXT","text":"a"}`, row.webhooks), "441134960001", row.to, 1)
		if status, got := d.infobip(t, body); status != 200 {
			t.Errorf("%s: %d %v", name, status, got)
		}
		if err := d.world.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		reports, addresses := in.drain()
		if len(reports) != row.reports {
			t.Errorf("%s: reports %v, want %d", name, reports, row.reports)
		}
		for _, to := range addresses {
			if basic := strings.Contains(to, "Basic "); basic != (row.webhooks == "") || strings.HasPrefix(to, "x=1") == basic {
				t.Errorf("%s: report with %q", name, to)
			}
		}
	}
}

func TestBotSimulatorRefuses(t *testing.T) {
	const head = `{"receiver":"01234567890A=","min_api_version":1,"sender":{"name":"A"},`
	long := func(n int) string { return strings.Repeat("é", n) }
	rows := map[string]struct {
		body   string
		status float64
	}{
		"no JSON":              {"to=1", 3},
		"unknown member":       {head + `"type":"text","text":"a","txet":"b"}`, 3},
		"too long a request":   {head + `"type":"text","text":"` + strings.Repeat("a", 31<<10) + `"}`, 3},
		"no receiver":          {`{"sender":{"name":"A"},"type":"text","text":"a"}`, 4},
		"phone number":         {`{"receiver":"+441134960001","sender":{"name":"A"},"type":"text","text":"a"}`, 3},
		"no sender":            {`{"receiver":"01234567890A=","type":"text","text":"a"}`, 4},
		"long sender":          {`{"receiver":"01234567890A=","sender":{"name":"` + long(29) + `"},"type":"text","text":"a"}`, 3},
		"bad avatar":           {`{"receiver":"01234567890A=","sender":{"name":"A","avatar":"a.png"},"type":"text","text":"a"}`, 3},
		"version of tomorrow":  {`{"receiver":"01234567890A=","min_api_version":99,"sender":{"name":"A"},"type":"text","text":"a"}`, 14},
		"no type":              {head + `"text":"a"}`, 4},
		"unknown type":         {head + `"type":"audio"}`, 3},
		"no text":              {head + `"type":"text"}`, 4},
		"empty text":           {head + `"type":"text","text":""}`, 3},
		"long text":            {head + `"type":"text","text":"` + long(7001) + `"}`, 3},
		"picture without text": {head + `"type":"picture","media":"https://a.example/a.jpg"}`, 4},
		"long caption":         {head + `"type":"picture","text":"` + long(513) + `","media":"https://a.example/a.jpg"}`, 3},
		"no medium":            {head + `"type":"picture","text":""}`, 4},
		"picture of no kind":   {head + `"type":"picture","text":"","media":"https://a.example/a.webp"}`, 3},
		"picture by query":     {head + `"type":"picture","text":"","media":"https://a.example/a?b=c.jpg"}`, 3},
		"no link":              {head + `"type":"picture","text":"","media":"a.jpg"}`, 3},
		"bad thumbnail":        {head + `"type":"picture","text":"","media":"https://a.example/a.jpg","thumbnail":"t"}`, 3},
		"video without size":   {head + `"type":"video","media":"https://a.example/v.mp4"}`, 4},
		"large video":          {head + `"type":"video","size":27262977,"media":"https://a.example/v.mp4"}`, 3},
		"long video":           {head + `"type":"video","size":1,"duration":181,"media":"https://a.example/v.mp4"}`, 3},
		"video of no kind":     {head + `"type":"video","size":1,"media":"https://a.example/v.mov"}`, 3},
		"file without a name":  {head + `"type":"file","size":1,"media":"https://a.example/f"}`, 4},
		"file of no kind":      {head + `"type":"file","size":1,"file_name":"f","media":"https://a.example/f"}`, 3},
		"file without size":    {head + `"type":"file","file_name":"f.pdf","media":"https://a.example/f.pdf"}`, 4},
		"large file":           {head + `"type":"file","size":52428801,"file_name":"f.pdf","media":"https://a.example/f.pdf"}`, 3},
		"long address":         {head + `"type":"url","media":"https://a.example/` + strings.Repeat("a", 2000) + `"}`, 3},
	}
	d := newDesk(t, sim.Knobs{}, "bot", "")
	for name, row := range rows {
		if got := d.bot(t, "send_message", row.body); got["status"] != row.status || got["status_message"] == "" || got["message_token"] != nil {
			t.Errorf("%s: %v, want status %v", name, got, row.status)
		}
	}
	if n := d.world.Ledger.Len(); n != 0 {
		t.Errorf("%d refused messages are in the ledger", n)
	}
	if got := d.bot(t, "send_message", head+`"type":"text","text":"a","tracking_data":"t","keyboard":{"Type":"keyboard"}}`); got["status"] != 0.0 {
		t.Errorf("a good message: %v", got)
	}
}

func TestBotSimulatorAdmits(t *testing.T) {
	d := newDesk(t, sim.Knobs{}, "bot", "")
	rows := map[string]struct {
		method, path, body, token string
		status                    int
		code                      any
	}{
		"header":         {"POST", "/pa/get_account_info", "{}", botToken, 200, 0.0},
		"member":         {"POST", "/pa/get_account_info", `{"auth_token":"` + botToken + `"}`, "", 200, 0.0},
		"none":           {"POST", "/pa/get_account_info", "{}", "", 200, 2.0},
		"wrong":          {"POST", "/pa/get_account_info", "{}", "x", 200, 2.0},
		"wrong and sent": {"POST", "/pa/send_message", "{}", "x", 200, 2.0},
		"another method": {"POST", "/pa/teleport", "{}", botToken, 404, nil},
		"GET":            {"GET", "/pa/get_account_info", "{}", botToken, 404, nil},
		"another path":   {"POST", "/send_message", "{}", botToken, 404, nil},
	}
	for name, row := range rows {
		header := map[string]string{}
		if row.token != "" {
			header["X-Viber-Auth-Token"] = row.token
		}
		if status, got := d.ask(t, row.method, row.path, row.body, header); status != row.status || got["status"] != row.code {
			t.Errorf("%s: %d %v, want %d, status %v", name, status, got, row.status, row.code)
		}
	}
}

// TestBotSimulatorsWebhook: setting it makes Viber call it, and only what was
// asked for is told.
func TestBotSimulatorsWebhook(t *testing.T) {
	in := &inbox{}
	hook := "http://" + serve(t, in.take) + "/hook"
	d := newDesk(t, sim.Knobs{}, "bot", "")
	for body, status := range map[string]float64{`{}`: 4, `{"url":"relay"}`: 1, `{"url":"` + hook + `","event_types":["teleported"]}`: 3} {
		if got := d.bot(t, "set_webhook", body); got["status"] != status {
			t.Errorf("%s: %v, want status %v", body, got, status)
		}
	}
	if got := d.bot(t, "set_webhook", `{"url":"`+hook+`","event_types":["seen","failed"],"send_name":true}`); got["status"] != 0.0 {
		t.Fatalf("set_webhook: %v", got)
	}
	d.bot(t, "send_message", `{"receiver":"sim:read","sender":{"name":"A"},"type":"text","text":"a"}`)
	if err := d.world.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	events := make(map[any]int)
	callbacks, signatures := in.drain()
	for i, e := range callbacks {
		events[e["event"]]++
		query, header, _ := strings.Cut(signatures[i], " ")
		if query != "sig="+header || len(header) != 64 {
			t.Errorf("%v is signed with %q and %q", e, query, header)
		}
	}
	if want := map[any]int{"webhook": 1, "seen": 1}; !maps.Equal(events, want) {
		t.Errorf("events %v, want %v", events, want)
	}
	if got := d.bot(t, "set_webhook", `{"url":""}`); got["status"] != 0.0 || d.bot(t, "get_account_info", "{}")["webhook"] != "" {
		t.Errorf("the webhook can't be removed: %v", got)
	}
}

// TestSimulatorsAnswerProbes: each adapter's probe is in order at its own
// simulator.
func TestSimulatorsAnswerProbes(t *testing.T) {
	for _, provider := range []string{"infobip", "bot"} {
		d := newDesk(t, sim.Knobs{}, provider, "")
		client := channel.NewClient(nil, 1)
		defer client.Close()
		for key, want := range map[string]channel.Code{"": "", "wrong": channel.BadCredentials} {
			v := sandbox(channel.Values{"provider": provider, "baseURL": "http://" + serve(t, d.provider.Handle)})
			if key != "" {
				v["apiKey"], v["authToken"] = key, key
			}
			a, err := newAdapter(channel.Sender{Settings: v, HTTP: client})
			if err != nil {
				t.Fatal(err)
			}
			account, err := a.(channel.Prober).Probe(t.Context())
			checkProbe(t, provider, account, "MessageHub", err, want)
		}
	}
}

// TestSimulatorsMisbehaveOnRequest checks the knobs.
func TestSimulatorsMisbehaveOnRequest(t *testing.T) {
	for knobs, want := range map[sim.Knobs][2]float64{{Throttle: 1}: {429, 12}, {Fail: 1}: {500, 500}} {
		d := newDesk(t, knobs, "infobip", "")
		if status, got := d.infobip(t, infobipBody(`{"type":"TEXT","text":"a"}`, "")); status != int(want[0]) {
			t.Errorf("Infobip: %d %v, want %v", status, got, want[0])
		}
		b := newDesk(t, knobs, "bot", "")
		if got := b.bot(t, "send_message", `{"receiver":"01234567890A=","sender":{"name":"A"},"type":"text","text":"a"}`); got["status"] != want[1] {
			t.Errorf("bot: %v, want status %v", got, want[1])
		}
	}
}

func TestLedgers(t *testing.T) {
	d := newDesk(t, sim.Knobs{}, "infobip", "")
	d.infobip(t, infobipBody(`{"type":"TEMPLATE","templateId":"t","language":"en"}`, `,"webhooks":{"callbackData":"ref"}`))
	b := newDesk(t, sim.Knobs{}, "bot", "")
	b.bot(t, "send_message", `{"receiver":"01234567890A=","sender":{"name":"A"},"type":"url","media":"https://a.example","tracking_data":"ref"}`)
	for _, row := range []struct {
		of       *desk
		to, text string
	}{{d, "441134960001", "t"}, {b, "01234567890A=", "https://a.example"}} {
		lines := row.of.world.Ledger.Lines(0)
		if len(lines) != 1 || lines[0].To != row.to || lines[0].Text != row.text || lines[0].Ref != "ref" || lines[0].Account != "MessageHub" || lines[0].At < message.Time(1e12) {
			t.Errorf("ledger %+v", lines)
		}
	}
}
