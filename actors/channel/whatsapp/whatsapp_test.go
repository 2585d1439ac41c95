package whatsapp

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"testing"

	"messagehub/actors/channel"
	"messagehub/actors/channel/channeltest"
	"messagehub/store/message"
	"messagehub/store/message/mutate"
)

const testID = "wamid.HBgLMTY1MDM4Nzk0MzkVAgARGBJCOTY3NDc0NDFDRUI3NTA0Q0UA"

func testCase() channeltest.Case {
	return channeltest.Case{
		Spec: Spec(),
		Success: channeltest.Answer{
			Status: 200,
			Body:   `{"messaging_product":"whatsapp","contacts":[{"input":"+16505551234","wa_id":"16505551234"}],"messages":[{"id":"` + testID + `","message_status":"accepted"}]}`,
		},
		ProviderID: testID,
		Sends:      sends(),
		Refusals:   refusals(),
		Recipients: []channeltest.Recipient{
			{To: "+16505551234", OK: true},
			{To: "16505551234", OK: true},
			{To: "US.13491208655302741918", OK: true},
			{To: "KR.ENT.aB3", OK: true},
			{To: "", OK: false},
			{To: "+", OK: false},
			{To: "+0650555123", OK: false},
			{To: "+1650555", OK: true},
			{To: "+165055", OK: false},
			{To: "+1234567890123456", OK: false},
			{To: "+1 650 555 1234", OK: false},
			{To: "++16505551234", OK: false},
			{To: "+١٦٥٠٥٥٥١٢٣", OK: false},
			{To: "US.", OK: false},
			{To: "us.1", OK: false},
			{To: "US.ENT.", OK: false},
			{To: "US.a-b", OK: false},
			{To: "US." + strings.Repeat("1", 129), OK: false},
			{To: "ann", OK: false},
			{To: "@ann", OK: false},
		},
		Contents:  contents(),
		Sign:      sign,
		Callbacks: callbacks(),
		Ordinary:  "+16505551234",
		Settles:   true,
	}
}

func TestMain(m *testing.M) { channeltest.Main(m) }

func TestConformance(t *testing.T) { channeltest.Run(t, testCase()) }

// otherCase is a sender whose settings are not the defaults.
func otherCase() channeltest.Case {
	c := testCase()
	c.Settings = channel.Values{
		"version": "v25.0", "templateParameterFormat": "positional", "templateLanguage": "ko", "previewURL": "true",
		"phoneNumberId": "17", "accessToken": "another-access-token", "appSecret": "another-app-secret",
	}
	c.Sends = []channeltest.Send{
		{Name: "other_text", Step: step(message.Step{ContentType: message.Text, Content: "see https://example.com/a?b=c&d=<e>"})},
		{Name: "other_template", Step: tmpl("mine", message.Param{Name: "고객명", Value: "김"}, message.Param{Name: "header.제목", Value: "가게"}, message.Param{Name: "주문", Value: "A-17"})},
		{Name: "other_mixed", Step: tmpl("mine", message.Param{Name: "1", Value: "x"}, message.Param{Name: "name", Value: "y"}), Refused: channel.TemplateMismatch},
	}
	c.Callbacks = slices.DeleteFunc(c.Callbacks, func(cb channeltest.Callback) bool { return cb.Method == "GET" })
	return c
}

func TestConformanceOfOtherSettings(t *testing.T) { channeltest.Run(t, otherCase()) }

// TestNamedFormat checks that numbers can be names where the sender's
// templates are named.
func TestNamedFormat(t *testing.T) {
	p, err := sortParams([]message.Param{{Name: "1", Value: "a"}, {Name: "name", Value: "b"}}, formatNamed)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.bodyOf(); got[0].Name != "1" || got[1].Name != "name" {
		t.Errorf("parameters %+v", got)
	}
}

