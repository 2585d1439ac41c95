package client

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// RateLimit is what the relay last said of the limit of the key's workspace.
type RateLimit struct {
	Limit     int       // requests a minute; 0: nothing was said yet
	Remaining int       // requests that may be made at once
	Reset     time.Time // when Remaining is Limit again, if none is made
}

// RateLimit returns what the last answer said.
func (c *Client) RateLimit() RateLimit {
	c.pace.mu.Lock()
	defer c.pace.mu.Unlock()
	return c.pace.limit
}

// pace holds requests back that the relay would refuse.
type pace struct {
	mu    sync.Mutex
	limit RateLimit
	next  time.Time // no request before this
}

// learn notes the limit of an answer. Where nothing is left, the next request
// waits for the bucket to get one token back: a minute's share.
func (p *pace) learn(h http.Header, now time.Time) {
	limit, err1 := strconv.Atoi(h.Get("X-RateLimit-Limit"))
	remaining, err2 := strconv.Atoi(h.Get("X-RateLimit-Remaining"))
	reset, err3 := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64)
	if err1 != nil || err2 != nil || err3 != nil || limit < 1 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.limit = RateLimit{limit, remaining, time.Unix(reset, 0)}
	if remaining <= 0 {
		p.next = now.Add(time.Minute / time.Duration(limit))
	}
}

// wait holds a request back until it may be made. Those that wait together
// take their turns.
func (p *pace) wait(ctx context.Context) error {
	p.mu.Lock()
	pause := time.Until(p.next)
	if pause > 0 {
		p.next = p.next.Add(time.Minute / time.Duration(p.limit.Limit))
	}
	p.mu.Unlock()
	return sleep(ctx, pause)
}
