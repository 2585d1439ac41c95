package telegram

import (
	"context"
	"errors"
	"fmt"
	"time"

	"messagehub/actors/channel"
)

// inPart makes the error of a message of which the first i parts were taken.
func inPart(err error, i, of int) *channel.Error {
	var e *channel.Error
	if !errors.As(err, &e) {
		return channel.Failed(channel.OutcomeUnknown, "", "")
	}
	return channel.Failed(channel.OutcomeUnknown, e.ProviderCode, fmt.Sprintf("part %d of %d: %s %s", i+1, of, e.Code, e.ProviderMessage))
}

// insist makes a call once more that Telegram refused for now, if there is
// time to wait for as long as it asks: to give up would leave the message
// divided.
func (a *adapter) insist(ctx context.Context, c call, err error) (channel.Acceptance, error) {
	var e *channel.Error
	if !errors.As(err, &e) || e.Code != channel.RecipientRateLimited && e.Code != channel.RateLimited {
		return channel.Acceptance{}, err
	}
	if until, ok := ctx.Deadline(); ok && a.now().Add(e.RetryAfter).After(until) {
		return channel.Acceptance{}, err
	}
	pause := time.NewTimer(e.RetryAfter)
	defer pause.Stop()
	select {
	case <-ctx.Done():
		return channel.Acceptance{}, err
	case <-pause.C:
	}
	acceptance, _, err := a.call(ctx, c)
	return acceptance, err
}
