package telegram

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"messagehub/store/message"
	"messagehub/store/message/json"
)

// inboundUpdate is the part of an update that holds what somebody does towards
// the bot. Source: Bot API, objects Update, Message, CallbackQuery and
// ChatMemberUpdated.
type inboundUpdate struct {
	ID       int64          `json:"update_id"`
	Message  *tgMessage     `json:"message"`
	Callback *callbackQuery `json:"callback_query"`
	Member   *memberUpdate  `json:"my_chat_member"`
}

type tgMessage struct {
	ID      int64  `json:"message_id"`
	Date    int64  `json:"date"` // Unix seconds
	Chat    tgChat `json:"chat"`
	Text    string `json:"text"`
	Caption string `json:"caption"`
	ReplyTo struct {
		ID int64 `json:"message_id"`
	} `json:"reply_to_message"`
}

type tgChat struct {
	ID   int64  `json:"id"`
	Type string `json:"type"`
}

type callbackQuery struct {
	ID      string    `json:"id"`
	Message tgMessage `json:"message"`
	Data    string    `json:"data"`
}

type memberUpdate struct {
	Date int64  `json:"date"`
	Chat tgChat `json:"chat"`
	New  struct {
		Status string `json:"status"`
	} `json:"new_chat_member"`
}

const (
	// maxUnix is the year 9999.
	maxUnix = 253402300799
	// maxCallbackID bounds the id of a callback query.
	maxCallbackID = 128
)

// Inbound implements [channel.Inbox].
func (a *adapter) Inbound(cb *message.Callback) []message.Inbound {
	var u inboundUpdate
	if json.Unmarshal(cb.Body, &u) != nil {
		return nil
	}
	var in message.Inbound
	ok := false
	switch {
	case u.Message != nil:
		in, ok = u.Message.inbound()
		if ok && u.Message.Text == "" {
			attach(&in, cb.Body)
		}
	case u.Callback != nil:
		in, ok = u.Callback.inbound()
	case u.Member != nil:
		in, ok = u.Member.inbound(u.ID)
	}
	if !ok {
		return nil
	}
	return []message.Inbound{in}
}

// inbound makes the message. Its id is unique within its chat alone.
func (m *tgMessage) inbound() (message.Inbound, bool) {
	chat := strconv.FormatInt(m.Chat.ID, 10)
	in := message.Inbound{
		ProviderID: chat + ":" + strconv.FormatInt(m.ID, 10), From: chat, Kind: message.KindText,
		Text: strings.Clone(cmp.Or(m.Text, m.Caption)), At: momentOf(m.Date),
	}
	if m.ReplyTo.ID > 0 {
		in.ReplyTo = chat + ":" + strconv.FormatInt(m.ReplyTo.ID, 10) // as Send names it
	}
	return in, m.Chat.ID != 0
}

// inbound makes the press of a button below a message of ours.
func (q *callbackQuery) inbound() (message.Inbound, bool) {
	chat := strconv.FormatInt(q.Message.Chat.ID, 10)
	in := message.Inbound{
		ProviderID: "callback:" + q.ID, From: chat, Kind: message.KindButton, Text: strings.Clone(q.Data),
		ReplyTo: chat + ":" + strconv.FormatInt(q.Message.ID, 10),
	}
	return in, q.Message.Chat.ID != 0 && q.ID != "" && len(q.ID) <= maxCallbackID
}

// inbound makes what a user says by blocking the bot, or by letting it in
// again.
func (m *memberUpdate) inbound(update int64) (message.Inbound, bool) {
	kind := map[string]string{"kicked": message.KindOptOut, "member": message.KindOptIn}[m.New.Status]
	in := message.Inbound{
		ProviderID: "update:" + strconv.FormatInt(update, 10), From: strconv.FormatInt(m.Chat.ID, 10), Kind: kind, At: momentOf(m.Date),
	}
	return in, kind != "" && m.Chat.Type == "private" && m.Chat.ID != 0
}

// momentOf reads Unix seconds; 0 if they are none.
func momentOf(seconds int64) message.Time {
	if seconds <= 0 || seconds > maxUnix {
		return 0
	}
	return message.TimeOf(time.Unix(seconds, 0))
}
