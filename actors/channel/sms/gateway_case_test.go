package sms

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"testing"
	"time"

	"messagehub/actors/channel"
	"messagehub/actors/channel/channeltest"
	"messagehub/store/message"
)

// receiptKey is the sandbox's.
const receiptKey = "whsec_c2FuZGJveC1yZWNlaXB0LXNlY3JldA=="

// formGateway and jsonGateway are the settings of the page sms-http.
func formGateway() channel.Values {
	return channel.Values{
		"provider": "http", "path": "/send", "auth": "basic", "username": "relay", "toFormat": "digits", "fromNumber": "+15005550006",
		"form":      `{"msisdn":"{to}","source":"{from}","message":"{text}","reference":"{message_id}","charset":"{encoding}","dlr":"{callback_url}"}`,
		"encodings": `{"GSM-7":"7bit","UCS-2":"16bit"}`,
		"id":        `^ID: ([0-9a-f]{16})$`, "errorCode": `^ERR: (\d+)`, "errorText": `^ERR: \d+, (.*)`,
		"errorCodes":  `{"100":"bad_credentials","105":"invalid_recipient","114":"not_on_channel","121":"opted_out","130":"rate_limited"}`,
		"receiptAuth": "header", "receiptId": "id", "receiptStatus": "state", "receiptError": "err",
		"receiptStatuses": `{"ACCEPTD":"sent","DELIVRD":"delivered","UNDELIV":"recipient_unreachable","EXPIRED":"expired"}`,
		"inboundFrom":     "source", "inboundText": "message", "inboundId": "msgid", "inboundTime": "received", "inboundMedia": "attachment",
	}
}

func jsonGateway() channel.Values {
	return channel.Values{
		"provider": "http", "path": "/v1/messages", "auth": "bearer", "fromNumber": "MyCompany", "headers": `{"X-Ref":"{message_id}"}`,
		"json": `{"messages": [{"recipient": "{to}", "sender": "{from}", "body": "{text}", "reference": "{message_id}",
			"alphabet": "{encoding}"}], "callback": "{callback_url}"}`,
		"successStatuses": "201", "success": "/state", "successValue": "accepted", "id": "/results/0/messageId",
		"errorCode": "/error/code", "errorText": "/error/detail",
		"errorCodes": `{"INVALID_RECIPIENT":"invalid_recipient","UNROUTABLE":"not_on_channel","OPTED_OUT":"opted_out",
			"UNAUTHORIZED":"bad_credentials","TOO_MANY_REQUESTS":"rate_limited"}`,
		"receiptFormat": "json", "receiptList": "/events", "receiptId": "/message/id", "receiptStatus": "/state", "receiptError": "/reason",
		"receiptStatuses": `{"SENT":"sent","DELIVERED":"delivered","UNDELIVERABLE":"recipient_unreachable","EXPIRED":"expired"}`,
		"receiptAuth":     "hmac", "receiptTimestamp": "X-Timestamp", "receiptSigned": "{timestamp}.{body}",
		"inboundList": "/incoming", "inboundFrom": "/number", "inboundText": "/body", "inboundId": "/uid", "inboundTime": "/at",
	}
}

func kannelGateway() channel.Values {
	return channel.Values{
		"provider": "http", "preset": "kannel", "username": "relay", "fromNumber": "12345", "receiptSecret": "sandbox-receipt-token",
	}
}

// ofHeader is the channel whose proof is in the given header.
func ofHeader(name string) channel.Spec {
	spec := Spec()
	spec.SignatureHeader = name
	return spec
}

func sends(prefix string) []channeltest.Send {
	brand := text("x")
	brand.ContentType = message.BrandMessage
	return []channeltest.Send{
		{Name: prefix + "_text", Step: text("Order 1234 shipped"), Segments: 1},
		{Name: prefix + "_unicode", Step: text("안녕 😀 & 100% \"ok\" {to} \\ +\nsecond"), Segments: 1},
		{Name: prefix + "_media", Step: media("Your invoice", "https://example.com/invoice.pdf?id=1&x=2"), Segments: 1},
		{Name: prefix + "_template", Step: contentTemplate(content), Refused: channel.TemplateNotFound},
		{Name: prefix + "_brandmessage", Step: brand, Refused: channel.ContentRejected},
	}
}

