package viber

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"messagehub/actors/channel"
	"messagehub/actors/channel/channeltest"
	"messagehub/store/message"
)

const (
	botToken = "44dafb7e0f40021e-61a47a1e6778d187-f2c5a676a07050b3"
	botID    = "4987381194038857789"
	botYes   = `{"status":0,"status_message":"ok","message_token":4987381194038857789,"chat_hostname":"SN-CHAT-05_","billing_status":1}`
)

func botCase() channeltest.Case {
	return channeltest.Case{
		Spec: Spec(), Settings: channel.Values{"provider": "bot", "templates": templates, "avatarURL": "https://example.com/avatar.png"},
		Success: answer(200, botYes), ProviderID: botID, Sends: botSends(),
		Refusals: botRefusals(), Recipients: recipients(), Contents: contents(),
		Sign: signAsViber, Callbacks: botCallbacks(), Ordinary: userID, Reserved: unsent(2),
	}
}

func botSends() []channeltest.Send {
	sized := "https://example.com/v.mp4#size=10000&duration=10&thumbnail=https%3A%2F%2Fexample.com%2Ft.jpg"
	brand := text(userID, "x")
	brand.ContentType = message.BrandMessage
	return []channeltest.Send{
		{Name: "bot_text", Step: text(userID, "hello")},
		{Name: "bot_text_unicode", Step: text("K8sLpPxKTqDkBnzGR/bX2A==", "안녕 😀 <b>&\"\\\n\u2028")},
		{Name: "bot_picture", Step: media(userID, "image", "https://example.com/a.jpeg?x=1", "A photo")},
		{Name: "bot_picture_alone", Step: media(userID, "", "https://example.com/a.GIF", "")},
		{Name: "bot_picture_link", Step: media(userID, "image", "https://example.com/download?id=1", "")},
		{Name: "bot_video", Step: media(userID, "", sized, "A video")},
		{Name: "bot_video_alone", Step: media(userID, "video", "https://example.com/v.mp4#size=10000", "")},
		{Name: "bot_video_link", Step: media(userID, "video", "https://example.com/v.mp4", "A video")},
		{Name: "bot_file", Step: withName(media(userID, "document", "https://example.com/f.pdf#size=10000", ""), "Your invoice.pdf")},
		{Name: "bot_audio", Step: media(userID, "audio", "https://example.com/a.mp3#size=10000", "")},
		{Name: "bot_file_link", Step: media(userID, "", "https://example.com/f.pdf", "")},
		{Name: "bot_file_caption_link", Step: media(userID, "", "https://example.com/f.pdf#size=10000", "Your invoice")},
		{Name: "bot_template", Step: template(userID, "shipped", "", param("1", "1234"), param("고객명", "{{order}}"))},
		{Name: "bot_template_language", Step: template(userID, "shipped", "pt-BR", param("order", "1234"), param("2", "Kim"))},
		{Name: "bot_template_plain", Step: template(userID, "plain", "")},
		{Name: "template that is not configured", Step: template(userID, "other", ""), Refused: channel.TemplateNotFound},
		{Name: "template in another language", Step: template(userID, "hello", "de", param("name", "Kim")), Refused: channel.TemplateNotFound},
		{Name: "template without a parameter", Step: template(userID, "hello", ""), Refused: channel.TemplateMismatch},
		{Name: "template with a foreign parameter", Step: template(userID, "plain", "", param("name", "Kim")), Refused: channel.TemplateMismatch},
		{Name: "template that becomes too long", Step: template(userID, "hello", "", param("name", strings.Repeat("a", 7000))), Refused: channel.ContentTooLong},
		{Name: "too long a text", Step: text(userID, strings.Repeat("고", 7001)), Refused: channel.ContentTooLong},
		{Name: "too long a request", Step: text(userID, strings.Repeat("\x01", 6000)), Refused: channel.ContentTooLong},
		{Name: "too long a caption", Step: media(userID, "image", "https://example.com/a.jpg", strings.Repeat("고", 513)), Refused: channel.ContentTooLong},
		{Name: "empty text", Step: text(userID, ""), Refused: channel.ContentRejected},
		{Name: "phone number", Step: text(phone, "x"), Refused: channel.InvalidRecipient},
		{Name: "no recipient", Step: text("", "x"), Refused: channel.InvalidRecipient},
		{Name: "brandmessage", Step: brand, Refused: channel.ContentRejected},
	}
}

