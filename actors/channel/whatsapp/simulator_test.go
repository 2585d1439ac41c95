package whatsapp

import (
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sim"
	"messagehub/store/message/mutate"
)

const (
	goodText     = `{"messaging_product":"whatsapp","to":"16505551234","type":"text","text":{"body":"hi"}}`
	goodTemplate = `{"messaging_product":"whatsapp","recipient_type":"individual","to":"+16505551234","type":"template","template":{"name":"hello_world","language":{"code":"en_US","policy":"deterministic"}}}`
)

// request is a send as a client of any kind could write it.
type request struct {
	method, path, token, kind, body string
}

func newSim(t *testing.T) *simulator {
	t.Helper()
	w := sim.NewWorld(sim.Options{})
	t.Cleanup(w.Close)
	v := channel.Sandbox(Spec().Settings)
	return newSimulator(w, channel.Sender{Settings: v}).(*simulator)
}

// simAsk makes the request; what is empty is right.
func simAsk(t *testing.T, s *simulator, r request) (status int, body string) {
	t.Helper()
	or := func(value, right string) string {
		if value == "" {
			return right
		}
		return value
	}
	var ctx fasthttp.RequestCtx
	ctx.Init(&fasthttp.Request{}, nil, nil)
	ctx.Request.Header.SetMethod(or(r.method, "POST"))
	ctx.Request.SetRequestURI(or(r.path, "/v26.0/106540352242922/messages"))
	if r.token != "-" {
		ctx.Request.Header.Set("Authorization", or(r.token, "Bearer sandbox-access-token"))
	}
	ctx.Request.Header.SetContentType(or(r.kind, "application/json"))
	ctx.Request.SetBodyString(or(r.body, goodText))
	s.Handle(&ctx)
	return ctx.Response.StatusCode(), string(ctx.Response.Body())
}

// rejection is a request that Meta refuses, and how.
type rejection struct {
	request
	status, code, subcode int
}

// with returns goodText with a part of it replaced.
func with(old, replacement string) request {
	return request{body: strings.Replace(goodText, old, replacement, 1)}
}

func ofKind(kind, member string) request {
	return with(`"type":"text","text":{"body":"hi"}`, `"type":"`+kind+`"`+member)
}

func ofTemplate(inner string) request { return ofKind("template", `,"template":{`+inner+`}`) }

func ofComponents(name, components string) request {
	return ofTemplate(`"name":"` + name + `","language":{"code":"en_US"},"components":[` + components + `]`)
}

func rejections() map[string]rejection {
	out := make(map[string]rejection)
	for name, r := range rejectedRequests() {
		out[name] = r
	}
	for name, r := range rejectedTemplates() {
		out["template: "+name] = r
	}
	return out
}

