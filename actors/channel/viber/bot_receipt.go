package viber

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"

	"messagehub/actors/channel"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

// botSignature is the header of Viber's signature. Viber also sends it as the
// query parameter sig.
const botSignature = "X-Viber-Content-Signature"

// botEvent is one callback of Viber's.
type botEvent struct {
	Event     string          `json:"event"`
	Timestamp json.RawMessage `json:"timestamp"` // Unix milliseconds
	Token     json.RawMessage `json:"message_token"`
	Text      string          `json:"desc"`
}

// Receipts implements [channel.Receiver]. Viber tells of a delivery once for
// each device, and of what the user did, too: only known tokens count.
func (b *bot) Receipts(cb *message.Callback) ([]message.Receipt, message.Reply, error) {
	if !b.signed(cb) {
		return nil, message.Reply{}, message.ErrUnsigned
	}
	var e botEvent
	if json.Unmarshal(cb.Body, &e) != nil || e.Event == "" {
		return nil, message.Reply{}, fmt.Errorf("read event: %w", message.ErrBadCallback)
	}
	r := message.Receipt{Channel: name, Test: b.test, ProviderID: tokenOf(e.Token), At: botTime(e.Timestamp)}
	switch e.Event {
	case "delivered":
		r.Status = message.Delivered
	case "seen":
		r.Status = message.Read
	case "failed": // after it was accepted; Viber gives a text but no number
		r.Status = message.Failed
		r.Failure = channel.Failed(channel.ProviderError, "", e.Text).Failure()
	default: // a handshake, or what the user did
		return nil, message.Reply{}, nil
	}
	if r.ProviderID == "" {
		return nil, message.Reply{}, fmt.Errorf("read message token: %w", message.ErrBadCallback)
	}
	return []message.Receipt{r}, message.Reply{}, nil
}

// signed checks the signature over the bytes as they came.
func (b *bot) signed(cb *message.Callback) bool {
	signature := cb.Header(botSignature)
	if signature == "" {
		query, err := url.ParseQuery(cb.Query)
		if err != nil {
			return false
		}
		signature = query.Get("sig")
	}
	return hmac.Equal([]byte(signature), signBot(b.macs, cb.Body))
}

// signBot returns Viber's signature of a body.
func signBot(macs *channel.MACs, body []byte) []byte {
	var sum [sha256.Size]byte
	return hex.AppendEncode(nil, macs.Append(sum[:0], body))
}

// maxMillis is the year 9999.
const maxMillis = 253402300799999

// botTime reads Unix milliseconds; 0 if they are none.
func botTime(raw json.RawMessage) message.Time {
	var n int64
	if json.Unmarshal(raw, &n) != nil || n < 0 || n > maxMillis {
		return 0
	}
	return message.Time(n)
}
