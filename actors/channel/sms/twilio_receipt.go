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
	r := a.readers.get()
	defer a.readers.put(r)
	if cb.Query != "" {
		if query, err := url.ParseQuery(cb.Query); err == nil && query.Has(bodyHash) {
			return nil, message.Reply{}, a.other(r, cb, header, query.Get(bodyHash))
		}
	}
	// What can't be parsed is left out: only what is signed is read, and what
	// is left out makes the callback bad after all.
	r.params.read(cb.Body)
	if !r.signed(header, cb.URL) && !r.signed(header, a.addresses(cb)...) {
		return nil, message.Reply{}, message.ErrUnsigned
	}
	if r.params.broken {
		return nil, message.Reply{}, fmt.Errorf("read form: %w", message.ErrBadCallback)
	}
	receipts, err := twilioReceipt(&r.params)
	for i := range receipts {
		receipts[i].Test = a.test
	}
	return receipts, message.Reply{}, err
}

// addresses returns the addresses that the signature may be of beside the one
// asked for: should a proxy have changed it, the one that Twilio was given.
func (a *twilio) addresses(cb *message.Callback) []string {
	if a.callbackURL == "" {
		return nil
	}
	out := []string{a.callbackURL}
	if cb.Query != "" {
		out[0] += "?" + cb.Query
	}
	if a.retries { // it is not documented whether the fragment is signed
		out = append(out, cb.URL+retryCallbacks, out[0]+retryCallbacks)
	}
	return out
}

// other checks a callback whose body is no form. It is of no interest.
func (a *twilio) other(r *twilioReader, cb *message.Callback, header, hash string) error {
	r.params.read(nil)
	if !hashed(hash, cb.Body) || !r.signed(header, append(a.addresses(cb), cb.URL)...) {
		return message.ErrUnsigned
	}
	if len(cb.Body) > 0 && !json.Valid(cb.Body) {
		return fmt.Errorf("read JSON: %w", message.ErrBadCallback)
	}
	return nil
}

// twilioReceipt makes the receipt of a status callback, if there is one in it.
func twilioReceipt(params *twilioParams) ([]message.Receipt, error) {
	sid := params.first("MessageSid", "SmsSid")
	status := params.first("MessageStatus", "SmsStatus")
	if usable(sid) && isInbound(params) {
		return nil, nil
	}
	if !usable(sid) || len(status) == 0 {
		return nil, fmt.Errorf("read status: %w", message.ErrBadCallback)
	}
	r := message.Receipt{Channel: name, ProviderID: string(sid)}
	switch string(status) {
	case statusSent:
		r.Status = message.Sent
	case statusDelivered:
		r.Status = message.Delivered
	case statusRead:
		r.Status = message.Read
	case statusFailed, statusUndelivered, statusCanceled:
		code, _ := strconv.Atoi(string(params.get("ErrorCode")))
		r.Status = message.Failed
		r.Failure, r.RetryAfter = twilioFailure(code)
	default: // on its way
		return nil, nil
	}
	return []message.Receipt{r}, nil
}