func rejectedRequests() map[string]rejection {
	return map[string]rejection{
		"no token":               {request{token: "-"}, 401, 0, 0},
		"basic auth":             {request{token: "Basic eDp5"}, 401, 0, 0},
		"wrong token":            {request{token: "Bearer sandbox-access-tokem"}, 401, 190, 0},
		"unknown number":         {request{path: "/v26.0/106540352242923/messages"}, 400, 100, 33},
		"unknown path":           {request{path: "/v26.0/106540352242922/message"}, 400, 2500, 0},
		"no version":             {request{path: "/vx/106540352242922/messages"}, 400, 2500, 0},
		"GET":                    {request{method: "GET"}, 400, 2500, 0},
		"form":                   {request{kind: "application/x-www-form-urlencoded"}, 400, 100, 0},
		"no JSON":                {request{body: "to=1"}, 400, 100, 0},
		"unknown member":         {with(`"to"`, `"too":1,"to"`), 400, 100, 0},
		"wrong type of member":   {with(`"16505551234"`, `16505551234`), 400, 100, 0},
		"no product":             {with(`"messaging_product":"whatsapp",`, ""), 400, 100, 0},
		"other product":          {with(`"whatsapp"`, `"messenger"`), 400, 100, 0},
		"group":                  {with(`"to"`, `"recipient_type":"group","to"`), 400, 100, 0},
		"no recipient":           {with(`"to":"16505551234",`, ""), 400, 100, 0},
		"bad recipient":          {with("16505551234", "ann"), 400, 131009, 0},
		"spaces in recipient":    {with("16505551234", "1 650 555 1234"), 400, 131009, 0},
		"short recipient":        {with("16505551234", "123456"), 400, 131009, 0},
		"recipient is sender":    {with("16505551234", simNumber), 400, 131021, 0},
		"bad user id":            {with(`"to":"16505551234"`, `"recipient":"us.1"`), 400, 131009, 0},
		"unknown type":           {ofKind("poll", ""), 400, 100, 0},
		"no text":                {ofKind("text", ""), 400, 131008, 0},
		"no body":                {with(`"body":"hi"`, ""), 400, 131008, 0},
		"empty body":             {with(`"hi"`, `""`), 400, 131008, 0},
		"long body":              {with("hi", strings.Repeat("é", 4097)), 400, 131009, 0},
		"long reference":         {with(`"to"`, `"biz_opaque_callback_data":"`+strings.Repeat("x", 513)+`","to"`), 400, 131009, 0},
		"no image":               {ofKind("image", ""), 400, 131008, 0},
		"image without link":     {ofKind("image", `,"image":{"caption":"x"}`), 400, 100, 0},
		"image with id and link": {ofKind("image", `,"image":{"id":"1","link":"https://a.example/x"}`), 400, 100, 0},
		"link is no URL":         {ofKind("video", `,"video":{"link":"ftp://a.example/x"}`), 400, 131009, 0},
		"long caption":           {ofKind("image", `,"image":{"link":"https://a.example/x","caption":"`+strings.Repeat("é", 1025)+`"}`), 400, 131009, 0},
		"caption of audio":       {ofKind("audio", `,"audio":{"link":"https://a.example/x","caption":"x"}`), 400, 100, 0},
		"file name of an image":  {ofKind("image", `,"image":{"link":"https://a.example/x","filename":"x"}`), 400, 100, 0},
	}
}

