package zalo

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"testing"

	"messagehub/actors/channel"
	"messagehub/actors/channel/channeltest"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

func TestMain(m *testing.M) { channeltest.Main(m) }

func TestConformanceOfConsultation(t *testing.T) { channeltest.Run(t, csCase()) }

func TestConformanceOfTemplatesByUser(t *testing.T) { channeltest.Run(t, userCase()) }

func TestConformanceOfTemplatesByPhone(t *testing.T) { channeltest.Run(t, phoneCase()) }

func FuzzAnswer(f *testing.F) { channeltest.FuzzAnswer(f, phoneCase()) }

func FuzzReceipts(f *testing.F) { channeltest.FuzzReceipts(f, phoneCase()) }

const (
	user  = "2512523625412515"
	phone = "+84987654321"
)

func textTo(to, content string) message.Step {
	return message.Step{Channel: name, To: to, ContentType: message.Text, Content: content}
}

func templateTo(to string) message.Step {
	return message.Step{
		Channel: name, To: to, ContentType: message.Template, TemplateID: "7895417a7d3f9461cd2e",
		Params: []message.Param{{Name: "customer", Value: "An"}, {Name: "amount", Value: "100000"}},
	}
}

func mediaTo(kind, link, caption string) message.Step {
	return message.Step{Channel: name, To: user, ContentType: message.Media, Content: caption, MediaURL: link, MediaType: kind}
}

func row(code int, text string, want channel.Code) channeltest.Refusal {
	number := strconv.Itoa(code)
	return channeltest.Refusal{
		Name: number + " " + text, Answer: channeltest.Answer{Status: 200, Body: `{"error":` + number + `,"message":"` + text + `"}`},
		Code: want, ProviderCode: number,
	}
}

func rows(want channel.Code, codes ...int) (out []channeltest.Refusal) {
	for _, code := range codes {
		out = append(out, row(code, "as Zalo words it", want))
	}
	return out
}

// stale are the codes of a token that is not taken. The provider of the suite
// gives no other.
func stale(codes ...int) []channeltest.Refusal {
	out := rows(channel.BadCredentials, codes...)
	for i := range out {
		out[i].Stale = true
	}
	return out
}

// openapiRefusals are the rows of the first host.
func openapiRefusals() (out []channeltest.Refusal) {
	for _, part := range [][]channeltest.Refusal{
		stale(-216, -220, -124), rows(channel.RateLimited, -32), rows(channel.ProviderError, -200), rows(channel.NotOnChannel, -213), rows(channel.Blocked, -217),
		rows(channel.MarketingCap, -218, -234), rows(channel.Unreachable, -227), rows(channel.Restricted, -244),
		{row(-201, "user_id is invalid!", channel.InvalidRecipient), row(-201, "text is invalid!", channel.ContentRejected)},
		rows(channel.WindowClosed, -230, -232), rows(channel.ContentTooLong, -210), rows(channel.ContentRejected, -233, -248, -9999),
		rows(channel.TemplateNotFound, -249), rows(channel.MediaUnavailable, -100), rows(channel.QuotaExceeded, -211, -321),
		rows(channel.BadCredentials, -204, -205, -209, -212, -219, -221, -223, -242),
		rows(channel.SenderMisconfigured, -224, -235, -238, -240, -241, -320),
	} {
		out = append(out, part...)
	}
	return out
}

// businessRefusals are the rows of the second host.
func businessRefusals() (out []channeltest.Refusal) {
	for _, part := range [][]channeltest.Refusal{
		stale(-124), rows(channel.ProviderError, -100), rows(channel.InvalidRecipient, -108), rows(channel.NotOnChannel, -118),
		rows(channel.Unreachable, -110, -114, -119, -140), rows(channel.OptedOut, -139, -141), rows(channel.MarketingCap, -1471, -1472, -133),
		rows(channel.QuotaExceeded, -144, -1441, -147, -115, -136, -137), rows(channel.ContentTooLong, -1121),
		rows(channel.TemplateNotFound, -109, -131),
		rows(channel.TemplateMismatch, -111, -112, -1122, -1123, -1124, -113, -1131, -116, -121, -132, -161, -162),
		rows(channel.TemplatePaused, -146), rows(channel.ContentRejected, -122, -130, -153, -9999),
		rows(channel.BadCredentials, -101, -102, -103, -104, -105, -106, -107, -125, -1241),
		rows(channel.SenderMisconfigured, -117, -120, -1201, -1202, -126, -127, -128, -129, -135, -1351, -138, -1381, -142, -143, -123, -145, -148, -149, -150),
	} {
		out = append(out, part...)
	}
	return out
}

