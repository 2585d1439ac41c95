package viber

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"time"

	"messagehub/store/message"
	"messagehub/store/message/json"
)

// callbackUser is the user name of Infobip's reports, beside the secret.
const callbackUser = "messagehub"

// callbackKey is the query parameter of the address that Infobip is given with
// each message.
const callbackKey = "key"

// callbackProof is what a report has to bring, for Infobip signs none: the
// secret as a Basic password, or the key that no one but Infobip was given
// with the address.
type callbackProof struct {
	basic []byte // the header
	key   string
}

func proofOf(secret, sender string) callbackProof {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("viber reports of " + sender))
	return callbackProof{
		basic: []byte("Basic " + base64.StdEncoding.EncodeToString([]byte(callbackUser+":"+secret))),
		key:   hex.EncodeToString(mac.Sum(nil)[:16]),
	}
}

// address adds the key to the callback's address.
func (p *callbackProof) address(callback string) string {
	glue := "?"
	if strings.Contains(callback, "?") {
		glue = "&"
	}
	return callback + glue + callbackKey + "=" + p.key
}

func (p *callbackProof) brought(cb *message.Callback) bool {
	if hmac.Equal([]byte(cb.Header("Authorization")), p.basic) {
		return true
	}
	query, err := url.ParseQuery(cb.Query)
	return err == nil && hmac.Equal([]byte(query.Get(callbackKey)), []byte(p.key))
}

// infobipReports is a batch of delivery or seen reports. Each is read by
// itself, so that one of an unknown form does not hide the others.
type infobipReports struct {
	Results *[]json.RawMessage `json:"results"`
}

// infobipReport is one of either: a seen report has SeenAt and no status.
type infobipReport struct {
	ID           string         `json:"messageId"`
	CallbackData string         `json:"callbackData"`
	Status       *infobipStatus `json:"status"`
	Error        infobipError   `json:"error"`
	DoneAt       string         `json:"doneAt"`
	SeenAt       string         `json:"seenAt"`
}

// Receipts implements [channel.Receiver].
func (a *infobip) Receipts(cb *message.Callback) ([]message.Receipt, message.Reply, error) {
	if !a.proof.brought(cb) {
		return nil, message.Reply{}, message.ErrUnsigned
	}
	var reports infobipReports
	if json.Unmarshal(cb.Body, &reports) != nil || reports.Results == nil {
		return nil, message.Reply{}, fmt.Errorf("read reports: %w", message.ErrBadCallback)
	}
	var out []message.Receipt
	for _, raw := range *reports.Results {
		var report infobipReport
		if json.Unmarshal(raw, &report) != nil || !usable(report.ID) {
			continue
		}
		if r, ok := report.receipt(); ok {
			r.Test = a.test
			out = append(out, r)
		}
	}
	return out, message.Reply{}, nil
}

// receipt makes the receipt of one report, if it says something new: a message
// that was refused as a double is the one that was taken before.
func (r *infobipReport) receipt() (message.Receipt, bool) {
	out := message.Receipt{Channel: name, ProviderID: strings.Clone(r.ID), Ref: r.ref()}
	switch {
	case r.Status == nil && r.SeenAt != "":
		out.Status, out.At = message.Read, infobipTime(r.SeenAt)
		return out, true
	case r.Status == nil || r.Status.duplicate(&r.Error):
		return message.Receipt{}, false
	}
	out.At = infobipTime(r.DoneAt)
	switch group := r.Status.group(); {
	case group == groupDelivered && r.Status.ID != deliveredToOperator:
		out.Status = message.Delivered
	case group == groupDelivered || group == groupPending:
		out.Status = message.Sent
	case r.Status.refused():
		out.Status = message.Failed
		out.Failure, out.RetryAfter = r.Status.failure(&r.Error)
	default:
		return message.Receipt{}, false
	}
	return out, true
}

// deliveredToOperator is the status of the group DELIVERED that is none yet.
const deliveredToOperator = 2

// ref returns our reference, if the report has one.
func (r *infobipReport) ref() string {
	for _, ref := range []string{r.CallbackData, refOf(r.ID)} {
		if _, _, _, ours := message.ParseAttemptRef(ref); ours {
			return strings.Clone(ref)
		}
	}
	return ""
}

// infobipTime reads Infobip's form of a moment; 0 if it is none.
func infobipTime(text string) message.Time {
	for _, layout := range []string{"2006-01-02T15:04:05.000-0700", time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil && at.Unix() >= 0 {
			return message.TimeOf(at)
		}
	}
	return 0
}
