package viber

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"messagehub/actors/channel/sim"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

// simHook is the body of set_webhook.
type simHook struct {
	URL    *string  `json:"url"`
	Events []string `json:"event_types"`
	Name   bool     `json:"send_name"`
	Photo  bool     `json:"send_photo"`
}

// simEvents are the events that a bot can ask for, and those that it gets in
// any case.
func simEvents() (optional, always []string) {
	return []string{"delivered", "seen", "failed", "subscribed", "unsubscribed", "conversation_started"}, []string{"message", "webhook"}
}

// hook sets the webhook, and has Viber call it once.
func (s *botSimulator) hook(h *simHook) any {
	optional, always := simEvents()
	switch {
	case h.URL == nil:
		return simFault(4, "missingData: url")
	case *h.URL != "" && !simLink(*h.URL):
		return simFault(1, "invalidUrl")
	}
	asked := make(map[string]bool)
	for _, e := range h.Events {
		if !slices.Contains(optional, e) && !slices.Contains(always, e) {
			return simFault(3, "badData: event_types")
		}
		asked[e] = true
	}
	if h.Events == nil {
		asked = nil
	}
	s.mu.Lock()
	s.webhook, s.events = *h.URL, asked
	s.mu.Unlock()
	s.post(0, simEvent{Event: "webhook", Token: s.newToken()})
	return map[string]any{"status": 0, "status_message": "ok", "event_types": h.Events}
}

func (s *botSimulator) address() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.webhook
}

// wants returns where an event goes; nowhere if it was not asked for.
func (s *botSimulator) wants(event string) string {
	_, always := simEvents()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.events != nil && !s.events[event] && !slices.Contains(always, event) {
		return ""
	}
	return s.webhook
}

// simEvent is a callback.
type simEvent struct {
	Event      string      `json:"event"`
	Timestamp  int64       `json:"timestamp"`
	Token      uint64      `json:"message_token"`
	User       string      `json:"user_id,omitempty"`
	Host       string      `json:"chat_hostname,omitempty"`
	Text       string      `json:"desc,omitempty"`
	Sender     *simUser    `json:"sender,omitempty"`
	Subscriber *simUser    `json:"user,omitempty"`
	Message    *simWritten `json:"message,omitempty"`
}

// report schedules the callbacks about a message. There is none for "sent";
// "delivered" comes from each of the user's devices, "seen" once.
func (s *botSimulator) report(user string, token uint64, stages []sim.Stage) {
	for _, stage := range stages {
		e := simEvent{Token: token, User: user}
		switch stage.Status {
		case message.Delivered:
			e.Event, e.Host = "delivered", simHost
			s.post(stage.After, e) // the phone; below, the desktop
		case message.Read:
			e.Event = "seen"
		case message.Failed:
			e.Event, e.Text = "failed", "the message could not be delivered"
		default:
			continue
		}
		s.post(stage.After, e)
	}
}

// post schedules one signed callback. Viber sends the signature twice, as a
// header and in the query.
func (s *botSimulator) post(after time.Duration, e simEvent) {
	to := s.wants(e.Event)
	if to == "" {
		return
	}
	e.Timestamp = time.Now().Add(after).UnixMilli()
	body, err := json.Marshal(&e)
	if err != nil {
		panic(fmt.Sprintf("BUG: a callback can't be encoded: %v", err))
	}
	mac := hmac.New(sha256.New, []byte(s.token))
	mac.Write(body)
	signature := hex.EncodeToString(mac.Sum(nil))
	glue := "?"
	if strings.Contains(to, "?") {
		glue = "&"
	}
	s.world.Post(sim.Post{
		URL: to + glue + "sig=" + signature, Body: body, After: after,
		Header: map[string]string{"Content-Type": "application/json", "X-Viber-Content-Signature": signature},
	})
}