// TestWhatFollows goes through the groups of both hosts' codes.
func TestWhatFollows(t *testing.T) {
	rows := []struct {
		channeltest.Follow
		openapi, business []int
	}{
		{channeltest.Retry(), []int{-32, -200}, []int{-100}},
		{channeltest.Operator(), []int{-216, -220, -124}, []int{-124}}, // if a new token is refused, too
		{channeltest.FallBack(), []int{-213, -217, -218, -227, -244}, []int{-108, -110, -114, -118, -119, -139, -140, -141, -1471, -1472}},
		{channeltest.FallBack(), []int{-230, -232, -234}, []int{-133}},
		{channeltest.Operator(), nil, []int{-144, -1441, -147}}, // quotas
		{channeltest.ToCaller(), []int{-201, -210, -233, -248, -249}, []int{
			-109, -111, -112, -1121, -1122, -1123, -1124, -113, -1131, -116, -121, -122, -130, -131, -132, -146, -153, -161, -162,
		}},
		{channeltest.Medium(), []int{-100}, nil},
		{channeltest.Operator(), []int{-204, -205, -209, -211, -212, -219, -221, -223, -224, -235, -238, -241, -240, -242, -320, -321}, []int{
			-101, -102, -103, -104, -105, -106, -107, -115, -117, -120, -1201, -1202, -1241, -125, -126, -127, -135, -1351, -136, -137, -138, -1381,
			-145, -128, -129, -142, -143, -123, -148, -149, -150,
		}},
	}
	for _, row := range rows {
		for _, code := range row.openapi {
			row.Check(t, "openapi "+strconv.Itoa(code), openapiCodes().classify(code, ""))
		}
		for _, code := range row.business {
			row.Check(t, "business "+strconv.Itoa(code), businessCodes().classify(code, ""))
		}
	}
	channeltest.FallBack().Check(t, "openapi -201 of a user", openapiCodes().classify(-201, "user_id is invalid!"))
}

func statuses() map[int]channel.Code {
	return map[int]channel.Code{500: channel.OutcomeUnknown, 503: channel.OutcomeUnknown, 599: channel.OutcomeUnknown}
}

func base() channeltest.Case {
	received := channeltest.Outcome{Receipts: []message.Status{message.Delivered}}
	return channeltest.Case{
		Spec: Spec(), Renews: true, Refusals: openapiRefusals(), Statuses: statuses(), Sign: sign, Callbacks: callbacks(),
		Recipients: []channeltest.Recipient{
			{To: user, OK: true},
			{To: phone, OK: true},
			{To: "+14155550100", OK: true},
			{To: ""},
			{To: "1234"},
			{To: "84 987 654 321"},
			{To: "+084987654321"},
			{To: "U123456"},
			{To: strings.Repeat("1", 26)},
		},
		Contents: []channeltest.Content{
			{Name: "longest", Step: textTo(user, strings.Repeat("à", 2000))},
			{Name: "longest, decomposed", Step: textTo(user, strings.Repeat("a\u0300", 2000))},
			{Name: "long", Step: textTo(user, strings.Repeat("x", 2001)), Param: "content"},
			{Name: "long caption", Step: mediaTo("image", "https://example.com/a.jpg", strings.Repeat("x", 2001)), Param: "content"},
		},
		// Zalo does not report "sent".
		Reserved: map[string]channeltest.Outcome{
			"delivered": received, "slow": received, "sent_only": {}, "failed": {},
			"read":              {Receipts: []message.Status{message.Delivered, message.Read}},
			"duplicate_receipt": {Receipts: []message.Status{message.Delivered, message.Delivered}},
			"out_of_order":      {Receipts: []message.Status{message.Delivered, message.Read}},
		},
	}
}

const csSuccess = `{"data":{"message_id":"63ec5d9d1b4a8a13d35c","user_id":"2512523625412515","sent_time":"1626926349402","quota":{"quota_type":"reply","remain":"8","total":"8"}},"error":0,"message":"Success"}`

