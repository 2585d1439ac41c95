package sms

import (
	"fmt"
	"net/url"
	"strconv"

	"messagehub/store/message"
	"messagehub/store/message/json"
)

const twilioSignatureHeader = "X-Twilio-Signature"

// The statuses of a message at Twilio that say something new.
const (
	statusSent        = "sent"
	statusDelivered   = "delivered"
	statusRead        = "read"
	statusFailed      = "failed"
	statusUndelivered = "undelivered"
	statusCanceled    = "canceled"
)

// Receipts implements [channel.Receiver].
func (a *twilio) Receipts(cb *message.Callback) ([]message.Receipt, message.Reply, error) {
	header := cb.Header(twilioSignatureHeader)
	if header == "" {
		return nil, message.Reply{}, message.ErrUnsigned
	}
	if query, err := url.ParseQuery(cb.Query); err == nil && query.Has(bodyHash) {
		return nil, message.Reply{}, a.other(cb, header, query.Get(bodyHash))
	}
	// What can't be parsed is left out: only what is signed is read, and what
	// is left out makes the callback bad after all.
	params, broken := url.ParseQuery(string(cb.Body))
	if !signed(a.authToken, header, a.addresses(cb), params) {
		return nil, message.Reply{}, message.ErrUnsigned
	}
	if broken != nil {
		return nil, message.Reply{}, fmt.Errorf("read form: %w", message.ErrBadCallback)
	}
	receipts, err := twilioReceipt(params)
	for i := range receipts {
		receipts[i].Test = a.test
	}
	return receipts, message.Reply{}, err
}

// addresses returns the addresses that the signature may be of: the one asked
// for and, should a proxy have changed it, the one that Twilio was given.
func (a *twilio) addresses(cb *message.Callback) []string {
	out := []string{cb.URL}
	if a.callbackURL == "" {
		return out
	}
	configured := a.callbackURL
	if cb.Query != "" {
		configured += "?" + cb.Query
	}
	if configured != cb.URL {
		out = append(out, configured)
	}
	if a.retries { // it is not documented whether the fragment is signed
		for _, address := range out {
			out = append(out, address+retryCallbacks)
		}
	}
	return out
}

// other checks a callback whose body is no form. It is of no interest.
func (a *twilio) other(cb *message.Callback, header, hash string) error {
	if !hashed(hash, cb.Body) || !signed(a.authToken, header, a.addresses(cb), nil) {
		return message.ErrUnsigned
	}
	if len(cb.Body) > 0 && !json.Valid(cb.Body) {
		return fmt.Errorf("read JSON: %w", message.ErrBadCallback)
	}
	return nil
}

// twilioReceipt makes the receipt of a status callback, if there is one in it.
func twilioReceipt(params url.Values) ([]message.Receipt, error) {
	sid := first(params, "MessageSid", "SmsSid")
	status := first(params, "MessageStatus", "SmsStatus")
	if usable(sid) && isInbound(params) {
		return nil, nil
	}
	if !usable(sid) || status == "" {
		return nil, fmt.Errorf("read status: %w", message.ErrBadCallback)
	}
	r := message.Receipt{Channel: name, ProviderID: sid}
	switch status {
	case statusSent:
		r.Status = message.Sent
	case statusDelivered:
		r.Status = message.Delivered
	case statusRead:
		r.Status = message.Read
	case statusFailed, statusUndelivered, statusCanceled:
		code, _ := strconv.Atoi(params.Get("ErrorCode"))
		r.Status = message.Failed
		r.Failure, r.RetryAfter = twilioFailure(code)
	default: // on its way
		return nil, nil
	}
	return []message.Receipt{r}, nil
}

// first returns the first of the named parameters that is not empty.
func first(params url.Values, names ...string) string {
	for _, name := range names {
		if value := params.Get(name); value != "" {
			return value
		}
	}
	return ""
}
