package actors

import (
	"hash/fnv"
	"math"
	"slices"

	"messagehub/store/message"
)

// Share is what a sender takes of its channel's messages that name none. The
// zero Share is weight 1 for the first sender of a lane, and nothing for the
// others: those are for messages that name them.
type Share struct {
	// Weight is the part of the recipients, beside the weights of the others;
	// 1 where there are prefixes.
	Weight int
	// Standby: it takes recipients when none of those with a weight can.
	Standby bool
	// Prefixes are the beginnings of the phone numbers that it is for, as
	// numbers without the plus; none: it is for all. The longest one wins.
	Prefixes []uint64
}

func (s *Share) given() bool { return s.Weight > 0 || s.Standby }

func (s *Share) equal(o *Share) bool {
	return s.Weight == o.Weight && s.Standby == o.Standby && slices.Equal(s.Prefixes, o.Prefixes)
}

// choice says which sender takes a job. It is pure and never changes: the same
// recipient has the same sender until a sender comes, goes, or can't send.
type choice struct {
	names  []string // by index in the lane; "" for nobody and those that are gone
	takers []taker
	made   []candidate
	// sole is the one that takes all; 0: there is none.
	sole int
}

// nobodyIndex is the index of the sender that refuses the messages of senders that
// are not there.
const nobodyIndex = 0

// taker is a sender with a share.
type taker struct {
	sender   int
	salt     uint64
	weight   float64 // 0: on standby
	prefixes []prefix
}

// prefix is the beginning of numbers: those whose first digits are number.
type prefix struct {
	number, limit uint64 // limit is the power of ten above number
	digits        int
}

// candidate is one sender of a lane.
type candidate struct {
	name  string
	share Share
	gone  bool
}

// newChoice makes the choice of a lane. all are by index; the first is nobody.
func newChoice(all []candidate) *choice {
	c := &choice{names: make([]string, len(all)), made: all}
	first := true
	for i := range all {
		a := &all[i]
		if i == nobodyIndex || a.gone {
			continue
		}
		c.names[i] = a.name
		share := a.share
		if !share.given() && (first || len(share.Prefixes) > 0) {
			share.Weight = 1
		}
		if first = false; share.given() {
			c.takers = append(c.takers, newTaker(i, a.name, &share))
		}
	}
	if len(c.takers) == 1 && len(c.takers[0].prefixes) == 0 {
		c.sole = c.takers[0].sender
	}
	return c
}

func newTaker(sender int, name string, s *Share) taker {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	t := taker{sender: sender, salt: h.Sum64(), weight: float64(s.Weight)}
	if s.Standby {
		t.weight = 0
	}
	for _, number := range s.Prefixes {
		p := prefix{number: number, limit: 1}
		for ; p.limit <= number; p.limit *= 10 {
			p.digits++
		}
		t.prefixes = append(t.prefixes, p)
	}
	return t
}

// equal reports whether b chooses alike.
func (c *choice) equal(b *choice) bool {
	return slices.EqualFunc(c.made, b.made, func(a, b candidate) bool {
		return a.name == b.name && a.gone == b.gone && a.share.equal(&b.share)
	})
}

// contested reports whether a job could go from sender to another one.
func (c *choice) contested(sender int) bool {
	return len(c.takers) > 1 && slices.ContainsFunc(c.takers, func(t taker) bool { return t.sender == sender })
}

// pick returns the index of the job's sender: the one that it names, else the
// one with the best claim. up says which can send; where none can, the job
// waits for the one that it would go to if all could.
func (c *choice) pick(job *message.Job, up func(sender int) bool) int {
	if job.From != "" {
		return max(nobodyIndex, slices.Index(c.names, job.From))
	}
	if c.sole != 0 {
		return c.sole
	}
	best, most := nobodyIndex, claim{}
	for i := range c.takers {
		t := &c.takers[i]
		if claim, ok := t.claim(job, up(t.sender)); ok && (best == nobodyIndex || claim.beats(most)) {
			best, most = t.sender, claim
		}
	}
	return best
}

// claim is a sender's claim to a job. What comes first counts first.
type claim struct {
	up      bool
	digits  int // of the prefix that fits
	regular bool
	score   float64
}

func (a claim) beats(b claim) bool {
	switch {
	case a.up != b.up:
		return a.up
	case a.digits != b.digits:
		return a.digits > b.digits
	case a.regular != b.regular:
		return a.regular
	}
	return a.score > b.score
}

// claim is weighted rendezvous hashing: of all recipients that fit alike, each
// sender has its weight's part, and one that comes or goes moves no others.
func (t *taker) claim(job *message.Job, up bool) (claim, bool) {
	digits, fits := t.fit(job.Number)
	if !fits {
		return claim{}, false
	}
	unit := (float64(mixed(job.Recipient^t.salt)>>11) + 0.5) / (1 << 53) // in (0,1)
	return claim{up, digits, t.weight > 0, -max(t.weight, 1) / math.Log(unit)}, true
}

// fit returns how many digits of the number the sender is for. A recipient
// without a number fits every sender.
func (t *taker) fit(number uint64) (digits int, ok bool) {
	if number == 0 || len(t.prefixes) == 0 {
		return 0, true
	}
	for i := range t.prefixes {
		if p := &t.prefixes[i]; p.digits > digits && p.of(number) {
			digits = p.digits
		}
	}
	return digits, digits > 0
}

func (p *prefix) of(number uint64) bool {
	for number >= p.limit {
		number /= 10
	}
	return number == p.number
}

// mixed spreads the bits of x (the finalizer of SplitMix64): hashes of like
// addresses are alike.
func mixed(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}
