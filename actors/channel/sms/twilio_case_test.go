package sms

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"messagehub/actors/channel"
	"messagehub/actors/channel/channeltest"
	"messagehub/store/message"
)

const (
	account = "AC00000000000000000000000000005a17"
	example = "SM1f0e8ae6ade43cb3c0ce4525424e404f"
	content = "HXb5b62575e6e4ff6129ad7c8efe1f983e"
	service = "MG9752274e9e519418a7406176694466fa"
)

// twilioSuccess is the message resource of Twilio's documentation.
func twilioSuccess(status, from, serviceSid, segments string) string {
	return `{"account_sid":"` + account + `","api_version":"2010-04-01","body":"Hello! 👍",
		"date_created":"Thu, 24 Aug 2023 05:01:45 +0000","date_sent":null,"date_updated":"Thu, 24 Aug 2023 05:01:45 +0000",
		"direction":"outbound-api","error_code":null,"error_message":null,"from":` + from + `,"num_media":"0",
		"num_segments":"` + segments + `","price":null,"price_unit":null,"messaging_service_sid":` + serviceSid + `,
		"sid":"` + example + `","status":"` + status + `","to":"+15558675310",
		"subresource_uris":{"media":"/2010-04-01/Accounts/` + account + `/Messages/` + example + `/Media.json"},
		"uri":"/2010-04-01/Accounts/` + account + `/Messages/` + example + `.json"}`
}

func text(content string) message.Step {
	return message.Step{Channel: "sms", To: "+15558675310", ContentType: message.Text, Content: content}
}

func media(content, link string) message.Step {
	return message.Step{Channel: "sms", To: "+15558675310", ContentType: message.Media, Content: content, MediaURL: link}
}

func contentTemplate(id string, params ...message.Param) message.Step {
	return message.Step{Channel: "sms", To: "+15558675310", ContentType: message.Template, TemplateID: id, Params: params}
}

// twilioNumberCase sends from a number.
func twilioNumberCase() channeltest.Case {
	brand := text("x")
	brand.ContentType = message.BrandMessage
	return channeltest.Case{
		Spec:    Spec(),
		Success: channeltest.Answer{Status: 201, Body: twilioSuccess("queued", `"+15005550006"`, "null", "2")}, ProviderID: example,
		Sends: []channeltest.Send{
			{Name: "twilio_text", Step: text("Order 1234 shipped"), Segments: 2},
			{Name: "twilio_text_unicode", Step: text("안녕하세요 😀 & 100% = ok + more;\nsecond line"), Segments: 2},
			{Name: "twilio_text_expired", Step: text("Order 1234 shipped"), Segments: 2, Expires: 1},
			{Name: "twilio_media", Step: media("Your invoice", "https://example.com/invoice.pdf?id=1&x=2"), Segments: 2},
			{Name: "twilio_media_alone", Step: media("", "https://example.com/photo.jpg"), Segments: 2},
			{Name: "twilio_template", Segments: 2, Step: contentTemplate(content,
				message.Param{Name: "고객명", Value: `김 "민" <수> & 1`}, message.Param{Name: "1", Value: "Kim"})},
			{Name: "twilio_template_plain", Step: contentTemplate(content), Segments: 2},
			{Name: "twilio_template_of_another_channel", Step: contentTemplate("order_shipped"), Refused: channel.TemplateNotFound},
			{Name: "brandmessage", Step: brand, Refused: channel.ContentRejected},
		},
		Refusals: twilioRefusals(), Statuses: map[int]channel.Code{500: channel.OutcomeUnknown, 503: channel.OutcomeUnknown, 599: channel.OutcomeUnknown},
		Recipients: recipients(), Contents: contents(),
		Sign: twilioSign, Callbacks: twilioCallbacks(), Ordinary: "+15558675310",
	}
}

// twilioServiceCase sends through a messaging service, with an API key. Twilio does
// not count the segments then.
func twilioServiceCase() channeltest.Case {
	c := twilioNumberCase()
	c.Settings = channel.Values{
		"fromNumber": "", "messagingServiceSid": service,
		"apiKeySid": "SK" + strings.Repeat("0", 30) + "5a", "apiKeySecret": "sandbox-key-secret",
		"retryCallbacks": "false", "mediaAsLink": "true",
	}
	c.Success.Body = twilioSuccess("accepted", "null", `"`+service+`"`, "0")
	c.Sends = []channeltest.Send{
		{Name: "twilio_service", Step: text("Order 1234 shipped"), Segments: 1},
		{Name: "twilio_link", Step: media("Your invoice "+strings.Repeat("a", 160), "https://example.com/invoice.pdf"), Segments: 2},
	}
	return c
}

