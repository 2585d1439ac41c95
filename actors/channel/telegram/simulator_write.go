package telegram

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"messagehub/actors/channel/sim"
	"messagehub/store/message/json"
)

// Write implements [sim.Writer]. An id takes the place of a photo's address:
// Telegram gives none.
func (s *simulator) Write(w sim.Written) error {
	chat, err := strconv.ParseInt(w.From, 10, 64)
	if err != nil {
		return fmt.Errorf("a Telegram chat is a number, not %q", w.From)
	}
	user := map[string]any{"id": chat, "is_bot": false, "first_name": "Zoë"}
	private := map[string]any{"id": chat, "type": "private", "first_name": "Zoë"}
	about := map[string]any{"from": user, "chat": private, "date": time.Now().Unix()}
	kind := "message"
	about["message_id"] = s.world.Serial() & 0x7fffffff
	switch w.Kind {
	case sim.WritesText:
		about["text"] = w.Text
	case sim.WritesImage:
		about["caption"] = w.Text
		about["photo"] = []any{map[string]any{"file_id": w.MediaURL, "file_unique_id": "x", "width": 1280, "height": 720}}
	case sim.WritesIn:
		kind, about = "my_chat_member", membership(about, "kicked", "member")
	case sim.WritesOut:
		kind, about = "my_chat_member", membership(about, "member", "kicked")
	default:
		return w.Unwritable("Telegram")
	}
	if _, id, ok := strings.Cut(w.ReplyTo, ":"); ok {
		n, _ := strconv.ParseInt(id, 10, 64)
		about["reply_to_message"] = map[string]any{"message_id": n, "chat": private, "date": about["date"]}
	}
	s.update(kind, about)
	return nil
}

// membership says how the bot stands in a chat.
func membership(about map[string]any, before, after string) map[string]any {
	bot := map[string]any{"id": 777, "is_bot": true, "first_name": "B"}
	return map[string]any{
		"chat": about["chat"], "from": about["from"], "date": about["date"],
		"old_chat_member": map[string]any{"user": bot, "status": before, "until_date": 0},
		"new_chat_member": map[string]any{"user": bot, "status": after, "until_date": 0},
	}
}

// update posts one update.
func (s *simulator) update(kind string, about map[string]any) {
	if s.callback == "" {
		return
	}
	body, err := json.Marshal(map[string]any{"update_id": s.world.Serial() & 0x7fffffff, kind: about})
	if err != nil {
		panic(fmt.Sprintf("BUG: an update can't be encoded: %v", err))
	}
	header := map[string]string{"Content-Type": "application/json"}
	if s.secret != "" {
		header["X-Telegram-Bot-Api-Secret-Token"] = s.secret
	}
	s.world.Post(sim.Post{URL: s.callback, Header: header, Body: body})
}
