package viber

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"messagehub/actors/channel"
	"messagehub/actors/channel/channeltest"
	"messagehub/store/message"
)

// Infobip's documented yes.
const (
	infobipID  = "a28dd97c-1ffb-4fcf-99f1-0b557ed381da"
	infobipYes = `{"bulkId":"a28dd97c-2222-4fcf-99f1-0b557ed381da","messages":[{"messageId":"` + infobipID + `",
		"status":{"groupId":1,"groupName":"PENDING","id":26,"name":"PENDING_ACCEPTED","description":"Message sent to next instance"},
		"destination":"441134960001"}]}`
)

// ref is the reference of the suite's requests.
func ref() string { return message.AttemptRef(1, message.NewID(message.At(7, 0), 42), 0) }

func infobipCase() channeltest.Case {
	spec := Spec()
	spec.SignatureHeader = "Authorization" // what Infobip proves itself with
	reserved := unsent(1)
	reserved["not_on_channel"] = channeltest.Outcome{Receipts: []message.Status{message.Failed}}
	return channeltest.Case{
		Spec: spec, Settings: channel.Values{"templates": templates},
		Success: answer(200, infobipYes), ProviderID: infobipID, Sends: infobipSends(),
		Refusals: infobipRefusals(), Recipients: recipients(), Contents: contents(),
		Sign: signInfobip, TokenOnly: true, Callbacks: infobipCallbacks(), Ordinary: phone, Settles: true, Reserved: reserved,
	}
}

// subscriptionCase has a subscription at Infobip report, and every setting
// other than it comes.
func subscriptionCase() channeltest.Case {
	c := infobipCase()
	c.Settings = channel.Values{"callbackInMessage": "false", "label": "PROMOTIONAL", "templateLanguage": "uk"}
	c.Sends = []channeltest.Send{
		{Name: "infobip_subscription", Step: text(phone, "Order 1234 shipped"), Expires: 1},
		{Name: "infobip_subscription_template", Step: template(phone, "hello", "", param("name", "Kim"))},
	}
	return c
}

func infobipSends() []channeltest.Send {
	video := "https://example.com/v.mp4#size=10000&duration=10&thumbnail=https%3A%2F%2Fexample.com%2Ft.jpg"
	long := strings.Repeat("고", 1001)
	brand := text(phone, "x")
	brand.ContentType = message.BrandMessage
	return []channeltest.Send{
		{Name: "infobip_text", Step: text(phone, "Order 1234 shipped")},
		{Name: "infobip_text_unicode", Step: text(phone, "안녕 😀 <b>&\"\\\n\u2028")},
		{Name: "infobip_image", Step: media(phone, "image", "https://example.com/a.jpg?x=1&y=2", "A photo")},
		{Name: "infobip_image_alone", Step: media(phone, "", "https://example.com/A.PNG", "")},
		{Name: "infobip_video", Step: media(phone, "video", video, "A video")},
		{Name: "infobip_video_link", Step: media(phone, "video", "https://example.com/v.mp4", "A video")},
		{Name: "infobip_audio_link", Step: media(phone, "audio", "https://example.com/a.mp3", "Listen")},
		{Name: "infobip_file", Step: media(phone, "", "https://example.com/dir/in%20voice.pdf#page=2", "")},
		{Name: "infobip_file_named", Step: withName(media(phone, "document", "https://example.com/download?id=1", ""), "invoice.xlsx")},
		{Name: "infobip_file_caption_link", Step: media(phone, "document", "https://example.com/invoice.pdf", "Your invoice")},
		{Name: "infobip_zip_link", Step: media(phone, "document", "https://example.com/invoices.zip", "")},
		{Name: "infobip_template", Step: template(phone, "shipped", "ko", param("고객명", "Kim"), param("order", "1234"))},
		{Name: "infobip_template", Step: template(phone, "shipped", "ko", param("2", "Kim"), param("1", "1234"))},
		{Name: "infobip_template_foreign", Step: template(phone, "b5d2-otp", "", param("pin", "123"))},
		{Name: "template without a parameter", Step: template(phone, "shipped", "", param("order", "1")), Refused: channel.TemplateMismatch},
		{Name: "template with a foreign parameter", Step: template(phone, "shipped", "", param("1", "a"), param("2", "b"), param("3", "c")), Refused: channel.TemplateMismatch},
		{Name: "template with a parameter twice", Step: template(phone, "shipped", "", param("1", "a"), param("order", "b")), Refused: channel.TemplateMismatch},
		{Name: "template with a long value", Step: template(phone, "b5d2-otp", "", param("pin", long[:126*3])), Refused: channel.TemplateMismatch},
		{Name: "too long a text", Step: text(phone, long), Refused: channel.ContentTooLong},
		{Name: "too long a caption", Step: media(phone, "image", "https://example.com/a.jpg", long), Refused: channel.ContentTooLong},
		{Name: "too long a link", Step: media(phone, "image", "https://example.com/"+strings.Repeat("a", 1000)+".jpg", ""), Refused: channel.ContentTooLong},
		{Name: "a bot's user", Step: text(userID, "x"), Refused: channel.InvalidRecipient},
		{Name: "no recipient", Step: text("", "x"), Refused: channel.InvalidRecipient},
		{Name: "brandmessage", Step: brand, Refused: channel.ContentRejected},
	}
}

