package zalo

import (
	"cmp"
	"strconv"
	"strings"

	"messagehub/store/message"
	"messagehub/store/message/json"
)

// userEvent is what a user does towards the account. Source: Zalo OA, webhook
// events "user sends a message", "user follows" and "user unfollows".
type userEvent struct {
	Name      string `json:"event_name"`
	Timestamp string `json:"timestamp"` // milliseconds
	Sender    struct {
		ID string `json:"id"`
	} `json:"sender"`
	Follower struct {
		ID string `json:"id"`
	} `json:"follower"`
	Message struct {
		ID          string            `json:"msg_id"`
		Text        string            `json:"text"`
		Quoted      string            `json:"quote_msg_id"`
		Attachments []json.RawMessage `json:"attachments"`
	} `json:"message"`
}

// userPart is a part of a message.
type userPart struct {
	Type    string `json:"type"`
	Payload struct {
		URL         string `json:"url"`
		Thumbnail   string `json:"thumbnail"`
		ID          string `json:"id"`
		Name        string `json:"name"`
		Description string `json:"description"`
		Coordinates struct {
			Latitude  json.RawMessage `json:"latitude"` // as text
			Longitude json.RawMessage `json:"longitude"`
		} `json:"coordinates"`
	} `json:"payload"`
}

// userKinds are the kinds of the messages of users by the event's name without
// "user_send_".
func userKinds() map[string]string {
	return map[string]string{
		"text": message.KindText, "image": message.KindImage, "gif": message.KindImage, "link": message.KindLink, "audio": message.KindAudio,
		"video": message.KindVideo, "sticker": message.KindSticker, "location": message.KindLocation,
		"business_card": message.KindContact, "file": message.KindDocument,
	}
}

// Inbound implements [channel.Inbox]. Whoever does not follow the account can't
// be sent to by his id.
func (a *adapter) Inbound(cb *message.Callback) []message.Inbound {
	var e userEvent
	if json.Unmarshal(cb.Body, &e) != nil {
		return nil
	}
	in := message.Inbound{At: moment(e.Timestamp)}
	switch e.Name {
	case "follow":
		in.Kind, in.From = message.KindOptIn, e.Follower.ID
		in.ProviderID = e.Name + ":" + in.From + ":" + strconv.FormatInt(int64(in.At), 10)
	case "unfollow":
		in.Kind, in.From = message.KindOptOut, e.Follower.ID
		in.ProviderID = e.Name + ":" + in.From + ":" + strconv.FormatInt(int64(in.At), 10)
	default:
		e.read(&in)
	}
	if in.Kind == "" || !isUser(in.From) || !usable(in.ProviderID) {
		return nil
	}
	in.From, in.ProviderID = strings.Clone(in.From), strings.Clone(in.ProviderID)
	return []message.Inbound{in}
}

// read reads a message, if the event is one. Its kind stays empty if not.
func (e *userEvent) read(in *message.Inbound) {
	sent, ok := strings.CutPrefix(e.Name, "user_send_")
	if !ok {
		return
	}
	in.Kind, in.From, in.ProviderID, in.Text = userKinds()[sent], e.Sender.ID, e.Message.ID, strings.Clone(e.Message.Text)
	if usable(e.Message.Quoted) {
		in.ReplyTo = strings.Clone(e.Message.Quoted)
	}
	for _, raw := range e.Message.Attachments {
		var part userPart
		if json.Unmarshal(raw, &part) == nil {
			part.read(in)
		}
	}
}

// read adds what the part holds.
func (a *userPart) read(in *message.Inbound) {
	p := &a.Payload
	latitude, err1 := degrees(p.Coordinates.Latitude)
	longitude, err2 := degrees(p.Coordinates.Longitude)
	if err1 == nil && err2 == nil { // whose text is the place's name
		in.Locate(message.Place{Latitude: latitude, Longitude: longitude, Name: in.Text})
		return
	}
	switch in.Kind {
	case message.KindLink, message.KindContact: // nothing to fetch: words about it
		if in.Text == "" {
			in.Text = strings.Clone(cmp.Or(p.Description, p.URL))
		}
	}
	in.Attach(message.Medium{ID: p.ID, URL: cmp.Or(p.URL, p.Thumbnail), Filename: p.Name})
}

// degrees reads a number, quoted or not.
func degrees(raw json.RawMessage) (float64, error) {
	return strconv.ParseFloat(strings.Trim(string(raw), `"`), 64)
}