func rejectedTemplates() map[string]rejection {
	header := `{"type":"header","parameters":[{"type":"image","image":{"link":"https://a.example/x"}}]}`
	body := `{"type":"body","parameters":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}`
	url := `{"type":"button","sub_type":"url","index":"0","parameters":[{"type":"text","text":"x"}]}`
	reply := `{"type":"button","sub_type":"quick_reply","index":"1","parameters":[{"type":"payload","payload":"x"}]}`
	order := func(parts ...string) request { return ofComponents("order_update", strings.Join(parts, ",")) }
	mine := func(part string) request { return ofComponents("mine", part) }
	return map[string]rejection{
		"missing":             {ofKind("template", ""), 400, 131008, 0},
		"no name":             {ofTemplate(`"language":{"code":"en"}`), 400, 131008, 0},
		"bad name":            {ofTemplate(`"name":"Hello World","language":{"code":"en"}`), 400, 131009, 0},
		"no language":         {ofTemplate(`"name":"hello_world"`), 400, 131008, 0},
		"no code":             {ofTemplate(`"name":"hello_world","language":{}`), 400, 131008, 0},
		"bad code":            {ofTemplate(`"name":"hello_world","language":{"code":"english"}`), 400, 131009, 0},
		"bad policy":          {ofTemplate(`"name":"hello_world","language":{"code":"en","policy":"fallback"}`), 400, 131009, 0},
		"does not exist":      {ofComponents("sim_missing", ""), 404, 132001, 0},
		"paused":              {ofComponents("sim_paused", ""), 400, 132015, 0},
		"disabled":            {ofComponents("sim_disabled", ""), 400, 132016, 0},
		"too few":             {order(header, `{"type":"body","parameters":[{"type":"text","text":"a"}]}`, url, reply), 400, 132000, 0},
		"too many":            {ofComponents("hello_world", body), 400, 132000, 0},
		"no header":           {order(body, url, reply), 400, 132012, 0},
		"other header":        {order(`{"type":"header","parameters":[{"type":"text","text":"x"}]}`, body, url, reply), 400, 132012, 0},
		"no button":           {order(header, body, url), 400, 132000, 0},
		"other button":        {order(header, body, url, strings.Replace(url, `"0"`, `"1"`, 1)), 400, 132012, 0},
		"button too high":     {order(header, body, url, reply, strings.Replace(url, `"0"`, `"2"`, 1)), 400, 132012, 0},
		"names for numbers":   {order(header, strings.ReplaceAll(body, `"text","text"`, `"text","parameter_name":"n","text"`), url, reply), 400, 132012, 0},
		"numbers for names":   {ofComponents("order_named", strings.Replace(header, `{"type":"image","image":{"link":"https://a.example/x"}}`, `{"type":"text","text":"x"}`, 1)+","+body), 400, 132012, 0},
		"some names":          {mine(strings.Replace(body, `"text","text"`, `"text","parameter_name":"n","text"`, 1)), 400, 132012, 0},
		"header without name": {mine(`{"type":"header","parameters":[{"type":"text","text":"x"}]},` + strings.ReplaceAll(body, `"text","text"`, `"text","parameter_name":"n","text"`)), 400, 132012, 0},
		"twice":               {mine(body + "," + body), 400, 100, 0},
		"unknown component":   {mine(`{"type":"footer","parameters":[]}`), 400, 131009, 0},
		"two headers' worth":  {mine(`{"type":"header","parameters":[{"type":"text","text":"x"},{"type":"text","text":"y"}]}`), 400, 132000, 0},
		"index of a body":     {mine(`{"type":"body","index":"0","parameters":[]}`), 400, 100, 0},
		"unknown button":      {mine(strings.Replace(url, `"url"`, `"call"`, 1)), 400, 131009, 0},
		"bad index":           {mine(strings.Replace(url, `"0"`, `"10"`, 1)), 400, 131009, 0},
		"index as a number":   {mine(strings.Replace(url, `"0"`, `0`, 1)), 400, 100, 0},
		"unknown parameter":   {mine(strings.Replace(url, `"text","text"`, `"word","text"`, 1)), 400, 131009, 0},
		"parameter is empty":  {mine(strings.Replace(url, `"x"`, `""`, 1)), 400, 131008, 0},
		"parameter missing":   {mine(strings.Replace(url, `,"text":"x"`, "", 1)), 400, 131008, 0},
		"two in one":          {mine(strings.Replace(url, `"text":"x"`, `"text":"x","payload":"y"`, 1)), 400, 100, 0},
		"image in the body":   {mine(strings.Replace(header, `"header"`, `"body"`, 1)), 400, 132012, 0},
		"caption of a header": {mine(strings.Replace(header, `"link"`, `"caption":"x","link"`, 1)), 400, 100, 0},
		"header's link":       {mine(strings.Replace(header, "https:", "file:", 1)), 400, 131009, 0},
	}
}

// TestSimulatorIsStrict checks that what Meta refuses is refused, with Meta's
// code and status, and not recorded as received.
func TestSimulatorIsStrict(t *testing.T) {
	for name, row := range rejections() {
		t.Run(name, func(t *testing.T) {
			s := newSim(t)
			status, answer := simAsk(t, s, row.request)
			e, _ := decoded(t, answer)["error"].(map[string]any)
			subcode, _ := e["error_subcode"].(float64)
			if status != row.status || e["code"] != float64(row.code) || int(subcode) != row.subcode {
				t.Errorf("status %d %s, want %d and code %d/%d", status, answer, row.status, row.code, row.subcode)
			}
			if e["type"] != "OAuthException" || e["fbtrace_id"] == "" || strings.Contains(answer, "sandbox-access") {
				t.Errorf("answer %s", answer)
			}
			if s.world.Ledger.Len() != 0 {
				t.Error("the ledger has a line")
			}
		})
	}
}