// row is a number of Infobip's list, and what it means to us.
type row struct {
	id        int
	name      string
	permanent bool
	want      channel.Code
}

// statusRows are the statuses of the group REJECTED, except the last ones.
func statusRows() []row {
	return []row{
		{6, "REJECTED_NETWORK", true, channel.SenderMisconfigured},
		{8, "REJECTED_PREFIX_MISSING", true, channel.InvalidRecipient},
		{10, "REJECTED_DND", true, channel.OptedOut},
		{11, "REJECTED_SOURCE", true, channel.SenderRestricted},
		{12, "REJECTED_NOT_ENOUGH_CREDITS", true, channel.SenderRestricted},
		{13, "REJECTED_SENDER", true, channel.SenderRestricted},
		{14, "REJECTED_DESTINATION_BLOCKLISTED", true, channel.Restricted},
		{17, "REJECTED_PREPAID_PACKAGE_EXPIRED", true, channel.SenderRestricted},
		{18, "REJECTED_DESTINATION_NOT_REGISTERED", true, channel.SenderMisconfigured},
		{19, "REJECTED_ROUTE_NOT_AVAILABLE", true, channel.SenderRestricted},
		{20, "REJECTED_FLOODING_FILTER", true, channel.MarketingCap},
		{21, "REJECTED_SYSTEM_ERROR", false, channel.ProviderError},
		{25, "REJECTED_MESSAGE_TOO_LONG", true, channel.ContentTooLong},
		{51, "MISSING_TO", true, channel.InvalidRecipient},
		{52, "REJECTED_DESTINATION", true, channel.InvalidRecipient},
		{100, "UNDELIVERABLE_REJECTED_PLATFORM", false, channel.ProviderUnavailable},
		{87, "SIGNALS_BLOCKED", true, channel.ContentRejected},
		{999, "REJECTED_SOMETHING_NEW", false, channel.ContentRejected},
	}
}

// errorRows are the errors of chat apps.
func errorRows() []row {
	return []row{
		{7002, "EC_UNKNOWN_USER", true, channel.NotOnChannel},
		{7003, "EC_BLOCKED_USER", true, channel.Blocked},
		{7004, "EC_UNAUTHORIZED_ACCESS", true, channel.BadCredentials},
		{7005, "EC_FORBIDDEN_ACCESS", true, channel.BadCredentials},
		{7006, "EC_BAD_REQUEST", true, channel.ContentRejected},
		{7007, "EC_ILLEGAL_TRAFFIC_TYPE", true, channel.ContentRejected},
		{7008, "EC_INVALID_TEMPLATE_ARGS", true, channel.TemplateMismatch},
		{7009, "EC_INVALID_TEMPLATE", true, channel.TemplateNotFound},
		{7010, "EC_NO_SESSION", true, channel.WindowClosed},
		{7011, "EC_ACCOUNT_ISSUE", true, channel.SenderRestricted},
		{7012, "EC_DEPLOYMENT_CONFIGURATION_ERROR", false, channel.SenderMisconfigured},
		{7013, "EC_MEDIA_HOSTING_ERROR", false, channel.MediaRejected},
		{7014, "EC_MEDIA_UPLOAD_ERROR", false, channel.MediaRejected},
		{7015, "EC_MEDIA_METADATA_ERROR", true, channel.MediaRejected},
		{7016, "EC_SPAM_RATE", true, channel.MarketingCap},
		{7017, "EC_TOO_MANY_REQUESTS", false, channel.RateLimited},
		{7019, "EC_PROVIDER_BILLING_ERROR", true, channel.SenderRestricted},
		{7022, "EC_MEDIA_UNSUPPORTED", true, channel.MediaRejected},
		{7025, "EC_UNSUPPORTED_MOBILE_APP_VERSION", true, channel.NotOnChannel},
		{7027, "EC_BLOCKED_CONTENT", true, channel.Filtered},
		{7030, "EC_TEMPLATE_BLOCKED_BY_USER", true, channel.Blocked},
		{7050, "EC_PROVIDER_INTERNAL_ERROR", false, channel.ProviderError},
		{7051, "EC_PROVIDER_TIMEOUT", false, channel.ProviderError},
		{7052, "EC_PROVIDER_DR_ERROR", true, channel.ProviderError},
		{7080, "EC_INTERNAL_ERROR", true, channel.ProviderError},
		{7081, "EC_CONFIGURATION_ERROR", true, channel.SenderMisconfigured},
		{7082, "EC_TEMPORARY_GATEWAY_ERROR", true, channel.ProviderUnavailable},
		{7083, "EC_CONFIGURATION", true, channel.SenderMisconfigured},
		{7201, "EC_UNSUPPORTED_DEVICE", true, channel.NotOnChannel},
		{7999, "EC_SOMETHING_NEW", true, channel.NotOnChannel},
		{7999, "EC_SOMETHING_NEW", false, channel.Unreachable},
	}
}

