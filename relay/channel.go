package relay

import (
	"errors"
	"fmt"

	"messagehub/store/message"
)

// Channel is what the front door knows about a channel.
type Channel struct {
	Name     string
	Contents []message.ContentType
	// Best is the furthest status that the channel can report.
	Best message.Status
	// Phone: addresses are phone numbers in E.164.
	Phone bool
	// Idempotent: a send of unknown outcome may be repeated without a double.
	Idempotent bool
	// CheckRecipient refuses an address, in words that follow "to ".
	CheckRecipient func(to string) error
	// CheckContent refuses what the channel can never carry; it may be nil.
	CheckContent func(*message.Step) *Fault
	// Segments counts what a text costs at the sender that a message names, or
	// at the first one; it may be nil.
	Segments func(from string, test bool, text string) (n int, encoding string)
	// Configured: it has a sender for live messages.
	Configured bool
	// Senders and TestSenders are the names that "from" may take.
	Senders, TestSenders []string
}

func (c *Channel) validate() error {
	if c.Name == "" || c.CheckRecipient == nil || len(c.Contents) == 0 {
		return fmt.Errorf("channel %q: %w", c.Name, errNoChannel)
	}
	return nil
}

var errNoChannel = errors.New("needs a name, a check of recipients and content types")
