package sim

import (
	"errors"
	"fmt"
)

// Writer is a simulated provider whose users write to the account, too.
type Writer interface {
	Provider
	// Write has the relay told what a user writes, as the provider does it. An
	// error says what the provider can't bring.
	Write(w Written) error
}

// Written is what a user of a provider writes.
type Written struct {
	From string // his address on the channel
	// Kind is "text", "image" (at MediaURL, with Text as its caption), or
	// "opt_in" and "opt_out", by which he follows or leaves the account.
	Kind     string
	Text     string
	MediaURL string
	ReplyTo  string // the provider's id of the message that he answers
}

// The kinds of a Written.
const (
	WritesText  = "text"
	WritesImage = "image"
	WritesIn    = "opt_in"
	WritesOut   = "opt_out"
)

// Unwritable says that the users of a provider can't do what they are to do.
func (w *Written) Unwritable(provider string) error {
	return fmt.Errorf("%s brings no message of the kind %q", provider, w.Kind)
}

// Unanswerable says that a provider does not tell which message another one
// answers.
func (w *Written) Unanswerable(provider string) error {
	return errors.New(provider + " does not tell which message another one answers: leave out replyTo")
}
