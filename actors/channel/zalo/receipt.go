package zalo

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"messagehub/store/message"
	"messagehub/store/message/json"
)

const (
	signatureHeader = "X-ZEvent-Signature"
	timestampHeader = "X-ZEvent-Timestamp"
	maxSeen         = 1000 // ids of one event
)

// event is the part of a webhook that is of interest.
type event struct {
	Name      string `json:"event_name"`
	Timestamp string `json:"timestamp"` // milliseconds
	Message   struct {
		ID       string   `json:"msg_id"`
		IDs      []string `json:"msg_ids"`
		Tracking string   `json:"tracking_id"`
		At       string   `json:"delivery_time"`
	} `json:"message"`
}

// Receipts implements [channel.Receiver]. Zalo signs no replay protection: what
// comes again says the same again, and changes nothing.
func (a *adapter) Receipts(cb *message.Callback) ([]message.Receipt, message.Reply, error) {
	var e event
	err := json.Unmarshal(cb.Body, &e)
	timestamp := e.Timestamp
	if err != nil || timestamp == "" {
		timestamp = cb.Header(timestampHeader)
	}
	if !a.signed(cb.Header(signatureHeader), cb.Body, timestamp) {
		return nil, message.Reply{}, message.ErrUnsigned
	}
	if err != nil || e.Name == "" {
		return nil, message.Reply{}, fmt.Errorf("read event: %w", message.ErrBadCallback)
	}
	return a.receipts(&e), message.Reply{}, nil
}

func (a *adapter) receipts(e *event) []message.Receipt {
	switch e.Name {
	case "user_received_message":
		r := a.receipt(e.Message.ID, message.Delivered, e.Message.At)
		r.Ref = refOf(e.Message.Tracking)
		if r.ProviderID == "" && r.Ref == "" {
			return nil
		}
		if r.At == 0 {
			r.At = moment(e.Timestamp)
		}
		return []message.Receipt{r}
	case "user_seen_message":
		var out []message.Receipt
		for _, id := range e.Message.IDs[:min(len(e.Message.IDs), maxSeen)] {
			if r := a.receipt(id, message.Read, e.Timestamp); r.ProviderID != "" {
				out = append(out, r)
			}
		}
		return out
	}
	return nil
}

func (a *adapter) receipt(id string, status message.Status, at string) message.Receipt {
	r := message.Receipt{Channel: name, Test: a.test, Status: status, At: moment(at)}
	if usable(id) {
		r.ProviderID = strings.Clone(id)
	}
	return r
}

// maxMoment is the year 9999 in milliseconds.
const maxMoment = 253402300799_000

// moment reads milliseconds; 0 if they are none.
func moment(text string) message.Time {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > maxMoment {
		return 0
	}
	return message.Time(n)
}

// signed checks the signature: the SHA-256 of the app's id, the bytes as they
// came, the timestamp and the OA's secret key.
func (a *adapter) signed(signature string, body []byte, timestamp string) bool {
	given := strings.ToLower(strings.TrimPrefix(strings.TrimPrefix(signature, "mac="), "sha256="))
	return a.webhook != "" && subtle.ConstantTimeCompare([]byte(given), []byte(mac(a.signer, body, timestamp, a.webhook))) == 1
}

func mac(id string, body []byte, timestamp, secret string) string {
	h := sha256.New()
	h.Write([]byte(id))
	h.Write(body)
	h.Write([]byte(timestamp))
	h.Write([]byte(secret))
	return hex.EncodeToString(h.Sum(nil))
}
