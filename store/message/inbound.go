package message

// PrefixInbound begins the ids of messages that recipients write.
const PrefixInbound = "inb_"

// MaxInboundText is the longest text of an Inbound that is kept, in bytes.
const MaxInboundText = 16 << 10

// Inbound is a message that somebody has written to a sender of ours.
//
// Ownership: an adapter's owns its memory.
type Inbound struct {
	ID    ID // the log's to give
	Owner Owner
	// Channel, Test and Sender are where it came in.
	Channel string
	Test    bool
	Sender  string
	// ProviderID is the provider's id of it: one that comes again is dropped.
	ProviderID string
	From       string // the writer's address on the channel
	// Kind is "text", or what else it is at the provider: "image", "sticker", …
	Kind string
	Text string // its text, caption or the button that was pressed
	// ReplyTo is the provider's id of the message that it answers; empty: none.
	ReplyTo    string
	At         Time // as the provider says; 0 if it does not
	ReceivedAt Time
}
