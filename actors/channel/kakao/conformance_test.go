package kakao

import (
	"strings"
	"testing"
	"time"

	"messagehub/actors/channel"
	"messagehub/actors/channel/channeltest"
	"messagehub/actors/channel/sim"
	"messagehub/store/message"
)

func TestMain(m *testing.M) { channeltest.Main(m) }

func TestConformanceOfAlimTalk(t *testing.T) { channeltest.Run(t, alimtalkCase()) }

func TestConformanceOfAuthentication(t *testing.T) {
	c := alimtalkCase()
	c.Settings = channel.Values{"authentication": "true", "foreignPrefix": "00", "pollEvery": "1m"}
	c.Sends = []channeltest.Send{{Name: "alimtalk_auth", Step: template("+14155550100", "LOGIN_CODE", "code", "123456")}}
	channeltest.Run(t, c)
}

func TestConformanceOfBrandTemplates(t *testing.T) {
	c := brandCase()
	c.Settings = channel.Values{"targeting": "M", "unsubscribeNo": "080-123-4567", "unsubscribeAuthNo": "1234", "brandIdempotent": "true"}
	sale := brandTemplate("SALE", "name", "Kim")
	sale.MediaURL = "https://mud-kage.kakao.com/a.jpg"
	c.Sends = []channeltest.Send{{Name: "brand_basic", Step: sale}}
	channeltest.Run(t, c)
}

func TestConformanceOfFreestyle(t *testing.T) { channeltest.Run(t, brandCase()) }

// TestConformanceAtNight: where the settings say so, what is sent at night is
// scheduled for the morning.
func TestConformanceAtNight(t *testing.T) {
	c := brandCase()
	c.Spec = specAt(time.Date(2026, 11, 26, 20, 50, 0, 0, korea()))
	c.Settings = channel.Values{"nightHours": "schedule"}
	morning := message.TimeOf(time.Date(2026, 11, 27, 8, 0, 0, 0, korea()))
	c.Sends = []channeltest.Send{
		{Name: "brand_scheduled", Step: brandTemplate("SALE", "name", "Kim"), Expires: morning + 1, Unsimulated: true},
		{Name: "over before the morning", Step: brandText("Sale"), Expires: morning, Refused: channel.MarketingCap},
	}
	t.Run("sends", func(t *testing.T) { channeltest.Run(t, inTheMorning(c)) })
}

// inTheMorning has the simulator live in the morning: else its reports would
// wait for it.
func inTheMorning(c channeltest.Case) channeltest.Case {
	build := c.Spec.Simulator
	c.Spec.Simulator = func(w *sim.World, s channel.Sender) sim.Provider {
		p := build(w, s).(*simulator)
		p.clock = func() time.Time { return time.Date(2026, 11, 27, 8, 0, 0, 0, korea()) }
		return p
	}
	return c
}

func FuzzAnswer(f *testing.F) { channeltest.FuzzAnswer(f, alimtalkCase()) }

func FuzzReceipts(f *testing.F) { channeltest.FuzzReceipts(f, alimtalkCase()) }

const phone = "+821012345678"

// ref is the reference of the suite's requests.
const ref = "msg_0g000000000000e0000000001a-1-0"

func paramsOf(pairs []string) (out []message.Param) {
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, message.Param{Name: pairs[i], Value: pairs[i+1]})
	}
	return out
}

func template(to, code string, pairs ...string) message.Step {
	return message.Step{Channel: name, To: to, ContentType: message.Template, TemplateID: code, Params: paramsOf(pairs)}
}

func brandTemplate(code string, pairs ...string) message.Step {
	s := template(phone, code, pairs...)
	s.ContentType = message.BrandMessage
	return s
}

func brandText(text string) message.Step {
	return message.Step{Channel: name, To: phone, ContentType: message.BrandMessage, Content: text}
}

func brandImage(kind, text string) message.Step {
	s := brandText(text)
	s.MediaURL, s.MediaType = "https://mud-kage.kakao.com/a.jpg", kind
	return s
}

