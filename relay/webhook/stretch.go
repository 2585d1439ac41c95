package webhook

import "messagehub/store/message"

// stretch is a part of the feed that is being delivered: the events that were
// read and are not all behind us.
type stretch struct {
	events []event
	// read: every event up to it was read.
	read message.Position
	// ended: there were no more when it was read.
	ended bool
}

// event is one of a stretch.
type event struct {
	message.Event
	stage stage
}

type stage uint8

const (
	waiting stage = iota
	flying
	settled
)

// passed returns the position up to which every event is settled.
func (s *stretch) passed() message.Position {
	if len(s.events) == 0 {
		return s.read
	}
	return s.events[0].Position - 1
}

// add appends events that were read, as far as they are wanted.
func (s *stretch) add(events []message.Event, wanted func(*message.Event) bool) {
	for i := range events {
		if s.read = events[i].Position; wanted(&events[i]) {
			s.events = append(s.events, event{Event: events[i]})
		}
	}
}

// first returns the first event that waits and is not held back; nil: none.
func (s *stretch) first(held func(*message.Event) bool) *event {
	for i := range s.events {
		if e := &s.events[i]; e.stage == waiting && !held(&e.Event) {
			return e
		}
	}
	return nil
}

// mark notes where an event has come to, if it is one of the stretch, and
// lets go of what is settled at its front.
func (s *stretch) mark(name message.EventName, to stage) {
	for i := range s.events {
		if s.events[i].Name() == name {
			s.events[i].stage = to
			break
		}
	}
	n := 0
	for n < len(s.events) && s.events[n].stage == settled {
		n++
	}
	if s.events = s.events[n:]; len(s.events) == 0 {
		s.events = nil
	}
}

// hungry reports whether more should be read.
func (s *stretch) hungry() bool { return !s.ended && len(s.events) < maxWindow }
