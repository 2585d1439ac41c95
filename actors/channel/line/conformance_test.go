package line

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"

	"messagehub/actors/channel"
	"messagehub/actors/channel/channeltest"
	"messagehub/store/message"
)

func TestConformance(t *testing.T) { channeltest.Run(t, pushCase()) }

func TestConformanceOfNotifications(t *testing.T) { channeltest.Run(t, pnpCase()) }

func TestConformanceOfTemplatedNotifications(t *testing.T) { channeltest.Run(t, templatedCase()) }

func FuzzAnswer(f *testing.F) { channeltest.FuzzAnswer(f, pushCase()) }

func FuzzReceipts(f *testing.F) { channeltest.FuzzReceipts(f, pnpCase()) }

const (
	user  = "U0123456789abcdef0123456789abcdef"
	phone = "+819012345678"
)

const templatesText = `{
	"order_shipped": {"type": "template", "altText": "Order {{order}} shipped", "template": {"type": "buttons", "text": "Order {{order}} is on its way, {{고객명}}.",
		"actions": [{"type": "uri", "label": "Track", "uri": "https://example.com/track?q={{order}}"}]}},
	"order_shipped/ja": {"type": "text", "text": "注文 {{order}}"},
	"receipt": [{"type": "text", "text": "Thank you"}, {"type": "flex", "altText": "Receipt", "contents": {"type": "bubble", "size": "giga",
		"body": {"type": "box", "layout": "vertical", "contents": [{"type": "text", "text": "{{total}}", "flex": 2, "wrap": true}]}}}]
}`

func textTo(to, content string) message.Step {
	return message.Step{Channel: name, To: to, ContentType: message.Text, Content: content}
}

func mediaTo(kind, link, caption string) message.Step {
	return message.Step{Channel: name, To: user, ContentType: message.Media, Content: caption, MediaURL: link, MediaType: kind}
}

func templateTo(to, id, language string, params ...message.Param) message.Step {
	return message.Step{Channel: name, To: to, ContentType: message.Template, TemplateID: id, TemplateLanguage: language, Params: params}
}

const success = `{"sentMessages":[{"id":"461230966842064897","quoteToken":"IStG5h1Tz7b"}]}`

func body(text string) string { return `{"message":"` + text + `"}` }

// refusals are the rows of LINE's errors.
func refusals(server channel.Code) []channeltest.Refusal {
	row := func(name string, status int, text string, code channel.Code, providerCode string) channeltest.Refusal {
		return channeltest.Refusal{Name: name, Answer: channeltest.Answer{Status: status, Body: text}, Code: code, ProviderCode: providerCode}
	}
	return []channeltest.Refusal{
		row("no such user", 400, body("Failed to send messages"), channel.NotOnChannel, "HTTP 400"),
		row("bad recipient", 400, body("The property, 'to', in the request body is invalid (line: -, column: -)"), channel.InvalidRecipient, "HTTP 400"),
		row("bad message", 400, `{"message":"The request body has 1 error(s)","details":[{"message":"May not be empty","property":"messages[0].text"}]}`, channel.ContentRejected, "HTTP 400"),
		row("no JSON", 400, body("The request body could not be parsed as JSON"), channel.ContentRejected, "HTTP 400"),
		row("reply token", 400, body("Invalid reply token"), channel.ContentRejected, "HTTP 400"),
		row("token", 401, body("Authentication failed due to the following reason: invalid token"), channel.BadCredentials, "HTTP 401"),
		row("plan", 403, body("Access to this API is not available for your account"), channel.SenderMisconfigured, "HTTP 403"),
		row("not found", 404, body("Not found"), channel.NotOnChannel, "HTTP 404"),
		row("large", 413, body("Request entity too large"), channel.ContentTooLong, "HTTP 413"),
		row("media type", 415, body("Unsupported media type"), channel.ContentRejected, "HTTP 415"),
		row("number not matched", 422, body("Failed to send messages"), channel.NotOnChannel, "HTTP 422"),
		row("rate", 429, body("The API rate limit has been exceeded. Try again later."), channel.RateLimited, "HTTP 429"),
		row("quota", 429, body("You have reached your monthly limit."), channel.QuotaExceeded, "HTTP 429"),
		row("server", 500, body("The server is not able to answer"), server, "HTTP 500"),
		row("service", 503, body("Service unavailable"), server, "HTTP 503"),
	}
}

// TestWhatFollows goes through the groups of LINE's errors, which are the rows
// of refusals by name.
func TestWhatFollows(t *testing.T) {
	groups := map[string]channeltest.Follow{
		"server": channeltest.Retry(), "service": channeltest.Retry(), "rate": channeltest.Retry(), "quota": channeltest.Operator(),
		"no such user": channeltest.FallBack(), "bad recipient": channeltest.FallBack(), "not found": channeltest.FallBack(), "number not matched": channeltest.FallBack(),
		"bad message": channeltest.ToCaller(), "no JSON": channeltest.ToCaller(), "reply token": channeltest.ToCaller(), "large": channeltest.ToCaller(), "media type": channeltest.ToCaller(),
		"token": channeltest.Operator(), "plan": channeltest.Operator(),
	}
	for _, r := range refusals(channel.ProviderError) {
		groups[r.Name].Check(t, r.Name, r.Code)
	}
}

