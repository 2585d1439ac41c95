package client

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"
)

// The bounds of repeating. The pause doubles from firstPause; a random half of
// it keeps clients that failed together apart.
const (
	defaultTries    = 5
	firstPause      = 250 * time.Millisecond
	defaultMaxPause = time.Minute
)

// repeat makes a request until it is answered for good, and returns the body
// of its success.
func (c *Client) repeat(ctx context.Context, r *request) ([]byte, error) {
	tries := cmp.Or(c.Tries, defaultTries)
	for try := 1; ; try++ {
		if err := c.pace.wait(ctx); err != nil {
			return nil, err
		}
		body, err := c.try(ctx, r)
		if err == nil || try >= tries || ctx.Err() != nil || !r.again(err) {
			return body, err
		}
		pause, ok := c.pause(try, err)
		if !ok {
			return body, err
		}
		if sleep(ctx, pause) != nil {
			return body, err
		}
	}
}

// try makes a request once. A batch of nothing but faults is answered with a
// 400 that has results: its body is returned beside the error.
func (c *Client) try(ctx context.Context, r *request) ([]byte, error) {
	status, header, body, err := c.once(ctx, r)
	if err != nil {
		return nil, err
	}
	c.pace.learn(header, time.Now())
	r.etag = header.Get("ETag")
	if status >= 200 && status < 300 {
		return body, nil
	}
	return body, ReadError(status, header, body)
}

// again reports whether a request that failed may be made again. What was
// refused was not done; what was not answered may have been.
func (r *request) again(err error) bool {
	if r.stream != nil {
		return false
	}
	var refused *Error
	if errors.As(err, &refused) {
		before := refused.Status == http.StatusTooManyRequests || refused.Status == http.StatusServiceUnavailable
		return !refused.Permanent && (before || r.repeatable)
	}
	var broken *brokenError
	return r.repeatable && !errors.As(err, &broken)
}

// pause returns how long to wait before the next try; not ok: longer than the
// client will.
func (c *Client) pause(try int, err error) (d time.Duration, ok bool) {
	most := cmp.Or(c.MaxPause, defaultMaxPause)
	var refused *Error
	if errors.As(err, &refused) && refused.RetryAfter > 0 {
		// a little later, and not all at once
		d = refused.RetryAfter + rand.N(firstPause)
		return d, refused.RetryAfter <= most
	}
	d = min(firstPause<<min(try-1, 16), most)
	return d/2 + rand.N(d/2+1), true
}

// sleep waits, unless the context ends before.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
