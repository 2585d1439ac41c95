package zalo

import (
	"messagehub/actors/channel/channeltest"
	"messagehub/store/message"
)

// inbounds are events about what users do. Zalo's own pages were not at hand:
// the text and the location are as captured from it, the others as write-ups
// of its pages have them.
func inbounds() []channeltest.Callback {
	const id, from, at = "b8de7d84fa1b3043690c", "8309393969855402319", message.Time(1751100041636)
	event := func(name, about string) string {
		return `{"event_name":"` + name + `","app_id":"102719276611582260","sender":{"id":"` + from + `"},"recipient":{"id":"1423847451268726170"},` +
			`"message":` + about + `,"timestamp":"1751100041636","user_id_by_app":"7300442764876318465"}`
	}
	row := func(name, about string, want message.Inbound) channeltest.Callback {
		want.ProviderID, want.From, want.At = id, from, at
		return channeltest.Callback{Name: name, Body: event(name, `{"msg_id":"`+id+`",`+about+`}`), Inbound: []message.Inbound{want}}
	}
	followed := func(name, kind string) channeltest.Callback {
		return channeltest.Callback{
			Name: name, Inbound: []message.Inbound{{ProviderID: name + ":" + from + ":1751100041636", From: from, Kind: kind, At: at}},
			Body: `{"oa_id":"1423847451268726170","follower":{"id":"` + from + `"},"user_id_by_app":"7300442764876318465","event_name":"` + name + `","source":"oa_profile","app_id":"102719276611582260","timestamp":"1751100041636"}`,
		}
	}
	url := func(address string) []message.Medium { return []message.Medium{{URL: address}} }
	return []channeltest.Callback{
		row("user_send_text", `"text":"Xin chào"`, message.Inbound{Kind: "text", Text: "Xin chào"}),
		row("user_send_image", `"text":"look","attachments":[{"payload":{"thumbnail":"https://f4.photo.talk.zdn.vn/t.jpg","url":"https://f4.photo.talk.zdn.vn/a.jpg"},"type":"image"}]`, message.Inbound{Kind: "image", Text: "look", Media: url("https://f4.photo.talk.zdn.vn/a.jpg")}),
		row("user_send_gif", `"attachments":[{"payload":{"thumbnail":"https://f4.photo.talk.zdn.vn/t.gif"},"type":"gif"}]`, message.Inbound{Kind: "image", Media: url("https://f4.photo.talk.zdn.vn/t.gif")}),
		row("user_send_audio", `"attachments":[{"payload":{"url":"https://voice-aac.talk.zdn.vn/a.aac"},"type":"audio"}]`, message.Inbound{Kind: "audio", Media: url("https://voice-aac.talk.zdn.vn/a.aac")}),
		row("user_send_video", `"attachments":[{"payload":{"thumbnail":"https://video.talk.zdn.vn/t.jpg","description":"","url":"https://video.talk.zdn.vn/a.mp4"},"type":"video"}]`, message.Inbound{Kind: "video", Media: url("https://video.talk.zdn.vn/a.mp4")}),
		row("user_send_file", `"attachments":[{"payload":{"size":"7","name":"a.pdf","checksum":"x","type":"pdf","url":"https://file.talk.zdn.vn/a"},"type":"file"}]`, message.Inbound{Kind: "document", Media: []message.Medium{{URL: "https://file.talk.zdn.vn/a", Filename: "a.pdf"}}}),
		row("user_send_sticker", `"attachments":[{"payload":{"id":"1c1c","url":"https://zalo-api.zadn.vn/s.png"},"type":"sticker"}]`, message.Inbound{Kind: "sticker", Media: []message.Medium{{ID: "1c1c", URL: "https://zalo-api.zadn.vn/s.png"}}}),
		row("user_send_link", `"attachments":[{"payload":{"thumbnail":"https://a/t.jpg","description":"A page","url":"https://example.com"},"type":"link"}]`, message.Inbound{Kind: "link", Text: "A page", Media: url("https://example.com")}),
		row("user_send_location", `"text":"Cơm Coffee New Sky","attachments":[{"payload":{"coordinates":{"latitude":"10.7923119","longitude":"106.7820651"}},"type":"location"}]`,
			message.Inbound{Kind: "location", Text: "Cơm Coffee New Sky", Place: &message.Place{Latitude: 10.7923119, Longitude: 106.7820651, Name: "Cơm Coffee New Sky"}}),
		row("user_send_business_card", `"attachments":[{"payload":{"thumbnail":"https://a/t.jpg","description":"{\"phone\":\"84987654321\"}","url":"https://a/qr.png"},"type":"business_card"}]`,
			message.Inbound{Kind: "contact", Text: `{"phone":"84987654321"}`, Media: url("https://a/qr.png")}),
		followed("follow", message.KindOptIn),
		followed("unfollow", message.KindOptOut),
		{Name: "attachments of another form", Body: event("user_send_image", `{"msg_id":"`+id+`","attachments":[7,{"payload":"x"}]}`), Inbound: []message.Inbound{{ProviderID: id, From: from, Kind: "image", At: at}}},
		{Name: "kind of the future", Body: event("user_send_hologram", `{"msg_id":"1"}`)},
		{Name: "without an id", Body: event("user_send_text", `{"text":"x"}`)},
	}
}
