package whatsapp

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"messagehub/store/message"
	"messagehub/store/message/json"
)

const (
	signatureHeader = "X-Hub-Signature-256"
	// maxChallenge bounds what a handshake makes us echo.
	maxChallenge = 256
)

// delivery is the part of a callback that is of interest. Each status is read
// by itself, so that one of an unknown form does not hide the others.
type delivery struct {
	Object  string `json:"object"`
	Entries []struct {
		Changes []struct {
			Field string `json:"field"`
			Value struct {
				Statuses []json.RawMessage `json:"statuses"`
			} `json:"value"`
		} `json:"changes"`
	} `json:"entry"`
}

// status is one report about one message.
type status struct {
	ID        string          `json:"id"`
	Status    string          `json:"status"`
	Timestamp json.RawMessage `json:"timestamp"` // Unix seconds, as text
	Ref       string          `json:"biz_opaque_callback_data"`
	Errors    json.RawMessage `json:"errors"`
}

// Receipts implements [channel.Receiver].
func (a *adapter) Receipts(cb *message.Callback) ([]message.Receipt, message.Reply, error) {
	if cb.Method == http.MethodGet {
		reply, err := a.handshake(cb.Query)
		return nil, reply, err
	}
	if !a.signed(cb.Header(signatureHeader), cb.Body) {
		return nil, message.Reply{}, message.ErrUnsigned
	}
	var d delivery
	if err := json.Unmarshal(cb.Body, &d); err != nil {
		return nil, message.Reply{}, fmt.Errorf("read statuses: %w", message.ErrBadCallback)
	}
	return a.receipts(&d), message.Reply{}, nil
}

// handshake answers Meta's question whether the address is ours.
func (a *adapter) handshake(query string) (message.Reply, error) {
	q, err := url.ParseQuery(query)
	token := q.Get("hub.verify_token")
	if err != nil || q.Get("hub.mode") != "subscribe" || a.verify == "" ||
		subtle.ConstantTimeCompare([]byte(token), []byte(a.verify)) != 1 {
		return message.Reply{}, message.ErrUnsigned
	}
	challenge := q.Get("hub.challenge")
	if len(challenge) > maxChallenge {
		return message.Reply{}, fmt.Errorf("read challenge: %w", message.ErrBadCallback)
	}
	return message.Reply{ContentType: "text/plain; charset=utf-8", Body: []byte(challenge)}, nil
}

// signed checks the signature over the bytes as they came: Meta signs its own
// escaping, which decoding and encoding again would lose.
func (a *adapter) signed(signature string, body []byte) bool {
	var sum [sha256.Size]byte
	want := hex.AppendEncode([]byte("sha256="), a.macs.Append(sum[:0], body))
	return hmac.Equal([]byte(signature), want)
}

func (a *adapter) receipts(d *delivery) []message.Receipt {
	if d.Object != "whatsapp_business_account" {
		return nil
	}
	var out []message.Receipt
	for _, entry := range d.Entries {
		for _, change := range entry.Changes {
			if change.Field != "messages" {
				continue
			}
			for _, raw := range change.Value.Statuses {
				if r, ok := a.receipt(raw); ok {
					out = append(out, r)
				}
			}
		}
	}
	return out
}

// receipt makes the receipt of one status. What Meta may add later is no
// receipt.
func (a *adapter) receipt(raw json.RawMessage) (message.Receipt, bool) {
	var s status
	if json.Unmarshal(raw, &s) != nil || !usable(s.ID) {
		return message.Receipt{}, false
	}
	r := message.Receipt{Channel: name, Test: a.test, ProviderID: strings.Clone(s.ID), At: moment(s.Timestamp)}
	if _, _, _, ours := message.ParseAttemptRef(s.Ref); ours {
		r.Ref = strings.Clone(s.Ref)
	}
	switch s.Status {
	case "sent":
		r.Status = message.Sent
	case "delivered":
		r.Status = message.Delivered
	case "read", "played":
		r.Status = message.Read
	case "failed":
		r.Status = message.Failed
		r.Failure, r.RetryAfter = s.reason().failure()
	default:
		return message.Receipt{}, false
	}
	return r, true
}

// reason returns why the message failed. It failed, whatever the form of the
// reason.
func (s *status) reason() *graphError {
	var all []graphError
	if json.Unmarshal(s.Errors, &all) != nil || len(all) == 0 {
		return &graphError{Message: "Meta gave no reason"}
	}
	return &all[0]
}

// maxUnix is the year 9999.
const maxUnix = 253402300799

// moment reads Unix seconds, quoted or not; 0 if they are none.
func moment(raw json.RawMessage) message.Time {
	seconds, err := strconv.ParseInt(strings.Trim(string(raw), `"`), 10, 64)
	if err != nil || seconds < 0 || seconds > maxUnix {
		return 0
	}
	return message.TimeOf(time.Unix(seconds, 0))
}
