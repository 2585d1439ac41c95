package zalo

import (
	"strconv"

	"messagehub/actors/channel/sim"
)

// Write implements [sim.Writer].
func (s *simulator) Write(w sim.Written) error {
	const server = "OA OpenAPI"
	about := map[string]any{"msg_id": strconv.FormatUint(s.world.Serial(), 16), "text": w.Text}
	event := map[string]any{"sender": map[string]string{"id": w.From}, "recipient": map[string]string{"id": s.oa}, "user_id_by_app": w.From, "message": about}
	followed := map[string]any{"oa_id": s.oa, "follower": map[string]string{"id": w.From}, "user_id_by_app": w.From, "source": "oa_profile"}
	if w.ReplyTo != "" {
		about["quote_msg_id"] = w.ReplyTo
	}
	switch w.Kind {
	case sim.WritesText:
		s.post(server, "user_send_text", event, 0)
	case sim.WritesImage:
		payload := map[string]string{"thumbnail": w.MediaURL, "url": w.MediaURL}
		about["attachments"] = []any{map[string]any{"type": "image", "payload": payload}}
		s.post(server, "user_send_image", event, 0)
	case sim.WritesIn:
		s.post(server, "follow", followed, 0)
	case sim.WritesOut:
		s.post(server, "unfollow", followed, 0)
	default:
		return w.Unwritable("Zalo")
	}
	return nil
}