func gatewayRefusal(status int, body string, code channel.Code, providerCode string) channeltest.Refusal {
	return channeltest.Refusal{
		Name: strconv.Itoa(status) + "_" + providerCode, Answer: channeltest.Answer{Status: status, Body: body}, Code: code, ProviderCode: providerCode,
	}
}

func formCase() channeltest.Case {
	failed := channel.Failed(channel.NotOnChannel, "114", "").Failure()
	return channeltest.Case{
		Unnumbered: true,
		Spec:       ofHeader("X-Callback-Token"), Settings: formGateway(), TokenOnly: true,
		Success: channeltest.Answer{Status: 200, Body: "ID: 17a2b3c4d5e6f708"}, ProviderID: "17a2b3c4d5e6f708",
		Sends: sends("gateway_form"),
		Refusals: []channeltest.Refusal{
			gatewayRefusal(200, "ERR: 105, Invalid number", channel.InvalidRecipient, "105"),
			gatewayRefusal(200, "ERR: 114, No route", channel.NotOnChannel, "114"),
			gatewayRefusal(200, "ERR: 121, Opted out", channel.OptedOut, "121"),
			gatewayRefusal(200, "ERR: 777, What nobody documents", channel.ProviderError, "777"),
			gatewayRefusal(401, "ERR: 100, Authentication failed", channel.BadCredentials, "100"),
			gatewayRefusal(429, "ERR: 130, Too fast", channel.RateLimited, "130"),
			gatewayRefusal(425, "wait", channel.ProviderUnavailable, "HTTP 425"),
			gatewayRefusal(400, "ERR: 101, Missing or invalid parameter", channel.ContentRejected, "101"),
			gatewayRefusal(500, "ERR: 900, Internal error", channel.ProviderError, "900"),
		},
		Recipients: recipients(),
		Sign: func(_ testing.TB, v channel.Values, cb *channeltest.Callback) {
			cb.Header["X-Callback-Token"] = v.Text("receiptSecret")
		},
		Callbacks: ok(
			channeltest.Callback{Name: "sent", Body: "id=17a2&state=ACCEPTD&err=000", Want: []message.Receipt{{ProviderID: "17a2", Status: message.Sent}}},
			channeltest.Callback{Name: "in lower case", Body: "id=17a2&state=delivrd", Want: []message.Receipt{{ProviderID: "17a2", Status: message.Delivered}}},
			channeltest.Callback{Name: "by GET", Method: "GET", URL: publicAddress + "?id=17a2&state=DELIVRD", Want: []message.Receipt{{ProviderID: "17a2", Status: message.Delivered}}},
			channeltest.Callback{Name: "failed", Body: "id=17a2&state=UNDELIV&err=114", Want: []message.Receipt{{ProviderID: "17a2", Status: message.Failed, Failure: failed}}},
			channeltest.Callback{Name: "failed otherwise", Body: "id=17a2&state=UNDELIV&err=5", Want: []message.Receipt{
				{ProviderID: "17a2", Status: message.Failed, Failure: channel.Failed(channel.Unreachable, "5", "").Failure()},
			}},
			channeltest.Callback{Name: "expired", Body: "id=17a2&state=EXPIRED", Want: []message.Receipt{
				{ProviderID: "17a2", Status: message.Failed, Failure: channel.Failed(channel.DeliveryExpired, "", "").Failure()},
			}},
			channeltest.Callback{Name: "of no interest", Body: "id=17a2&state=BUFFRED"},
			channeltest.Callback{Name: "no id", Body: "state=DELIVRD", Err: message.ErrBadCallback},
			channeltest.Callback{Name: "message of a handset", Body: "source=15558675310&message=Stop+%C3%A9&msgid=7&received=2026-01-31+12%3A00%3A00", Inbound: []message.Inbound{
				{ProviderID: "7", From: "+15558675310", Kind: "text", Text: "Stop é", At: 1769860800000},
			}},
			channeltest.Callback{Name: "message by GET, in Latin-1", Method: "GET", URL: publicAddress + "?source=%2B15558675310&message=caf%E9&msgid=7&received=1769860800", Inbound: []message.Inbound{
				{ProviderID: "7", From: "+15558675310", Kind: "text", Text: "café", At: 1769860800000},
			}},
			channeltest.Callback{Name: "medium of a short code", Body: "source=12345&message=&msgid=7&received=soon&attachment=https%3A%2F%2Fexample.com%2Fa", Inbound: []message.Inbound{
				{ProviderID: "7", From: "12345", Kind: "media", Media: []message.Medium{{URL: "https://example.com/a"}}},
			}},
			channeltest.Callback{Name: "receipt with the message", Body: "id=17a2&state=DELIVRD&source=15558675310&message=Hello", Want: []message.Receipt{{ProviderID: "17a2", Status: message.Delivered}}},
			channeltest.Callback{Name: "message of nobody", Body: "message=Hello", Err: message.ErrBadCallback},
			channeltest.Callback{Name: "no status", Body: "id=17a2", Err: message.ErrBadCallback},
			channeltest.Callback{Name: "id of two lines", Body: "id=a%0Ab&state=DELIVRD", Err: message.ErrBadCallback},
			channeltest.Callback{Name: "broken form", Body: "id=%zz", Err: message.ErrBadCallback},
			channeltest.Callback{Name: "no token", Body: "id=17a2&state=DELIVRD", Unsigned: true, Err: message.ErrUnsigned},
		),
		Ordinary: "+15558675310",
	}
}

