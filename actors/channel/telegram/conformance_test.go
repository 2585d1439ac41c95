package telegram

import (
	"strings"
	"testing"

	"messagehub/actors/channel"
	"messagehub/actors/channel/channeltest"
	"messagehub/store/message"
)

func TestConformance(t *testing.T) { channeltest.Run(t, plainCase()) }

func TestConformanceOfAQuietBot(t *testing.T) { channeltest.Run(t, quietCase()) }

func TestConformanceOfMarkup(t *testing.T) { channeltest.Run(t, htmlCase()) }

func TestConformanceOfMarkdown(t *testing.T) { channeltest.Run(t, markdownCase()) }

func FuzzAnswer(f *testing.F) { channeltest.FuzzAnswer(f, plainCase()) }

func FuzzReceipts(f *testing.F) { channeltest.FuzzReceipts(f, plainCase()) }

func text(to, content string) message.Step {
	return message.Step{Channel: "telegram", To: to, ContentType: message.Text, Content: content}
}

func media(kind, link, caption string) message.Step {
	return message.Step{
		Channel: "telegram", To: "123456789", ContentType: message.Media, Content: caption, MediaURL: link, MediaType: kind, Filename: "ignored.bin",
	}
}

func template(id, language string, params ...message.Param) message.Step {
	return message.Step{
		Channel: "telegram", To: "123456789", ContentType: message.Template, TemplateID: id, TemplateLanguage: language, Params: params,
	}
}

func param(name, value string) message.Param { return message.Param{Name: name, Value: value} }

const templatesText = `{
	"order_shipped": {"parameters": ["order", "고객명"], "text": {"en": "{{고객명}}, order {{order}} is on its way", "ko": "{{고객명}}님, 주문 {{order}}"}},
	"bold": {"text": {"en": "<b>{{name}}</b>"}}
}`

// success is the answer to sendMessage, in full.
const success = `{"ok":true,"result":{"message_id":42,"from":{"id":110201543,"is_bot":true,"first_name":"B","username":"b_bot"},
	"chat":{"id":123456789,"first_name":"A","type":"private"},"date":1750000000,"text":"Order 1234 shipped"}}`

func plainCase() channeltest.Case {
	unknown := channel.OutcomeUnknown
	return channeltest.Case{
		Spec: Spec(), Settings: channel.Values{"templates": templatesText},
		Success: channeltest.Answer{Status: 200, Body: success}, ProviderID: "123456789:42",
		Sends: []channeltest.Send{
			{Name: "text", Step: text("123456789", "Order 1234 shipped")},
			{Name: "text_unicode", Step: text("123456789", "<b>안녕</b> 😀 & \"*_~`\n\u007f \u2028")},
			{Name: "text_to_a_group", Step: text("-1001234567890123", "hello")},
			{Name: "text_to_a_name", Step: text("@some_channel", "hello")},
			{Name: "photo", Step: media("image", "https://example.com/a.jpg?x=1&y=2", "A <photo>")},
			{Name: "photo_by_extension", Step: media("", "https://example.com/A.PNG?v=1.mp4", "")},
			{Name: "video", Step: media("video", "https://example.com/a.mp4", "A video")},
			{Name: "audio", Step: media("audio", "https://example.com/a.mp3", "")},
			{Name: "document", Step: media("", "https://example.com/invoice.pdf", "Your invoice")},
			{Name: "video", Step: media("", "https://example.com/a.mp4", "A video")},
			{Name: "audio", Step: media("", "https://example.com/a.mp3", "")},
			{Name: "voice", Step: media("audio", "https://example.com/a.ogg", "Listen")},
			{Name: "voice", Step: media("", "https://example.com/a.ogg", "Listen")},
			{Name: "template", Step: template("order_shipped", "", param("1", "A-17"), param("고객명", "<Kim>"))},
			{Name: "template_language", Step: template("order_shipped", "ko-KR", param("order", "A-17"), param("2", "김"))},
			{Name: "no such template", Step: template("order_lost", ""), Refused: channel.TemplateNotFound},
			{Name: "template without a parameter", Step: template("order_shipped", "", param("1", "A-17")), Refused: channel.TemplateMismatch},
			{Name: "brandmessage", Step: message.Step{Channel: "telegram", To: "1", ContentType: message.BrandMessage}, Refused: channel.ContentRejected},
			{Name: "blank", Step: text("1", strings.Repeat(" ", 5000)), Refused: channel.ContentRejected},
			{Name: "one character", Step: text("1", "e"+strings.Repeat("\u0301", 4096)), Refused: channel.ContentTooLong},
			{Name: "sticker", Step: media("sticker", "https://example.com/a.webp", ""), Refused: channel.MediaRejected},
			{Name: "phone", Step: text("+15558675310", "x"), Refused: channel.InvalidRecipient},
			{Name: "zero", Step: text("0", "x"), Refused: channel.InvalidRecipient},
		},
		Refusals: refusals(), Statuses: map[int]channel.Code{500: unknown, 503: unknown, 599: unknown},
		Recipients: recipients(), Contents: contents(),
		Sign: sign, TokenOnly: true, Callbacks: callbacks(), Ordinary: "123456789",
	}
}

