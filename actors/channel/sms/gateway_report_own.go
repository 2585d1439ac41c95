package sms

import (
	"strings"
	"time"

	"messagehub/store/message"
	"messagehub/store/message/json"
)

// ownReport is a receipt in the relay's own form, for gateways that have none
// of theirs. MessageID is the {message_id} that the request named, ID what the
// answer did; one of them is needed.
type ownReport struct {
	ID        string `json:"id"`
	MessageID string `json:"messageId"`
	Status    string `json:"status"` // sent, delivered, read, failed, expired or a code of the relay
	At        string `json:"at"`     // RFC 3339; may be left out
	Error     struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

func ownReports(body []byte) ([]report, error) {
	var own ownReport
	if err := json.Unmarshal(body, &own); err != nil {
		return nil, err
	}
	r := report{
		id: strings.Clone(own.ID), ref: strings.Clone(own.MessageID), status: strings.Clone(own.Status),
		code: strings.Clone(own.Error.Code), text: strings.Clone(own.Error.Message),
	}
	if own.At != "" {
		at, err := time.Parse(time.RFC3339, own.At)
		if err != nil || at.Unix() < 0 {
			return nil, errReport
		}
		r.at = message.TimeOf(at)
	}
	return []report{r}, nil
}