const publicAddress = "https://relay.example.com/api/v1/webhooks/delivery/sms/main"

// ok adds what every good callback is answered.
func ok(all ...channeltest.Callback) []channeltest.Callback {
	for i := range all {
		if all[i].Err == nil {
			all[i].Reply = message.Reply{ContentType: "text/plain; charset=utf-8", Body: []byte("OK")}
		}
	}
	return all
}

func jsonRefusal(status int, word string, code channel.Code) channeltest.Refusal {
	return gatewayRefusal(status, `{"state":"refused","error":{"code":"`+word+`","detail":"no"}}`, code, word)
}

func jsonCase() channeltest.Case {
	return channeltest.Case{
		Unnumbered: true,
		Spec:       ofHeader("X-Signature"), Settings: jsonGateway(),
		Success:    channeltest.Answer{Status: 201, Body: `{"state":"accepted","results":[{"messageId":18446744073709551615,"parts":1}]}`},
		ProviderID: "18446744073709551615", Sends: sends("gateway_json"),
		Refusals: []channeltest.Refusal{
			jsonRefusal(422, "INVALID_RECIPIENT", channel.InvalidRecipient),
			jsonRefusal(422, "UNROUTABLE", channel.NotOnChannel),
			jsonRefusal(422, "OPTED_OUT", channel.OptedOut),
			jsonRefusal(401, "UNAUTHORIZED", channel.BadCredentials),
			jsonRefusal(429, "TOO_MANY_REQUESTS", channel.RateLimited),
			jsonRefusal(400, "MALFORMED", channel.ContentRejected),
			jsonRefusal(500, "INTERNAL", channel.ProviderError),
			jsonRefusal(201, "UNROUTABLE", channel.NotOnChannel),
			gatewayRefusal(201, `{"state":"refused"}`, channel.ProviderError, "HTTP 201"),
			gatewayRefusal(201, `{"state":"accepted","results":[{"messageId":null}]}`, channel.OutcomeUnknown, "HTTP 201"),
			gatewayRefusal(201, `{"state":"accepted","results":[{"messageId":{"a":1}}]}`, channel.OutcomeUnknown, "HTTP 201"),
			gatewayRefusal(200, `{"state":"accepted","results":[{"messageId":1}]}`, channel.OutcomeUnknown, "HTTP 200"),
		},
		Recipients: recipients(), Sign: signTimestamp,
		Callbacks: ok(
			channeltest.Callback{
				Name: "many", Body: `{"events":[{"message":{"id":18446744073709551615},"state":"SENT"},{"message":{"id":"b"},"state":"DELIVERED"},{"message":{"id":"c"},"state":"QUEUED"}]}`,
				Want: []message.Receipt{{ProviderID: "18446744073709551615", Status: message.Sent}, {ProviderID: "b", Status: message.Delivered}},
			},
			channeltest.Callback{Name: "failed", Body: `{"events":[{"message":{"id":7},"state":"UNDELIVERABLE","reason":"UNROUTABLE"}]}`, Want: []message.Receipt{
				{ProviderID: "7", Status: message.Failed, Failure: channel.Failed(channel.NotOnChannel, "UNROUTABLE", "").Failure()},
			}},
			channeltest.Callback{Name: "none", Body: `{"events":[]}`},
			channeltest.Callback{Name: "no list", Body: `{"events":{}}`, Err: message.ErrBadCallback},
			channeltest.Callback{
				Name: "messages of handsets", Body: `{"incoming":[{"uid":18446744073709551615,"number":"0015558675310","body":"Stop","at":1769860800123},{"uid":2,"number":"Bank","body":""},{"number":"+15558675310"},7]}`,
				Inbound: []message.Inbound{{ProviderID: "18446744073709551615", From: "+15558675310", Kind: "text", Text: "Stop", At: 1769860800123}, {ProviderID: "2", From: "Bank", Kind: "text"}},
			},
			channeltest.Callback{Name: "no JSON", Body: `id=1`, Err: message.ErrBadCallback},
			channeltest.Callback{Name: "one without an id", Body: `{"events":[{"state":"SENT"}]}`, Err: message.ErrBadCallback},
			channeltest.Callback{Name: "old", Body: `{"events":[]}`, Unsigned: true, Header: timestamped(`{"events":[]}`, -time.Hour), Err: message.ErrUnsigned},
			channeltest.Callback{Name: "of the future", Body: `{"events":[]}`, Unsigned: true, Header: timestamped(`{"events":[]}`, time.Hour), Err: message.ErrUnsigned},
			channeltest.Callback{Name: "by GET", Method: "GET", URL: publicAddress + "?id=1&state=SENT", Err: message.ErrUnsigned},
		),
		Ordinary: "+15558675310",
	}
}