// botRows are the statuses of the Bot API.
func botRows() []row {
	return []row{
		{1, "invalidUrl", false, channel.SenderMisconfigured},
		{2, "invalidAuthToken", false, channel.BadCredentials},
		{3, "badData", false, channel.ContentRejected},
		{4, "missingData", false, channel.ContentRejected},
		{5, "receiverNotRegistered", false, channel.NotOnChannel},
		{6, "receiverNotSubscribed", false, channel.NotOnChannel},
		{7, "publicAccountBlocked", false, channel.SenderRestricted},
		{8, "publicAccountNotFound", false, channel.BadCredentials},
		{9, "publicAccountSuspended", false, channel.SenderRestricted},
		{10, "webhookNotSet", false, channel.SenderMisconfigured},
		{11, "receiverNoSuitableDevice", false, channel.NotOnChannel},
		{12, "tooManyRequests", false, channel.RateLimited},
		{13, "apiVersionNotSupported", false, channel.NotOnChannel},
		{14, "incompatibleWithVersion", false, channel.ContentRejected},
		{15, "publicAccountNotAuthorized", false, channel.BadCredentials},
		{16, "inchatReplyMessageNotAllowed", false, channel.SenderMisconfigured},
		{17, "publicAccountIsNotInline", false, channel.SenderMisconfigured},
		{18, "noPublicChat", false, channel.SenderMisconfigured},
		{19, "cannotSendBroadcast", false, channel.SenderMisconfigured},
		{20, "broadcastNotAllowed", false, channel.SenderMisconfigured},
		{21, "unsupportedCountry", false, channel.Restricted},
		{22, "paymentUnsupported", false, channel.ContentRejected},
		{23, "freeMessagesExceeded", false, channel.QuotaExceeded},
		{24, "noBalance", false, channel.QuotaExceeded},
		{25, "something new", false, channel.ProviderError},
		{-1, "something odd", false, channel.ProviderError},
	}
}

func botRefusals() []channeltest.Refusal {
	out := []channeltest.Refusal{
		{Name: "no with a token", Answer: answer(200, `{"status":5,"status_message":"receiverNotRegistered","message_token":4987381194038857789}`), Code: channel.NotOnChannel, ProviderCode: "5"},
		{Name: "no with an error's status", Answer: answer(403, `{"status":2,"status_message":"invalidAuthToken"}`), Code: channel.BadCredentials, ProviderCode: "2"},
		{Name: "yes with an error's status", Answer: answer(500, botYes), Code: channel.OutcomeUnknown},
		{Name: "yes without a token", Answer: answer(200, `{"status":0,"status_message":"ok"}`), Code: channel.OutcomeUnknown, ProviderCode: "HTTP 200"},
		{Name: "yes with token 0", Answer: answer(200, `{"status":0,"message_token":0}`), Code: channel.OutcomeUnknown, ProviderCode: "HTTP 200"},
		{Name: "yes with a negative token", Answer: answer(200, `{"status":0,"message_token":-5}`), Code: channel.OutcomeUnknown, ProviderCode: "HTTP 200"},
		{Name: "yes with a token beyond 64 bits", Answer: answer(200, `{"status":0,"message_token":18446744073709551616}`), Code: channel.OutcomeUnknown, ProviderCode: "HTTP 200"},
		{Name: "yes with a token with an exponent", Answer: answer(200, `{"status":0,"message_token":4.98e18}`), Code: channel.OutcomeUnknown, ProviderCode: "HTTP 200"},
		{Name: "status is null", Answer: answer(200, `{"status":null,"message_token":5}`), Code: channel.OutcomeUnknown, ProviderCode: "HTTP 200"},
		{Name: "status is text", Answer: answer(200, `{"status":"0","message_token":5}`), Code: channel.OutcomeUnknown, ProviderCode: "HTTP 200"},
	}
	for _, r := range botRows() {
		body := fmt.Sprintf(`{"status":%d,"status_message":%q,"chat_hostname":"SN-CHAT-05_"}`, r.id, r.name)
		out = append(out, channeltest.Refusal{Name: r.name, Answer: answer(200, body), Code: r.want, ProviderCode: fmt.Sprint(r.id)})
	}
	return out
}

