package sim

import (
	"context"
	"math/rand/v2"
	"time"
)

// Post is a receipt to be posted, After the call of [World.Post].
type Post struct {
	Method string // default POST
	URL    string
	Header map[string]string
	Body   []byte
	After  time.Duration
	// Deliver, if not nil, brings the receipt in place of an HTTP request to
	// URL. It returns what counts as the answer's status: 200 or 503.
	Deliver func(ctx context.Context) (status int)

	due, giveUp time.Time
	tries       int
}

const (
	// posters is how many receipts are posted at once: the relay answers one when
	// it is durable.
	posters = 160
	// postFor is how long a receipt that is not taken is repeated. Providers
	// go on for hours.
	postFor = 5 * time.Minute
	// postTimeout bounds one try.
	postTimeout = 10 * time.Second
	// firstPause and lastPause bound the time between two tries.
	firstPause = 100 * time.Millisecond
	lastPause  = 5 * time.Second
	// downPause bounds how long nothing is tried at a receiver that can't be
	// connected to.
	downPause = time.Second
)

// Post schedules p. It never blocks: what does not fit the outbox is dropped
// and counted, as by an overloaded provider.
func (w *World) Post(p Post) {
	p.due = time.Now().Add(p.After)
	p.giveUp = p.due.Add(postFor)
	w.outbox.add(&p)
}

// Hasten posts at once what waits for its time.
func (w *World) Hasten() { w.outbox.hasten(time.Now()) }

// Settle waits until every receipt scheduled so far has been posted or given
// up.
func (w *World) Settle(ctx context.Context) error {
	select {
	case <-w.outbox.idle():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// dispatch hands posts to the posters when they are due.
func (w *World) dispatch(ctx context.Context) {
	defer w.wg.Done()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		p, wait := w.outbox.next(time.Now())
		if p != nil {
			select {
			case w.work <- p:
				continue
			case <-ctx.Done():
				return
			}
		}
		timer.Reset(wait)
		select {
		case <-w.outbox.wake:
		case <-timer.C:
		case <-ctx.Done():
			return
		}
	}
}

// post is one poster, with a connection of its own.
func (w *World) post(ctx context.Context) {
	defer w.wg.Done()
	line := line{dial: w.dial}
	defer line.close()
	for {
		var p *Post
		select {
		case p = <-w.work:
		case <-ctx.Done():
			return
		}
		for p != nil {
			w.deliver(ctx, &line, p)
			p = w.next()
		}
	}
}

// next returns a post that is due, for a poster that is at work anyway: first
// the one that the dispatcher has already taken out.
func (w *World) next() *Post {
	select {
	case p := <-w.work:
		return p
	default:
	}
	p, _ := w.outbox.next(time.Now())
	return p
}

// deliver tries p once. A receiver that can't be connected to pauses all
// posts; one that answers 5xx, 408 or 429 has this one repeated.
func (w *World) deliver(ctx context.Context, line *line, p *Post) {
	status := 0
	if p.Deliver != nil {
		status = p.Deliver(ctx)
	} else {
		status = line.post(ctx, p)
	}
	now := time.Now()
	w.outbox.reached(status != 0, now)
	again := status == 0 || status >= 500 || status == 408 || status == 429
	if p.due = now; status != 0 {
		p.tries++
		p.due = now.Add(pause(p.tries))
	}
	if !again || p.due.After(p.giveUp) || ctx.Err() != nil {
		p = nil
	}
	w.outbox.done(p)
}

// pause doubles with each try, with jitter.
func pause(tries int) time.Duration {
	d := min(firstPause<<min(tries, 10), lastPause)
	return d/2 + rand.N(d/2)
}