// infobipNo is a 200 that is a no.
func infobipNo(group int, groupName string, id int, name, more string) channeltest.Answer {
	return answer(200, fmt.Sprintf(`{"bulkId":"b","messages":[{"messageId":%q,"status":{"groupId":%d,"groupName":%q,"id":%d,"name":%q,"description":"words"}%s,"destination":"441134960001"}]}`,
		ref(), group, groupName, id, name, more))
}

func withError(r row) string {
	return fmt.Sprintf(`,"error":{"groupId":2,"groupName":"USER_ERRORS","id":%d,"name":%q,"description":"words","permanent":%v}`, r.id, r.name, r.permanent)
}

func infobipRefusals() []channeltest.Refusal {
	problem := func(status int, code, more string) channeltest.Answer {
		return answer(status, `{"errorCode":"`+code+`","description":"words","action":"Check the syntax.","violations":[`+more+`],"resources":[]}`)
	}
	slow := problem(429, "E429", "")
	slow.Header = map[string]string{"Retry-After": "7"}
	out := []channeltest.Refusal{
		{Name: "bad request", Answer: problem(400, "E400", `{"property":"messages[0].content.text","violation":"must not be empty"}`), Code: channel.ContentRejected, ProviderCode: "E400"},
		{Name: "unauthorized", Answer: problem(401, "E401", ""), Code: channel.BadCredentials, ProviderCode: "E401"},
		{Name: "forbidden", Answer: problem(403, "E403", ""), Code: channel.BadCredentials, ProviderCode: "E403"},
		{Name: "not found", Answer: problem(404, "E404", ""), Code: channel.SenderMisconfigured, ProviderCode: "E404"},
		{Name: "too many requests", Answer: slow, Code: channel.RateLimited, RetryAfter: 7 * time.Second, ProviderCode: "E429"},
		{Name: "too many requests without a pause", Answer: problem(429, "E429", ""), Code: channel.RateLimited, ProviderCode: "E429"},
		{Name: "server error", Answer: problem(500, "E500", ""), Code: channel.ProviderError, ProviderCode: "E500"},
		{Name: "unavailable", Answer: problem(503, "E503", ""), Code: channel.ProviderUnavailable, ProviderCode: "E503"},
		{Name: "gateway timeout", Answer: problem(504, "E504", ""), Code: channel.OutcomeUnknown, ProviderCode: "E504"},
		{Name: "older form", Answer: answer(401, `{"requestError":{"serviceException":{"messageId":"UNAUTHORIZED","text":"Invalid login details","validationErrors":{}}}}`), Code: channel.BadCredentials, ProviderCode: "UNAUTHORIZED"},
		{Name: "no with no code", Answer: answer(400, `{"description":"x"}`), Code: channel.ContentRejected, ProviderCode: "HTTP 400"},
		{Name: "expired", Answer: infobipNo(4, "EXPIRED", 15, "EXPIRED_EXPIRED", ""), Code: channel.DeliveryExpired, ProviderCode: "15"},
		{Name: "expired without a report", Answer: infobipNo(4, "EXPIRED", 29, "EXPIRED_DLR_UNKNOWN", ""), Code: channel.DeliveryExpired, ProviderCode: "29"},
		{Name: "expired for another reason", Answer: infobipNo(4, "EXPIRED", 87, "SIGNALS_BLOCKED", ""), Code: channel.DeliveryExpired, ProviderCode: "87"},
		{Name: "undeliverable", Answer: infobipNo(2, "UNDELIVERABLE", 9, "UNDELIVERABLE_NOT_DELIVERED", ""), Code: channel.Unreachable, ProviderCode: "9"},
		{Name: "group by number alone", Answer: infobipNo(5, "", 0, "", ""), Code: channel.ContentRejected},
		{Name: "a group of the future", Answer: infobipNo(6, "", 500, "", ""), Code: channel.OutcomeUnknown, ProviderCode: "HTTP 200"},
		{Name: "a negative group", Answer: infobipNo(-1, "", 500, "", ""), Code: channel.OutcomeUnknown, ProviderCode: "HTTP 200"},
		{Name: "yes without an id", Answer: answer(200, `{"messages":[{"status":{"groupId":1,"groupName":"PENDING","id":26}}]}`), Code: channel.OutcomeUnknown, ProviderCode: "HTTP 200"},
		{Name: "yes with a bad id", Answer: answer(200, `{"messages":[{"messageId":"a\nb","status":{"groupId":1,"groupName":"PENDING","id":26}}]}`), Code: channel.OutcomeUnknown, ProviderCode: "HTTP 200"},
		{Name: "yes with a long id", Answer: answer(200, `{"messages":[{"messageId":"`+strings.Repeat("a", 201)+`","status":{"groupId":1}}]}`), Code: channel.OutcomeUnknown, ProviderCode: "HTTP 200"},
		{Name: "yes with an error's status", Answer: answer(500, infobipYes), Code: channel.ProviderError, ProviderCode: "HTTP 500"},
	}
	for _, r := range statusRows() {
		out = append(out, channeltest.Refusal{
			Name: r.name, Answer: infobipNo(5, "REJECTED", r.id, r.name, ""), Code: r.want, ProviderCode: fmt.Sprint(r.id),
		})
	}
	for _, r := range errorRows() {
		out = append(out, channeltest.Refusal{
			Name:   fmt.Sprint(r.id, r.name, r.permanent),
			Answer: infobipNo(2, "UNDELIVERABLE", 9, "UNDELIVERABLE_NOT_DELIVERED", withError(r)), Code: r.want, ProviderCode: fmt.Sprint(r.id),
		})
	}
	return out
}

