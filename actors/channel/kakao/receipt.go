package kakao

import (
	"crypto/subtle"
	"fmt"

	"messagehub/store/message"
	"messagehub/store/message/json"
)

// The headers that bring the secret. NHN documents the first one; receivers of
// its webhooks are known that see the second.
const (
	signatureHeader = "X-Toast-Webhook-Signature"
	signatureOther  = "X-Nhn-Webhook-Signature"
)

// Receipts implements [channel.Receiver]. NHN signs nothing: the header brings
// the secret itself.
func (a *adapter) Receipts(cb *message.Callback) ([]message.Receipt, message.Reply, error) {
	if !a.proves(cb.Header(signatureHeader)) && !a.proves(cb.Header(signatureOther)) {
		return nil, message.Reply{}, message.ErrUnsigned
	}
	var in struct {
		Event string             `json:"event"`
		Hooks *[]json.RawMessage `json:"hooks"`
	}
	if json.Unmarshal(cb.Body, &in) != nil || in.Event == "" && in.Hooks == nil {
		return nil, message.Reply{}, fmt.Errorf("read hooks: %w", message.ErrBadCallback)
	}
	if in.Hooks == nil {
		return nil, message.Reply{}, nil
	}
	var out []message.Receipt
	for _, raw := range *in.Hooks { // each by itself: an odd one hides no other
		var i item
		if json.Unmarshal(raw, &i) != nil || i.id() == "" {
			continue // news of a template, for one
		}
		if r, told, _ := a.receipt(&i); told {
			out = append(out, r)
		}
	}
	return out, message.Reply{}, nil
}

func (a *adapter) proves(given string) bool {
	return a.webhook != "" && subtle.ConstantTimeCompare([]byte(given), []byte(a.webhook)) == 1
}
