package store

import (
	"errors"
	"fmt"
	"strings"

	"github.com/cockroachdb/pebble/v2"

	"messagehub/store/message"
)

// inboundRoute begins the routes of the idempotency rows that stand for a
// provider's id of a message that came in.
const inboundRoute = "inbound/"

// Receive keeps a message that came in, opts its writer out or in if that is
// what he chooses, tells it as an event, and returns its id. One that came
// before, by its provider's id, changes nothing. It is durable when it returns.
//
// Guarantee: a message and its choice are kept together or not at all, so a
// choice that comes again does not undo a later one.
func (s *Store) Receive(m message.Inbound, choice message.Choice, salt uint64) (message.ID, error) {
	if len(m.Text) > message.MaxInboundText {
		m.Text = strings.ToValidUTF8(m.Text[:message.MaxInboundText], "")
	}
	o := &receiveOp{inbound: m, choice: choice, salt: salt}
	o.promise = inboundPromise(&o.inbound)
	if len(o.promise.key) > maxInboundKey {
		return message.ID{}, fmt.Errorf("receive message: %w", ErrBadRow)
	}
	err := s.commit(o)
	return o.id, err
}

// inboundPromise returns what a message is recognised by should it come again.
func inboundPromise(m *message.Inbound) (a acceptOp) {
	a.prepareKey(m.Owner.Workspace, &message.Idempotency{
		Route: inboundRoute + message.Lane{Channel: m.Channel, Test: m.Test}.String() + "/" + m.Sender, Key: m.ProviderID, At: m.ReceivedAt,
	})
	return a
}

// maxInboundKey bounds the key by which a repeat is recognised.
const maxInboundKey = 1 << 10

// receiveOp keeps a message that came in.
type receiveOp struct {
	inbound message.Inbound
	choice  message.Choice
	salt    uint64
	promise acceptOp // for its key alone
	id      message.ID
}

func (o *receiveOp) apply(t *txn) error {
	t.tick(o.inbound.ReceivedAt)
	if o.inbound.ProviderID != "" {
		found, err := o.promise.replay(t)
		if o.id = o.promise.acceptance.ID; found || err != nil {
			return err
		}
	}
	o.id = message.NewID(t.position(), o.salt)
	if o.choice != message.NoChoice {
		t.choose(o.inbound.Owner, message.Identity{Channel: o.inbound.Channel, Address: o.inbound.From}, o.choice == message.OptsOut, o.inbound.ReceivedAt)
	}
	t.set(appendRowKey(nil, prefixReceived, o.inbound.Owner.Workspace, o.id), appendInbound(nil, &o.inbound))
	if o.inbound.ProviderID != "" {
		o.promise.remember(t, o.id)
	}
	t.tell(message.Event{
		Workspace: o.inbound.Owner.Workspace, Object: string(message.AppendID(nil, message.PrefixInbound, o.id)),
		Test: o.inbound.Owner.Test, Channel: o.inbound.Channel, CreatedAt: o.inbound.ReceivedAt,
		Entry: message.Entry{At: o.inbound.ReceivedAt, ReceivedAt: o.inbound.ReceivedAt, Type: message.MessageReceived},
	})
	return t.err
}

// Inbound returns a message that came in, or message.ErrNotFound.
//
// Guarantee: what it shows is durable.
func (s *Store) Inbound(o message.Owner, id message.ID) (m message.Inbound, err error) {
	if err := s.reading.enter(); err != nil {
		return m, err
	}
	value, ok, err := s.row(appendRowKey(nil, prefixReceived, o.Workspace, id))
	s.reading.leave()
	if err == nil && ok {
		err = decodeInbound(&m, o.Workspace, id, value)
	}
	switch {
	case err != nil:
		return m, err
	case !ok || m.Owner != o:
		return m, message.ErrNotFound
	case !s.durable.holds(id.Position()):
		return m, s.commit(barrier{})
	}
	return m, nil
}

// Inbounds returns the messages that came in before a position (0: the newest),
// newest first, at most limit of them, and where the next page begins; 0: there
// is none.
func (s *Store) Inbounds(o message.Owner, before message.Position, limit int) (page []message.Inbound, next message.Position, err error) {
	if err := s.reading.enter(); err != nil {
		return nil, 0, err
	}
	defer s.reading.leave()
	// Rows of later records may be there already, but are not shown.
	end := message.At(s.durable.sequence.Load()+1, 0)
	if before != 0 {
		end = min(end, before)
	}
	it, err := s.db.NewIter(&pebble.IterOptions{
		LowerBound: appendOwnerKey(nil, prefixReceived, o.Workspace),
		UpperBound: appendRowKey(nil, prefixReceived, o.Workspace, message.NewID(end, 0)),
	})
	if err != nil {
		return nil, 0, err
	}
	for ok := it.Last(); ok; ok = it.Prev() {
		if len(page) == limit {
			next = page[limit-1].ID.Position()
			break
		}
		var m message.Inbound
		if err = decodeInbound(&m, o.Workspace, idOfRow(it.Key()), string(it.Value())); err != nil {
			err = errors.Join(ErrCorrupt, err)
			break
		}
		if m.Owner == o {
			page = append(page, m)
		}
	}
	return page, next, closeScan(it, err)
}

// SenderOf returns the workspace whose message has a provider's id, if one has.
func (s *Store) SenderOf(lane message.Lane, providerID string, at message.Time) (message.WorkspaceID, bool, error) {
	if err := s.reading.enter(); err != nil {
		return 0, false, err
	}
	defer s.reading.leave()
	r := reportOp{receipt: message.Receipt{Channel: lane.Channel, Test: lane.Test, ProviderID: providerID}, at: at}
	for ago := range uint32(2) {
		value, ok, err := s.row(r.providerKey(ago))
		if err != nil {
			return 0, false, err
		}
		if ok {
			var t target
			err := decodeTarget(&t, value)
			return t.workspace, err == nil, err
		}
	}
	return 0, false, nil
}

// checkReceived goes through the messages that came in.
func (c *checker) checkReceived() error {
	return eachRow(c.db, []byte{prefixReceived}, func(key, value []byte) error {
		c.count("inbound")
		ws, id, err := splitRowKey(key)
		var m message.Inbound
		if err == nil {
			err = decodeInbound(&m, ws, id, string(value))
		}
		if err == nil && id.Position().Sequence() > c.head.sequence {
			err = fmt.Errorf("it is from behind the end of the log, sequence %d", c.head.sequence)
		}
		if err != nil {
			c.find("inbound", rowName(key), err)
		}
		return nil
	})
}
