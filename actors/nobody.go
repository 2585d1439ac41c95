package actors

import (
	"context"

	"messagehub/actors/channel"
)

// nobody is the adapter of senders that are not configured (any more).
type nobody struct{}

// Send implements channel.Adapter.
func (nobody) Send(context.Context, *channel.Request) (channel.Acceptance, error) {
	return channel.Acceptance{}, &channel.Error{Code: channel.NoSender}
}
