package line

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"messagehub/actors/channel/sim"
	"messagehub/store/message/json"
)

// Write implements [sim.Writer].
func (s *simulator) Write(w sim.Written) error {
	id := strconv.FormatUint(s.world.Serial(), 10)
	event := map[string]any{"source": map[string]string{"type": "user", "userId": w.From}}
	content := map[string]any{"id": id, "type": w.Kind, "quoteToken": "q" + id}
	if w.ReplyTo != "" {
		content["quotedMessageId"] = w.ReplyTo
	}
	switch w.Kind {
	case sim.WritesText:
		event["type"], event["replyToken"], event["message"] = "message", "r"+id, content
		content["text"] = w.Text
	case sim.WritesImage:
		event["type"], event["replyToken"], event["message"] = "message", "r"+id, content
		content["contentProvider"] = map[string]string{"type": "external", "originalContentUrl": w.MediaURL, "previewImageUrl": w.MediaURL}
	case sim.WritesIn:
		event["type"], event["replyToken"], event["follow"] = "follow", "r"+id, map[string]bool{"isUnblocked": true}
	case sim.WritesOut:
		event["type"] = "unfollow"
	default:
		return w.Unwritable("LINE")
	}
	s.post(event, 0)
	return nil
}

// post schedules one signed callback with one event.
func (s *simulator) post(event map[string]any, after time.Duration) {
	if s.callback == "" {
		return
	}
	event["mode"], event["timestamp"] = "active", time.Now().Add(after).UnixMilli()
	event["webhookEventId"] = fmt.Sprintf("01H8%022X", s.world.Serial())
	event["deliveryContext"] = map[string]bool{"isRedelivery": false}
	body, err := json.Marshal(map[string]any{"destination": "U" + strings.Repeat("0", 32), "events": []any{event}})
	if err != nil {
		panic(fmt.Sprintf("BUG: a callback can't be encoded: %v", err))
	}
	mac := hmac.New(sha256.New, []byte(s.secret))
	mac.Write(body)
	header := map[string]string{"Content-Type": "application/json", "X-Line-Signature": base64.StdEncoding.EncodeToString(mac.Sum(nil))}
	s.world.Post(sim.Post{URL: s.callback, Header: header, Body: body, After: after})
}
