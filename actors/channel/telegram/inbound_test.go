package telegram

import (
	"strings"

	"messagehub/actors/channel/channeltest"
	"messagehub/store/message"
)

// inbounds are updates about what users do, of the form of the Bot API's
// objects.
func inbounds() []channeltest.Callback {
	const at = message.Time(1750000001000)
	update := func(rest string) string {
		return `{"update_id":10002,"message":{"message_id":5,"from":{"id":123,"is_bot":false,"first_name":"A"},"chat":{"id":123,"type":"private","first_name":"A"},"date":1750000001,` + rest + `}}`
	}
	row := func(name, rest string, want message.Inbound) channeltest.Callback {
		want.ProviderID, want.From, want.At = "123:5", "123", at
		return channeltest.Callback{Name: name, Body: update(rest), Inbound: []message.Inbound{want}}
	}
	file := func(kind, id, mime, name, text string) message.Inbound {
		return message.Inbound{Kind: kind, Text: text, Media: []message.Medium{{ID: id, MimeType: mime, Filename: name}}}
	}
	member := `{"update_id":10001,"my_chat_member":{"chat":{"id":123,"type":"private","first_name":"A"},"from":{"id":123,"is_bot":false,"first_name":"A"},"date":1750000001,` +
		`"old_chat_member":{"user":{"id":777,"is_bot":true,"first_name":"B"},"status":"member"},"new_chat_member":{"user":{"id":777,"is_bot":true,"first_name":"B"},"status":"kicked","until_date":0}}}`
	again := strings.NewReplacer(`"member"`, `"kicked"`, `"kicked","until_date":0`, `"member"`).Replace(member)
	return []channeltest.Callback{
		row("text", `"text":"/start ref42"`, message.Inbound{Kind: "text", Text: "/start ref42"}),
		row("photo", `"photo":[{"file_id":"AgADs","file_unique_id":"a","width":90,"height":51},{"file_id":"AgADx","file_unique_id":"b","width":1280,"height":720}],"caption":"this"`, file("image", "AgADx", "image/jpeg", "", "this")),
		row("document", `"document":{"file_id":"BQAD","file_unique_id":"c","file_name":"a.pdf","mime_type":"application/pdf","file_size":7}`, file("document", "BQAD", "application/pdf", "a.pdf", "")),
		row("animation", `"animation":{"file_id":"CgAD","file_unique_id":"d","width":1,"height":1,"duration":1,"mime_type":"video/mp4"},"document":{"file_id":"CgAD","file_unique_id":"d"}`, file("video", "CgAD", "video/mp4", "", "")),
		row("video", `"video":{"file_id":"BAAD","file_unique_id":"e","width":1,"height":1,"duration":1,"mime_type":"video/mp4"}`, file("video", "BAAD", "video/mp4", "", "")),
		row("voice", `"voice":{"file_id":"AwAD","file_unique_id":"f","duration":1,"mime_type":"audio/ogg"}`, file("audio", "AwAD", "audio/ogg", "", "")),
		row("sticker", `"sticker":{"file_id":"CAAD","file_unique_id":"g","type":"regular","width":512,"height":512,"is_animated":false,"is_video":false,"emoji":"👍"}`, file("sticker", "CAAD", "", "", "")),
		row("location", `"location":{"latitude":51.5,"longitude":-0.12}`, message.Inbound{Kind: "location", Place: &message.Place{Latitude: 51.5, Longitude: -0.12}}),
		row("venue", `"venue":{"location":{"latitude":51.5,"longitude":-0.12},"title":"Tower","address":"London"},"location":{"latitude":51.5,"longitude":-0.12}`,
			message.Inbound{Kind: "location", Place: &message.Place{Latitude: 51.5, Longitude: -0.12, Name: "Tower", Address: "London"}}),
		row("contact", `"contact":{"phone_number":"+14155550100","first_name":"Ann","user_id":5}`, message.Inbound{Kind: "contact", Text: "Ann +14155550100"}),
		row("content of the future", `"hologram":{"file_id":"x"}`, message.Inbound{Kind: "media"}),
		row("content of another form", `"photo":[],"location":{"latitude":95,"longitude":0},"caption":"x"`, message.Inbound{Kind: "media", Text: "x"}),
		{Name: "answer", Body: `{"update_id":10002,"message":{"message_id":6,"chat":{"id":123},"date":-1,"text":"this","reply_to_message":{"message_id":42}}}`, Inbound: []message.Inbound{{ProviderID: "123:6", From: "123", Kind: "text", Text: "this", ReplyTo: "123:42"}}},
		{Name: "no chat", Body: `{"update_id":10002,"message":{"message_id":6,"text":"this"}}`},
		{Name: "blocked", Body: member, Inbound: []message.Inbound{{ProviderID: "update:10001", From: "123", Kind: message.KindOptOut, At: at}}},
		{Name: "let in again", Body: again, Inbound: []message.Inbound{{ProviderID: "update:10001", From: "123", Kind: message.KindOptIn, At: at}}},
		{Name: "put out of a group", Body: strings.Replace(member, `"private"`, `"group"`, 1)},
		{Name: "button", Body: `{"update_id":10003,"callback_query":{"id":"4382","from":{"id":123,"is_bot":false,"first_name":"A"},"message":{"message_id":42,"date":1750000000,"chat":{"id":123,"type":"private"}},"chat_instance":"-1","data":"y:1"}}`, Inbound: []message.Inbound{
			{ProviderID: "callback:4382", From: "123", Kind: "button", Text: "y:1", ReplyTo: "123:42"},
		}},
	}
}
