package sms

import (
	"fmt"
	"strings"
	"testing"

	"messagehub/actors/channel"
	"messagehub/actors/channel/channeltest"
	"messagehub/store/message"
)

func TestConformanceOfSMPP(t *testing.T) { channeltest.Run(t, smppCase(nil)) }

// The other ways to write, and all receipts.
func TestConformanceOfSMPPVariants(t *testing.T) {
	long := strings.Repeat("Order 1234 shipped. ", 9) + "€{}"
	korean := strings.Repeat("주문 1234 배송 ", 7)
	variant := func(settings channel.Values, sends ...channeltest.Send) {
		c := smppCase(settings)
		short := channeltest.Send{Name: strings.ReplaceAll(sends[0].Name, "smpp_", "smpp_text_"), Step: smppText("Hi"), Segments: 1}
		c.Sends = append([]channeltest.Send{short}, sends...)
		c.Refusals = c.Refusals[:1]
		t.Run(sends[0].Name, func(t *testing.T) { t.Parallel(); channeltest.Run(t, c) })
	}
	twice := channeltest.Send{Segments: 2, ProviderID: "2a9f+2a9f"}
	of := func(name, text string) channeltest.Send {
		s := twice
		s.Name, s.Step = name, smppText(text)
		return s
	}
	variant(channel.Values{settingLong: longUDH16, settingReceipts: receiptsAll, settingIDFormat: idHexToDec, settingBindMode: bindSeparate}, of("smpp_udh16", long))
	variant(channel.Values{settingLong: longSAR, settingValidity: validityAbsolute, settingIDFormat: idDecToHex, settingFrom: "12345"}, of("smpp_sar", korean))
	payload := of("smpp_payload", long)
	payload.ProviderID = ""
	variant(channel.Values{settingLong: longPayload, settingValidity: validityNone, settingFrom: "Relay", settingBinds: "3"}, payload)
	variant(channel.Values{settingAlphabet: alphabetPacked, settingServiceType: "CMT", settingDestTON: "2", settingDestNPI: "8"}, of("smpp_packed", long))
	variant(channel.Values{settingAlphabet: alphabetLatin1}, of("smpp_latin1", strings.Repeat("Ça c'est une façon. ", 12)))
	variant(channel.Values{settingAlphabet: alphabetMixed, settingLanguages: "turkish"}, of("smpp_turkish", strings.Repeat("ığdır şehri ", 20)))
}

func smppText(content string) message.Step {
	return message.Step{Channel: "sms", To: "+15558675310", ContentType: message.Text, Content: content}
}

// smppCase is a sender with a bind.
func smppCase(settings channel.Values) channeltest.Case {
	c := channeltest.Case{
		Spec: Spec(), Settings: channel.Values{settingProvider: providerSMPP}, Stream: &channeltest.Stream{Setting: settingSMSC, Serve: serveSMSC},
		Success: channeltest.Answer{Body: "2a9f\x00"}, ProviderID: "2a9f",
		Sends: []channeltest.Send{
			{Name: "smpp_text", Step: smppText("Order 1234 shipped @ £5 {€}"), Segments: 1},
			{Name: "smpp_unicode", Step: smppText("안녕하세요 😀"), Segments: 1},
			{Name: "smpp_long", Step: smppText(strings.Repeat("a", 152) + "€" + "bbb" + strings.Repeat("c", 10)), Segments: 2, ProviderID: "2a9f+2a9f"},
			{Name: "smpp_long_unicode", Step: smppText(strings.Repeat("😀", 36)), Segments: 2, ProviderID: "2a9f+2a9f"},
			{Name: "smpp_media", Step: media("Your invoice", "https://example.com/invoice.pdf?id=1"), Segments: 1},
			{Name: "smpp_template", Step: contentTemplate(content), Refused: channel.TemplateNotFound},
		},
		Refusals: smppRefusals(), Recipients: recipients(), Contents: contents(), Ordinary: "+15558675310",
	}
	for name, value := range settings {
		c.Settings[name] = value
	}
	c.Reserved = smppReserved(c.Settings[settingReceipts])
	return c
}

// smppReserved is what the reserved recipients do, by the receipts asked for.
// An SMS is never read.
func smppReserved(receipts string) map[string]channeltest.Outcome {
	outcome := func(receipts ...message.Status) channeltest.Outcome { return channeltest.Outcome{Receipts: receipts} }
	if receipts == receiptsAll {
		both := outcome(message.Sent, message.Delivered)
		return map[string]channeltest.Outcome{"read": both, "out_of_order": both}
	}
	once := outcome(message.Delivered)
	return map[string]channeltest.Outcome{
		"delivered": once, "read": once, "slow": once, "out_of_order": once, "sent_only": {}, "failed": outcome(message.Failed),
		"duplicate_receipt": outcome(message.Delivered, message.Delivered),
	}
}

// smppRefusals are the rows of the command_status table.
func smppRefusals() []channeltest.Refusal {
	var out []channeltest.Refusal
	add := func(code channel.Code, statuses ...int) {
		for _, status := range statuses {
			r := channeltest.Refusal{Answer: channeltest.Answer{Status: status}, Code: code, ProviderCode: fmt.Sprintf("0x%02X", status)}
			if code == channel.RateLimited {
				r.RetryAfter = 1e9
			}
			out = append(out, r)
		}
	}
	add(channel.ProviderError, 0x08, 0x45, 0xfe, 0xff)
	add(channel.RateLimited, 0x58, 0x14)
	add(channel.ProviderUnavailable, 0x04, 0x64, 0x102)
	add(channel.InvalidRecipient, 0x0b, 0x50, 0x51)
	add(channel.NotOnChannel, 0x65)
	add(channel.Restricted, 0x66, 0x101)
	add(channel.ContentTooLong, 0x01)
	add(channel.ContentRejected, 0x06, 0x07, 0x15, 0x42, 0x43, 0x54, 0x61, 0x62, 0x63, 0x104, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4)
	add(channel.SenderMisconfigured, 0x02, 0x03, 0x05, 0x0a, 0x48, 0x49, 0x53, 0x100, 0x103)
	add(channel.BadCredentials, 0x0d, 0x0e, 0x0f)
	add(channel.ProviderError, 0x0c, 0x11, 0x13, 0x33, 0x34, 0x40, 0x44, 0x55, 0x67, 0x400, 0x4ff, 0x7fffffff)
	return out
}
