package zalo

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/valyala/fasthttp"

	"messagehub/actors/channel/sim"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

var (
	userForm  = regexp.MustCompile(`^[0-9]{5,25}$`)
	phoneForm = regexp.MustCompile(`^(\+?84|0)[0-9]{8,10}$`)
)

// consult plays consultation messages.
func (s *simulator) consult(ctx *fasthttp.RequestCtx) {
	var in struct {
		Recipient struct {
			User string `json:"user_id"`
		} `json:"recipient"`
		Message struct {
			Text       string `json:"text"`
			Attachment *struct {
				Type    string `json:"type"`
				Payload struct {
					Template string `json:"template_type"`
					Elements []struct {
						Media string `json:"media_type"`
						URL   string `json:"url"`
					} `json:"elements"`
				} `json:"payload"`
			} `json:"attachment"`
		} `json:"message"`
	}
	err := json.UnmarshalStrict(ctx.PostBody(), &in)
	to, text := in.Recipient.User, in.Message.Text
	switch {
	case !s.authorized(ctx, -216):
		return
	case err != nil:
		refuse(ctx, -201, "body is invalid!")
		return
	case !userForm.MatchString(to) && !strings.HasPrefix(to, sim.Reserved):
		refuse(ctx, -201, "user_id is invalid!")
		return
	case text == "" && in.Message.Attachment == nil:
		refuse(ctx, -201, "text is invalid!")
		return
	case utf8.RuneCountInString(text) > 2000:
		refuse(ctx, -210, "Parameter exceeds the maximum limit")
		return
	}
	if a := in.Message.Attachment; a != nil {
		if a.Type != "template" || a.Payload.Template != "media" || len(a.Payload.Elements) != 1 || a.Payload.Elements[0].Media != "image" || a.Payload.Elements[0].URL == "" {
			refuse(ctx, -201, "attachment is invalid!")
			return
		}
	}
	s.toUser(ctx, to, text, text)
}

// template plays templates by user id.
func (s *simulator) template(ctx *fasthttp.RequestCtx) {
	var in struct {
		User     string            `json:"user_id"`
		Template string            `json:"template_id"`
		Data     map[string]string `json:"template_data"`
	}
	err := json.UnmarshalStrict(ctx.PostBody(), &in)
	switch {
	case !s.authorized(ctx, -216):
		return
	case err != nil || in.Data == nil:
		refuse(ctx, -201, "template_data is invalid!")
		return
	case !userForm.MatchString(in.User) && !strings.HasPrefix(in.User, sim.Reserved):
		refuse(ctx, -201, "user_id is invalid!")
		return
	case in.Template == "":
		refuse(ctx, -249, "Template can not be sent by UID")
		return
	}
	s.toUser(ctx, in.User, in.Template, fmt.Sprint(in.Template, in.Data))
}

// toUser plays the script of a message to a user id.
func (s *simulator) toUser(ctx *fasthttp.RequestCtx, to, text, what string) {
	script := s.world.Script(to, s.tries(to, what))
	if s.scripted(ctx, script, -213, -217) {
		return
	}
	id := fmt.Sprintf("%016x", s.world.Serial())
	for _, stage := range script.Receipts {
		switch stage.Status {
		case message.Delivered:
			s.report("OA OpenAPI", "user_received_message", to, map[string]any{"msg_id": id}, stage.After)
		case message.Read:
			s.report("OA OpenAPI", "user_seen_message", to, map[string]any{"msg_ids": []string{id}}, stage.After)
		}
	}
	if s.take(ctx, script, sim.Received{To: to, Text: text, ProviderID: id}) {
		answer(ctx, 200, map[string]any{"error": 0, "message": "Success", "data": map[string]any{
			"message_id": id, "user_id": to, "sent_time": strconv.FormatInt(time.Now().UnixMilli(), 10),
			"quota": map[string]string{"quota_type": "reply", "remain": "8", "total": "8"},
		}})
	}
}

// phone plays templates by phone.
func (s *simulator) phone(ctx *fasthttp.RequestCtx) {
	var in struct {
		Phone    string            `json:"phone"`
		Template string            `json:"template_id"`
		Data     map[string]string `json:"template_data"`
		Tracking string            `json:"tracking_id"`
		Mode     string            `json:"mode"`
		Sending  string            `json:"sending_mode"`
	}
	err := json.UnmarshalStrict(ctx.PostBody(), &in)
	switch {
	case !s.authorized(ctx, -124):
		return
	case err != nil:
		refuse(ctx, -122, "Body data is not valid JSON")
		return
	case !phoneForm.MatchString(in.Phone) && !strings.HasPrefix(in.Phone, sim.Reserved):
		refuse(ctx, -108, "Phone number is invalid")
		return
	case in.Template == "":
		refuse(ctx, -109, "Template ID is invalid")
		return
	case in.Data == nil:
		refuse(ctx, -1122, "Template data is missing parameter")
		return
	case in.Tracking == "" || len(in.Tracking) > 48:
		refuse(ctx, -121, "tracking_id is invalid")
		return
	}
	script := s.world.Script(in.Phone, s.tries(in.Phone, in.Tracking))
	if s.scripted(ctx, script, -118, -141) {
		return
	}
	id := fmt.Sprintf("%020x", s.world.Serial())
	for _, stage := range script.Receipts {
		if stage.Status == message.Delivered {
			at := strconv.FormatInt(time.Now().UnixMilli(), 10)
			s.report("ZNS", "user_received_message", in.Phone, map[string]any{"delivery_time": at, "msg_id": id, "tracking_id": in.Tracking}, stage.After)
		}
	}
	if s.take(ctx, script, sim.Received{To: in.Phone, Text: in.Template, Ref: in.Tracking, ProviderID: id}) {
		answer(ctx, 200, map[string]any{"error": 0, "message": "Success", "data": map[string]any{
			"msg_id": id, "sent_time": strconv.FormatInt(time.Now().UnixMilli(), 10), "sending_mode": "1",
			"quota": map[string]string{"dailyQuota": "500", "remainingQuota": "499"},
		}})
	}
}

// report posts an event about a message of the account.
func (s *simulator) report(server, name, to string, about map[string]any, after time.Duration) {
	s.post(server, name, map[string]any{"sender": map[string]string{"id": s.oa}, "recipient": map[string]string{"id": to}, "message": about}, after)
}

// post posts an event, signed as Zalo signs.
func (s *simulator) post(server, name string, event map[string]any, after time.Duration) {
	if s.callback == "" {
		return
	}
	timestamp := strconv.FormatInt(time.Now().UnixMilli(), 10)
	event["event_name"], event["app_id"], event["timestamp"] = name, s.app, timestamp
	body, err := json.Marshal(event)
	if err != nil {
		return
	}
	sum := sha256.Sum256([]byte(s.sign + string(body) + timestamp + s.key))
	header := map[string]string{
		"Content-Type": "application/json", "X-ZEvent-Server": server, "X-ZEvent-Signature": "mac=" + hex.EncodeToString(sum[:]),
	}
	s.world.Post(sim.Post{URL: s.callback, Header: header, Body: body, After: after})
}
