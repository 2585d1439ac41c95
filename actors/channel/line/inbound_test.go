package line

import (
	"strings"

	"messagehub/actors/channel/channeltest"
	"messagehub/store/message"
)

// inbounds are events about what users do, as LINE's reference has them.
func inbounds() []channeltest.Callback {
	const from, at = "U4af4980629d6c1f0a1b2c3d4e5f60718", message.Time(1462629479859)
	event := func(kind, rest string) string {
		return `{"destination":"U0123456789abcdef0123456789abcdef","events":[{"replyToken":"nHuyWiB7yP5Zw52FIkcQobQuGDXCTA","type":"` + kind + `","mode":"active","timestamp":1462629479859,` +
			`"source":{"type":"user","userId":"` + from + `"},"webhookEventId":"01FZ74A0TDDPYRVKNK77XKC3ZR","deliveryContext":{"isRedelivery":false}` + rest + `}]}`
	}
	row := func(name, content string, want message.Inbound) channeltest.Callback {
		want.ProviderID, want.From, want.At = "325708", from, at
		return channeltest.Callback{Name: name, Body: event("message", `,"message":{"id":"325708",`+content+`}`), Inbound: []message.Inbound{want}}
	}
	other := func(name, kind, rest string, want message.Inbound) channeltest.Callback {
		want.ProviderID, want.From, want.At = "01FZ74A0TDDPYRVKNK77XKC3ZR", from, at
		return channeltest.Callback{Name: name, Body: event(kind, rest), Inbound: []message.Inbound{want}}
	}
	fetched := []message.Medium{{ID: "325708"}}
	return []channeltest.Callback{
		row("image", `"type":"image","quoteToken":"q3Plxr4AgKd","contentProvider":{"type":"line"}`, message.Inbound{Kind: "image", Media: fetched}),
		row("image elsewhere", `"type":"image","quoteToken":"q","contentProvider":{"type":"external","originalContentUrl":"https://example.com/a.png","previewImageUrl":"https://example.com/b.png"}`,
			message.Inbound{Kind: "image", Media: []message.Medium{{URL: "https://example.com/a.png"}}}),
		row("video", `"type":"video","quoteToken":"q","duration":60000,"contentProvider":{"type":"line"}`, message.Inbound{Kind: "video", Media: fetched}),
		row("audio", `"type":"audio","duration":60000,"contentProvider":{"type":"line"}`, message.Inbound{Kind: "audio", Media: fetched}),
		row("file", `"type":"file","fileName":"file.txt","fileSize":2138`, message.Inbound{Kind: "document", Media: []message.Medium{{ID: "325708", Filename: "file.txt"}}}),
		row("location", `"type":"location","title":"my location","address":"Tokyo","latitude":35.67966,"longitude":139.73669`,
			message.Inbound{Kind: "location", Place: &message.Place{Latitude: 35.67966, Longitude: 139.73669, Name: "my location", Address: "Tokyo"}}),
		row("sticker", `"type":"sticker","quoteToken":"q","packageId":"446","stickerId":"1988","stickerResourceType":"STATIC","keywords":["Smile","ok"]`,
			message.Inbound{Kind: "sticker", Text: "Smile, ok", Media: []message.Medium{{ID: "1988"}}}),
		other("postback", "postback", `,"postback":{"data":"storeId=12345"}`, message.Inbound{Kind: "button", Text: "storeId=12345"}),
		other("follow", "follow", `,"follow":{"isUnblocked":true}`, message.Inbound{Kind: message.KindOptIn}),
		{Name: "unfollow", Body: strings.Replace(event("unfollow", ""), `"replyToken":"nHuyWiB7yP5Zw52FIkcQobQuGDXCTA",`, "", 1), Inbound: []message.Inbound{
			{ProviderID: "01FZ74A0TDDPYRVKNK77XKC3ZR", From: from, Kind: message.KindOptOut, At: at},
		}},
		{Name: "of a form of its own", Body: event("message", `,"message":7`)},
		{Name: "without an id", Body: strings.Replace(event("follow", ""), "01FZ74A0TDDPYRVKNK77XKC3ZR", "", 1)},
	}
}