func TestSettings(t *testing.T) {
	for name, values := range map[string]map[string]bool{
		"version":                 {"v26.0": true, "v9.1": true, "26.0": false, "v26": false, "v26.0/x": false},
		"phoneNumberId":           {"106540352242922": true, "+16505551234": false, "1/2": false},
		"templateParameterFormat": {"auto": true, "positional": true, "named": true, "both": false},
		"templateLanguage":        {"en": true, "en_US": true, "zh_Hant": true, "fil": true, "en-US": false, "english": false},
		"previewURL":              {"true": true, "yes": false},
		"baseURL":                 {"http://127.0.0.1:9000/whatsapp": true, "graph.facebook.com": false},
	} {
		for value, ok := range values {
			given := channel.Sandbox(Spec().Settings)
			given[name] = value
			if _, err := channel.Complete(Spec().Settings, given); (err == nil) != ok {
				t.Errorf("%s %q: %v", name, value, err)
			}
		}
	}
}

// TestHeldTemplates: Meta has them, and reports what becomes of them.
func TestHeldTemplates(t *testing.T) {
	for _, status := range []string{"accepted", "held_for_quality_assessment", "paused", "a word of the future"} {
		body := strings.Replace(testCase().Success.Body, `"accepted"`, strconv.Quote(status), 1)
		got, err := decode(&channel.Answer{Status: 200, Body: []byte(body)})
		if err != nil || got.ProviderID != testID {
			t.Errorf("%s: %+v, %v", status, got, err)
		}
	}
}

// FuzzUsage: whatever the usage header says, the pause is bounded.
func FuzzUsage(f *testing.F) {
	seeds := []string{`{"1":[{"estimated_time_to_regain_access":3}]}`, `{"1":[{"estimated_time_to_regain_access":-3},{}],"2":null}`, `{"x":3}`, "[]", ""}
	mutate.Strings(f, seeds, func(t testing.TB, text string) {
		if pause := regain(text); pause < 0 || pause > maxRegain {
			t.Errorf("%q: pause %v", text, pause)
		}
	})
}

// FuzzParams: parameters that are taken all go somewhere, buttons in order.
func FuzzParams(f *testing.F) {
	seeds := []string{"1 2", "2 1 button.0", "name header.x button.9.copy_code", "header header", "button. button.0.", "고객명", "1000 1001", ""}
	mutate.Strings(f, seeds, func(t testing.TB, names string) {
		var given []message.Param
		for _, name := range strings.Fields(names) {
			given = append(given, message.Param{Name: name, Value: name})
		}
		for _, format := range []string{formatAuto, formatPositional, formatNamed} {
			p, err := sortParams(given, format)
			if err != nil {
				continue
			}
			n := len(p.body) + len(p.buttons)
			if p.header != nil {
				n++
			}
			if n != len(given) || !slices.IsSortedFunc(p.buttons, func(a, b buttonParam) int { return a.index - b.index }) {
				t.Errorf("%s of %q: %+v", format, names, p)
			}
		}
	})
}

func FuzzAnswer(f *testing.F)   { channeltest.FuzzAnswer(f, testCase()) }
func FuzzReceipts(f *testing.F) { channeltest.FuzzReceipts(f, testCase()) }

