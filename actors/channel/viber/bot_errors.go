package viber

import (
	"sync"
	"time"

	"messagehub/actors/channel"
)

// codeOfBot returns the contract's code for a status of the Bot API that is
// not 0. What Viber does not list is a general error.
func codeOfBot(status int) channel.Code {
	switch status {
	case 2, 8, 15: // token, account
		return channel.BadCredentials
	case 7, 9:
		return channel.SenderRestricted
	case 1, 10, 16, 17, 18, 19, 20: // webhook, features that a bot may not use
		return channel.SenderMisconfigured
	case 3, 4, 14, 22:
		return channel.ContentRejected
	case 5, 6, 11, 13: // not registered, not subscribed, no device that can
		return channel.NotOnChannel
	case 21:
		return channel.Restricted
	case 12:
		return channel.RateLimited
	case 23, 24: // free messages or money used up; answers to users still go out
		return channel.QuotaExceeded
	}
	return channel.ProviderError
}

// hourly is how many messages a user gets in a clock hour without a reply.
const hourly = 100

// maxCrowd bounds how many users are remembered within an hour.
const maxCrowd = 1 << 14

// stubborn is how many refusals, with messages to others accepted before each
// further one, are about the user and not about the bot.
const stubborn = 3

// crowd tells the two meanings of "too many requests" apart, for Viber does
// not: the bot's own limit, or that of one user, who has had a hundred messages
// this hour or is refused again and again while others are not.
type crowd struct {
	mu      sync.Mutex
	hour    int64
	sent    map[string]int
	refused map[string]refusals
	total   uint64 // messages accepted
}

// refusals of one user: how many, and the crowd's total at the last one.
type refusals struct {
	count int
	total uint64
}

// turn forgets the hour that is over.
func (c *crowd) turn(now time.Time) {
	hour := now.Unix() / 3600
	if hour != c.hour || c.sent == nil {
		c.hour, c.sent, c.refused = hour, make(map[string]int), make(map[string]refusals)
	}
}

// accepted notes a message to a user.
func (c *crowd) accepted(user string, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turn(now)
	c.total++
	delete(c.refused, user)
	if n := c.sent[user]; n > 0 || len(c.sent) < maxCrowd {
		c.sent[user] = n + 1
	}
}

// alone notes a refusal, and reports whether it is about this user alone.
func (c *crowd) alone(user string, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turn(now)
	r := c.refused[user]
	if (r.count == 0 || c.total > r.total) && (r.count > 0 || len(c.refused) < maxCrowd) {
		r = refusals{r.count + 1, c.total}
		c.refused[user] = r
	}
	return c.sent[user] >= hourly || r.count >= stubborn
}