// specAt is the channel at a moment: advertising depends on it.
func specAt(at time.Time) channel.Spec {
	s := Spec()
	now := func() time.Time { return at }
	s.New = func(sender channel.Sender) (channel.Adapter, error) {
		a, err := newAdapter(sender)
		if err == nil {
			a.(*adapter).now = now
		}
		return a, err
	}
	s.Simulator = func(w *sim.World, sender channel.Sender) sim.Provider {
		p := newSimulator(w, sender).(*simulator)
		p.clock = now
		return p
	}
	return s
}

func noon() time.Time { return time.Date(2026, 11, 26, 12, 0, 0, 0, korea()) }

// Answers of the forms in NHN's API guides.
const (
	alimtalkYes = `{"header":{"resultCode":0,"resultMessage":"success","isSuccessful":true},"message":{"requestId":"20261126120000ABCDEF","senderGroupingKey":null,
		"sendResults":[{"recipientSeq":1,"recipientNo":"01012345678","resultCode":0,"resultMessage":"SUCCESS","recipientGroupingKey":"` + ref + `"}]}}`
	brandYes = `{"header":{"resultCode":200,"resultMessage":"success","isSuccessful":true},"message":{"requestId":"20261126120000ABCDEF",
		"sendResults":[{"recipientSeq":1,"recipientNo":"01012345678","resultCode":0,"resultMessage":"SUCCESS"}]}}`
)

func alimtalkCase() channeltest.Case {
	text := template(phone, "ORDER_SHIPPED")
	text.ContentType = message.Text
	one := channeltest.Outcome{Receipts: []message.Status{message.Delivered}}
	failed := channeltest.Outcome{Receipts: []message.Status{message.Failed}}
	return channeltest.Case{
		Spec: specAt(noon()), Success: channeltest.Answer{Status: 200, Body: alimtalkYes}, ProviderID: "20261126120000ABCDEF/1",
		Sends: []channeltest.Send{
			{Name: "alimtalk", Step: template(phone, "ORDER_SHIPPED", "name", "Kim", "no", "A-17")},
			{Name: "alimtalk_plain", Step: template("+14155550100", "NOTICE")},
			{Name: "text", Step: text, Refused: channel.ContentRejected},
			{Name: "no number", Step: template("kim", "NOTICE"), Refused: channel.InvalidRecipient},
		},
		Refusals: refusals(),
		Recipients: []channeltest.Recipient{
			{To: phone, OK: true},
			{To: "+14155550100", OK: true},
			{To: ""},
			{To: "01012345678"},
			{To: "+0101234567"},
			{To: "+82 10 1234 5678"},
			{To: "+12345678901234567"},
		},
		Contents: contents(), Sign: sign, TokenOnly: true, Callbacks: callbacks(), Ordinary: phone,
		// NHN reports the end only, and who can't be reached not before.
		Reserved: map[string]channeltest.Outcome{
			"delivered": one, "read": one, "slow": one, "out_of_order": one, "failed": failed, "not_on_channel": failed, "opted_out": failed,
			"duplicate_receipt": {Receipts: []message.Status{message.Delivered, message.Delivered}},
		},
	}
}

func brandCase() channeltest.Case {
	c := alimtalkCase()
	c.Success = channeltest.Answer{Status: 200, Body: brandYes}
	c.Sends = []channeltest.Send{
		{Name: "brand_text", Step: brandText("(광고) 반값 😀\nhttps://example.com")},
		{Name: "brand_image", Step: brandImage("", "Sale")},
	}
	delete(c.Reserved, "opted_out")
	return c
}

func contents() []channeltest.Content {
	long := strings.Repeat("고", 1301)
	return []channeltest.Content{
		{Name: "longest", Step: brandText(long[:1300*3])},
		{Name: "long", Step: brandText(long), Param: "content"},
		{Name: "most lines", Step: brandText("a" + strings.Repeat("\n", 99))},
		{Name: "too many lines", Step: brandText("a" + strings.Repeat("\n", 100)), Param: "content"},
		{Name: "image", Step: brandImage("image", "Sale")},
		{Name: "video", Step: brandImage("video", "Sale"), Param: "mediaType"},
		{Name: "long code", Step: template(phone, strings.Repeat("x", 21)), Param: "templateId"},
		{Name: "long value", Step: template(phone, "NOTICE", "a", long), Param: "templateParams"},
		{Name: "longest value", Step: template(phone, "NOTICE", "고객명", long[:1300*3])},
		{Name: "no name", Step: template(phone, "NOTICE", "", "x"), Param: "templateParams"},
		{Name: "at", Step: template(phone, "NOTICE", "a@b", "x"), Param: "templateParams"},
		{Name: "at in a Brand Message", Step: brandTemplate("SALE", "a@b", "x"), Param: "templateParams"},
		{Name: "carousel", Step: brandTemplate("SALE", "a@$.carousel.list[0]", "x")},
		{Name: "carousel of AlimTalk", Step: template(phone, "SALE", "a@$.carousel.list[0]", "x"), Param: "templateParams"},
	}
}