// sign signs as Meta does. It shares nothing with the adapter.
func sign(_ testing.TB, v channel.Values, cb *channeltest.Callback) {
	mac := hmac.New(sha256.New, []byte(v["appSecret"]))
	mac.Write([]byte(cb.Body))
	cb.Header["X-Hub-Signature-256"] = "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

func step(s message.Step) message.Step {
	s.Channel = "whatsapp"
	if s.To == "" {
		s.To = "+16505551234"
	}
	return s
}

func media(url, kind, caption string) message.Step {
	return step(message.Step{ContentType: message.Media, MediaURL: url, MediaType: kind, Content: caption})
}

func tmpl(name string, params ...message.Param) message.Step {
	return step(message.Step{ContentType: message.Template, TemplateID: name, Params: params})
}

func sends() []channeltest.Send {
	document := media("https://example.com/a.pdf", "", "your invoice")
	document.Filename = "invoice.pdf"
	order := tmpl("order_update", message.Param{Name: "2", Value: "A-17"}, message.Param{Name: "button.1.quick_reply", Value: "STOP"},
		message.Param{Name: "1", Value: "Ann"}, message.Param{Name: "button.0", Value: "A-17"})
	order.MediaURL = "https://example.com/h.jpg"
	named := tmpl("order_named", message.Param{Name: "header.title", Value: "Shop"},
		message.Param{Name: "first_name", Value: "Ann"}, message.Param{Name: "order", Value: "A-17"})
	named.TemplateLanguage = "ko"
	invoice := tmpl("invoice", message.Param{Name: "button.2.copy_code", Value: "SAVE25"})
	invoice.TemplateLanguage, invoice.MediaURL, invoice.MediaType, invoice.Filename = "pt-BR", "https://example.com/i.pdf", "document", "invoice.pdf"
	var many []message.Param
	for i := 11; i > 0; i-- {
		many = append(many, message.Param{Name: strconv.Itoa(i), Value: strconv.Itoa(i)})
	}
	return []channeltest.Send{
		{Name: "text", Step: step(message.Step{ContentType: message.Text, Content: "Your order A-17 is on its way 🚚\nThank you, 고객님"})},
		{Name: "text_user_id", Step: step(message.Step{To: "US.13491208655302741918", ContentType: message.Text, Content: "hi"})},
		{Name: "image", Step: media("https://example.com/a.jpg", "image", "the receipt")},
		{Name: "video", Step: media("https://example.com/a.mp4?v=2", "", "")},
		{Name: "audio", Step: media("https://example.com/a.mp3", "audio", "")},
		{Name: "document", Step: document},
		{Name: "template_plain", Step: tmpl("hello_world")},
		{Name: "template_positional", Step: order},
		{Name: "template_named", Step: named},
		{Name: "template_code", Step: tmpl("login_code", message.Param{Name: "1", Value: "482913"}, message.Param{Name: "button.0.url", Value: "482913"})},
		{Name: "template_document", Step: invoice},
		{Name: "template_many", Step: tmpl("many", many...)},
		{Name: "brandmessage", Step: step(message.Step{ContentType: message.BrandMessage, Content: "x"}), Refused: channel.ContentRejected},
		{Name: "sticker", Step: media("https://example.com/a.webp", "sticker", ""), Refused: channel.MediaRejected},
		{Name: "gap", Step: tmpl("hello", message.Param{Name: "2", Value: "x"}), Refused: channel.TemplateMismatch},
	}
}

func contents() []channeltest.Content {
	text := func(s string) message.Step { return step(message.Step{ContentType: message.Text, Content: s}) }
	p := func(name string) message.Param { return message.Param{Name: name, Value: "x"} }
	header := tmpl("promo")
	header.MediaURL = "https://example.com/a.mp3"
	return []channeltest.Content{
		{Name: "text 4096", Step: text(strings.Repeat("é", 4096))},
		{Name: "text 4097", Step: text(strings.Repeat("a", 4097)), Param: "content"},
		{Name: "caption 1024", Step: media("https://example.com/a.png", "", strings.Repeat("é", 1024))},
		{Name: "caption 1025", Step: media("https://example.com/a.png", "", strings.Repeat("a", 1025)), Param: "content"},
		{Name: "caption of audio", Step: media("https://example.com/a.ogg", "", "x"), Param: "content"},
		{Name: "brand message", Step: step(message.Step{ContentType: message.BrandMessage}), Param: "contentType"},
		{Name: "template name", Step: tmpl("Order Update"), Param: "templateId"},
		{Name: "template name too long", Step: tmpl(strings.Repeat("a", 513)), Param: "templateId"},
		{Name: "audio header", Step: header, Param: "mediaType"},
		{Name: "named", Step: tmpl("promo", p("고객명"), p("header.x"), p("button.9"))},
		{Name: "numbers and names", Step: tmpl("promo", p("1"), p("name")), Param: "templateParams"},
		{Name: "a number twice", Step: tmpl("promo", p("1"), p("1")), Param: "templateParams"},
		{Name: "a number missing", Step: tmpl("promo", p("1"), p("3")), Param: "templateParams"},
		{Name: "a header without its name", Step: tmpl("promo", p("고객명"), p("header")), Param: "templateParams"},
		{Name: "two headers", Step: tmpl("promo", p("header"), p("header.2")), Param: "templateParams"},
		{Name: "button 10", Step: tmpl("promo", p("button.10")), Param: "templateParams"},
		{Name: "button 01", Step: tmpl("promo", p("button.01")), Param: "templateParams"},
		{Name: "button twice", Step: tmpl("promo", p("button.1"), p("button.1.quick_reply")), Param: "templateParams"},
		{Name: "button kind", Step: tmpl("promo", p("button.1.call")), Param: "templateParams"},
	}
}