// TestSimulatorAccepts checks what is refused nowhere: forms that clients
// other than ours use.
func TestSimulatorAccepts(t *testing.T) {
	for name, r := range map[string]request{
		"text":             {},
		"template":         {body: goodTemplate},
		"type left out":    with(`"type":"text",`, ""),
		"version left out": {path: "/106540352242922/messages"},
		"charset":          {kind: "application/json; charset=utf-8"},
		"quote":            with(`"to"`, `"context":{"message_id":"wamid.A"},"to"`),
		"user id":          with(`"to":"16505551234"`, `"recipient":"US.ENT.1349"`),
		"number and user":  with(`"to"`, `"recipient":"US.1349","to"`),
		"media by id":      ofKind("image", `,"image":{"id":"1479537139650973"}`),
		"any template":     ofComponents("mine", `{"type":"body","parameters":[{"type":"text","parameter_name":"n","text":"x"}]}`),
	} {
		s := newSim(t)
		status, answer := simAsk(t, s, r)
		if status != 200 || s.world.Ledger.Len() != 1 {
			t.Errorf("%s: status %d %s, %d lines", name, status, answer, s.world.Ledger.Len())
		}
	}
}

func TestSimulatorLedger(t *testing.T) {
	s := newSim(t)
	_, answer := simAsk(t, s, with(`"to"`, `"biz_opaque_callback_data":"ref-1","to"`))
	line := s.world.Ledger.Lines(0)[0]
	if !strings.Contains(answer, line.ProviderID) || !strings.HasPrefix(line.ProviderID, "wamid.") {
		t.Errorf("answer %s, ledger %+v", answer, line)
	}
	line.ProviderID, line.At = "", 0
	if want := (sim.Received{Channel: "whatsapp", Account: "106540352242922", To: "16505551234", Text: "hi", Ref: "ref-1", Answered: true}); line != want {
		t.Errorf("ledger %+v, want %+v", line, want)
	}
	_, second := simAsk(t, s, with(`"to"`, `"biz_opaque_callback_data":"ref-1","to"`))
	if second == answer || s.world.Ledger.Len() != 2 {
		t.Errorf("the same request twice makes %d messages, %s and %s", s.world.Ledger.Len(), answer, second)
	}
}

// TestSimulatorEscapes checks that callbacks are in Meta's own escaping, which
// says the same.
func TestSimulatorEscapes(t *testing.T) {
	body := newSim(t).encodeStatus(&simMessage{To: "16505551234"}, simStatus{ID: "wamid.é😀", Status: "sent"})
	for _, b := range body {
		if b > 0x7f {
			t.Fatalf("a byte above 0x7f in %s", body)
		}
	}
	if !strings.Contains(string(body), `"Zo\u00eb \ud83d\ude00"`) || !strings.Contains(string(body), `"wamid.\u00e9\ud83d\ude00"`) {
		t.Errorf("body %s", body)
	}
	decoded(t, string(body))
}

// FuzzSimulator feeds the simulator arbitrary requests.
func FuzzSimulator(f *testing.F) {
	seeds := [][]byte{[]byte(goodText), []byte(goodTemplate)}
	for _, r := range rejections() {
		seeds = append(seeds, []byte(r.body))
	}
	w := sim.NewWorld(sim.Options{})
	f.Cleanup(w.Close)
	s := newSimulator(w, channel.Sender{Settings: channel.Sandbox(Spec().Settings)}).(*simulator)
	mutate.Bytes(f, seeds, func(t testing.TB, body []byte) {
		m, fault := simRead(body)
		if fault != nil {
			return
		}
		_ = m.summary()
		if m.address() == "" {
			t.Error("accepted without an address")
		}
		_ = s.encodeStatus(m, simStatus{ID: "x", Ref: m.Ref})
	})
}