func csCase() channeltest.Case {
	c := base()
	c.Success, c.ProviderID, c.Ordinary = channeltest.Answer{Status: 200, Body: csSuccess}, "63ec5d9d1b4a8a13d35c", user
	c.Sends = []channeltest.Send{
		{Name: "text", Step: textTo(user, "Xin chao")},
		{Name: "image", Step: mediaTo("image", "https://example.com/a.jpg", "Order 1234")},
		{Name: "file_as_link", Step: mediaTo("", "https://example.com/invoice.pdf", "Your invoice")},
		{Name: "text_to_a_phone", Step: textTo(phone, "hello"), Refused: channel.InvalidRecipient},
	}
	return c
}

func userCase() channeltest.Case {
	c := base()
	c.Success, c.ProviderID, c.Ordinary = channeltest.Answer{Status: 200, Body: csSuccess}, "63ec5d9d1b4a8a13d35c", user
	c.Sends = []channeltest.Send{{Name: "template_by_user", Step: templateTo(user)}}
	return c
}

func phoneCase() channeltest.Case {
	c := base()
	c.Refusals = businessRefusals()
	c.Success = channeltest.Answer{Status: 200, Body: `{"error":0,"message":"Success","data":{"msg_id":"a4d0243feb163bd3af26","sent_time":"1626926349402","sending_mode":"1","quota":{"dailyQuota":"500","remainingQuota":"499"}}}`}
	c.ProviderID, c.Ordinary, c.Writer, c.Settles = "a4d0243feb163bd3af26", phone, user, true
	c.Sends = []channeltest.Send{{Name: "template_by_phone", Step: templateTo(phone)}}
	return c
}

func sign(_ testing.TB, v channel.Values, cb *channeltest.Callback) {
	var in struct {
		Timestamp string `json:"timestamp"`
	}
	at := "1602560967477"
	if json.Unmarshal([]byte(cb.Body), &in) == nil && in.Timestamp != "" {
		at = in.Timestamp
	} else {
		cb.Header[timestampHeader] = at
	}
	sum := sha256.Sum256([]byte(v.Text("appId") + cb.Body + at + v.Text("oaSecretKey")))
	cb.Header[signatureHeader] = "mac=" + hex.EncodeToString(sum[:])
}

func callbacks() []channeltest.Callback {
	const tracking, ref = "msg0g000000000000e0000000001au1u0", "msg_0g000000000000e0000000001a-1-0"
	event := func(name, about string) string {
		return `{"sender":{"id":"2893352839501541173"},"recipient":{"id":"84123456789"},"event_name":"` + name + `","message":` + about + `,"app_id":"2074138120372622546","timestamp":"1602560967477"}`
	}
	return append(inbounds(), []channeltest.Callback{
		{
			Name: "delivered by phone", Body: event("user_received_message", `{"delivery_time":"1602960467432","msg_id":"15a0cc0bbb13bd4ce403","tracking_id":"`+tracking+`"}`),
			Want: []message.Receipt{{ProviderID: "15a0cc0bbb13bd4ce403", Ref: ref, Status: message.Delivered, At: 1602960467432}},
		},
		{
			Name: "delivered to a user", Body: event("user_received_message", `{"msg_id":"96d3cdf3af150460909"}`),
			Want: []message.Receipt{{ProviderID: "96d3cdf3af150460909", Status: message.Delivered, At: 1602560967477}},
		},
		{
			Name: "of another's tracking", Body: event("user_received_message", `{"msg_id":"1","tracking_id":"order-88213","delivery_time":"x"}`),
			Want: []message.Receipt{{ProviderID: "1", Status: message.Delivered, At: 1602560967477}},
		},
		{
			Name: "seen", Body: event("user_seen_message", `{"msg_ids":["a","b",""]}`),
			Want: []message.Receipt{
				{ProviderID: "a", Status: message.Read, At: 1602560967477}, {ProviderID: "b", Status: message.Read, At: 1602560967477},
			},
		},
		{Name: "without ids", Body: event("user_received_message", `{}`)},
		{Name: "echo", Body: event("oa_send_text", `{"text":"x","msg_id":"1"}`)},
		{Name: "no event", Body: `{"timestamp":"1"}`, Err: message.ErrBadCallback},
		{Name: "no JSON", Body: `event`, Err: message.ErrBadCallback},
		{Name: "unsigned", Body: event("user_send_text", `{}`), Unsigned: true, Err: message.ErrUnsigned},
	}...)
}
