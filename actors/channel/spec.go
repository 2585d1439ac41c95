// Package channel is the contract between delivery and a messaging provider.
//
// A channel is one directory: a [Spec] that says what it is and can do, an
// [Adapter] that sends one message and classifies the answer by the closed
// table of this package, a [Receiver] where the provider reports back, and a
// simulator of the provider's own wire API. The list of channels is in the
// package all; nothing else names them.
package channel

import (
	"context"
	"time"

	"messagehub/actors/channel/sim"
	"messagehub/store/message"
)

// Spec is everything the rest of the product knows about a channel.
type Spec struct {
	// Name is the channel's name in the API, the configuration and the log.
	Name  string
	Title string
	// Contents are the content types it can carry.
	Contents []message.ContentType
	// Best is the furthest status that its receipts can report: Sent where it
	// has none.
	Best message.Status
	// Idempotent: the provider itself drops a request sent twice, so an
	// unknown outcome may be retried without a duplicate.
	Idempotent bool
	// Phone: addresses are phone numbers in E.164, so a message's own phone
	// number fits a fallback step.
	Phone bool
	// SignatureHeader is the request header by which a receipt at the common
	// address is recognised as this channel's.
	SignatureHeader string
	// CheckRecipient refuses an address that cannot exist on the channel, in
	// words that follow "to ": "must be …". Addresses that begin with "sim:"
	// never come here.
	CheckRecipient func(to string) error
	// CheckContent refuses what the channel can never carry. It may be nil.
	CheckContent func(*message.Step) *Fault
	// Segments makes what counts the cost of a text at a sender with the given
	// settings, where the channel counts (SMS); else it is nil.
	Segments func(Values) func(text string) (n int, encoding string)
	// Settings are what a sender's configuration may hold. All channels have
	// "baseURL", where the provider's API is, and end with [PaceSettings]. The
	// sandbox's baseURL is "http://sandbox.invalid/<name>", which no network
	// knows: see [sim.Mux].
	Settings []Setting
	// Pace is what a sender may do unless its settings say otherwise: see
	// [Pace.With].
	Pace Pace
	// New makes the adapter of one configured sender. Its settings have passed
	// Settings already. It touches neither network nor Vault: the adapter before
	// it may still be at work, and it may never be used.
	New func(Sender) (Adapter, error)
	// Glossaries explain the codes of the channel's providers. A provider whose
	// codes are its settings has none.
	Glossaries []Glossary
	// Simulator makes a simulated provider for a sender with these settings.
	Simulator func(*sim.World, Sender) sim.Provider
}

// Fault is one thing wrong with a request, told in the API's terms: Code is
// one of its codes for a 400.
type Fault struct{ Param, Code, Message string }

// Adapter sends for one sender. Send is called from many goroutines at once;
// it makes at most one request that can cause a delivery, and its error is
// always an [*Error]. Where one message takes several (long SMS, texts that
// are split), a part that fails after another was taken is OutcomeUnknown.
// Context and Request are the caller's again when Send has returned.
type Adapter interface {
	Send(ctx context.Context, r *Request) (Acceptance, error)
}

// Receiver is an Adapter whose provider reports back. Receipts checks the
// signature over the raw body before it parses anything: an error is
// [message.ErrUnsigned] or wraps [message.ErrBadCallback]. What is signed but
// of no interest gives no receipts and no error. A handshake gives a Reply.
// The receipts have Channel and Test set and borrow nothing from the callback.
type Receiver interface {
	Receipts(*message.Callback) ([]message.Receipt, message.Reply, error)
}

// Inbox is a Receiver whose provider brings what recipients write, too. Inbound
// reads it from a callback that Receipts has found to be signed; what can't be
// read is left out. Owner, ids and times of receipt are set for the adapter. A
// handshake brings nothing.
type Inbox interface {
	Inbound(*message.Callback) []message.Inbound
}

// Runner is an Adapter with work of its own beside sending: binds to keep up,
// tokens to renew, results to ask for. Run is called once, before or beside the
// first Send, and returns soon after ctx ends, which is after the last Send has
// returned. A Send that comes before the work is ready waits for it within its
// ctx. Two adapters of one sender never run at the same time.
type Runner interface {
	Run(ctx context.Context)
}

// Repeater is an Adapter whose provider drops a request that comes again with
// the same [Request.Ref]. An unknown outcome is then tried again, as the same
// attempt, for as long after its first start as RepeatFor says of the step; 0:
// not at all.
type Repeater interface {
	RepeatFor(s *message.Step) time.Duration
}

// Prober is an Adapter that can ask its provider whether the sender is in
// order, without sending anything. It returns what the provider calls the
// account, cleaned; its error is always an [*Error].
type Prober interface {
	Probe(ctx context.Context) (account string, err error)
}

// Vault keeps a sender's secrets and marks that must outlive the process.
// They are sealed at rest. It is safe for concurrent use.
type Vault interface {
	// Load returns the named value, and nil where nothing was saved.
	Load(name string) ([]byte, error)
	// Save is durable when it returns nil.
	Save(name string, value []byte) error
}

// Request is one attempt to send. It is read-only and valid until Send
// returns.
type Request struct {
	// Ref is unique to the attempt: the correlation value or idempotency key
	// to give to a provider that takes one.
	Ref     string
	Test    bool
	Step    *message.Step
	Expires message.Time
}

// Acceptance is a provider's yes.
type Acceptance struct {
	ProviderID string
	Segments   int
}

// Sender is one configured way to a provider.
type Sender struct {
	Name     string
	Test     bool
	Settings Values
	// CallbackURL is the public address that the provider should report to,
	// where it is told with the request: ".../webhooks/delivery/sms/main".
	CallbackURL string
	HTTP        *Client
	// Dial opens connections that are not HTTP; nil means the network.
	Dial Dialer
	// Vault is never nil where the adapter runs for real; tests that need one
	// give it.
	Vault Vault
	// Report records receipts that did not come as a callback. They are durable
	// when it returns nil; their Channel and Test are set for the caller. It
	// may be called from any goroutine while Run runs.
	Report func([]message.Receipt) error
	// Receive takes what recipients have written that did not come as a
	// callback, as Report takes receipts.
	Receive func([]message.Inbound) error
}