func signTimestamp(_ testing.TB, _ channel.Values, cb *channeltest.Callback) {
	for name, value := range timestamped(cb.Body, 0) {
		cb.Header[name] = value
	}
}

func timestamped(body string, age time.Duration) map[string]string {
	stamp := strconv.FormatInt(time.Now().Add(age).Unix(), 10)
	mac := hmac.New(sha256.New, []byte(receiptKey))
	mac.Write([]byte(stamp + "." + body))
	return map[string]string{"X-Timestamp": stamp, "X-Signature": "sha256=" + hex.EncodeToString(mac.Sum(nil))}
}

// ownCase has its receipts in the relay's own form.
func ownCase() channeltest.Case {
	c := jsonCase()
	c.Spec, c.Sign = ofHeader("webhook-signature"), signWebhook
	c.Settings["receiptFormat"], c.Settings["receiptAuth"] = "messagehub", "webhook"
	c.Sends = []channeltest.Send{{Name: "gateway_json_text", Step: text("Order 1234 shipped"), Segments: 1}}
	ref := message.AttemptRef(1, message.NewID(message.At(7, 0), 42), 0)
	c.Callbacks = ok(
		channeltest.Callback{
			Name: "by id", Body: `{"id":"a1","status":"delivered","at":"2026-01-31T12:00:00Z","more":1}`,
			Want: []message.Receipt{{ProviderID: "a1", Status: message.Delivered, At: 1769860800000}},
		},
		channeltest.Callback{Name: "by message", Body: `{"messageId":"` + ref + `","status":"read"}`, Want: []message.Receipt{{Ref: ref, Status: message.Read}}},
		channeltest.Callback{Name: "failed", Body: `{"id":"a1","status":"failed","error":{"code":"UNROUTABLE","message":"a\nb"}}`, Want: []message.Receipt{
			{ProviderID: "a1", Status: message.Failed, Failure: channel.Failed(channel.NotOnChannel, "UNROUTABLE", "a b").Failure()},
		}},
		channeltest.Callback{Name: "a code of the relay", Body: `{"id":"a1","status":"opted_out"}`, Want: []message.Receipt{
			{ProviderID: "a1", Status: message.Failed, Failure: channel.Failed(channel.OptedOut, "", "").Failure()},
		}},
		channeltest.Callback{Name: "of no interest", Body: `{"id":"a1","status":"buffered"}`},
		channeltest.Callback{Name: "message of a handset", Body: `{"id":"m1","from":"+15558675310","text":"Stop","at":"2026-01-31T12:00:00Z","replyTo":"a1","media":[{"url":"https://example.com/a.jpg","mimeType":"image/jpeg","filename":"a.jpg"}]}`, Inbound: []message.Inbound{
			{ProviderID: "m1", From: "+15558675310", Kind: "image", Text: "Stop", ReplyTo: "a1", At: 1769860800000, Media: []message.Medium{{URL: "https://example.com/a.jpg", MimeType: "image/jpeg", Filename: "a.jpg"}}},
		}},
		channeltest.Callback{Name: "no message", Body: `{"status":"sent"}`, Err: message.ErrBadCallback},
		channeltest.Callback{Name: "message without a text", Body: `{"from":"+15558675310"}`, Err: message.ErrBadCallback},
		channeltest.Callback{Name: "no time", Body: `{"id":"a1","status":"sent","at":"now"}`, Err: message.ErrBadCallback},
		channeltest.Callback{Name: "array", Body: `[]`, Err: message.ErrBadCallback},
		channeltest.Callback{Name: "by GET", Method: "GET", URL: publicAddress + "?id=1&status=sent", Err: message.ErrUnsigned},
	)
	return c
}

