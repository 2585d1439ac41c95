package viber

import (
	"messagehub/actors/channel/channeltest"
	"messagehub/store/message"
)

// botInbounds are callbacks about what users do, as the Bot API documents them.
func botInbounds() []channeltest.Callback {
	const token, user, at = "4912661846655238145", "01234567890A=", message.Time(1457764197627)
	row := func(name, content string, want message.Inbound) channeltest.Callback {
		want.ProviderID, want.From, want.At = token, user, at
		return channeltest.Callback{Name: name, Inbound: []message.Inbound{want}, Body: `{"event":"message","timestamp":1457764197627,"message_token":` + token +
			`,"sender":{"id":"` + user + `","name":"John McClane","avatar":"https://example.com/a.jpg","country":"UK","language":"en","api_version":1},"message":{` + content + `}}`}
	}
	attached := func(kind, text string, m message.Medium) message.Inbound {
		return message.Inbound{Kind: kind, Text: text, Media: []message.Medium{m}}
	}
	return []channeltest.Callback{
		row("text of a user", `"type":"text","text":"a message to the service","tracking_data":"tracking data"`, message.Inbound{Kind: "text", Text: "a message to the service"}),
		row("picture of a user", `"type":"picture","text":"look","media":"https://dl-media.viber.com/a.jpg?Expires=1","thumbnail":"https://dl-media.viber.com/t.jpg","file_name":"a.jpg"`,
			attached("image", "look", message.Medium{URL: "https://dl-media.viber.com/a.jpg?Expires=1", Filename: "a.jpg"})),
		row("video of a user", `"type":"video","media":"https://dl-media.viber.com/a.mp4","size":10000,"duration":10`, attached("video", "", message.Medium{URL: "https://dl-media.viber.com/a.mp4"})),
		row("file of a user", `"type":"file","media":"https://dl-media.viber.com/a","file_name":"a.pdf","file_size":10000`, attached("document", "", message.Medium{URL: "https://dl-media.viber.com/a", Filename: "a.pdf"})),
		row("sticker of a user", `"type":"sticker","sticker_id":46105,"media":"https://content.cdn.viber.com/46105.png"`, attached("sticker", "", message.Medium{URL: "https://content.cdn.viber.com/46105.png"})),
		row("link of a user", `"type":"url","media":"https://example.com"`, message.Inbound{Kind: "link", Text: "https://example.com"}),
		row("location of a user", `"type":"location","location":{"lat":50.76891,"lon":6.11499}`, message.Inbound{Kind: "location", Place: &message.Place{Latitude: 50.76891, Longitude: 6.11499}}),
		row("contact of a user", `"type":"contact","contact":{"name":"Alex","phone_number":"+972511123123"}`, message.Inbound{Kind: "contact", Text: "Alex +972511123123"}),
		row("kind of the future", `"type":"hologram","location":"here","contact":7`, message.Inbound{Kind: "hologram"}),
		{Name: "message of nobody", Body: `{"event":"message","timestamp":1,"message_token":5,"sender":{"id":"x"},"message":{"type":"text","text":"a"}}`},
		{Name: "message without a token", Body: `{"event":"message","timestamp":1,"sender":{"id":"` + user + `"},"message":{"type":"text","text":"a"}}`},
		{Name: "unsubscribed", Body: `{"event":"unsubscribed","timestamp":1457764197627,"user_id":"` + user + `","message_token":` + token + `}`, Inbound: []message.Inbound{
			{ProviderID: "unsubscribed:" + token, From: user, Kind: message.KindOptOut, At: at},
		}},
		{Name: "subscribed", Body: `{"event":"subscribed","timestamp":1457764197627,"user":{"id":"` + user + `","name":"A","language":"en","country":"UK","api_version":1},"message_token":` + token + `}`, Inbound: []message.Inbound{
			{ProviderID: "subscribed:" + token, From: user, Kind: message.KindOptIn, At: at},
		}},
	}
}

// infobipInbounds are callbacks with messages of users, as Infobip documents
// them.
func infobipInbounds() []channeltest.Callback {
	sent := func(rest string) string {
		return `{"sender":"385912345678","to":"givenClient","integrationType":"VIBER","receivedAt":"2020-04-01T11:02:43.594+00:00","messageId":"1234567890123456789","pairedMessageId":"message-id","callbackData":"callback-data",` +
			`"message":{` + rest + `},"price":{"pricePerMessage":0.15,"currency":"EUR"}}`
	}
	row := func(name, content string, want message.Inbound) channeltest.Callback {
		want.ProviderID, want.From, want.At, want.ReplyTo = "1234567890123456789", "+385912345678", 1585738963594, "message-id"
		return channeltest.Callback{Name: name, Body: results(sent(content)), Inbound: []message.Inbound{want}}
	}
	return []channeltest.Callback{
		row("text of a user", `"text":"givenText","trackingData":"givenTrackingData","type":"TEXT"`, message.Inbound{Kind: "text", Text: "givenText"}),
		row("file of a user", `"url":"https://example.com/somefile","fileName":"somefile","trackingData":"x","type":"FILE"`,
			message.Inbound{Kind: "document", Media: []message.Medium{{URL: "https://example.com/somefile", Filename: "somefile"}}}),
		row("picture of a user", `"url":"https://example.com/a.jpg","text":"look","type":"IMAGE"`, message.Inbound{Kind: "image", Text: "look", Media: []message.Medium{{URL: "https://example.com/a.jpg"}}}),
		{Name: "messages of no use", Body: results(`7`, `{"messageId":"x","sender":"385912345678","message":{}}`, `{"messageId":"x","sender":"Company","message":{"type":"TEXT"}}`)},
	}
}
