package viber

import (
	"strings"
	"testing"

	"messagehub/actors/channel/channeltest"
	"messagehub/store/message"
)

func TestConformanceOfInfobip(t *testing.T) { channeltest.Run(t, infobipCase()) }

func TestConformanceOfInfobipsSubscription(t *testing.T) { channeltest.Run(t, subscriptionCase()) }

func TestConformanceOfABot(t *testing.T) { channeltest.Run(t, botCase()) }

func FuzzInfobipAnswer(f *testing.F) { channeltest.FuzzAnswer(f, infobipCase()) }

func FuzzInfobipReceipts(f *testing.F) { channeltest.FuzzReceipts(f, infobipCase()) }

func FuzzBotAnswer(f *testing.F) { channeltest.FuzzAnswer(f, botCase()) }

func FuzzBotReceipts(f *testing.F) { channeltest.FuzzReceipts(f, botCase()) }

// The addresses of the two providers.
const (
	phone  = "+441134960001"
	userID = "01234567890A="
)

func text(to, content string) message.Step {
	return message.Step{Channel: "viber", To: to, ContentType: message.Text, Content: content}
}

func media(to, kind, link, caption string) message.Step {
	return message.Step{Channel: "viber", To: to, ContentType: message.Media, Content: caption, MediaURL: link, MediaType: kind}
}

func withName(step message.Step, name string) message.Step {
	step.Filename = name
	return step
}

func template(to, id, language string, params ...message.Param) message.Step {
	return message.Step{Channel: "viber", To: to, ContentType: message.Template, TemplateID: id, TemplateLanguage: language, Params: params}
}

func param(name, value string) message.Param { return message.Param{Name: name, Value: value} }

// templates is a setting that serves both providers.
const templates = `{
	"shipped": {"id": "7d1c-shipped", "parameters": ["order", "고객명"], "text": {
		"en": "Hi {{고객명}}, order {{ order }} is on its way. {{order}}!", "ko": "{{고객명}}님, 주문 {{order}}", "pt": "Pedido {{order}}, {{고객명}}"}},
	"hello": {"text": {"en": "Hello {{name}}", "uk": "Вітаю, {{name}}"}},
	"plain": {"text": {"en": "We are open again."}}
}`

func recipients() []channeltest.Recipient {
	return []channeltest.Recipient{
		{To: "+441134960001", OK: true},
		{To: "+1234567", OK: true},
		{To: "+123456789012345", OK: true},
		{To: "01234567890A=", OK: true},
		{To: "K8sLpPxKTqDkBnzGR/bX2A==", OK: true},
		{To: "+8sLpPxKTqDkBnzGR_bX-A==", OK: true},
		{To: ""},
		{To: "+"},
		{To: "="},
		{To: "=="},
		{To: "441134960001"},
		{To: "123456789"}, // Telegram's
		{To: "+0441134960001"},
		{To: "+123456"},
		{To: "+1234567890123456"},
		{To: "+44 1134 960001"},
		{To: "+44113496000l"},
		{To: "＋441134960001"},
		{To: "K8sLpPxKTqDkBnzGR/bX2A"},
		{To: "K8sLpPxKTqDkBnzGR/bX2==="},
		{To: "K8sLpP=KTqDkBnzGR/bX2A=="},
		{To: "1234567="},
		{To: strings.Repeat("A", 63) + "="},
		{To: "K8sLpPxKTqDk BnzGR/bX2A=="},
		{To: "K8sLpPxKTqDkBnzGR/bX2A==\n"},
		{To: "é8sLpPxKTqDkBnzGR/bX2A=="},
		{To: "U4af4980629d6e4c1a4ee7d1ac0f4a9c1"}, // LINE's
		{To: "US.13491208655302741918"},           // WhatsApp's
		{To: "@some_channel"},
	}
}

func contents() []channeltest.Content {
	brand := text(phone, "x")
	brand.ContentType = message.BrandMessage
	return []channeltest.Content{
		{Name: "longest text", Step: text(phone, strings.Repeat("고", 7000))},
		{Name: "too long a text", Step: text(phone, strings.Repeat("고", 7001)), Param: "content"},
		{Name: "too long a caption", Step: media(phone, "image", "https://example.com/a.jpg", strings.Repeat("a", 7001)), Param: "content"},
		{Name: "template", Step: template(phone, "7d1c-shipped", "")},
		{Name: "too long a template", Step: template(phone, strings.Repeat("a", 201), ""), Param: "templateId"},
		{Name: "unprintable template", Step: template(phone, "a\nb", ""), Param: "templateId"},
		{Name: "brandmessage", Step: brand, Param: "contentType"},
	}
}

// unsent is what becomes of the reserved recipients where the provider has no
// report for "sent"; several is how often it reports a delivery.
func unsent(several int) map[string]channeltest.Outcome {
	out := func(times int, more ...message.Status) channeltest.Outcome {
		var receipts []message.Status
		for range times * several {
			receipts = append(receipts, message.Delivered)
		}
		return channeltest.Outcome{Receipts: append(receipts, more...)}
	}
	return map[string]channeltest.Outcome{
		"delivered": out(1), "read": out(1, message.Read), "sent_only": {}, "failed": out(0, message.Failed), "slow": out(1),
		"duplicate_receipt": out(2), "out_of_order": out(1, message.Read),
	}
}

func answer(status int, body string) channeltest.Answer {
	return channeltest.Answer{Status: status, Body: body}
}

// failed is the receipt of a failure.
func failed(id, ref, code string, class message.Class, permanent bool, number, text string) message.Receipt {
	return message.Receipt{ProviderID: id, Ref: ref, Status: message.Failed, Failure: &message.Failure{
		Code: code, Class: class, Permanent: permanent, ProviderCode: number, ProviderMessage: text,
	}}
}
