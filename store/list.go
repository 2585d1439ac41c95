package store

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"messagehub/store/message"
)

const (
	// maxScan bounds the messages that one page looks at.
	maxScan   = 10_000
	maxPage   = 1000
	limitPage = 50 // where the query says nothing
)

// List returns the workspace's messages that q asks for, newest first.
//
// Guarantee: what it shows is durable.
func (s *Store) List(ws message.WorkspaceID, q message.Query) (message.Page, error) {
	if q.Limit <= 0 {
		q.Limit = limitPage
	}
	q.Limit = min(q.Limit, maxPage)
	l := listing{store: s, workspace: ws, query: q}
	page, err := l.run()
	if err == nil && !s.durable.holds(l.latest) {
		err = s.commit(barrier{})
	}
	if err != nil {
		return message.Page{}, fmt.Errorf("list messages: %w", err)
	}
	return page, nil
}

// listing reads messages and their states backwards, side by side.
type listing struct {
	store     *Store
	workspace message.WorkspaceID
	query     message.Query
	messages  *pebble.Iterator
	states    *pebble.Iterator
	// latest is the last position that any state shown comes from.
	latest message.Position
	err    error
}

func (l *listing) run() (message.Page, error) {
	if err := l.store.reading.enter(); err != nil {
		return message.Page{}, err
	}
	defer l.store.reading.leave()
	if err := l.open(); err != nil {
		return message.Page{}, err
	}
	page := l.page()
	return page, l.close()
}

func (l *listing) open() error {
	from, end, err := l.bounds()
	if err != nil {
		return err
	}
	low, high := message.NewID(from, 0), message.NewID(end, 0)
	// The states are opened first: one that is missing there is as old as its
	// message, or newer than the page.
	l.states, err = l.iter(prefixState, low, high)
	if err != nil {
		return err
	}
	l.messages, err = l.iter(prefixOutbound, low, high)
	if err != nil {
		return errors.Join(err, l.states.Close())
	}
	return nil
}

func (l *listing) iter(prefix byte, low, high message.ID) (*pebble.Iterator, error) {
	return l.store.db.NewIter(&pebble.IterOptions{
		LowerBound: appendRowKey(nil, prefix, l.workspace, low),
		UpperBound: appendRowKey(nil, prefix, l.workspace, high),
	})
}

// bounds returns the positions from..end that can hold what the query asks for.
func (l *listing) bounds() (from, end message.Position, err error) {
	end = message.At(l.store.durable.sequence.Load()+1, 0)
	if l.query.After != 0 {
		end = min(end, l.query.After)
	}
	if l.query.From != 0 {
		sequence, ok, err := l.store.firstSequence(l.query.From)
		if err != nil {
			return 0, 0, err
		}
		if !ok { // nothing has been written since
			return 0, 0, nil
		}
		from = message.At(sequence, 0)
	}
	if l.query.Until != 0 {
		// The hour after next: clocks of requests in flight differ a little.
		sequence, ok, err := l.store.firstSequence(l.query.Until.Add(2 * hour))
		if err != nil {
			return 0, 0, err
		}
		if ok {
			end = min(end, message.At(sequence, 0))
		}
	}
	return min(from, end), end, nil
}

// page reads on until the page is full or has looked at enough.
func (l *listing) page() (page message.Page) {
	last := message.Position(0)
	ok, stateOK := l.messages.Last(), l.states.Last()
	for scanned := 0; ok && l.err == nil; scanned++ {
		if scanned == maxScan || len(page.Messages) == l.query.Limit {
			page.Next = last
			break
		}
		id := idOfRow(l.messages.Key())
		stateOK = l.seekState(id, stateOK)
		if found, match := l.read(id, stateOK); match {
			page.Messages = append(page.Messages, found)
		}
		last, ok = id.Position(), l.messages.Prev()
	}
	return page
}

// seekState moves back until no newer state than that of id is left.
func (l *listing) seekState(id message.ID, ok bool) bool {
	for ok && idOfRow(l.states.Key()).Position() > id.Position() {
		ok = l.states.Prev()
	}
	return ok
}

// read decodes the message that the listing stands at. match: the query asks
// for it.
func (l *listing) read(id message.ID, stateOK bool) (found message.Folded, match bool) {
	o := new(message.Outbound)
	if err := decodeOutbound(o, l.workspace, id, string(l.messages.Value())); err != nil {
		l.err = errors.Join(ErrCorrupt, err)
		return found, false
	}
	if !matches(&l.query, o) {
		return found, false
	}
	value, ok := "", stateOK && idOfRow(l.states.Key()) == id
	if ok {
		value = string(l.states.Value())
	}
	state, written, err := stateOf(o, value, ok)
	if err != nil {
		l.err = err
		return found, false
	}
	if !matchesState(&l.query, o, state) {
		return found, false
	}
	l.latest = max(l.latest, written)
	return message.Folded{Outbound: o, State: state}, true
}

func (l *listing) close() error {
	return errors.Join(l.err, l.messages.Error(), l.states.Error(), l.messages.Close(), l.states.Close())
}

// matches reports whether q asks for o, whatever has happened to it.
func matches(q *message.Query, o *message.Outbound) bool {
	return o.Test == q.Test &&
		(q.To == "" || o.Steps[0].To == q.To) &&
		(q.Reference == "" || o.Reference == q.Reference) &&
		(q.From == 0 || o.CreatedAt >= q.From) &&
		(q.Until == 0 || o.CreatedAt < q.Until)
}

// matchesState reports whether q asks for a message in state s.
func matchesState(q *message.Query, o *message.Outbound, s *message.State) bool {
	if q.Status != message.NoStatus && s.Status != q.Status {
		return false
	}
	return q.Channel == "" || o.Steps[s.Attempts[s.Shown(o)].Step].Channel == q.Channel
}

// firstSequence returns the first record of the hour of at, or of the first hour
// after it that has one. ok is false where the log has not come so far.
func (s *Store) firstSequence(at message.Time) (sequence uint64, ok bool, err error) {
	rows, err := s.db.NewIter(&pebble.IterOptions{
		LowerBound: appendHourKey(nil, hourOf(at)),
		UpperBound: successor([]byte(hourIndex)),
	})
	if err != nil {
		return 0, false, fmt.Errorf("read hour index: %w", err)
	}
	if ok = rows.First(); ok {
		r := reader{text: string(rows.Value())}
		sequence = r.uint64()
		err = r.done("hour index")
	}
	return sequence, ok, errors.Join(err, rows.Error(), rows.Close())
}
