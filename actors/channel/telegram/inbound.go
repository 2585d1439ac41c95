package telegram

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"messagehub/store/message"
	"messagehub/store/message/json"
)

// inboundUpdate is the part of an update that holds what somebody writes to the
// bot. Source: Bot API, objects Update and Message.
type inboundUpdate struct {
	ID      int64 `json:"update_id"`
	Message *struct {
		ID   int64 `json:"message_id"`
		Date int64 `json:"date"` // Unix seconds
		Chat struct {
			ID int64 `json:"id"`
		} `json:"chat"`
		Text    string `json:"text"`
		Caption string `json:"caption"`
		ReplyTo struct {
			ID int64 `json:"message_id"`
		} `json:"reply_to_message"`
	} `json:"message"`
}

// maxUnix is the year 9999.
const maxUnix = 253402300799

// Inbound implements [channel.Inbox].
func (a *adapter) Inbound(cb *message.Callback) []message.Inbound {
	var u inboundUpdate
	if json.Unmarshal(cb.Body, &u) != nil || u.Message == nil || u.Message.Chat.ID == 0 {
		return nil
	}
	m := u.Message
	chat := strconv.FormatInt(m.Chat.ID, 10)
	in := message.Inbound{
		// a message's id is unique within its chat alone
		ProviderID: chat + ":" + strconv.FormatInt(m.ID, 10), From: chat, Kind: "text", Text: strings.Clone(cmp.Or(m.Text, m.Caption)),
	}
	if m.Text == "" {
		in.Kind = "media"
	}
	if m.ReplyTo.ID > 0 {
		in.ReplyTo = chat + ":" + strconv.FormatInt(m.ReplyTo.ID, 10) // as Send names it
	}
	if m.Date > 0 && m.Date <= maxUnix {
		in.At = message.TimeOf(time.Unix(m.Date, 0))
	}
	return []message.Inbound{in}
}
