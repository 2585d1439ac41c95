package telegram

import (
	"crypto/subtle"
	"fmt"

	"messagehub/store/message"
	"messagehub/store/message/json"
)

const signatureHeader = "X-Telegram-Bot-Api-Secret-Token"

// update is what the Bot API posts. None of its kinds tells what became of a
// message.
type update struct {
	ID *int64 `json:"update_id"`
}

// Receipts implements [channel.Receiver]. Telegram has no receipts: an update
// is only checked, and answered with an empty body, for a body would be taken
// for a call.
func (a *adapter) Receipts(cb *message.Callback) ([]message.Receipt, message.Reply, error) {
	token := cb.Header(signatureHeader)
	if len(a.secret) == 0 || subtle.ConstantTimeCompare([]byte(token), a.secret) != 1 {
		return nil, message.Reply{}, message.ErrUnsigned
	}
	var u update
	if json.Unmarshal(cb.Body, &u) != nil || u.ID == nil {
		return nil, message.Reply{}, fmt.Errorf("read update: %w", message.ErrBadCallback)
	}
	return nil, message.Reply{}, nil
}
