package store

import (
	"encoding/binary"
	"math"
	"slices"

	"messagehub/store/message"
)

const (
	stateVersion = 1
	// maxCount bounds counters that are read back.
	maxCount = 1 << 30
	// maxTimeline is more than any State holds.
	maxTimeline = 1 << 12
)

// The bits of a State's flags.
const (
	stateSettled = 1 << iota
	stateLate
	stateFlags = stateSettled | stateLate
)

// appendState appends the value of a State's row. It begins with the position
// of the fact that made it: what a reader sees is only shown when that is
// durable.
func appendState(dst []byte, s *message.State, p message.Position) []byte {
	dst = appendPosition(append(dst, stateVersion), p)
	bits := bit(s.Settled)*stateSettled | bit(s.Late)*stateLate
	dst = append(dst, bits, byte(s.Status))
	dst = appendInt(dst, s.Duplicates)
	dst = appendTime(dst, s.UpdatedAt)
	dst = binary.AppendUvarint(dst, uint64(s.Waiting))
	dst = binary.AppendUvarint(dst, uint64(s.Told()))
	dst = appendInt(dst, len(s.Attempts))
	for i := range s.Attempts {
		dst = appendAttempt(dst, &s.Attempts[i])
	}
	dst = appendInt(dst, len(s.Timeline))
	for i := range s.Timeline {
		dst = appendEntry(dst, &s.Timeline[i])
	}
	return dst
}

// decodeState reads what appendState wrote into s, whose memory it uses again.
// steps is how many the message has.
func decodeState(s *message.State, text string, steps int) (p message.Position, err error) {
	r := openValue(text, stateVersion)
	p = message.Position(r.fixed64())
	bits := r.enum(stateFlags)
	*s = message.State{
		Settled: bits&stateSettled != 0, Late: bits&stateLate != 0,
		Attempts: s.Attempts[:0], Timeline: s.Timeline[:0],
	}
	s.Status = r.status()
	s.Duplicates = r.int(maxCount)
	s.UpdatedAt = r.time()
	s.Waiting = message.Position(r.uint64())
	s.SetTold(uint16(r.int(math.MaxUint16)))
	n := r.count(message.MaxAttempts)
	if n == 0 {
		r.fail()
		return 0, r.done("state")
	}
	s.Attempts = slices.Grow(s.Attempts, n)[:n]
	for i := range s.Attempts {
		s.Attempts[i] = message.Attempt{}
		r.attempt(&s.Attempts[i], steps)
	}
	n = r.count(maxTimeline)
	s.Timeline = slices.Grow(s.Timeline, n)[:n]
	for i := range s.Timeline {
		r.entry(&s.Timeline[i])
	}
	return p, r.done("state")
}

// The bits that say which members of an Attempt follow.
const (
	attemptSuperseded = 1 << iota
	attemptFailed
	attemptSent  // Sender, ProviderID, Segments, SentAt
	attemptTimed // NotBefore, EndedAt, Due
	attemptBound
	attemptBits = attemptSuperseded | attemptFailed | attemptSent | attemptTimed | attemptBound
)

func appendAttempt(dst []byte, a *message.Attempt) []byte {
	sent := a.Sender != "" || a.ProviderID != "" || a.Segments != 0 || a.SentAt != 0
	timed := a.NotBefore != 0 || a.EndedAt != 0 || a.Due != 0
	bits := bit(a.Superseded)*attemptSuperseded | bit(a.Error != nil)*attemptFailed |
		bit(sent)*attemptSent | bit(timed)*attemptTimed | bit(a.Bound)*attemptBound
	dst = append(dst, bits, byte(a.Step), byte(a.Status))
	dst = appendInt(dst, a.Tries)
	dst = appendTime(appendTime(dst, a.QueuedAt), a.Deadline)
	if a.Error != nil {
		dst = appendFailure(dst, a.Error)
	}
	if sent {
		dst = appendString(appendString(dst, a.Sender), a.ProviderID)
		dst = appendTime(appendInt(dst, a.Segments), a.SentAt)
	}
	if timed {
		dst = appendTime(appendTime(appendTime(dst, a.NotBefore), a.EndedAt), a.Due)
	}
	return dst
}

func (r *reader) attempt(a *message.Attempt, steps int) {
	bits := r.enum(attemptBits)
	a.Superseded = bits&attemptSuperseded != 0
	a.Bound = bits&attemptBound != 0
	a.Step = int(r.enum(byte(steps - 1)))
	a.Status = r.status()
	a.Tries = r.int(maxCount)
	a.QueuedAt = r.time()
	a.Deadline = r.time()
	if bits&attemptFailed != 0 {
		a.Error = new(message.Failure)
		r.failure(a.Error)
	}
	if bits&attemptSent != 0 {
		a.Sender = r.string()
		a.ProviderID = r.string()
		a.Segments = r.int(maxCount)
		a.SentAt = r.time()
	}
	if bits&attemptTimed != 0 {
		a.NotBefore = r.time()
		a.EndedAt = r.time()
		a.Due = r.time()
	}
}

func appendFailure(dst []byte, f *message.Failure) []byte {
	dst = append(dst, byte(f.Class), bit(f.Permanent))
	dst = appendString(dst, f.Code)
	dst = appendString(dst, f.ProviderCode)
	return appendString(dst, f.ProviderMessage)
}

func (r *reader) failure(f *message.Failure) {
	f.Class = message.Class(r.enum(byte(message.Internal)))
	f.Permanent = r.enum(1) == 1
	f.Code = r.string()
	f.ProviderCode = r.string()
	f.ProviderMessage = r.string()
}

func appendEntry(dst []byte, e *message.Entry) []byte {
	dst = append(dst, byte(e.Type), byte(e.Attempt))
	dst = appendTime(dst, e.ReceivedAt)
	dst = appendTime(dst, e.At-e.ReceivedAt)
	return appendString(dst, e.Code)
}

func (r *reader) entry(e *message.Entry) {
	e.Type = message.EntryType(r.enum(byte(message.LastEntryType)))
	e.Attempt = int(r.enum(message.MaxAttempts - 1))
	e.ReceivedAt = r.time()
	e.At = e.ReceivedAt + r.time()
	e.Code = r.string()
}

func (r *reader) status() message.Status { return message.Status(r.enum(byte(message.Unknown))) }