func recipients() []channeltest.Recipient {
	return []channeltest.Recipient{
		{To: "+15558675310", OK: true},
		{To: "+821012345678", OK: true},
		{To: "+33", OK: true},
		{To: "+123456789012345", OK: true},
		{To: ""},
		{To: "+"},
		{To: "+1"},
		{To: "15558675310"},
		{To: "+05558675310"},
		{To: "+1234567890123456"},
		{To: "+1 555 867 5310"},
		{To: "+1555867531O"},
		{To: "+1555-8675"},
		{To: "++15558675310"},
		{To: "+15558675310\n"},
		{To: "＋15558675310"},
		{To: "+１５５５８６７５３１０"},
		{To: "whatsapp:+15558675310"},
		{To: "@someone"},
		{To: "sms:+15558675310"},
	}
}

func contents() []channeltest.Content {
	brand := text("x")
	brand.ContentType = message.BrandMessage
	return []channeltest.Content{
		{Name: "longest", Step: text(strings.Repeat("고", 1600))},
		{Name: "too long", Step: text(strings.Repeat("고", 1601)), Param: "content"},
		{Name: "caption too long", Step: media(strings.Repeat("a", 1601), "https://example.com/a.jpg"), Param: "content"},
		{Name: "template", Step: contentTemplate(content)},
		{Name: "template of another channel", Step: contentTemplate("order_shipped"), Param: "templateId"},
		{Name: "template with a bad digit", Step: contentTemplate(content[:33] + "g"), Param: "templateId"},
		{Name: "empty value", Step: contentTemplate(content, message.Param{Name: "1"}), Param: "templateParams"},
		{Name: "brandmessage", Step: brand, Param: "contentType"},
	}
}

// callback is a status callback with the parameters that Twilio documents.
func twilioCallback(status string, more ...string) string {
	return "ApiVersion=2010-04-01&SmsSid=" + example + "&SmsStatus=" + status + "&MessageStatus=" + status +
		"&To=%2B15558675310&MessageSid=" + example + "&AccountSid=" + account + "&From=%2B15005550006" + strings.Join(more, "")
}