// quietCase has every switch other than it comes.
func quietCase() channeltest.Case {
	c := plainCase()
	c.Settings = channel.Values{
		"disableNotification": "true", "protectContent": "true", "linkPreview": "false", "allowPaidBroadcast": "true", "splitLongTexts": "false",
	}
	c.Sends = []channeltest.Send{
		{Name: "quiet", Step: text("123456789", "see https://example.com")},
		{Name: "quiet_photo", Step: media("image", "https://example.com/a.jpg", "")},
		{Name: "long", Step: text("123456789", strings.Repeat("고", 4097)), Refused: channel.ContentTooLong},
		{Name: "long caption", Step: media("image", "https://example.com/a.jpg", strings.Repeat("고", 1025)), Refused: channel.ContentTooLong},
	}
	return c
}

// htmlCase takes texts for markup, which does not count towards the limits.
func htmlCase() channeltest.Case {
	c := plainCase()
	c.Settings = channel.Values{"parseMode": "HTML", "templates": templatesText}
	c.Sends = []channeltest.Send{
		{Name: "html", Step: text("123456789", `<b>Order</b> <a href="https://example.com/?a=1&amp;b=2">A-17</a> &lt;shipped&gt;`)},
		{Name: "html_caption", Step: media("image", "https://example.com/a.jpg", "<i>the receipt</i>")},
		{Name: "html_no_caption", Step: media("image", "https://example.com/a.jpg", "")},
		{Name: "html_template", Step: template("bold", "", param("name", `<Kim> & "Co"`))},
		{Name: "open element", Step: text("1", "<b>"+strings.Repeat("a", 4097)), Refused: channel.ContentTooLong},
		{Name: "long element", Step: text("1", "<b>"+strings.Repeat("a", 4097)+"</b>"), Refused: channel.ContentTooLong},
		{Name: "much markup", Step: text("1", strings.Repeat("<em>a</em>", 4096)), Refused: channel.ContentTooLong},
	}
	return c
}

func markdownCase() channeltest.Case {
	c := plainCase()
	c.Settings = channel.Values{"parseMode": "MarkdownV2", "templates": `{"bold": {"text": {"en": "*{{name}}*"}}}`}
	c.Sends = []channeltest.Send{
		{Name: "markdown", Step: text("123456789", "*Order* [A\\-17](https://example.com/a.b) `x.y` ||soon||\n>quote")},
		{Name: "markdown_template", Step: template("bold", "", param("name", "Kim & Co. (1+1)"))},
	}
	return c
}

func recipients() []channeltest.Recipient {
	return []channeltest.Recipient{
		{To: "123456789", OK: true},
		{To: "1", OK: true},
		{To: "-100", OK: true},
		{To: "-1001234567890123", OK: true},
		{To: "4503599627370495", OK: true},
		{To: "-4503599627370495", OK: true},
		{To: "@some_channel", OK: true},
		{To: "@abcd", OK: true},
		{To: "@A" + strings.Repeat("b", 31), OK: true},
		{To: ""},
		{To: "0"},
		{To: "-0"},
		{To: "+123456789"},
		{To: "0123"},
		{To: "4503599627370496"},
		{To: "99999999999999999999"},
		{To: "1.5"},
		{To: " 1"},
		{To: "١٢٣"},
		{To: "@"},
		{To: "@abc"},
		{To: "@1abcd"},
		{To: "@_abcd"},
		{To: "@A" + strings.Repeat("b", 32)},
		{To: "@some-channel"},
		{To: "@имя_канала"},
		{To: "some_channel"},
		{To: "https://t.me/some_channel"},
		{To: "@abcd\n"},
		{To: "+15558675310"},
	}
}

func contents() []channeltest.Content {
	return []channeltest.Content{
		{Name: "longest text", Step: text("1", strings.Repeat("고", 40960))},
		{Name: "too long a text", Step: text("1", strings.Repeat("고", 40961)), Param: "content"},
		{Name: "too long a caption", Step: media("image", "https://example.com/a.jpg", strings.Repeat("a", 40961)), Param: "content"},
		{Name: "template", Step: template("any", "")},
		{Name: "brandmessage", Step: message.Step{ContentType: message.BrandMessage}, Param: "contentType"},
	}
}

func sign(_ testing.TB, v channel.Values, cb *channeltest.Callback) {
	cb.Header["X-Telegram-Bot-Api-Secret-Token"] = v.Text("webhookSecret")
}

func callbacks() []channeltest.Callback {
	bad := message.ErrBadCallback
	return append(inbounds(), []channeltest.Callback{
		{Name: "kind of the future", Body: `{"update_id":10004,"guest_message_of_2030":{"x":[1,2,3]}}`},
		{Name: "no id", Body: `{"message":{}}`, Err: bad},
		{Name: "id is text", Body: `{"update_id":"1"}`, Err: bad},
		{Name: "array", Body: `[{"update_id":1}]`, Err: bad},
		{Name: "empty", Body: "", Err: bad},
		{Name: "null", Body: "null", Err: bad},
		{Name: "nested", Body: `{"update_id":1,"x":` + strings.Repeat("[", 5000), Err: bad},
		{Name: "unsigned", Body: `{"update_id":1}`, Unsigned: true, Err: message.ErrUnsigned},
		{Name: "unsigned and bad", Body: `{`, Unsigned: true, Err: message.ErrUnsigned},
	}...)
}
