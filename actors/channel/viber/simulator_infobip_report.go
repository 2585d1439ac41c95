package viber

import (
	"fmt"
	"time"

	"messagehub/actors/channel/sim"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

// simAnswer is Infobip's yes.
type simAnswer struct {
	BulkID   string     `json:"bulkId"`
	Messages []simTaken `json:"messages"`
}

type simTaken struct {
	ID          string    `json:"messageId"`
	Status      simStatus `json:"status"`
	Destination string    `json:"destination"`
}

type simStatus struct {
	GroupID     int    `json:"groupId"`
	GroupName   string `json:"groupName"`
	ID          int    `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
}

// simDeliveryReport and simSeenReport are the results of a report.
type simDeliveryReport struct {
	BulkID       string         `json:"bulkId"`
	Price        map[string]any `json:"price"`
	Status       simStatus      `json:"status"`
	Error        simError       `json:"error"`
	ID           string         `json:"messageId"`
	To           string         `json:"to"`
	Sender       string         `json:"sender"`
	SentAt       string         `json:"sentAt"`
	DoneAt       string         `json:"doneAt"`
	Count        int            `json:"messageCount"`
	CallbackData string         `json:"callbackData,omitempty"`
}

type simError struct {
	GroupID     int    `json:"groupId"`
	GroupName   string `json:"groupName"`
	ID          int    `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Permanent   bool   `json:"permanent"`
}

type simSeenReport struct {
	ID     string `json:"messageId"`
	From   string `json:"from"`
	To     string `json:"to"`
	SentAt string `json:"sentAt"`
	SeenAt string `json:"seenAt"`
}

const simLayout = "2006-01-02T15:04:05.000-0700"

// report schedules the reports about a message.
func (s *infobipSimulator) report(m *simMessage, d simDestination, bulk string, script sim.Script) {
	for _, stage := range script.Receipts {
		now := time.Now().UTC()
		done := now.Add(stage.After).Format(simLayout)
		if stage.Status == message.Read {
			s.post(m.seenTo(), stage.After, simSeenReport{d.MessageID, m.Sender, d.To, now.Format(simLayout), done})
			continue
		}
		if !m.wants(stage.Status) {
			continue
		}
		r := simDeliveryReport{
			BulkID: bulk, ID: d.MessageID, To: d.To, Sender: m.Sender, SentAt: now.Format(simLayout), DoneAt: done, Count: 1,
			Price: map[string]any{"pricePerMessage": 0.15, "currency": "EUR"}, CallbackData: m.Webhooks.CallbackData,
		}
		r.Status, r.Error = simOutcome(stage.Status, script.Answer)
		s.post(m.deliveryTo(), stage.After, r)
	}
}

// simOutcome returns how a message stands in a report.
func simOutcome(status message.Status, answer sim.Answer) (simStatus, simError) {
	none := simError{0, "OK", 0, "NO_ERROR", "No Error", false}
	failed := simStatus{2, "UNDELIVERABLE", 9, "UNDELIVERABLE_NOT_DELIVERED", "Message sent not delivered"}
	switch {
	case status == message.Delivered:
		return simStatus{3, "DELIVERED", 5, "DELIVERED_TO_HANDSET", "Message delivered to handset"}, none
	case status == message.Sent:
		return simStatus{1, "PENDING", 7, "PENDING_ENROUTE", "Message sent to next instance"}, none
	case answer == sim.NotOnChannel:
		return failed, simError{2, "USER_ERRORS", 7002, "EC_UNKNOWN_USER", "Unknown user", true}
	}
	return failed, simError{1, "HANDSET_ERRORS", 7201, "EC_UNSUPPORTED_DEVICE", "Unsupported device", true}
}

// deliveryTo and seenTo are where the message itself wants reports; empty: to
// where the account's subscription does.
func (m *simMessage) deliveryTo() string {
	if m.Webhooks.Delivery == nil {
		return ""
	}
	return m.Webhooks.Delivery.URL
}

func (m *simMessage) seenTo() string {
	if m.Webhooks.Seen == nil {
		return ""
	}
	return m.Webhooks.Seen.URL
}

// wants reports whether a delivery report is asked for.
func (m *simMessage) wants(status message.Status) bool {
	d := m.Webhooks.Delivery
	if status == message.Sent {
		return d != nil && d.Intermediate
	}
	return d == nil || d.Notify == nil || *d.Notify
}

// post schedules a report of one result.
func (s *infobipSimulator) post(to string, after time.Duration, result any) {
	header := map[string]string{"Content-Type": "application/json"}
	if to == "" {
		to, header["Authorization"] = s.callback, s.basic
	}
	if to == "" {
		return
	}
	body, err := json.Marshal(map[string][]any{"results": {result}})
	if err != nil {
		panic(fmt.Sprintf("BUG: a report can't be encoded: %v", err))
	}
	s.world.Post(sim.Post{URL: to, Header: header, Body: body, After: after})
}
