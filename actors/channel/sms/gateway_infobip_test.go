package sms

import (
	"strings"
	"testing"

	"messagehub/actors/channel"
	"messagehub/actors/channel/channeltest"
	"messagehub/store/message"
)

func infobipCase() channeltest.Case {
	id := message.AttemptRef(1, message.NewID(message.At(7, 0), 42), 0)
	answer := func(group, name string) string {
		return `{"bulkId":"2034072219640523072","messages":[{"messageId":"` + id + `","status":{"groupId":1,"groupName":"` + group + `","id":26,"name":"` + name + `","description":"words"},"destination":"15558675310","details":{"messageCount":1}}]}`
	}
	report := func(group, name string) string {
		return `{"results":[{"bulkId":"b","messageId":"` + id + `","to":"15558675310","from":"InfoSMS","sentAt":"2026-01-31T12:00:00.000+0000","doneAt":"2026-01-31T12:00:00.000+0000","smsCount":1,"price":{"pricePerMessage":0.01,"currency":"EUR"},` +
			`"status":{"groupId":3,"groupName":"` + group + `","id":5,"name":"` + name + `","description":"words"},"error":{"groupId":0,"groupName":"OK","id":0,"name":"NO_ERROR","description":"No Error","permanent":false}}]}`
	}
	receipt := func(s message.Status, f *message.Failure) []message.Receipt {
		return []message.Receipt{{ProviderID: id, Ref: id, Status: s, Failure: f}}
	}
	return channeltest.Case{
		Unnumbered: true,
		Spec:       ofHeader("X-None"),
		Settings:   channel.Values{"provider": "http", "preset": "infobip", "fromNumber": "InfoSMS", "receiptSecret": "sandbox-receipt-token"},
		Success:    channeltest.Answer{Status: 200, Body: answer("PENDING", "PENDING_ACCEPTED")}, ProviderID: id,
		Sends: sends("gateway_infobip"),
		Refusals: []channeltest.Refusal{
			gatewayRefusal(200, answer("REJECTED", "REJECTED_PREFIX_MISSING"), channel.InvalidRecipient, "REJECTED_PREFIX_MISSING"),
			gatewayRefusal(200, answer("REJECTED", "REJECTED_NETWORK"), channel.NotOnChannel, "REJECTED_NETWORK"),
			gatewayRefusal(200, answer("REJECTED", "REJECTED_DND"), channel.OptedOut, "REJECTED_DND"),
			gatewayRefusal(200, answer("REJECTED", "REJECTED_SYSTEM_ERROR"), channel.ProviderError, "REJECTED_SYSTEM_ERROR"),
			gatewayRefusal(401, `{"errorCode":"E401","description":"Unauthorized"}`, channel.BadCredentials, "HTTP 401"),
			gatewayRefusal(400, `{"errorCode":"E400","description":"Bad"}`, channel.ContentRejected, "HTTP 400"),
			gatewayRefusal(429, `{"errorCode":"E429"}`, channel.RateLimited, "HTTP 429"),
		},
		Recipients: recipients(),
		Sign: func(_ testing.TB, v channel.Values, cb *channeltest.Callback) {
			glue := "?"
			if strings.Contains(cb.URL, "?") {
				glue = "&"
			}
			cb.URL += glue + "token=" + v.Text("receiptSecret")
		},
		Callbacks: ok(
			channeltest.Callback{Name: "on its way", Body: report("PENDING", "PENDING_ENROUTE"), Want: receipt(message.Sent, nil)},
			channeltest.Callback{Name: "delivered", Body: report("DELIVERED", "DELIVERED_TO_HANDSET"), Want: receipt(message.Delivered, nil)},
			channeltest.Callback{Name: "not delivered", Body: report("UNDELIVERABLE", "UNDELIVERABLE_NOT_DELIVERED"), Want: receipt(message.Failed, channel.Failed(channel.Unreachable, "UNDELIVERABLE_NOT_DELIVERED", "").Failure())},
			channeltest.Callback{Name: "rejected", Body: report("REJECTED", "REJECTED_NETWORK"), Want: receipt(message.Failed, channel.Failed(channel.NotOnChannel, "REJECTED_NETWORK", "").Failure())},
			channeltest.Callback{
				Name: "message of a handset",
				Body: `{"results":[{"messageId":"817790313235066447","from":"385916242493","to":"385921004026","text":"QUIZ Correct answer is Paris","cleanText":"Correct answer is Paris","keyword":"QUIZ","receivedAt":"2016-10-06T09:28:39.220+0000","smsCount":1,"price":{"pricePerMessage":0,"currency":"EUR"},"callbackData":"callbackData"}],"messageCount":1,"pendingMessageCount":0}`,
				Inbound: []message.Inbound{{
					ProviderID: "817790313235066447", From: "+385916242493", Kind: "text", Text: "QUIZ Correct answer is Paris", At: 1475746119220,
				}},
			},
		),
		Ordinary: "+15558675310",
	}
}