func sign(_ testing.TB, v channel.Values, cb *channeltest.Callback) {
	cb.Header[signatureHeader] = v.Text("webhookSecret")
}

// hook is a webhook's body, of the form in NHN's webhook guide.
func hook(hooks ...string) string {
	return `{"hooksId":"202007271010101010sadasdavas","webhookConfigId":"String","productName":"KakaoTalk Bizmessage","appKey":"akb3dukdmdjsdSvgk",` +
		`"event":"MESSAGE_RESULT_UPDATE","hooks":[` + strings.Join(hooks, ",") + `]}`
}

func hookOf(code, grouping string) string {
	return `{"kakaoMessageType":"ALIMTALK_NORMAL","requestId":"20261126R","recipientSeq":1,"requestDate":"2026-11-26 12:00:00","createDate":"2026-11-26 12:00:00",
		"receiveDate":"2026-11-26 12:00:05","recipientNo":"01012345678","resultCode":"` + code + `","senderGroupingKey":null,"recipientGroupingKey":` + grouping + `,
		"isAddedChannel":null,"_links":{"self":{"href":"https://example.com"}},"hookId":"h1"}`
}

func callbacks() []channeltest.Callback {
	at := message.TimeOf(time.Date(2026, 11, 26, 3, 0, 5, 0, time.UTC))
	quoted := `"` + ref + `"`
	receipt := func(status message.Status) message.Receipt {
		return message.Receipt{ProviderID: "20261126R/1", Ref: ref, Status: status, At: at}
	}
	failed := receipt(message.Failed)
	failed.Failure = channel.Failed(channel.NotOnChannel, "3019", "").Failure()
	passing := receipt(message.Failed)
	passing.Failure, passing.RetryAfter = channel.Failed(channel.ProviderError, "3000", "").Failure(), time.Minute
	foreign := receipt(message.Delivered)
	foreign.Ref = ""
	odd := strings.Replace(hookOf("1000", quoted), `"recipientSeq":1`, `"recipientSeq":"1"`, 1)
	return []channeltest.Callback{
		{Name: "delivered", Body: hook(hookOf("1000", quoted)), Want: []message.Receipt{receipt(message.Delivered)}},
		{Name: "batch", Body: hook(hookOf("3019", quoted), `{"requestId":7}`, odd), Want: []message.Receipt{failed, receipt(message.Delivered)}},
		{Name: "passing", Body: hook(hookOf("3000", quoted)), Want: []message.Receipt{passing}},
		{Name: "not confirmed is no failure", Body: hook(hookOf("3005", quoted)), Want: []message.Receipt{receipt(message.Sent)}},
		{Name: "not known yet", Body: hook(hookOf("4161", quoted))},
		{Name: "not documented", Body: hook(hookOf("7777", quoted))},
		{Name: "without a grouping key", Body: hook(hookOf("1000", "null")), Want: []message.Receipt{foreign}},
		{Name: "of another system", Body: hook(hookOf("1000", `"order-1"`))},
		{Name: "of a template", Body: hook(`{"senderKey":"String","templateCode":"String","status":"TSC03","comments":[],"hookId":"String"}`)},
		{Name: "the console's sample", Body: `{"hooksId":"String","appKey":"String","event":"MESSAGE_RESULT_UPDATE"}`},
		{Name: "no hooks", Body: `{}`, Err: message.ErrBadCallback},
		{Name: "no JSON", Body: `hooks`, Err: message.ErrBadCallback},
		{Name: "unsigned", Body: hook(), Unsigned: true, Err: message.ErrUnsigned},
	}
}