func signInfobip(_ testing.TB, v channel.Values, cb *channeltest.Callback) {
	cb.Header["Authorization"] = "Basic " + base64.StdEncoding.EncodeToString([]byte("messagehub:"+v.Text("callbackSecret")))
}

// report is a delivery report of Infobip's documentation.
func report(id, callbackData string, group int, groupName string, status int, failure string) string {
	return fmt.Sprintf(`{"bulkId":"b","messageId":%q,"to":"441134960001","sender":"441134960000","sentAt":"2023-02-01T23:00:00.000+0000",
		"doneAt":"2023-02-03T00:01:01.000+0000","messageCount":1,"mccMnc":"22801","callbackData":%q,"price":{"pricePerMessage":0.15,"currency":"EUR"},
		"status":{"groupId":%d,"groupName":%q,"id":%d,"name":"NAME","description":"words"},
		"error":%s,"platform":{"entityId":"promotional-traffic-entity","applicationId":"marketing-automation-application"}}`,
		id, callbackData, group, groupName, status, failure)
}

const noError = `{"groupId":0,"groupName":"OK","id":0,"name":"NO_ERROR","description":"No Error","permanent":false}`

// doneAt is the reports' doneAt.
func doneAt() message.Time { return message.TimeOf(time.Date(2023, 2, 3, 0, 1, 1, 0, time.UTC)) }

func results(reports ...string) string { return `{"results":[` + strings.Join(reports, ",") + `]}` }

