package whatsapp

import (
	"strings"

	"messagehub/actors/channel/channeltest"
	"messagehub/store/message"
)

// customers are callbacks with messages of a customer, as the Cloud API's
// reference of the "messages" webhook has them.
func customers(messages ...string) string {
	return `{"object":"whatsapp_business_account","entry":[{"id":"102290129340398","changes":[{"field":"messages","value":{"messaging_product":"whatsapp",` +
		`"metadata":{"display_phone_number":"15550783881","phone_number_id":"106540352242922"},"contacts":[{"profile":{"name":"Sheena Nelson"},"wa_id":"16505551234"}],` +
		`"messages":[` + strings.Join(messages, ",") + `]}}]}]}`
}

func inbounds() []channeltest.Callback {
	const id, from, at = "wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQTRBNjU5OUFFRTAzODEwMTQ0RgA=", "+16505551234", message.Time(1749416383000)
	sent := func(kind, rest string) string {
		return `{"from":"16505551234","id":"` + id + `","timestamp":"1749416383","type":"` + kind + `",` + rest + `}`
	}
	row := func(name, kind, rest string, want message.Inbound) channeltest.Callback {
		want.ProviderID, want.From, want.At = id, from, at
		return channeltest.Callback{Name: name, Body: customers(sent(kind, rest)), Inbound: []message.Inbound{want}}
	}
	medium := func(m message.Medium) []message.Medium { return []message.Medium{m} }
	return []channeltest.Callback{
		row("text of a customer", "text", `"text":{"body":"Does it come in another color?"}`, message.Inbound{Kind: "text", Text: "Does it come in another color?"}),
		row("answer of a customer", "text", `"context":{"from":"15550783881","id":"wamid.A"},"text":{"body":"STOP"}`, message.Inbound{Kind: "text", Text: "STOP", ReplyTo: "wamid.A"}),
		row("picture of a customer", "image", `"image":{"caption":"Taj Mahal","mime_type":"image/jpeg","sha256":"SfInY0gGKTsJlUWbwxC1k+FAD0FZHvzwfpvO0zX0GUI=","id":"1003383421387256","url":"https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=133"}`,
			message.Inbound{Kind: "image", Text: "Taj Mahal", Media: medium(message.Medium{ID: "1003383421387256", URL: "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=133", MimeType: "image/jpeg"})}),
		row("document of a customer", "document", `"document":{"filename":"lease.pdf","mime_type":"application/pdf","sha256":"x","id":"1"}`,
			message.Inbound{Kind: "document", Media: medium(message.Medium{ID: "1", MimeType: "application/pdf", Filename: "lease.pdf"})}),
		row("voice of a customer", "audio", `"audio":{"mime_type":"audio/ogg; codecs=opus","sha256":"x","id":"2","voice":true}`,
			message.Inbound{Kind: "audio", Media: medium(message.Medium{ID: "2", MimeType: "audio/ogg; codecs=opus"})}),
		row("sticker of a customer", "sticker", `"sticker":{"mime_type":"image/webp","sha256":"x","id":"3","animated":false}`,
			message.Inbound{Kind: "sticker", Media: medium(message.Medium{ID: "3", MimeType: "image/webp"})}),
		row("location of a customer", "location", `"location":{"address":"1071 5th Ave, New York, NY 10128","latitude":"40.782910059774","longitude":-73.959075808525,"name":"Solomon R. Guggenheim Museum"}`,
			message.Inbound{Kind: "location", Place: &message.Place{Latitude: 40.782910059774, Longitude: -73.959075808525, Name: "Solomon R. Guggenheim Museum", Address: "1071 5th Ave, New York, NY 10128"}}),
		row("contacts of a customer", "contacts", `"contacts":[{"name":{"first_name":"Barbara","formatted_name":"Barbara J. Johnson"},"phones":[{"phone":"+1 (650) 555-1234","wa_id":"16505551234","type":"CELL"}]}]`,
			message.Inbound{Kind: "contact", Text: "Barbara J. Johnson +1 (650) 555-1234"}),
		row("reaction of a customer", "reaction", `"reaction":{"message_id":"wamid.B","emoji":"\ud83d\udc4d"}`, message.Inbound{Kind: "reaction", Text: "👍", ReplyTo: "wamid.B"}),
		row("button of a template", "button", `"context":{"id":"wamid.A"},"button":{"payload":"Unsubscribe","text":"Unsubscribe"}`, message.Inbound{Kind: "button", Text: "Unsubscribe", ReplyTo: "wamid.A"}),
		row("reply button", "interactive", `"interactive":{"type":"button_reply","button_reply":{"id":"1","title":"Yes"}}`, message.Inbound{Kind: "button", Text: "Yes"}),
		row("list", "interactive", `"interactive":{"type":"list_reply","list_reply":{"id":"priority_express","title":"Priority Mail Express","description":"Next day"}}`, message.Inbound{Kind: "button", Text: "Priority Mail Express"}),
		row("kind of the future", "hologram", `"hologram":[1]`, message.Inbound{Kind: "hologram"}),
		row("content of another form", "image", `"image":"x","location":7`, message.Inbound{Kind: "image"}),
		row("place that is none", "location", `"location":{"latitude":95}`, message.Inbound{Kind: "location"}),
		{Name: "customer without a number", Body: customers(`{"from_user_id":"US.13491208655302741918","id":"wamid.H","timestamp":"x","type":"text","text":{"body":"hi"}}`), Inbound: []message.Inbound{
			{ProviderID: "wamid.H", From: "US.13491208655302741918", Kind: "text", Text: "hi"},
		}},
		{Name: "messages of no use", Body: customers(`{"id":"wamid.W","from":"16505551234","type":"system"}`, `{"from":"16505551234","type":"text"}`, `7`, sent("text", `"text":{"body":"a"}`)), Inbound: []message.Inbound{
			{ProviderID: id, From: from, Kind: "text", Text: "a", At: at},
		}},
	}
}