func twilioCallbacks() []channeltest.Callback {
	receipt := func(status message.Status) []message.Receipt {
		return []message.Receipt{{ProviderID: example, Status: status}}
	}
	lost := []message.Receipt{{ProviderID: example, Status: message.Failed, Failure: &message.Failure{
		Code: "not_on_channel", Class: message.Recipient, Permanent: true, ProviderCode: "30005",
	}}}
	canceled := []message.Receipt{{ProviderID: example, Status: message.Failed, Failure: &message.Failure{Code: "provider_error", Class: message.Provider}}}
	return []channeltest.Callback{
		{Name: "sent", Body: twilioCallback("sent"), Want: receipt(message.Sent)},
		{Name: "delivered", Body: twilioCallback("delivered", "&RawDlrDoneDate=2611221200"), Want: receipt(message.Delivered)},
		{Name: "read", Body: twilioCallback("read"), Want: receipt(message.Read)},
		{Name: "undelivered", Body: twilioCallback("undelivered", "&ErrorCode=30005"), Want: lost},
		{Name: "failed", Body: twilioCallback("failed", "&ErrorCode=30005"), Want: lost},
		{Name: "failed without a code", Body: twilioCallback("failed"), Want: canceled},
		{Name: "canceled", Body: twilioCallback("canceled"), Want: canceled},
		{Name: "accepted", Body: twilioCallback("accepted")},
		{Name: "scheduled", Body: twilioCallback("scheduled")},
		{
			Name: "message of a recipient", Body: "ToCountry=US&SmsMessageSid=" + example + "&NumMedia=0&SmsSid=" + example + "&SmsStatus=received&Body=Stop%21+%ED%95%9C&To=%2B15005550006&NumSegments=1&MessageSid=" + example + "&From=%2B15558675310&ApiVersion=2010-04-01",
			Inbound: []message.Inbound{{ProviderID: example, From: "+15558675310", Kind: "text", Text: "Stop! 한"}},
		},
		{
			Name: "picture of a recipient", Body: "MessageSid=" + example + "&From=%2B15558675310&Body=Look&NumMedia=1&MediaContentType0=image%2Fjpeg&MediaUrl0=https%3A%2F%2Fapi.twilio.com%2F2010-04-01%2FAccounts%2FAC1%2FMessages%2FMM1%2FMedia%2FME1",
			Inbound: []message.Inbound{{ProviderID: example, From: "+15558675310", Kind: "image", Text: "Look", Media: []message.Medium{
				{URL: "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1", MimeType: "image/jpeg"},
			}}},
		},
		{
			Name: "media of several sorts", Body: "MessageSid=" + example + "&From=%2B15558675310&Body=&NumMedia=9999999&MediaContentType0=image%2Fjpeg&MediaUrl0=https%3A%2F%2Fa%2F0&MediaContentType1=text%2Fvcard&MediaUrl1=https%3A%2F%2Fa%2F1",
			Inbound: []message.Inbound{{ProviderID: example, From: "+15558675310", Kind: "media", Media: []message.Medium{
				{URL: "https://a/0", MimeType: "image/jpeg"}, {URL: "https://a/1", MimeType: "text/vcard"},
			}}},
		},
		{
			Name: "answer with a location", Body: "MessageSid=" + example + "&From=%2B15558675310&Body=&NumMedia=0&Latitude=37.7879&Longitude=-122.3964&Label=Office&Address=375+Beale&OriginalRepliedMessageSid=SM5",
			Inbound: []message.Inbound{{ProviderID: example, From: "+15558675310", Kind: "location", ReplyTo: "SM5", Place: &message.Place{Latitude: 37.7879, Longitude: -122.3964, Name: "Office", Address: "375 Beale"}}},
		},
		{Name: "message of a short code", Body: "MessageSid=" + example + "&From=12345&Body=x"},
		{Name: "queued", Body: twilioCallback("queued")},
		{Name: "sending", Body: twilioCallback("sending")},
		{Name: "delivered in part", Body: twilioCallback("partially_delivered")},
		{Name: "coming in", Body: twilioCallback("receiving")},
		{Name: "come in", Body: twilioCallback("received")},
		{Name: "a status of the future", Body: twilioCallback("teleported")},
		{Name: "through a service", Body: twilioCallback("sent", "&MessagingServiceSid="+service), Want: receipt(message.Sent)},
		{Name: "unknown parameters", Body: twilioCallback("sent", "&Zeta=%ED%95%9C+a%26b&Alpha=&alpha=1&Media=b&Media=a&Media=b"), Want: receipt(message.Sent)},
		{Name: "old names alone", Body: "SmsSid=" + example + "&SmsStatus=sent", Want: receipt(message.Sent)},
		{Name: "address with a query", URL: "https://relay.example.com/api/v1/webhooks/delivery?tag=a%20b&c", Body: twilioCallback("sent"), Want: receipt(message.Sent)},
		{Name: "no status", Body: "MessageSid=" + example, Err: message.ErrBadCallback},
		{Name: "no message", Body: "MessageStatus=sent", Err: message.ErrBadCallback},
		{Name: "message with a bad id", Body: "MessageStatus=sent&MessageSid=a%0Ab", Err: message.ErrBadCallback},
		{Name: "message with a long id", Body: "MessageStatus=sent&MessageSid=" + strings.Repeat("a", 65), Err: message.ErrBadCallback},
		{Name: "empty", Err: message.ErrBadCallback},
		{Name: "broken form", Body: twilioCallback("sent", "&x=%zz"), Err: message.ErrBadCallback},
		{Name: "json", URL: "https://relay.example.com/hook?a=1&bodySHA256=", Body: `{"property": "value", "boolean": true}`},
		{Name: "unsigned", Body: twilioCallback("sent"), Unsigned: true, Err: message.ErrUnsigned},
		{Name: "signature of no bytes", Body: twilioCallback("sent"), Unsigned: true, Header: map[string]string{"X-Twilio-Signature": "="}, Err: message.ErrUnsigned},
	}
}

// sign signs cb as Twilio's node library checks it.
func twilioSign(_ testing.TB, v channel.Values, cb *channeltest.Callback) {
	if at := strings.Index(cb.URL, "bodySHA256="); at >= 0 {
		sum := sha256.Sum256([]byte(cb.Body))
		cb.URL = cb.URL[:at] + "bodySHA256=" + hex.EncodeToString(sum[:])
		cb.Header["X-Twilio-Signature"] = twilioHMAC(v.Text("authToken"), cb.URL)
		return
	}
	params, _ := url.ParseQuery(cb.Body)
	signed := cb.URL
	for _, name := range slices.Sorted(maps.Keys(params)) {
		once := make(map[string]bool)
		for _, value := range params[name] {
			once[value] = true
		}
		for _, value := range slices.Sorted(maps.Keys(once)) {
			signed += name + value
		}
	}
	cb.Header["X-Twilio-Signature"] = twilioHMAC(v.Text("authToken"), signed)
}

func twilioHMAC(key, text string) string {
	mac := hmac.New(sha1.New, []byte(key))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