func signWebhook(_ testing.TB, _ channel.Values, cb *channeltest.Callback) {
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(receiptKey, "whsec_"))
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("evt_1." + stamp + "." + cb.Body))
	cb.Header["webhook-id"], cb.Header["webhook-timestamp"] = "evt_1", stamp
	cb.Header["webhook-signature"] = "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func kannelCase() channeltest.Case {
	id := message.AttemptRef(1, message.NewID(message.At(7, 0), 42), 0)
	receipt := func(s message.Status) []message.Receipt {
		return []message.Receipt{{ProviderID: id, Ref: id, Status: s}}
	}
	get := func(query string) string { return publicAddress + "?" + query }
	return channeltest.Case{
		Unnumbered: true,
		Spec:       ofHeader("X-None"), Settings: kannelGateway(),
		Success: channeltest.Answer{Status: 202, Body: "0: Accepted for delivery"}, ProviderID: id, Sends: sends("gateway_kannel"),
		Refusals: []channeltest.Refusal{
			gatewayRefusal(403, "Authorization failed for sendsms", channel.BadCredentials, "HTTP 403"),
			gatewayRefusal(400, "Missing receiver number, rejected", channel.ContentRejected, "HTTP 400"),
			gatewayRefusal(503, "Temporal failure, try again later.", channel.ProviderUnavailable, "HTTP 503"),
		},
		Recipients: recipients(),
		Sign: func(_ testing.TB, v channel.Values, cb *channeltest.Callback) {
			if cb.Method == "GET" {
				cb.URL += "&token=" + v.Text("receiptSecret")
			} else {
				cb.URL += "?token=" + v.Text("receiptSecret")
			}
		},
		Callbacks: ok(
			channeltest.Callback{Name: "buffered", Method: "GET", URL: get("id=" + id + "&status=4&answer="), Want: receipt(message.Sent)},
			channeltest.Callback{Name: "accepted", Method: "GET", URL: get("id=" + id + "&status=8"), Want: receipt(message.Sent)},
			channeltest.Callback{Name: "delivered", Method: "GET", URL: get("id=" + id + "&status=1"), Want: receipt(message.Delivered)},
			channeltest.Callback{Name: "of no interest", Method: "GET", URL: get("id=" + id + "&status=0")},
			channeltest.Callback{Name: "no id", Method: "GET", URL: get("status=1"), Err: message.ErrBadCallback},
			channeltest.Callback{Name: "message of a handset", Method: "GET", URL: get("from=%2B15558675310&text=Stop&id=0b3f8a5e-5b0d-4b6c-8f0a-1f3b0c9f4d1e&time=2026-01-31+12:00:00"), Inbound: []message.Inbound{
				{ProviderID: "0b3f8a5e-5b0d-4b6c-8f0a-1f3b0c9f4d1e", From: "+15558675310", Kind: "text", Text: "Stop", At: 1769860800000},
			}},
			channeltest.Callback{Name: "no token", Method: "GET", URL: get("id=" + id + "&status=1"), Unsigned: true, Err: message.ErrUnsigned},
			channeltest.Callback{Name: "wrong token", Method: "GET", URL: get("id=" + id + "&status=1&token=sandbox-receipt-tokem"), Unsigned: true, Err: message.ErrUnsigned},
		),
		Ordinary: "+15558675310",
		Reserved: map[string]channeltest.Outcome{"rate_limited": {Actions: []channel.Action{channel.Again}}},
	}
}