func infobipCallbacks() []channeltest.Callback {
	at := func(r message.Receipt) message.Receipt { r.At = doneAt(); return r }
	got := func(status message.Status, id, reference string) message.Receipt {
		return at(message.Receipt{ProviderID: id, Ref: reference, Status: status})
	}
	delivered := report(infobipID, "Callback data", 3, "DELIVERED", 5, noError)
	seen := `{"messageId":"` + ref() + `","from":"385919998888","to":"41793026731","sentAt":"2023-04-05T11:21:57.793+0000","seenAt":"2023-04-05T11:22:10.251+0000","campaignReferenceId":"c"}`
	read := message.Receipt{ProviderID: ref(), Ref: ref(), Status: message.Read, At: message.TimeOf(time.Date(2023, 4, 5, 11, 22, 10, 251e6, time.UTC))}
	unknown := report("m1", ref(), 2, "UNDELIVERABLE", 9, `{"groupId":2,"groupName":"USER_ERRORS","id":7002,"name":"EC_UNKNOWN_USER","description":"Unknown user","permanent":true}`)
	passing := failed("m1", "", "provider_error", message.Provider, false, "7050", "words")
	passing.RetryAfter = 30 * time.Second
	limited := failed("m1", "", "rate_limited", message.Capacity, false, "7017", "words")
	limited.RetryAfter = time.Minute
	bad := message.ErrBadCallback
	return append(infobipInbounds(), []channeltest.Callback{
		{Name: "delivered", Body: results(delivered), Want: []message.Receipt{got(message.Delivered, infobipID, "")}},
		{Name: "delivered, ours by callback data", Body: results(report("m1", ref(), 3, "DELIVERED", 5, noError)), Want: []message.Receipt{got(message.Delivered, "m1", ref())}},
		{Name: "delivered, ours by id", Body: results(report(ref(), "", 3, "DELIVERED", 5, noError)), Want: []message.Receipt{got(message.Delivered, ref(), ref())}},
		{Name: "delivered, ours by the id of a second try", Body: results(report(ref()+".2", "", 3, "DELIVERED", 5, noError)), Want: []message.Receipt{got(message.Delivered, ref()+".2", ref())}},
		{Name: "delivered to operator", Body: results(report("m1", "", 3, "DELIVERED", 2, noError)), Want: []message.Receipt{got(message.Sent, "m1", "")}},
		{Name: "pending", Body: results(report("m1", "", 1, "PENDING", 7, noError)), Want: []message.Receipt{got(message.Sent, "m1", "")}},
		{Name: "seen", Body: results(seen), Want: []message.Receipt{read}},
		{Name: "unknown user", Body: results(unknown), Want: []message.Receipt{at(failed("m1", ref(), "not_on_channel", message.Recipient, true, "7002", "Unknown user"))}},
		{Name: "expired", Body: results(report("m1", "", 4, "EXPIRED", 15, noError)), Want: []message.Receipt{at(failed("m1", "", "delivery_expired", message.Expiry, true, "15", "words"))}},
		{Name: "rejected", Body: results(report("m1", "", 5, "REJECTED", 14, noError)), Want: []message.Receipt{at(failed("m1", "", "recipient_restricted", message.Policy, true, "14", "words"))}},
		{Name: "rejected as a duplicate", Body: results(report("m1", "", 5, "REJECTED", 23, noError))},
		{Name: "duplicate by its error", Body: results(report("m1", "", 2, "UNDELIVERABLE", 9, `{"id":7280,"name":"EC_DUPLICATE_REQUEST","permanent":true}`))},
		{Name: "passing", Body: results(report("m1", "", 2, "UNDELIVERABLE", 9, `{"id":7050,"description":"words"}`)), Want: []message.Receipt{at(passing)}},
		{Name: "limited", Body: results(report("m1", "", 2, "UNDELIVERABLE", 9, `{"id":7017,"description":"words"}`)), Want: []message.Receipt{at(limited)}},
		{
			Name: "batch with strangers", Body: results(unknown, "7", `{"messageId":5}`, `{"status":{"groupId":3}}`, `{"messageId":"m9"}`, report("m2", "", 9, "TELEPORTED", 1, noError), seen),
			Want: []message.Receipt{at(failed("m1", ref(), "not_on_channel", message.Recipient, true, "7002", "Unknown user")), read},
		},
		{Name: "no dates", Body: `{"results":[{"messageId":"m1","doneAt":"yesterday","status":{"groupId":3,"id":5}}]}`, Want: []message.Receipt{{ProviderID: "m1", Status: message.Delivered}}},
		{Name: "no results", Body: `{"results":[]}`},
		{Name: "no member", Body: `{}`, Err: bad},
		{Name: "null", Body: "null", Err: bad},
		{Name: "array", Body: "[]", Err: bad},
		{Name: "empty", Err: bad},
		{Name: "nested", Body: `{"results":` + strings.Repeat("[", 5000), Err: bad},
		{Name: "unsigned", Body: results(delivered), Unsigned: true, Err: message.ErrUnsigned},
		{Name: "unsigned and bad", Body: "{", Unsigned: true, Err: message.ErrUnsigned},
		{Name: "wrong key", URL: "https://relay.example.com/hook?key=0123", Body: results(delivered), Unsigned: true, Err: message.ErrUnsigned},
		{Name: "empty key", URL: "https://relay.example.com/hook?key=", Body: results(delivered), Unsigned: true, Err: message.ErrUnsigned},
	}...)
}
