package line

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"messagehub/actors/channel"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

const signatureHeader = "X-Line-Signature"

// callback is the part of a webhook that is of interest. Each event is read by
// itself, so that one of an unknown form does not hide the others.
type callback struct {
	Events *[]json.RawMessage `json:"events"`
}

// event is one thing that LINE tells.
type event struct {
	Type     string `json:"type"`
	Mode     string `json:"mode"`
	At       int64  `json:"timestamp"` // milliseconds
	Delivery struct {
		Data string `json:"data"`
	} `json:"delivery"`
}

// Receipts implements [channel.Receiver]. Of LINE's events, the delivery of a
// notification message alone is a receipt. One that LINE delivers again says
// the same again, and changes nothing.
func (a *adapter) Receipts(cb *message.Callback) ([]message.Receipt, message.Reply, error) {
	if !signed(a.macs, cb.Header(signatureHeader), cb.Body) {
		return nil, message.Reply{}, message.ErrUnsigned
	}
	var in callback
	if json.Unmarshal(cb.Body, &in) != nil || in.Events == nil {
		return nil, message.Reply{}, fmt.Errorf("read events: %w", message.ErrBadCallback)
	}
	var out []message.Receipt
	for _, raw := range *in.Events {
		if r, ok := a.receipt(raw); ok {
			out = append(out, r)
		}
	}
	return out, message.Reply{}, nil
}

// maxMoment is the year 9999 in milliseconds.
const maxMoment = 253402300799_000

func (a *adapter) receipt(raw json.RawMessage) (message.Receipt, bool) {
	var e event
	if json.Unmarshal(raw, &e) != nil || e.Type != "delivery" || e.Mode == "standby" {
		return message.Receipt{}, false
	}
	if _, _, _, ours := message.ParseAttemptRef(e.Delivery.Data); !ours {
		return message.Receipt{}, false
	}
	r := message.Receipt{Channel: name, Test: a.test, Ref: strings.Clone(e.Delivery.Data), Status: message.Delivered}
	if e.At > 0 && e.At <= maxMoment {
		r.At = message.Time(e.At)
	}
	return r, true
}

// signed checks the signature over the bytes as they came.
func signed(macs *channel.MACs, signature string, body []byte) bool {
	given, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		return false
	}
	var sum [sha256.Size]byte
	return hmac.Equal(given, macs.Append(sum[:0], body))
}
