package channel

import "time"

// Glossary says what the codes of one provider mean, by the tables that its
// adapter runs on.
type Glossary struct {
	// Provider is what people call it: "twilio".
	Provider string
	// Look returns what a code means, wherever it is met; nothing for one that
	// the tables don't have, which is then told by what else is known.
	Look func(code string) []Meaning
}

// Meaning is what a provider's code is taken for in one place.
type Meaning struct {
	Where string // "the answer to a send"
	Code  Code
	// Receipt: it comes in one, when the message has long been handed over. The
	// table's Action is about sends; the attempt is over.
	Receipt bool
	// After is how long is waited at the least before the failure, which is a
	// passing one, is tried again; 0: no more than usual, of a receipt not at all.
	After time.Duration
}

// The places where most providers' codes are met.
const (
	InAnswer  = "the answer to a send"
	InReceipt = "a delivery receipt"
)
