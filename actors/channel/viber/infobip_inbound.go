package viber

import (
	"strings"

	"messagehub/store/message"
	"messagehub/store/message/json"
)

// infobipWritten is a message of a user. Source: Infobip API, "Receive inbound
// Viber messages".
type infobipWritten struct {
	ID         string `json:"messageId"`
	From       string `json:"sender"` // digits
	ReceivedAt string `json:"receivedAt"`
	Paired     string `json:"pairedMessageId"` // of ours
	Message    struct {
		Type     string `json:"type"`
		Text     string `json:"text"`
		URL      string `json:"url"`
		Filename string `json:"fileName"`
	} `json:"message"`
}

// Inbound implements [channel.Inbox]. Messages come with the reports' results,
// to the address that is set at Infobip for them.
func (a *infobip) Inbound(cb *message.Callback) (out []message.Inbound) {
	var reports infobipReports
	if json.Unmarshal(cb.Body, &reports) != nil || reports.Results == nil {
		return nil
	}
	for _, raw := range *reports.Results {
		var w infobipWritten
		if json.Unmarshal(raw, &w) != nil || !usable(w.ID) || w.Message.Type == "" || len(w.Message.Type) > maxKind || !isPhone("+"+w.From) {
			continue
		}
		out = append(out, w.inbound())
	}
	return out
}

// infobipKinds are the kinds that are called otherwise here.
func infobipKinds() map[string]string { return map[string]string{"file": message.KindDocument} }

func (w *infobipWritten) inbound() message.Inbound {
	in := message.Inbound{
		ProviderID: strings.Clone(w.ID), From: "+" + w.From, Kind: strings.ToLower(w.Message.Type),
		Text: strings.Clone(w.Message.Text), At: infobipTime(w.ReceivedAt),
	}
	if kind, ok := infobipKinds()[in.Kind]; ok {
		in.Kind = kind
	}
	if usable(w.Paired) {
		in.ReplyTo = strings.Clone(w.Paired)
	}
	in.Attach(message.Medium{URL: w.Message.URL, Filename: w.Message.Filename})
	return in
}