func recipients() []channeltest.Recipient {
	return []channeltest.Recipient{
		{To: user, OK: true},
		{To: "C0123456789abcdef0123456789abcdef", OK: true},
		{To: "R0123456789abcdef0123456789abcdef", OK: true},
		{To: phone, OK: true},
		{To: ""},
		{To: "U0123456789ABCDEF0123456789abcdef"},
		{To: "U0123"},
		{To: "X0123456789abcdef0123456789abcdef"},
		{To: "line-id"},
		{To: "+0123456789"},
		{To: "+81 90 1234 5678"},
		{To: "819012345678"},
		{To: user + "0"},
	}
}

func contents() []channeltest.Content {
	return []channeltest.Content{
		{Name: "longest text", Step: textTo(user, strings.Repeat("é", 5000))},
		{Name: "long text", Step: textTo(user, strings.Repeat("é", 5001)), Param: "content"},
		{Name: "long text of pairs", Step: textTo(user, strings.Repeat("😀", 2501)), Param: "content"},
		{Name: "image without TLS", Step: mediaTo("image", "http://example.com/a.jpg", ""), Param: "mediaUrl"},
		{Name: "long address", Step: mediaTo("image", "https://example.com/"+strings.Repeat("a", 2000), ""), Param: "mediaUrl"},
		{Name: "document without TLS", Step: mediaTo("", "http://example.com/a.pdf", "")},
	}
}

func pushCase() channeltest.Case {
	order := message.Param{Name: "order", Value: "12 & 34"}
	return channeltest.Case{
		Spec: Spec(), Settings: channel.Values{"templates": templatesText},
		Success: channeltest.Answer{Status: 200, Body: success}, ProviderID: "461230966842064897",
		Sends: []channeltest.Send{
			{Name: "text", Step: textTo(user, "Order 1234 shipped")},
			{Name: "text_unicode", Step: textTo("C0123456789abcdef0123456789abcdef", "안녕 😀 \"quoted\"\n\u2028")},
			{Name: "image", Step: mediaTo("image", "https://example.com/a.jpg?x=1&y=2", "A photo")},
			{Name: "image_by_extension", Step: mediaTo("", "https://example.com/A.PNG?v=1.mp4", "")},
			{Name: "video_as_link", Step: mediaTo("video", "https://example.com/a.mp4", "A video")},
			{Name: "audio", Step: message.Step{
				Channel: name, To: user, ContentType: message.Media, MediaURL: "https://example.com/a.m4a",
				Params: []message.Param{{Name: "duration", Value: "12.5s"}},
			}},
			{Name: "document_as_link", Step: mediaTo("", "http://example.com/invoice.pdf", "Your invoice")},
			{Name: "template_buttons", Step: templateTo(user, "order_shipped", "", order, message.Param{Name: "고객명", Value: "민수"})},
			{Name: "template_language", Step: templateTo(user, "order_shipped", "ja", order)},
			{Name: "template_flex", Step: templateTo(user, "receipt", "en", message.Param{Name: "total", Value: "₩1,000"})},
			{Name: "no_such_template", Step: templateTo(user, "order_lost", ""), Refused: channel.TemplateNotFound},
			{Name: "missing_parameter", Step: templateTo(user, "order_shipped", "", order), Refused: channel.TemplateMismatch},
			{Name: "to_a_phone", Step: textTo(phone, "hello"), Refused: channel.InvalidRecipient},
		},
		Refusals: refusals(channel.ProviderError), Recipients: recipients(), Contents: contents(),
		Statuses: map[int]channel.Code{},
		Sign:     sign, Callbacks: callbacks(), Ordinary: user,
		// LINE takes a push to who has blocked the account.
		Reserved: map[string]channeltest.Outcome{"opted_out": {}},
	}
}

const requestID = "123e4567-e89b-12d3-a456-426614174000"

func pnpCase() channeltest.Case {
	delivered := channeltest.Outcome{Receipts: []message.Status{message.Delivered}}
	twice := channeltest.Outcome{Receipts: []message.Status{message.Delivered, message.Delivered}}
	return channeltest.Case{
		Spec: Spec(), Settings: channel.Values{"mode": "pnp", "templates": templatesText},
		Success: channeltest.Answer{Status: 200, Header: map[string]string{"X-Line-Request-Id": requestID}}, ProviderID: requestID, Bodyless: true,
		Sends: []channeltest.Send{
			{Name: "pnp_text", Step: textTo(phone, "Order 1234 shipped")},
			{Name: "pnp_template", Step: templateTo(phone, "receipt", "", message.Param{Name: "total", Value: "1"})},
			{Name: "pnp_to_a_user", Step: textTo(user, "hello"), Refused: channel.InvalidRecipient},
		},
		Refusals: refusals(channel.OutcomeUnknown), Recipients: recipients(), Contents: contents(),
		Statuses: map[int]channel.Code{500: channel.OutcomeUnknown, 503: channel.OutcomeUnknown, 599: channel.OutcomeUnknown},
		Sign:     sign, Callbacks: callbacks(), Ordinary: phone, Settles: true,
		Reserved: map[string]channeltest.Outcome{
			"delivered": delivered, "read": delivered, "slow": delivered, "out_of_order": delivered, "duplicate_receipt": twice,
		},
	}
}

