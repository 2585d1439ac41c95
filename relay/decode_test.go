package relay

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"messagehub/store/message"
)

func testReader() *reader {
	return newReader(&Options{Channels: testChannels(), Reserved: testReserved()})
}

func testKey(test bool) *Key {
	return &Key{Key: message.Key{Workspace: 7, Test: test, Scopes: message.ScopeAll}}
}

// show renders a draft for comparison: a line for each fault, or the message.
func show(d *draft) string {
	var b strings.Builder
	for _, f := range d.faults {
		fmt.Fprintf(&b, "! %s %s: %s\n", f.Param, f.Code, f.Message)
	}
	if len(d.faults) > 0 {
		return b.String()
	}
	o := &d.out
	for i, s := range o.Steps {
		fmt.Fprintf(&b, "%d %s to=%q from=%q %s %q", i, s.Channel, s.To, s.From, s.ContentType, s.Content)
		if s.TemplateID != "" || len(s.Params) > 0 {
			fmt.Fprintf(&b, " template=%s/%s%v", s.TemplateID, s.TemplateLanguage, s.Params)
		}
		if s.MediaURL != "" {
			fmt.Fprintf(&b, " media=%s %s %q", s.MediaURL, s.MediaType, s.Filename)
		}
		fmt.Fprintf(&b, " until=%s", s.Success)
		if s.Timeout != 0 {
			fmt.Fprintf(&b, " timeout=%s", s.Timeout)
		}
		if s.Unroutable != "" {
			fmt.Fprintf(&b, " skip=%s", s.Unroutable)
		}
		b.WriteByte('\n')
	}
	rest := *o
	rest.Steps, rest.CreatedAt, rest.Workspace = nil, 0, 0
	plain := message.Outbound{Test: o.Test, On: message.OnAll, ExpiresIn: message.DefaultExpiresIn}
	if diff := cmp.Diff(plain, rest); diff != "" {
		fmt.Fprintf(&b, "on=%d unknown=%d late=%t ref=%q meta=%s priority=%s at=%d expires=%s\n", o.On, o.OnUnknown, o.KeepLate,
			o.Reference, o.Metadata, o.Priority, o.ScheduledAt, o.ExpiresIn)
	}
	for _, w := range d.warnings {
		fmt.Fprintf(&b, "? %s %s: %s\n", w.Param, w.Code, w.Message)
	}
	return b.String()
}

func decodeText(t *testing.T, body string, test bool) string {
	t.Helper()
	r := testReader()
	d := r.read([]byte(body), testKey(test), day)
	defer r.release(d)
	return show(d)
}

// sms is the smallest body, with more members.
func sms(more string) string {
	return `{"to":"+14155550100","channel":"sms","content":"hi"` + more + `}`
}

