package message

import "errors"

// Callback is an HTTP request from a provider, as it came.
//
// Ownership: it borrows the request's memory and is valid until the handler
// returns.
type Callback struct {
	// Channel and Sender are set where the address names them; else the sender
	// is recognised by its own signature.
	Channel, Sender string
	Method          string
	// URL is the public address that was asked for: scheme, host, path and
	// query as they were sent. Some providers sign it.
	URL   string
	Query string // raw, without the question mark
	// Header returns the value of the named request header, or "".
	Header func(name string) string
	Body   []byte
	// Later, if not nil, takes what the callback asks for and would have to be
	// waited for. It is called at most once, and does that before the callback
	// is answered.
	Later func(func() error)
}

// Reply is what a provider's handshake or receipt is answered with beside the
// status 200; most want nothing.
type Reply struct {
	ContentType string
	Body        []byte
}

// Errors of a Callback, told apart by who answers it.
var (
	// ErrUnsigned: the signature is missing or wrong.
	ErrUnsigned = errors.New("callback is not signed by a configured sender")
	// ErrUnknownSender: no such channel or sender is configured.
	ErrUnknownSender = errors.New("no such sender")
	// ErrBadCallback: signed, but not of the provider's form.
	ErrBadCallback = errors.New("callback is not of the provider's form")
)