func templatedCase() channeltest.Case {
	c := pnpCase()
	c.Settings = channel.Values{"mode": "pnp-template"}
	c.Sends = []channeltest.Send{
		{Name: "pnp_templated", Step: templateTo(phone, "shipment_completed_en", "",
			message.Param{Name: "emphasized.date_002_en", Value: "Mon, 1 Dec"}, message.Param{Name: "number_001_en", Value: "1234567"},
			message.Param{Name: "button.contact_en", Value: "https://example.com/contact"})},
		{Name: "pnp_templated_text", Step: textTo(phone, "hello"), Refused: channel.ContentRejected},
	}
	return c
}

func sign(_ testing.TB, v channel.Values, cb *channeltest.Callback) {
	mac := hmac.New(sha256.New, []byte(v.Text("channelSecret")))
	mac.Write([]byte(cb.Body))
	cb.Header[signatureHeader] = base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func callbacks() []channeltest.Callback {
	const ref = "msg_10000000000000070000000015-1-0"
	deliver := func(data, rest string) string {
		return `{"type":"delivery","delivery":{"data":"` + data + `"},"webhookEventId":"01H810YECXQQZ37VAXPF6H9E6T",` + rest + `,"mode":"active"}`
	}
	events := func(all ...string) string {
		return `{"destination":"U0123456789abcdef0123456789abcdef","events":[` + strings.Join(all, ",") + `]}`
	}
	first := deliver(ref, `"deliveryContext":{"isRedelivery":false},"timestamp":1692251666727`)
	again := deliver(ref, `"deliveryContext":{"isRedelivery":true},"timestamp":1692251666727`)
	unfollow := `{"type":"unfollow","mode":"active","timestamp":1692251666727,"webhookEventId":"01H","deliveryContext":{"isRedelivery":false},"source":{"type":"user","userId":"` + user + `"}}`
	written := func(source, mode string) string {
		return `{"replyToken":"nHuyWiB7yP5Zw52FIkcQobQuGDXCTA","type":"message","mode":"` + mode + `","timestamp":1692251666727,"source":{"type":"` + source + `","groupId":"Ca5","userId":"` + user + `"},"webhookEventId":"01FZ74A0TDDPYRVKNK77XKC3ZR","deliveryContext":{"isRedelivery":false},"message":{"id":"444573844083572737","type":"text","quoteToken":"q3Plxr4AgKd","quotedMessageId":"468789577898262530","text":"@All @example Good Morning!!"}}`
	}
	delivered := message.Receipt{Ref: ref, Status: message.Delivered, At: 1692251666727}
	return append(inbounds(), []channeltest.Callback{
		{Name: "verify", Body: `{"destination":"U0123456789abcdef0123456789abcdef","events":[]}`},
		{Name: "delivery", Body: events(first), Want: []message.Receipt{delivered}},
		{Name: "redelivery", Body: events(again), Want: []message.Receipt{delivered}},
		{Name: "several", Body: events(unfollow, first, `{"type":"new","mode":"active"}`, `7`), Want: []message.Receipt{delivered}, Inbound: []message.Inbound{
			{ProviderID: "01H", From: user, Kind: message.KindOptOut, At: 1692251666727},
		}},
		{Name: "standby", Body: events(strings.Replace(first, "active", "standby", 1))},
		{Name: "hashed number", Body: events(deliver(strings.Repeat("ab", 32), `"timestamp":1`))},
		{Name: "odd time", Body: events(deliver(ref, `"timestamp":-1`)), Want: []message.Receipt{{Ref: ref, Status: message.Delivered}}},
		{Name: "message of a user", Body: events(written("user", "active"), first, written("group", "active"), written("user", "standby")), Want: []message.Receipt{delivered}, Inbound: []message.Inbound{
			{ProviderID: "444573844083572737", From: user, Kind: "text", Text: "@All @example Good Morning!!", ReplyTo: "468789577898262530", At: 1692251666727},
		}},
		{Name: "no events", Body: `{"destination":"U0"}`, Err: message.ErrBadCallback},
		{Name: "no JSON", Body: `events`, Err: message.ErrBadCallback},
		{Name: "unsigned", Body: `{"events":[]}`, Unsigned: true, Err: message.ErrUnsigned},
	}...)
}
