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

func template() message.Step {
	return message.Step{Channel: "telegram", To: "123456789", ContentType: message.Template, TemplateID: "order_shipped"}
}

// success is the answer to sendMessage, in full.
const success = `{"ok":true,"result":{"message_id":42,"from":{"id":110201543,"is_bot":true,"first_name":"B","username":"b_bot"},
	"chat":{"id":123456789,"first_name":"A","type":"private"},"date":1750000000,"text":"Order 1234 shipped"}}`

func plainCase() channeltest.Case {
	unknown := channel.OutcomeUnknown
	return channeltest.Case{
		Spec:    Spec(),
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
			{Name: "template", Step: template(), Refused: channel.ContentRejected},
			{Name: "sticker", Step: media("sticker", "https://example.com/a.webp", ""), Refused: channel.MediaRejected},
			{Name: "phone", Step: text("+15558675310", "x"), Refused: channel.InvalidRecipient},
			{Name: "zero", Step: text("0", "x"), Refused: channel.InvalidRecipient},
		},
		Refusals: refusals(), Statuses: map[int]channel.Code{500: unknown, 503: unknown, 599: unknown},
		Recipients: recipients(), Contents: contents(),
		Sign: sign, TokenOnly: true, Callbacks: callbacks(), Ordinary: "123456789",
	}
}

// quietCase has every setting other than it comes.
func quietCase() channeltest.Case {
	c := plainCase()
	c.Settings = channel.Values{"disableNotification": "true", "protectContent": "true", "linkPreview": "false"}
	c.Sends = []channeltest.Send{
		{Name: "quiet", Step: text("123456789", "see https://example.com")},
		{Name: "quiet_photo", Step: media("image", "https://example.com/a.jpg", "")},
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
		{Name: "longest text", Step: text("1", strings.Repeat("고", 4096))},
		{Name: "too long a text", Step: text("1", strings.Repeat("고", 4097)), Param: "content"},
		{Name: "longest caption", Step: media("image", "https://example.com/a.jpg", strings.Repeat("고", 1024))},
		{Name: "too long a caption", Step: media("image", "https://example.com/a.jpg", strings.Repeat("a", 1025)), Param: "content"},
		{Name: "template", Step: template(), Param: "contentType"},
	}
}

func sign(_ testing.TB, v channel.Values, cb *channeltest.Callback) {
	cb.Header["X-Telegram-Bot-Api-Secret-Token"] = v.Text("webhookSecret")
}

func callbacks() []channeltest.Callback {
	bad := message.ErrBadCallback
	return []channeltest.Callback{
		{Name: "blocked", Body: `{"update_id":10001,"my_chat_member":{"chat":{"id":123,"type":"private","first_name":"A"},"from":{"id":123,"is_bot":false,"first_name":"A"},"date":1750000000,"old_chat_member":{"user":{"id":777,"is_bot":true,"first_name":"B"},"status":"member"},"new_chat_member":{"user":{"id":777,"is_bot":true,"first_name":"B"},"status":"kicked","until_date":0}}}`},
		{Name: "message", Body: `{"update_id":10002,"message":{"message_id":5,"from":{"id":123,"is_bot":false,"first_name":"A"},"chat":{"id":123,"type":"private","first_name":"A"},"date":1750000001,"text":"/start ref42"}}`},
		{Name: "button", Body: `{"update_id":10003,"callback_query":{"id":"4382","from":{"id":123,"is_bot":false,"first_name":"A"},"message":{"message_id":42,"date":1750000000,"chat":{"id":123,"type":"private"}},"chat_instance":"-1","data":"y:1"}}`},
		{Name: "kind of the future", Body: `{"update_id":10004,"guest_message_of_2030":{"x":[1,2,3]}}`},
		{Name: "no id", Body: `{"message":{}}`, Err: bad},
		{Name: "id is text", Body: `{"update_id":"1"}`, Err: bad},
		{Name: "array", Body: `[{"update_id":1}]`, Err: bad},
		{Name: "empty", Body: "", Err: bad},
		{Name: "null", Body: "null", Err: bad},
		{Name: "nested", Body: `{"update_id":1,"x":` + strings.Repeat("[", 5000), Err: bad},
		{Name: "unsigned", Body: `{"update_id":1}`, Unsigned: true, Err: message.ErrUnsigned},
		{Name: "unsigned and bad", Body: `{`, Unsigned: true, Err: message.ErrUnsigned},
	}
}
