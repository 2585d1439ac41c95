package store

import (
	"bytes"
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"messagehub/store/message"
)

// Recipients returns a chunk of the recipients that a distribution has brought
// itself and has not reached yet, or message.ErrNotFound.
func (s *Store) Recipients(d *message.Distribution, chunk int) (c message.RecipientChunk, err error) {
	if err := s.reading.enter(); err != nil {
		return c, err
	}
	defer s.reading.leave()
	value, ok, err := s.row(appendNumberedKey(nil, distributionRecipients, d.Owner.Workspace, d.ID, chunk))
	if err != nil || !ok {
		return c, errors.Join(err, notFound(ok))
	}
	if err := decodeRecipients(&c, value); err != nil {
		return c, errors.Join(ErrCorrupt, err)
	}
	return c, nil
}

// Marked reports whether a distribution has reached one of those that the marks
// stand for.
func (s *Store) Marked(d *message.Distribution, marks []message.Mark) (bool, error) {
	if err := s.reading.enter(); err != nil {
		return false, err
	}
	defer s.reading.leave()
	key := appendDistributionKey(nil, distributionMark, d.Owner.Workspace, d.ID)
	for _, m := range marks {
		_, ok, err := s.row(append(key[:distributionKey:distributionKey], m[:]...))
		if ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// OptedOut reports whether an address wants nothing on its channel, as far as
// is known now: whoever sends decides again.
func (s *Store) OptedOut(o message.Owner, i message.Identity) (bool, error) {
	if err := s.reading.enter(); err != nil {
		return false, err
	}
	defer s.reading.leave()
	for _, scope := range [...]string{i.Channel, message.AllChannels} {
		_, ok, err := s.row(appendOptOutKey(nil, o, scope, i))
		if ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// CountTagged counts the contacts that have a tag, up to limit.
func (s *Store) CountTagged(o message.Owner, tag string, limit int) (n int, err error) {
	if err := s.reading.enter(); err != nil {
		return 0, err
	}
	defer s.reading.leave()
	it, err := openScan(s.db, appendTagKey(nil, o, tag))
	if err != nil {
		return 0, err
	}
	for ok := it.First(); ok && n < limit; ok = it.Next() {
		n++
	}
	return n, closeScan(it, nil)
}

// DistributionCensus counts the messages of a distribution.
func (s *Store) DistributionCensus(d *message.Distribution) (c message.Census, err error) {
	for n := range d.Progress.Spans {
		err := s.walkSpan(d, n, func(o *message.Outbound, state *message.State) bool {
			c.Count(o, state)
			return true
		})
		if err != nil {
			return c, err
		}
	}
	return c, nil
}

// SpanResting reports whether nothing will happen any more to a run of messages
// of a distribution, unless receipts come.
func (s *Store) SpanResting(d *message.Distribution, n int) (bool, error) {
	resting := true
	err := s.walkSpan(d, n, func(_ *message.Outbound, state *message.State) bool {
		resting = state.Resting()
		return resting
	})
	return resting, err
}

func (s *Store) span(d *message.Distribution, n int) (message.Span, error) {
	if err := s.reading.enter(); err != nil {
		return message.Span{}, err
	}
	defer s.reading.leave()
	value, ok, err := s.row(appendNumberedKey(nil, distributionSpan, d.Owner.Workspace, d.ID, n))
	if err != nil || !ok {
		return message.Span{}, errors.Join(err, notFound(ok))
	}
	span, err := decodeSpan(value)
	if err != nil {
		err = errors.Join(ErrCorrupt, err)
	}
	return span, err
}

// walkSpan calls f for each message of a run until it reports false.
func (s *Store) walkSpan(d *message.Distribution, n int, f func(*message.Outbound, *message.State) bool) error {
	span, err := s.span(d, n)
	if err != nil {
		return err
	}
	if err := s.reading.enter(); err != nil {
		return err
	}
	defer s.reading.leave()
	messages, err := spanRows(s.db, prefixOutbound, d.Owner.Workspace, span)
	if err != nil {
		return err
	}
	states, err := spanRows(s.db, prefixState, d.Owner.Workspace, span)
	if err != nil {
		return errors.Join(err, messages.Close())
	}
	states.First()
	for ok := messages.First(); ok && err == nil; ok = messages.Next() {
		var o message.Outbound
		if err = decodeOutbound(&o, d.Owner.Workspace, idOfRow(messages.Key()), string(messages.Value())); err != nil {
			break
		}
		for states.Valid() && bytes.Compare(states.Key()[1:], messages.Key()[1:]) < 0 {
			states.Next()
		}
		value := ""
		there := states.Valid() && bytes.Equal(states.Key()[1:], messages.Key()[1:])
		if there {
			value = string(states.Value())
		}
		var state *message.State
		if state, _, err = stateOf(&o, value, there); err == nil && !f(&o, state) {
			break
		}
	}
	return errors.Join(err, closeScan(messages, nil), closeScan(states, nil))
}

// spanRows goes through the rows of one kind that a run of messages has.
func spanRows(db pebble.Reader, prefix byte, ws message.WorkspaceID, s message.Span) (*pebble.Iterator, error) {
	return db.NewIter(&pebble.IterOptions{
		LowerBound: appendRowKey(nil, prefix, ws, message.NewID(s.First, 0)),
		UpperBound: appendRowKey(nil, prefix, ws, message.NewID(s.First+message.Position(s.Count), 0)),
	})
}

// spanIDs returns the ids of a run of messages.
func spanIDs(db pebble.Reader, ws message.WorkspaceID, s message.Span) (ids []message.ID, err error) {
	it, err := spanRows(db, prefixOutbound, ws, s)
	if err != nil {
		return nil, err
	}
	for ok := it.First(); ok; ok = it.Next() {
		ids = append(ids, idOfRow(it.Key()))
	}
	return ids, closeScan(it, nil)
}
