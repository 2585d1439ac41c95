package message

import (
	"time"
)

// WorkspaceID names a workspace inside the log. It is the first part of the
// key of everything a workspace owns, so one never reads another's rows.
type WorkspaceID uint32

// ContentType says which members of a Step carry the content.
type ContentType uint8

// The content types of the contract. The values are stored.
const (
	NoContentType ContentType = iota
	Text
	Template
	Media
	BrandMessage
)

var contentTypeNames = [...]string{"", "text", "template", "media", "brandmessage"}

// String returns the name that the API shows.
func (t ContentType) String() string {
	if int(t) < len(contentTypeNames) {
		return contentTypeNames[t]
	}
	return "invalid"
}

// ParseContentType returns the ContentType of an API name.
func ParseContentType(name string) (ContentType, bool) {
	for i := 1; i < len(contentTypeNames); i++ {
		if contentTypeNames[i] == name {
			return ContentType(i), true
		}
	}
	return NoContentType, false
}

// Priority orders messages inside a shard. The values are stored.
type Priority uint8

// The priorities; Normal is the default and the zero value.
const (
	Normal Priority = iota
	High
	Bulk
)

var priorityNames = [...]string{"normal", "high", "bulk"}

// String returns the name that the API shows.
func (p Priority) String() string {
	if int(p) < len(priorityNames) {
		return priorityNames[p]
	}
	return "invalid"
}

// ParsePriority returns the Priority of an API name.
func ParsePriority(name string) (Priority, bool) {
	for i, n := range priorityNames {
		if n == name {
			return Priority(i), true
		}
	}
	return Normal, false
}

// Lane is one channel, live or sandbox: the unit that owns shards, senders
// and a backlog.
type Lane struct {
	Channel string
	Test    bool
}

// String returns "sms" or "sms/test".
func (l Lane) String() string {
	if l.Test {
		return l.Channel + "/test"
	}
	return l.Channel
}

// Param is one value for a template's variable.
type Param struct{ Name, Value string }

// Step is one try at reaching the recipient: a channel, an address there and
// a content. Step 0 is the message's own, the others are its fallback.
type Step struct {
	Channel          string
	To               string
	From             string // name of a configured sender; empty: the channel's default
	ContentType      ContentType
	Content          string
	TemplateID       string
	TemplateLanguage string
	Params           []Param
	MediaURL         string
	MediaType        string // image, video, audio, document
	Filename         string

	// Success is the status that ends the chain here, already capped to the
	// best the channel can report: Sent, Delivered or Read.
	Success Status
	// Timeout is how long after the provider's acceptance Success may take;
	// 0 means that only a definite failure moves the message on.
	Timeout time.Duration
	// Unroutable, if not empty, is the code of the reason why this step has no
	// address to go to; it is skipped.
	Unroutable string
}

// NoAddress returns why the step is skipped, if it is Unroutable.
func (s *Step) NoAddress() *Failure {
	if s.Unroutable == "" {
		return nil
	}
	return &Failure{Code: s.Unroutable, Class: Recipient, Permanent: true}
}

// Causes is the set of outcomes that move a message to its next step.
type Causes uint8

// The members of "on".
const (
	OnFailed Causes = 1 << iota
	OnExpired
	OnTimeout
	OnUnroutable
	OnAll = OnFailed | OnExpired | OnTimeout | OnUnroutable
)

// UnknownPolicy is what to do with a send whose outcome is not known.
type UnknownPolicy uint8

// Hold waits for a receipt until the step's timeout (UnknownHold without
// one), Advance moves on at once, Retry sends again on the same channel. The
// values are stored.
const (
	Hold UnknownPolicy = iota
	Advance
	Retry
)

// UnknownHold is how long an attempt of unknown outcome is held for a receipt
// when its step has no timeout.
const UnknownHold = 2 * time.Minute

// DefaultExpiresIn is how long a step may wait for its provider when the
// client does not say.
const DefaultExpiresIn = 24 * time.Hour

// Outbound is a message as the client asked for it; it never changes after
// it is accepted.
//
// Ownership: where the front door builds one, its strings and slices borrow
// the request's memory and are valid until the handler returns. The store
// encodes before it returns from Accept and keeps none of them. One read from
// the store owns its memory.
type Outbound struct {
	ID        ID
	Workspace WorkspaceID
	Test      bool
	// Steps holds 1 to 6 steps; Steps[0] is the message's own channel.
	Steps       []Step
	On          Causes
	OnUnknown   UnknownPolicy
	KeepLate    bool // lateReceipt "continue": a late success cancels nothing
	Reference   string
	Metadata    string // a flat JSON object as the client wrote it, or empty
	Priority    Priority
	CreatedAt   Time
	ScheduledAt Time
	// ExpiresIn is how long each step may wait for its provider, counted from
	// when it was queued.
	ExpiresIn       time.Duration
	TraceParent     string
	ClientRequestID string
	// Contact is whom the message was addressed to; zero: an address alone.
	Contact ID
	// Erased: its personal data is gone.
	Erased bool
	// ResendOf is the message that this one sends again; zero: none.
	ResendOf ID
	// Distribution is what the message was made for; zero: it was sent by itself.
	Distribution ID
	// Salt is 44 random bits for the id, drawn by the front door so that the
	// log itself stays deterministic.
	Salt uint64
}

// Erase returns the message without anything personal: what is left has no
// address to go to.
func (o *Outbound) Erase() *Outbound {
	e := *o
	e.Erased = true
	e.Metadata, e.TraceParent, e.ClientRequestID = "", "", ""
	e.Steps = make([]Step, len(o.Steps))
	for i := range o.Steps {
		s := &o.Steps[i]
		e.Steps[i] = Step{
			Channel: s.Channel, From: s.From, ContentType: s.ContentType, TemplateID: s.TemplateID,
			TemplateLanguage: s.TemplateLanguage, MediaType: s.MediaType, Success: s.Success, Timeout: s.Timeout,
			Unroutable: CodeErased,
		}
	}
	return &e
}

// Codes of steps that are skipped.
const (
	CodeUnroutable = "unroutable" // there is no address on the channel
	CodeOptedOut   = "opted_out"  // the recipient wants nothing there
	CodeErased     = "erased"     // the address has been erased
)

// Owner returns what the message's contacts belong to.
func (o *Outbound) Owner() Owner { return Owner{o.Workspace, o.Test} }

// Lane returns the lane of step i.
func (o *Outbound) Lane(i int) Lane { return Lane{o.Steps[i].Channel, o.Test} }

// Onward reports whether a failure of the step takes the message to a further
// one.
func (o *Outbound) Onward(step int) bool {
	cause := OnFailed
	for next := step + 1; next < len(o.Steps) && o.On&cause != 0; next++ {
		if o.Steps[next].Unroutable == "" {
			return true
		}
		cause = OnUnroutable
	}
	return false
}