// signAsViber signs as Viber's own SDKs check it.
func signAsViber(_ testing.TB, v channel.Values, cb *channeltest.Callback) {
	mac := hmac.New(sha256.New, []byte(v.Text("authToken")))
	mac.Write([]byte(cb.Body))
	cb.Header["X-Viber-Content-Signature"] = hex.EncodeToString(mac.Sum(nil))
}

func botCallbacks() []channeltest.Callback {
	const token = "4912661846655238145"
	at := func(r message.Receipt) message.Receipt { r.At = 1457764197627; return r }
	event := func(kind, more string) string {
		return `{"event":"` + kind + `","timestamp":1457764197627,"message_token":` + token + `,"user_id":"01234567890A="` + more + `}`
	}
	one := func(status message.Status, id string) []message.Receipt {
		return []message.Receipt{at(message.Receipt{ProviderID: id, Status: status})}
	}
	bad := message.ErrBadCallback
	return append(botInbounds(), []channeltest.Callback{
		{Name: "delivered", Body: event("delivered", `,"chat_hostname":"SN-CHAT-05_"`), Want: one(message.Delivered, token)},
		{Name: "delivered to another device", Body: event("delivered", `,"chat_hostname":"SN-CHAT-06_"`), Want: one(message.Delivered, token)},
		{Name: "seen", Body: event("seen", ""), Want: one(message.Read, token)},
		{Name: "failed", Body: event("failed", `,"desc":"failure\ndescription"`), Want: []message.Receipt{at(failed(token, "", "provider_error", message.Provider, false, "", "failure description"))}},
		{Name: "the largest token", Body: `{"event":"seen","timestamp":1457764197627,"message_token":18446744073709551615}`, Want: one(message.Read, "18446744073709551615")},
		{Name: "a quoted token", Body: `{"event":"seen","timestamp":1457764197627,"message_token":"4912661846655238145"}`, Want: one(message.Read, token)},
		{Name: "no timestamp", Body: `{"event":"seen","message_token":5}`, Want: []message.Receipt{{ProviderID: "5", Status: message.Read}}},
		{Name: "an odd timestamp", Body: `{"event":"seen","timestamp":-1,"message_token":5}`, Want: []message.Receipt{{ProviderID: "5", Status: message.Read}}},
		{Name: "handshake", Body: `{"event":"webhook","timestamp":4977069964384421269,"message_token":1478683725125}`},
		{Name: "conversation started", Body: event("conversation_started", `,"type":"open"`)},
		{Name: "an event of the future", Body: `{"event":"teleported"}`},
		{Name: "no event", Body: `{"timestamp":1457764197627}`, Err: bad},
		{Name: "no token", Body: `{"event":"delivered","timestamp":1}`, Err: bad},
		{Name: "token 0", Body: `{"event":"seen","message_token":0}`, Err: bad},
		{Name: "a token with a fraction", Body: `{"event":"seen","message_token":1.5}`, Err: bad},
		{Name: "array", Body: `[]`, Err: bad},
		{Name: "null", Body: `null`, Err: bad},
		{Name: "empty", Err: bad},
		{Name: "nested", Body: `{"event":` + strings.Repeat("[", 5000), Err: bad},
		{Name: "unsigned", Body: event("seen", ""), Unsigned: true, Err: message.ErrUnsigned},
		{
			Name: "signed in upper case", Body: `{}`, Unsigned: true, Err: message.ErrUnsigned,
			Header: map[string]string{"X-Viber-Content-Signature": strings.ToUpper(hex.EncodeToString(hmacOf(botToken, "{}")))},
		},
		{Name: "wrong sig in the query", URL: "https://relay.example.com/hook?sig=00", Body: `{}`, Unsigned: true, Err: message.ErrUnsigned},
	}...)
}

func hmacOf(key, text string) []byte {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return mac.Sum(nil)
}
