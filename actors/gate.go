package actors

import "time"

// verdict is what the outcome of a send says about the sender.
type verdict uint8

const (
	// verdictUnused: nothing was sent; the permit goes back into the bucket.
	verdictUnused verdict = iota
	// verdictNone: it says nothing about the provider.
	verdictNone
	// verdictAlive: the provider gave a definite answer.
	verdictAlive
	// verdictThrottled: the provider asks the sender to slow down.
	verdictThrottled
	// verdictFailing: the provider, or the way to it, does not work.
	verdictFailing
	// verdictStopped: the provider refuses the sender itself.
	verdictStopped
)

// How long a throttled sender pauses: when the provider does not say, it grows
// from pauseFirst to pauseMost; what the provider says is obeyed up to a day.
const (
	pauseFirst  = time.Second
	pauseMost   = time.Minute
	pauseObeyed = 24 * time.Hour
)

// gate decides how many sends a sender may start, for all shards of its lane.
// Shards ask for permits and get them when their turn has come; a permit goes
// back with a verdict. It is pure: time is passed in.
//
// Invariant: 0 <= inFlight; no permit is granted unless inFlight < limit, which
// may have been lowered below it.
type gate struct {
	pace    pace
	breaker breaker
	limit   int
	// paused: an operator holds it back.
	paused bool
	// held: the sender is handed over, or gone.
	held bool
	// inFlight counts the permits that are out.
	inFlight int
	// resume is when the provider's pause ends, throttles how often in a row
	// it asked for one.
	resume    time.Duration
	throttles int
	// asks counts the permits that each shard waits for, asked all of them.
	asks  []int
	asked int
	turn  int // the shard that is served next
}

func newGate(p pace, limit, shards int) gate {
	return gate{pace: p, limit: limit, asks: make([]int, shards)}
}

// grant is n permits for a shard.
type grant struct {
	shard, n   int
	generation uint32
}

// ask notes that a shard wants n permits more.
func (g *gate) ask(shard, n int) {
	g.asks[shard] += n
	g.asked += n
}

// earliest returns when a permit can be granted: never if that takes a permit
// that comes back.
func (g *gate) earliest() time.Duration {
	if g.paused || g.held || g.inFlight >= g.limit {
		return never
	}
	return max(g.breaker.earliest(), g.pace.earliest(), g.resume)
}

// grant appends what can be granted now to dst, one permit to each asking
// shard in turn.
func (g *gate) grant(now time.Duration, dst []grant) []grant {
	for g.asked > 0 && g.earliest() <= now {
		shard := g.next()
		g.pace.take(now)
		g.breaker.pass()
		g.inFlight++
		dst = addGrant(dst, shard, g.breaker.generation)
	}
	return dst
}

// next returns the asking shard whose turn it is. Precondition: asked > 0.
func (g *gate) next() int {
	for g.asks[g.turn] == 0 {
		g.turn = (g.turn + 1) % len(g.asks)
	}
	shard := g.turn
	g.asks[shard]--
	g.asked--
	g.turn = (g.turn + 1) % len(g.asks)
	return shard
}

func addGrant(dst []grant, shard int, generation uint32) []grant {
	for i := range dst {
		if dst[i].shard == shard {
			dst[i].n++
			return dst
		}
	}
	return append(dst, grant{shard, 1, generation})
}

// report is what comes back with a permit.
type report struct {
	generation uint32
	verdict    verdict
	retryAfter time.Duration
	random     float64 // in [0,1), for jitter
}

// settle takes a permit back.
func (g *gate) settle(now time.Duration, r report) {
	if g.inFlight--; g.inFlight < 0 {
		panic("BUG: a permit came back twice")
	}
	switch r.verdict {
	case verdictUnused:
		g.pace.refund()
	case verdictThrottled:
		g.pause(now, r)
	case verdictAlive:
		if now >= g.resume {
			g.throttles = 0
		}
	}
	g.breaker.record(now, r.generation, r.verdict, r.random)
}

// pause holds the sender back. Answers to sends that were out already when it
// began do not make the next pause longer.
func (g *gate) pause(now time.Duration, r report) {
	span := min(r.retryAfter, pauseObeyed)
	if span <= 0 {
		span = doubled(pauseFirst, pauseMost, g.throttles)
		span -= time.Duration(r.random * float64(span/2))
	}
	if now >= g.resume {
		g.throttles++
	}
	g.resume = max(g.resume, now+span)
}
