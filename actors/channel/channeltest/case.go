// Package channeltest is the conformance suite that every channel, and every
// variant of one, passes: its test makes a [Case] of tables and calls [Run].
//
// What is golden lies in the testing package's testdata directory, one HTTP
// request per file (see [Send]). The suite points the adapter at servers of
// its own through the setting "baseURL".
package channeltest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

// Case is what the suite needs to know of one variant of a channel.
type Case struct {
	Spec channel.Spec
	// Settings, beside the sandbox's, make the variant.
	Settings channel.Values

	// Success is the provider's documented yes, ProviderID what it names.
	Success    Answer
	ProviderID string
	Sends      []Send
	// Stream is set where the wire is not HTTP.
	Stream *Stream
	// Renews: after a 401, or what is Stale, the adapter asks for another token.
	Renews bool
	// Unnumbered: what recipients write may come without an id.
	Unnumbered bool
	// Bodyless: the yes has no body, so none is looked at.
	Bodyless bool

	// Refusals are the provider's errors, each with its own body: every row of
	// the channel's table.
	Refusals []Refusal
	// Statuses replaces, for an HTTP status, the class of an answer that is
	// not of the provider's form; the others are as [channel.Answer.ByStatus]
	// says.
	Statuses map[int]channel.Code

	Recipients []Recipient
	Contents   []Content

	// Sign signs a callback as the provider does, with the case's settings. It
	// is nil where the channel has no callbacks.
	Sign func(t testing.TB, v channel.Values, cb *Callback)
	// TokenOnly: the provider does not sign the body but only sends a token.
	TokenOnly bool
	Callbacks []Callback

	// Ordinary is an address that the simulator delivers to.
	Ordinary string
	// Writer is the address of a user who writes; default Ordinary.
	Writer string
	// Settles: the provider's receipts carry our reference, so that they settle
	// a send whose answer was lost.
	Settles bool
	// Reserved replaces what is expected of a reserved recipient, by name
	// without "sim:", where the provider can't do as the others do.
	Reserved map[string]Outcome
}

// Answer is a provider's answer.
type Answer struct {
	Status int
	Header map[string]string
	Body   string
	// Stale: it says that the token is not taken, so that one that Renews asks
	// for another.
	Stale bool
}

// Send is a request that has to look exactly like testdata/<Name>.http: a
// request line, the headers to compare, an empty line, the body. JSON bodies
// are compared as JSON, forms as forms, others byte by byte.
type Send struct {
	Name string
	Step message.Step
	Ref  string
	// Expires is the request's; 0 is far away.
	Expires message.Time
	// Refused: the adapter refuses the step itself, with this code and without
	// a request.
	Refused channel.Code
	// Segments is what the acceptance has to say.
	Segments int
	// ProviderID is what the acceptance has to say; default the case's.
	ProviderID string
	// Unsimulated: the simulator is not asked to accept it.
	Unsimulated bool
}

// Refusal is a row of a channel's error table.
type Refusal struct {
	Name string // default: the ProviderCode
	Answer
	Code       channel.Code
	RetryAfter time.Duration
	// ProviderCode is what is kept of the provider's own code.
	ProviderCode string
}

// Recipient is an address and whether CheckRecipient takes it.
type Recipient struct {
	To string
	OK bool
}

// Content is a step and the parameter of the fault that CheckContent finds in
// it; empty if none.
type Content struct {
	Name  string
	Step  message.Step
	Param string
}

// Callback is a request from the provider, and what is to be made of it.
type Callback struct {
	Name   string
	Method string // default POST
	URL    string // default a public address of the relay
	Header map[string]string
	Body   string
	// Unsigned: Sign is not called.
	Unsigned bool

	// Want are the receipts, without Channel and Test, which the suite knows.
	Want  []message.Receipt
	Reply message.Reply
	// Inbound are the messages of recipients, as the adapter gives them.
	Inbound []message.Inbound
	// Err is nil, message.ErrUnsigned or message.ErrBadCallback.
	Err error
}

// Outcome is what becomes of a message to a reserved recipient.
type Outcome struct {
	// Actions are those of the codes that Send may fail with; none: it
	// succeeds.
	Actions []channel.Action
	// Receipts are the statuses reported, in any order.
	Receipts []message.Status
	// Unchecked: nothing is expected.
	Unchecked bool
}

// publicURL is where the suite pretends that callbacks come in.
const publicURL = "https://relay.example.com/api/v1/webhooks/delivery"

// values returns the case's settings, with the adapter pointed at base.
func (c *Case) values(t testing.TB, base string) channel.Values {
	t.Helper()
	given := channel.Sandbox(c.Spec.Settings)
	for name, value := range c.Settings {
		given[name] = value
	}
	if base != "" {
		given["baseURL"] = base
	}
	values, err := channel.Complete(c.Spec.Settings, given)
	if err != nil {
		t.Fatalf("settings of the case: %v", err)
	}
	return values
}

// sender returns a sender of the case.
func (c *Case) sender(t testing.TB, base string, client *channel.Client) channel.Sender {
	return channel.Sender{
		Name: "main", Test: true, Settings: c.values(t, base), HTTP: client,
		CallbackURL: publicURL + "/" + c.Spec.Name + "/main",
	}
}

// adapter makes the adapter, its requests going to the provider at address.
func (c *Case) adapter(t testing.TB, address string) channel.Adapter {
	t.Helper()
	if c.Stream != nil {
		return c.streamAdapter(t, address)
	}
	base := "http://" + address
	client := channel.NewClient(nil, 64)
	t.Cleanup(client.Close)
	return c.adapterOf(t, c.sender(t, base, client))
}

func (c *Case) adapterOf(t testing.TB, s channel.Sender) channel.Adapter {
	t.Helper()
	a, err := c.Spec.New(s)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return a
}

func (c *Case) receiver(t testing.TB) channel.Receiver {
	t.Helper()
	r, ok := c.adapter(t, "127.0.0.1:1").(channel.Receiver)
	if !ok {
		t.Fatal("the case has callbacks, but its adapter is no channel.Receiver")
	}
	return r
}

// request makes the Request of s.
func (s *Send) request() *channel.Request {
	ref := s.Ref
	if ref == "" {
		ref = message.AttemptRef(1, message.NewID(message.At(7, 0), 42), 0)
	}
	expires := s.Expires
	if expires == 0 {
		expires = message.TimeOf(time.Now().Add(24 * time.Hour))
	}
	step := s.Step
	return &channel.Request{Ref: ref, Test: true, Step: &step, Expires: expires}
}

// first returns a request that the provider accepts.
func (c *Case) first(t testing.TB) *channel.Request {
	t.Helper()
	for i := range c.Sends {
		if c.Sends[i].Refused == "" {
			return c.Sends[i].request()
		}
	}
	t.Fatal("the case has no send that is accepted")
	return nil
}

// address returns where cb comes in, before it is signed.
func (cb *Callback) address() string {
	if cb.URL == "" {
		return publicURL
	}
	return cb.URL
}

// callback makes the relay's view of cb. body is the caller's.
func (cb *Callback) callback(sender string, channelName string, body []byte) *message.Callback {
	method, address := cb.Method, cb.address()
	if method == "" {
		method = http.MethodPost
	}
	header := make(map[string]string, len(cb.Header))
	for name, value := range cb.Header {
		header[strings.ToLower(name)] = value
	}
	query := ""
	if u, err := url.Parse(address); err == nil {
		query = u.RawQuery
	}
	return &message.Callback{
		Channel: channelName, Sender: sender, Method: method, URL: address, Query: query, Body: body,
		Header: func(name string) string { return header[strings.ToLower(name)] },
	}
}
