package kakao

import (
	"strconv"
	"strings"
	"time"

	"messagehub/store/message/json"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

// item is what NHN tells of one message, in a list or a webhook.
type item struct {
	Request  string          `json:"requestId"`
	Seq      json.RawMessage `json:"recipientSeq"` // a number, or one in quotes
	Received string          `json:"receiveDate"`
	Status   string          `json:"messageStatus"` // of a list
	Code     string          `json:"resultCode"`
	CodeName string          `json:"resultCodeName"`
	Grouping string          `json:"recipientGroupingKey"`
}

// The values of messageStatus.
const (
	statusCompleted = "COMPLETED"
	statusFailed    = "FAILED"
	statusCancel    = "CANCEL"
)

func (i *item) id() string {
	seq, err := strconv.Atoi(strings.Trim(string(i.Seq), `"`))
	if err != nil {
		return ""
	}
	return providerID(i.Request, seq)
}

// ref returns our reference; ours is false if the message is another system's.
// Without a grouping key that can't be told.
func (i *item) ref() (ref string, ours bool) {
	if i.Grouping == "" {
		return "", i.id() != ""
	}
	_, _, _, ours = message.ParseAttemptRef(i.Grouping)
	return strings.Clone(i.Grouping), ours
}

// receipt makes the receipt of an item. told is false if the item says nothing
// yet, and final if it may say something else later.
func (a *adapter) receipt(i *item) (r message.Receipt, told, final bool) {
	ref, ours := i.ref()
	if !ours {
		return r, false, true
	}
	r = message.Receipt{Channel: name, Test: a.test, ProviderID: strings.Clone(i.id()), Ref: ref, At: a.moment(i.Received)}
	known, documented := a.results[i.Code]
	switch {
	case i.Code == resultUnsure:
		r.Status = message.Sent
		return r, true, false
	case i.Code == resultDelivered || i.Code == "MRC01":
		r.Status = message.Delivered
		return r, true, true
	case documented && known.code == "":
		return r, false, false
	case documented:
		r.Status, r.RetryAfter = message.Failed, known.again
		r.Failure = channel.Failed(known.code, i.Code, i.CodeName).Failure()
		return r, true, true
	case i.Status == statusCancel:
		r.Status, r.Failure = message.Failed, channel.Failed(channel.ProviderError, statusCancel, "canceled at the provider").Failure()
		return r, true, true
	case i.Status == statusFailed:
		r.Status, r.Failure = message.Failed, channel.Failed(channel.ProviderError, i.Code, i.CodeName).Failure()
		return r, true, true
	case i.Status == statusCompleted && i.Code != "":
		r.Status = message.Sent
		return r, true, false
	}
	return r, false, false
}

// moment reads a moment of NHN's; 0 if it is none. NHN documents several
// forms, all without a zone.
func (a *adapter) moment(text string) message.Time {
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02T15:04:05", time.RFC3339, dateForm} {
		if at, err := time.ParseInLocation(layout, text, a.zone); err == nil && at.Unix() >= 0 && at.Year() < 10_000 {
			return message.TimeOf(at)
		}
	}
	return 0
}