func TestDecodeGood(t *testing.T) {
	for _, row := range []struct{ name, body, want string }{
		{"smallest", sms(""), "0 sms to=\"+14155550100\" from=\"\" text \"hi\" until=sent\n"},
		{"white space", " \t\r\n{ \"to\" : \"+14155550100\" ,\n\"channel\":\"sms\",\"content\":\"hi\" } \n", "0 sms to=\"+14155550100\" from=\"\" text \"hi\" until=sent\n"},
		{
			"escapes", `{"\u0074o":"+14155550100","channel":"sms","content":"a\"\\\/\b\f\n\r\té\ud83d\ude00\u00e9고"}`,
			"0 sms to=\"+14155550100\" from=\"\" text \"a\\\"\\\\/\\b\\f\\n\\r\\té😀é고\" until=sent\n",
		},
		{
			"nulls are absent", sms(`,"templateId":null,"fallback":null,"metadata":null,"scheduledAt":null,"priority":null`),
			"0 sms to=\"+14155550100\" from=\"\" text \"hi\" until=sent\n",
		},
		{
			"everything", `{"to":"+14155550100","channel":"whatsapp","contentType":"template","templateId":"order","templateLanguage":"ko",
			"templateParams":{"고객명":"Kim","n":3,"x":1.5e3,"vip":true,"empty":""},"from":"brand","reference":"r-1",
			"metadata":{"a":1,"b":"c"},"scheduledAt":"2027-01-15T17:00:01+09:00","expiresIn":60,"priority":"high","strict":false}`,
			"0 whatsapp to=\"+14155550100\" from=\"brand\" template \"\" template=order/ko[{고객명 Kim} {n 3} {x 1.5e3} {vip true} {empty }] until=sent\n" +
				"on=15 unknown=0 late=false ref=\"r-1\" meta={\"a\":1,\"b\":\"c\"} priority=high at=1800000001000 expires=1m0s\n",
		},
		{
			"media", `{"to":"+14155550100","channel":"whatsapp","contentType":"media","mediaUrl":"https://a.example/x?y#z","mediaType":"document","filename":"a b.pdf","content":"look"}`,
			"0 whatsapp to=\"+14155550100\" from=\"\" media \"look\" media=https://a.example/x?y#z document \"a b.pdf\" until=sent\n",
		},
		{"a schedule just passed is now", sms(`,"scheduledAt":"2027-01-15T07:59:00Z"`), "0 sms to=\"+14155550100\" from=\"\" text \"hi\" until=sent\n"},
		{
			"the example of the contract", `{"to":"+919876543210","channel":"whatsapp","content":"Your order has shipped","fallback":{
			"channels":["telegram",{"channel":"sms","to":"+919876543211","content":"Order 1234 shipped","timeout":120}],
			"successStatus":"delivered","timeout":60,"on":["failed","expired","timeout","unroutable"],"lateReceipt":"cancel","onUnknown":"hold"}}`,
			"0 whatsapp to=\"+919876543210\" from=\"\" text \"Your order has shipped\" until=delivered timeout=1m0s\n" +
				"1 telegram to=\"\" from=\"\" text \"Your order has shipped\" until=sent timeout=1m0s skip=unroutable\n" +
				"2 sms to=\"+919876543211\" from=\"\" text \"Order 1234 shipped\" until=delivered timeout=2m0s\n" +
				"? fallback.channels[0] unroutable: The recipient is not an address of telegram, and the step has no to of its own: it will be skipped.\n" +
				"? fallback.successStatus unsupported_status: telegram can't report delivered; there, the success status is sent.\n",
		},
		{
			"phones fit, from is taken over where it exists", `{"to":"+919876543210","channel":"whatsapp","from":"brand","content":"x","fallback":{"channels":["sms",{"channel":"telegram","to":"42"}]}}`,
			"0 whatsapp to=\"+919876543210\" from=\"brand\" text \"x\" until=sent\n" +
				"1 sms to=\"+919876543210\" from=\"\" text \"x\" until=sent\n" +
				"2 telegram to=\"42\" from=\"brand\" text \"x\" until=sent\n",
		},
		{
			"the same channel again", `{"to":"42","channel":"telegram","content":"x","fallback":{"channels":["telegram"]}}`,
			"0 telegram to=\"42\" from=\"\" text \"x\" until=sent\n1 telegram to=\"42\" from=\"\" text \"x\" until=sent\n",
		},
		{
			"a timeout alone asks for delivery", `{"to":"+919876543210","channel":"whatsapp","content":"x","fallback":{"channels":[{"channel":"sms","timeout":5}],"onUnknown":"advance","lateReceipt":"continue","on":["timeout"]}}`,
			"0 whatsapp to=\"+919876543210\" from=\"\" text \"x\" until=sent\n" +
				"1 sms to=\"+919876543210\" from=\"\" text \"x\" until=delivered timeout=5s\n" +
				"on=4 unknown=1 late=true ref=\"\" meta= priority=normal at=0 expires=24h0m0s\n",
		},
		{
			"a step's content ends the template", `{"to":"+919876543210","channel":"whatsapp","contentType":"template","templateId":"t","templateParams":{"a":"b"},"fallback":{"channels":[{"channel":"sms","content":"plain"}]}}`,
			"0 whatsapp to=\"+919876543210\" from=\"\" template \"\" template=t/[{a b}] until=sent\n" +
				"1 sms to=\"+919876543210\" from=\"\" text \"plain\" template=t/[{a b}] until=sent\n",
		},
		{
			"a step brings a template, another a picture", `{"to":"+919876543210","channel":"whatsapp","content":"c","fallback":{"channels":[{"channel":"whatsapp","templateId":"t"},{"channel":"whatsapp","mediaUrl":"https://a/b"}]}}`,
			"0 whatsapp to=\"+919876543210\" from=\"\" text \"c\" until=sent\n" +
				"1 whatsapp to=\"+919876543210\" from=\"\" template \"c\" template=t/[] until=sent\n" +
				"2 whatsapp to=\"+919876543210\" from=\"\" media \"c\" media=https://a/b  \"\" until=sent\n",
		},
		{
			"a template for one step is not unused", `{"to":"+919876543210","channel":"whatsapp","content":"c","templateId":"t","fallback":{"channels":[{"channel":"whatsapp","contentType":"template"}]}}`,
			"0 whatsapp to=\"+919876543210\" from=\"\" text \"c\" template=t/[] until=sent\n" +
				"1 whatsapp to=\"+919876543210\" from=\"\" template \"c\" template=t/[] until=sent\n",
		},
		{"what is not used", sms(`,"mediaUrl":"http://a.example/x"`), "0 sms to=\"+14155550100\" from=\"\" text \"hi\" media=http://a.example/x  \"\" until=sent\n" +
			"? mediaUrl unused_parameter: mediaUrl is not used: contentType is text.\n"},
		{"retry may double", sms(`,"fallback":{"channels":["sms"],"onUnknown":"retry"}`), "0 sms to=\"+14155550100\" from=\"\" text \"hi\" until=sent\n" +
			"1 sms to=\"+14155550100\" from=\"\" text \"hi\" until=sent\n" +
			"on=15 unknown=2 late=false ref=\"\" meta= priority=normal at=0 expires=24h0m0s\n" +
			"? fallback.onUnknown may_duplicate: sms does not notice a message sent twice: after an unknown outcome, retry may deliver it twice.\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if diff := cmp.Diff(row.want, decodeText(t, row.body, false)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeSandbox(t *testing.T) {
	for _, row := range []struct{ name, body, want string }{
		{
			"fits every channel", `{"to":"sim:delivered","channel":"whatsapp","content":"x","fallback":{"channels":["telegram","sms"]}}`,
			"0 whatsapp to=\"sim:delivered\" from=\"\" text \"x\" until=sent\n" +
				"1 telegram to=\"sim:delivered\" from=\"\" text \"x\" until=sent\n" +
				"2 sms to=\"sim:delivered\" from=\"\" text \"x\" until=sent\n",
		},
		{"slow", `{"to":"sim:slow:2.5","channel":"sms","content":"x","from":"sandbox"}`, "0 sms to=\"sim:slow:2.5\" from=\"sandbox\" text \"x\" until=sent\n"},
		{"ordinary", sms(""), "0 sms to=\"+14155550100\" from=\"\" text \"hi\" until=sent\n"},
		{
			"without a live sender", `{"to":"+14155550100","channel":"kakao","contentType":"brandmessage","content":"x"}`,
			"0 kakao to=\"+14155550100\" from=\"\" brandmessage \"x\" until=sent\n",
		},
		{
			"a Brand Message is a text or a template", `{"to":"+14155550100","channel":"kakao","contentType":"brandmessage","templateId":"SALE"}`,
			"0 kakao to=\"+14155550100\" from=\"\" brandmessage \"\" template=SALE/[] until=sent\n",
		},
		{
			"a step's content makes a Brand Message a text", `{"to":"+14155550100","channel":"kakao","contentType":"template","templateId":"t","fallback":{"channels":[
			{"channel":"kakao","contentType":"brandmessage","content":"x"},{"channel":"kakao","contentType":"brandmessage"}]}}`,
			"0 kakao to=\"+14155550100\" from=\"\" template \"\" template=t/[] until=sent\n" +
				"1 kakao to=\"+14155550100\" from=\"\" brandmessage \"x\" until=sent\n" +
				"2 kakao to=\"+14155550100\" from=\"\" brandmessage \"\" template=t/[] until=sent\n",
		},
		{
			"an empty Brand Message", `{"to":"+14155550100","channel":"kakao","contentType":"brandmessage"}`,
			"! content content_required: content is required for contentType brandmessage.\n",
		},
		{
			"mistyped", `{"to":"sim:deliverd","channel":"sms","content":"x"}`,
			"! to invalid_recipient: to must be sim:delivered, sim:failed, sim:not_on_channel or sim:slow, not \"sim:deliverd\"; did you mean \"sim:delivered\"?\n",
		},
		{"slow without seconds", `{"to":"sim:slow","channel":"sms","content":"x"}`, "! to invalid_recipient: to must give the seconds, such as sim:slow:2.5.\n"},
		{"slow for ever", `{"to":"sim:slow:1e9","channel":"sms","content":"x"}`, "! to invalid_recipient: to must give the seconds, 0 to 3600, such as sim:slow:2.5.\n"},
		{"slow NaN", `{"to":"sim:slow:NaN","channel":"sms","content":"x"}`, "! to invalid_recipient: to must give the seconds, 0 to 3600, such as sim:slow:2.5.\n"},
		{"live sender", sms(`,"from":"main"`), "! from unknown_sender: from names no sender of sms: \"main\".\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if diff := cmp.Diff(row.want, decodeText(t, row.body, true)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeFaults(t *testing.T) {
	long := strings.Repeat("x", 70_000)
	for _, row := range []struct{ name, body, want string }{
		{"empty object", `{}`, "! channel missing_parameter: channel is missing.\n! to missing_parameter: to is missing.\n! content content_required: content is required for contentType text.\n"},
		{
			"typo", `{"to":"+14155550100","chanel":"sms","content":"hi"}`,
			"! chanel unknown_parameter: There is no member \"chanel\"; did you mean \"channel\"?\n! channel missing_parameter: channel is missing.\n",
		},
		{"case", sms(`,"TO":"x"`), "! TO unknown_parameter: There is no member \"TO\"; did you mean \"to\"?\n"},
		{"far from all", sms(`,"zzz":{"a":[1,{"b":null}]}`), "! zzz unknown_parameter: There is no member \"zzz\" here; there are to, channel, content, contentType, templateId, " +
			"templateLanguage, templateParams, mediaUrl, mediaType, filename, from, fallback, reference, metadata, contactId, scheduledAt, expiresIn, priority, strict.\n"},
		{
			"typo in fallback", sms(`,"fallback":{"chanels":["sms"],"sucessStatus":"sent"}`),
			"! fallback.chanels unknown_parameter: There is no member \"chanels\"; did you mean \"channels\"?\n" +
				"! fallback.sucessStatus unknown_parameter: There is no member \"sucessStatus\"; did you mean \"successStatus\"?\n" +
				"! fallback.channels invalid_fallback: channels is missing: it lists the steps after the message's own channel.\n",
		},
		{
			"typo in a step", sms(`,"fallback":{"channels":["sms",{"channel":"sms","timout":9}]}`),
			"! fallback.channels[1].timout unknown_parameter: There is no member \"timout\"; did you mean \"timeout\"?\n",
		},
		{
			"not a step's member", sms(`,"fallback":{"channels":[{"channel":"sms","reference":"x"}]}`),
			"! fallback.channels[0].reference unknown_parameter: There is no member \"reference\" here; there are to, channel, content, contentType, templateId, " +
				"templateLanguage, templateParams, mediaUrl, mediaType, filename, from, successStatus, timeout.\n",
		},
		{"twice", sms(`,"to":"+14155550101"`), "! to duplicate_parameter: to stands there twice; keep one of the two.\n"},
		{"twice, once null", sms(`,"reference":null,"reference":"x"`), "! reference duplicate_parameter: reference stands there twice; keep one of the two.\n"},
		{
			"twice in a step", sms(`,"fallback":{"channels":[{"channel":"sms","timeout":5,"timeout":6}]}`),
			"! fallback.channels[0].timeout duplicate_parameter: timeout stands there twice; keep one of the two.\n",
		},
		{
			"wrong types", `{"to":1,"channel":["sms"],"content":{"a":1},"templateParams":[],"metadata":"x","expiresIn":"60","strict":"yes","fallback":[]}`,
			"! to invalid_type: to must be a string, not a number.\n! channel invalid_type: channel must be a string, not an array.\n" +
				"! content invalid_type: content must be a string, not an object.\n! templateParams invalid_type: templateParams must be an object of names and values, not an array.\n" +
				"! metadata invalid_type: metadata must be an object, not a string.\n! expiresIn invalid_type: expiresIn must be a whole number of seconds, not a string.\n" +
				"! strict invalid_type: strict must be true or false, not a string.\n! fallback invalid_type: fallback must be an object, not an array.\n",
		},
		{
			"numbers", sms(`,"expiresIn":1.5,"fallback":{"channels":[{"channel":"sms","timeout":4}],"timeout":259201}`),
			"! expiresIn invalid_type: expiresIn must be a whole number of seconds, not 1.5.\n" +
				"! fallback.channels[0].timeout invalid_parameter: timeout must be from 5 to 259200 seconds, not 4.\n" +
				"! fallback.timeout invalid_parameter: timeout must be from 5 to 259200 seconds, not 259201.\n",
		},
		{"huge number", sms(`,"expiresIn":99999999999999999999999999`), "! expiresIn invalid_parameter: expiresIn must be from 1 to 604800 seconds, not 99999999999999999999999999.\n"},
		{
			"unknown channel", `{"to":"+14155550100","channel":"whatsap","content":"x"}`,
			"! channel unsupported_channel: channel must be whatsapp, telegram, sms or kakao, not \"whatsap\"; did you mean \"whatsapp\"?\n",
		},
		{
			"not configured", `{"to":"+14155550100","channel":"kakao","contentType":"brandmessage","content":"x"}`,
			"! channel channel_not_configured: channel names kakao, which has no sender configured for live messages.\n",
		},
		{"sandbox recipient", `{"to":"sim:delivered","channel":"sms","content":"x"}`, "! to test_recipient: to is a recipient of the sandbox; use a cpk_test_ key, or a real recipient.\n"},
		{"bad recipient", `{"to":"1234","channel":"sms","content":"x"}`, "! to invalid_recipient: to must be a phone number in E.164, such as +14155550100, not \"1234\".\n"},
		{"impossible recipient", `{"to":"+1 415 555 010","channel":"sms","content":"x"}`, "! to invalid_recipient: to must have 10 digits after the country code +1, not \"+1415555010\".\n"},
		{"recipient of no country", `{"to":"+999123456789","channel":"whatsapp","content":"x"}`, "! to invalid_recipient: to must begin with the code of a country, such as +1 or +44, not \"+999123456789\".\n"},
		{"recipient of which country", `{"to":"0151 12345678","channel":"sms","content":"x"}`, "! to invalid_recipient: to must be a phone number in E.164, such as +14155550100, not \"0151 12345678\".\n"},
		{"bad recipient of a step", sms(`,"fallback":{"channels":[{"channel":"telegram","to":"@x"}]}`), "! fallback.channels[0].to invalid_recipient: to must be a chat id, not \"@x\".\n"},
		{"no such sender", sms(`,"from":"other"`), "! from unknown_sender: from names no sender of sms: \"other\".\n"},
		{"template", `{"to":"+14155550100","channel":"whatsapp","contentType":"template"}`, "! templateId template_required: templateId is required for contentType template.\n"},
		{"media", `{"to":"+14155550100","channel":"whatsapp","contentType":"media"}`, "! mediaUrl content_required: mediaUrl is required for contentType media.\n"},
		{"template meant", `{"to":"+14155550100","channel":"whatsapp","templateId":"t"}`, "! content content_required: content is required for contentType text; did you mean \"contentType\": \"template\"?\n"},
		{"media meant", `{"to":"+14155550100","channel":"whatsapp","mediaUrl":"https://a/b"}`, "! content content_required: content is required for contentType text; did you mean \"contentType\": \"media\"?\n"},
		{"long URL", `{"to":"+14155550100","channel":"whatsapp","contentType":"media","mediaUrl":"https://a/` + strings.Repeat("x", 2048) + `"}`, "! mediaUrl invalid_parameter: mediaUrl is longer than 2048 bytes.\n"},
		{"outcomes of the wrong type", sms(`,"fallback":{"channels":"sms","on":"failed"}`), "! fallback.channels invalid_type: channels must be an array of 1 to 5 steps, not a string.\n! fallback.on invalid_type: on must be an array of outcomes, not a string.\n"},
		{"an outcome of the wrong type", sms(`,"fallback":{"channels":["sms"],"on":[1]}`), "! fallback.on invalid_type: on must be an array of strings, not a number.\n"},
		{"content type", sms(`,"contentType":"txt"`), "! contentType unsupported_content_type: contentType must be text, template, media or brandmessage, not \"txt\"; did you mean \"text\"?\n"},
		{
			"content type of the channel", `{"to":"+14155550100","channel":"whatsapp","contentType":"template","templateId":"t","fallback":{"channels":["telegram"]}}`,
			"! fallback.channels[0].contentType unsupported_content_type: contentType is template, but telegram carries text or media only.\n",
		},
		{"channel's own rule", sms(``)[:len(sms(``))-5] + `"` + strings.Repeat("x", 1601) + `"}`, "! content content_too_long: content is longer than 1,600 characters.\n"},
		{
			"channel's own rule in a step", `{"to":"+14155550100","channel":"whatsapp","content":"` + strings.Repeat("x", 1601) + `","fallback":{"channels":["sms"]}}`,
			"! fallback.channels[0].content content_too_long: content is longer than 1,600 characters.\n",
		},
		{"too long for all", `{"to":"+14155550100","channel":"whatsapp","content":"` + long + `"}`, "! content content_too_long: content is longer than 65536 bytes.\n"},
		{"no steps", sms(`,"fallback":{"channels":[]}`), "! fallback.channels invalid_fallback: channels is empty: it lists 1 to 5 steps.\n"},
		{"six steps", sms(`,"fallback":{"channels":["sms","sms","sms","sms","sms","sms"]}`), "! fallback.channels invalid_fallback: channels has 6 steps; there may be 5.\n"},
		{
			"step of no kind", sms(`,"fallback":{"channels":["sms",7,null]}`),
			"! fallback.channels[1] invalid_fallback: A step must be the name of a channel or an object, not a number.\n" +
				"! fallback.channels[2] invalid_fallback: A step must be the name of a channel or an object, not null.\n",
		},
		{"step without channel", sms(`,"fallback":{"channels":[{"to":"+14155550100"}]}`), "! fallback.channels[0].channel missing_parameter: channel is missing.\n"},
		{
			"fallback words", sms(`,"fallback":{"channels":["sms"],"successStatus":"deliverd","on":["fail"],"lateReceipt":"x","onUnknown":"wait"}`),
			"! fallback.successStatus invalid_fallback: successStatus must be sent, delivered or read, not \"deliverd\"; did you mean \"delivered\"?\n" +
				"! fallback.on invalid_fallback: on must be failed, expired, timeout or unroutable, not \"fail\"; did you mean \"failed\"?\n" +
				"! fallback.lateReceipt invalid_parameter: lateReceipt must be cancel or continue, not \"x\".\n" +
				"! fallback.onUnknown invalid_fallback: onUnknown must be hold, advance or retry, not \"wait\".\n",
		},
		{"on nothing", sms(`,"fallback":{"channels":["sms"],"on":[]}`), "! fallback.on invalid_fallback: on is empty: no outcome would move the message on.\n"},
		{
			"strict", `{"to":"42","channel":"telegram","content":"x","strict":true,"fallback":{"channels":["telegram"],"successStatus":"delivered"}}`,
			"! fallback.successStatus unsupported_status: telegram can't report delivered; there, the success status is sent.\n",
		},
		{
			"strict step", `{"to":"42","channel":"telegram","content":"x","fallback":{"strict":true,"channels":[{"channel":"telegram","successStatus":"read"},{"channel":"telegram","timeout":9}]}}`,
			"! fallback.channels[0].successStatus unsupported_status: telegram can't report read; there, the success status is sent.\n" +
				"! fallback.channels[1].timeout unsupported_status: telegram can't report delivered; there, the success status is sent.\n",
		},
		{"scheduled too late", sms(`,"scheduledAt":"2027-02-14T08:00:01Z"`), "! scheduledAt invalid_parameter: scheduledAt must be at most 30 days ahead.\n"},
		{"scheduled in the past", sms(`,"scheduledAt":"2027-01-15T07:54:59Z"`), "! scheduledAt invalid_parameter: scheduledAt is in the past.\n"},
		{"scheduled never", sms(`,"scheduledAt":"tomorrow"`), "! scheduledAt invalid_parameter: scheduledAt must be a time such as 2026-01-31T12:00:00Z, not \"tomorrow\".\n"},
		{"contact", `{"contactId":"con_x","channel":"sms","content":"x"}`, "! contactId unknown_contact: contactId names no contact of this workspace: \"con_x\".\n"},
		{"priority", sms(`,"priority":"hihg"`), "! priority invalid_parameter: priority must be high, normal or bulk, not \"hihg\"; did you mean \"high\"?\n"},
		{"reference", sms(`,"reference":"` + strings.Repeat("é", 129) + `"`), "! reference invalid_parameter: reference must have at most 128 characters.\n"},
		{"control character", sms(`,"reference":"a\u0007"`), "! reference invalid_parameter: reference must not hold control characters.\n"},
		{
			"metadata nested", sms(`,"metadata":{"a":{"b":1},"c":[2],"a":3}`),
			"! metadata invalid_type: metadata must be flat: \"a\" must not be an object.\n! metadata invalid_type: metadata must be flat: \"c\" must not be an array.\n" +
				"! metadata duplicate_parameter: metadata has \"a\" twice.\n",
		},
		{"metadata too long", sms(`,"metadata":{"a":"` + strings.Repeat("x", 2048) + `"}`), "! metadata invalid_parameter: metadata is longer than 2048 bytes.\n"},
		{
			"params nested", `{"to":"+14155550100","channel":"whatsapp","contentType":"template","templateId":"t","templateParams":{"a":{"b":1},"c":null,"d":1,"d":2,"":3}}`,
			"! templateParams.a invalid_type: templateParams.a must be a string, a number or a boolean.\n" +
				"! templateParams.c invalid_type: templateParams.c must be a string, a number or a boolean.\n" +
				"! templateParams.d duplicate_parameter: templateParams.d stands there twice; keep one of the two.\n" +
				"! templateParams invalid_parameter: templateParams has a value without a name.\n",
		},
		{
			"media URL", `{"to":"+14155550100","channel":"whatsapp","contentType":"media","mediaUrl":"ftp://x","mediaType":"gif","filename":"a/b"}`,
			"! mediaUrl invalid_parameter: mediaUrl must be an absolute http or https URL, with everything beyond ASCII escaped and no password in it.\n" +
				"! mediaType invalid_parameter: mediaType must be image, video, audio or document, not \"gif\".\n" +
				"! filename invalid_parameter: filename must be a name without a path.\n",
		},
		{
			"all at once", `{"to":"x","channel":"sms","content":"","priority":"now","fallback":{"channels":["sms",{"channel":"nope","timeout":1}]}}`,
			"! priority invalid_parameter: priority must be high, normal or bulk, not \"now\".\n" +
				"! fallback.channels[1].timeout invalid_parameter: timeout must be from 5 to 259200 seconds, not 1.\n" +
				"! to invalid_recipient: to must be a phone number in E.164, such as +14155550100, not \"x\".\n" +
				"! content content_required: content is required for contentType text.\n" +
				"! fallback.channels[0].content content_required: content is required for contentType text.\n" +
				"! fallback.channels[1].channel unsupported_channel: channel must be whatsapp, telegram, sms or kakao, not \"nope\".\n" +
				"! fallback.channels[1].content content_required: content is required for contentType text.\n",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			if diff := cmp.Diff(row.want, decodeText(t, row.body, false)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeFaultOfAnUnknownCode(t *testing.T) {
	got := decodeText(t, `{"to":"+14155550100","channel":"kakao","contentType":"template","templateId":"refused"}`, true)
	if want := "! templateId invalid_parameter: templateId is one that Kakao refuses.\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDecodeBrokenJSON(t *testing.T) {
	deep := strings.Repeat("[", 32) + strings.Repeat("]", 32)
	for _, row := range []struct{ name, body, want string }{
		{"nothing", ``, "it is empty (line 1, column 1)"},
		{"space", " \n ", "it ends where a value should begin (line 2, column 2)"},
		{"byte order mark", "\xef\xbb\xbf{}", "it begins with a byte order mark (line 1, column 1)"},
		{"cut", `{"to":"+1`, "it ends in a string (line 1, column 10)"},
		{"cut after a member", `{"to":"+1"`, "it ends in the middle (line 1, column 11)"},
		{"cut after a comma", `{"to":"+1",`, "the name of a member should begin here, with a quotation mark (line 1, column 12)"},
		{"cut after a name", `{"to"`, "a colon should follow the name of a member (line 1, column 6)"},
		{"cut in an escape", `{"to":"\`, "it ends in a string (line 1, column 9)"},
		{"cut in a code", `{"to":"\u00`, "four hexadecimal digits should follow \\u (line 1, column 8)"},
		{"text behind", `{} x`, "there is text after the end of the object (line 1, column 4)"},
		{"two objects", `{}{}`, "there is text after the end of the object (line 1, column 3)"},
		{"comma too many", `{"to":"x",}`, "a comma stands before a closing bracket (line 1, column 11)"},
		{"comma missing", `{"to":"x" "a":1}`, "a comma or a closing bracket should stand here (line 1, column 11)"},
		{"single quotes", `{'to':1}`, "the name of a member should begin here, with a quotation mark (line 1, column 2)"},
		{"no value", `{"to":}`, "a value should begin here (line 1, column 7)"},
		{"word", `{"to":nul}`, "a value should begin here (line 1, column 7)"},
		{"Python", `{"strict":True}`, "a value should begin here (line 1, column 11)"},
		{"leading zero", `{"expiresIn":01}`, "a number is not written as JSON wants it (line 1, column 14)"},
		{"bare minus", `{"expiresIn":-}`, "a number is not written as JSON wants it (line 1, column 14)"},
		{"bare point", `{"x":1.}`, "a number is not written as JSON wants it (line 1, column 6)"},
		{"bare exponent", `{"x":1e+}`, "a number is not written as JSON wants it (line 1, column 6)"},
		{"plus", `{"x":+1}`, "a value should begin here (line 1, column 6)"},
		{"line feed in a string", "{\"to\":\"a\nb\"}", "a control character stands in a string; write it as \\n, \\t or \\u00XX (line 1, column 9)"},
		{"line feed in an escaped string", "{\"to\":\"\\ta\nb\"}", "a control character stands in a string; write it as \\n, \\t or \\u00XX (line 1, column 11)"},
		{"no such escape", `{"to":"\x41"}`, "there is no such escape (line 1, column 8)"},
		{"not UTF-8", "{\"to\":\"\xff\"}", "a string is not UTF-8 (line 1, column 8)"},
		{"overlong", "{\"to\":\"\xc0\x80\"}", "a string is not UTF-8 (line 1, column 8)"},
		{"encoded surrogate", "{\"to\":\"\xed\xa0\x80\"}", "a string is not UTF-8 (line 1, column 8)"},
		{"not UTF-8 with escape", "{\"to\":\"\\n\xff\"}", "a string is not UTF-8 (line 1, column 8)"},
		{"not UTF-8 in a name", "{\"\xff\":1}", "a string is not UTF-8 (line 1, column 3)"},
		{"lone high surrogate", `{"to":"\ud83d"}`, "half of a surrogate pair stands alone (line 1, column 8)"},
		{"lone low surrogate", `{"to":"a\udc00"}`, "half of a surrogate pair stands alone (line 1, column 9)"},
		{"surrogates the wrong way", `{"to":"\udc00\ud83d"}`, "half of a surrogate pair stands alone (line 1, column 8)"},
		{"NUL", `{"to":"\u0000"}`, "a string holds the character NUL (line 1, column 8)"},
		{"NUL as it is", "{\"to\":\"\x00\"}", "a control character stands in a string; write it as \\n, \\t or \\u00XX (line 1, column 8)"},
		{"too deep", `{"x":` + deep + `}`, "it is nested deeper than 32 levels (line 1, column 37)"},
		{"far too deep", `{"x":` + strings.Repeat("[", 100_000), "it is nested deeper than 32 levels (line 1, column 37)"},
		{"later lines", "{\n \"é\":1,\n \"ééé\" 1}", "a colon should follow the name of a member (line 3, column 8)"},
		{"broken after other faults", `{"to":1,"zz":2,"x":tru}`, "a value should begin here (line 1, column 20)"},
	} {
		t.Run(row.name, func(t *testing.T) {
			want := "!  invalid_json: The body is not valid JSON: " + row.want + ".\n"
			if diff := cmp.Diff(want, decodeText(t, row.body, false)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	for _, body := range []string{`[]`, `"x"`, `1`, `null`, `true`} {
		if got := decodeText(t, body, false); !strings.HasPrefix(got, "!  invalid_type: The body must be a JSON object, not ") {
			t.Errorf("%s: %s", body, got)
		}
	}
	if got := decodeText(t, `{"x":`+deep[1:len(deep)-1]+`}`, false); !strings.Contains(got, "unknown_parameter") {
		t.Errorf("32 levels: %s", got)
	}
}

// A draft that has been used once leaves nothing behind for the next body.
func TestDecodeForgets(t *testing.T) {
	r := testReader()
	first := `{"to":"+14155550100","channel":"whatsapp","contentType":"template","templateId":"t\n","templateParams":{"a":"\u00e9"},
		"metadata":{"m":1},"reference":"r","priority":"bulk","strict":true,"scheduledAt":"2027-01-15T08:00:01Z","expiresIn":5,"contactId":"c",
		"fallback":{"channels":["sms","telegram"],"timeout":9,"on":["failed"],"lateReceipt":"continue","onUnknown":"retry"},"x":1}`
	r.release(r.read([]byte(first), testKey(true), day))
	d := r.read([]byte(sms("")), testKey(false), day)
	want := "0 sms to=\"+14155550100\" from=\"\" text \"hi\" until=sent\n"
	if diff := cmp.Diff(want, show(d)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if d.out.Test {
		t.Error("a live message is marked as a test")
	}
}

func TestDecodeListsABoundedNumberOfFaults(t *testing.T) {
	r := testReader()
	for _, body := range []string{
		`{` + strings.Repeat(`"a":1,`, 1000) + `"b":2}`,
		sms(`,"fallback":{"channels":["sms"],"on":["` + strings.Repeat(`x","`, 1000) + `"]}`),
		sms(`,"metadata":{` + strings.Repeat(`"a":[],`, 200) + `"b":[]}`),
	} {
		d := r.read([]byte(body), testKey(false), day)
		if len(d.faults) != maxFaults {
			t.Errorf("%.40s…: %d faults, want %d", body, len(d.faults), maxFaults)
		}
		r.release(d)
	}
}

func TestDecodeManyParams(t *testing.T) {
	body := func(n int) string {
		var b strings.Builder
		b.WriteString(`{"to":"+14155550100","channel":"whatsapp","contentType":"template","templateId":"t","templateParams":{"p":0`)
		for i := 1; i < n; i++ {
			fmt.Fprintf(&b, `,"p%d":%d`, i, i)
		}
		return b.String() + `}}`
	}
	if got := decodeText(t, body(maxParams), false); strings.HasPrefix(got, "!") {
		t.Errorf("%d params: %s", maxParams, got)
	}
	want := "! templateParams invalid_parameter: templateParams has more than 100 values.\n"
	if got := decodeText(t, body(maxParams+3), false); got != want {
		t.Errorf("too many: %s", got)
	}
}

func TestDecodeTimes(t *testing.T) {
	r := testReader()
	for _, row := range []struct {
		text string
		want message.Time
	}{
		{"2027-01-15T08:00:00.001Z", day + 1},
		{"2027-01-15T17:00:01+09:00", day + 1000},
		{"2027-02-14T08:00:00Z", day.Add(30 * 24 * time.Hour)},
		{"2027-01-15T08:00:00Z", 0},
		{"2027-01-15T07:55:00Z", 0},
	} {
		d := r.read([]byte(sms(`,"scheduledAt":"`+row.text+`"`)), testKey(false), day)
		if len(d.faults) > 0 || d.out.ScheduledAt != row.want {
			t.Errorf("%s: %d, %v; want %d", row.text, d.out.ScheduledAt, d.faults, row.want)
		}
	}
}

func TestWebAddress(t *testing.T) {
	for s, want := range map[string]bool{
		"http://a": true, "HTTPS://a.example:8080/b?c=d#e": true, "https://[::1]/x": true, "https://a/%ea%b0%80": true,
		"": false, "http://": false, "http:///x": false, "//a/b": false, "ftp://a": false, "javascript:alert(1)": false,
		"http://a b": false, "http://a/\x00": false, "http://a/가": false, "http://user:pw@a/": false, "http://a\\b": false,
		"http://:80/": false, "http://?x": false,
	} {
		if got := isWebAddress(s); got != want {
			t.Errorf("isWebAddress(%q) = %t, want %t", s, got, want)
		}
	}
}
