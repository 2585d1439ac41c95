package store

import (
	"encoding/binary"
	"math"
	"time"

	"messagehub/store/message"
)

// The second byte of the key of a row about an endpoint. Workspace and id
// follow.
const (
	endpointRow   = 'i'
	outboxRow     = 'o' // how far its deliveries have come
	replayRow     = 'p' // a part of the feed that is delivered once more
	redeliveryRow = 'r' // position 8, ordinal 1: an event that is tried again
	deliveryRow   = 'd' // number 8: a line of its log of deliveries
)

const (
	endpointVersion    = 1
	outboxVersion      = 1
	endpointKeySize    = 2 + 4 + idSize
	maxEndpointText    = 4096 // bytes of a member
	maxEndpointTypes   = 64
	maxEndpointSecrets = 4
	maxStatus          = 999
)

func appendEndpointOwner(dst []byte, kind byte, ws message.WorkspaceID) []byte {
	return binary.BigEndian.AppendUint32(append(dst, prefixEndpoint, kind), uint32(ws))
}

func appendEndpointKey(dst []byte, kind byte, ws message.WorkspaceID, id message.ID) []byte {
	return append(appendEndpointOwner(dst, kind, ws), id[:]...)
}

func appendRedeliveryKey(dst []byte, ws message.WorkspaceID, id message.ID, e message.EventName) []byte {
	return append(appendPosition(appendEndpointKey(dst, redeliveryRow, ws, id), e.Position), byte(e.Ordinal))
}

func appendDeliveryKey(dst []byte, ws message.WorkspaceID, id message.ID, number uint64) []byte {
	return binary.BigEndian.AppendUint64(appendEndpointKey(dst, deliveryRow, ws, id), number)
}

// splitEndpointKey reads the key of any row about an endpoint, and returns
// what is behind the id.
func splitEndpointKey(key []byte) (ws message.WorkspaceID, id message.ID, rest []byte, err error) {
	if len(key) < endpointKeySize {
		return 0, id, nil, ErrBadRow
	}
	copy(id[:], key[6:])
	return message.WorkspaceID(binary.BigEndian.Uint32(key[2:])), id, key[endpointKeySize:], nil
}

// appendEndpoint appends all of e but what is in the row's key.
func appendEndpoint(dst []byte, e *message.Endpoint) []byte {
	dst = append(dst, endpointVersion, bit(e.Test), byte(e.Disabled))
	dst = appendString(dst, e.URL)
	dst = appendString(dst, e.Description)
	dst = appendInt(dst, len(e.Types))
	for _, name := range e.Types {
		dst = appendString(dst, name)
	}
	dst = appendInt(dst, len(e.Secrets))
	for _, s := range e.Secrets {
		dst = appendTime(appendString(dst, s.Sealed), s.ExpiresAt)
	}
	for _, at := range []message.Time{e.DisabledAt, e.CreatedAt, e.UpdatedAt} {
		dst = appendTime(dst, at)
	}
	return binary.AppendUvarint(dst, e.Revision)
}

func decodeEndpoint(ws message.WorkspaceID, id message.ID, value string) (message.Endpoint, error) {
	r := openValue(value, endpointVersion)
	e := message.Endpoint{ID: id, Workspace: ws, Test: r.enum(1) == 1}
	e.Disabled = message.DisableReason(r.enum(byte(message.LastDisableReason)))
	e.URL, e.Description = r.short(maxEndpointText), r.short(maxEndpointText)
	if n := r.count(maxEndpointTypes); n > 0 {
		e.Types = make([]string, n)
		for i := range e.Types {
			e.Types[i] = r.short(maxEndpointText)
		}
	}
	if n := r.count(maxEndpointSecrets); n > 0 {
		e.Secrets = make([]message.SealedSecret, n)
		for i := range e.Secrets {
			e.Secrets[i] = message.SealedSecret{Sealed: r.short(maxEndpointText), ExpiresAt: r.time()}
		}
	}
	e.DisabledAt, e.CreatedAt, e.UpdatedAt = r.time(), r.time(), r.time()
	e.Revision = r.uint64()
	return e, r.done("endpoint")
}

// short reads a string of at most limit bytes.
func (r *reader) short(limit int) string {
	s := r.string()
	if len(s) > limit {
		r.fail()
		return ""
	}
	return s
}

func appendEventName(dst []byte, n message.EventName) []byte {
	return append(binary.AppendUvarint(dst, uint64(n.Position)), byte(n.Ordinal))
}

func (r *reader) eventName() message.EventName {
	return message.EventName{Position: message.Position(r.uint64()), Ordinal: int(r.byte())}
}

func appendOutbox(dst []byte, o *message.Outbox) []byte {
	dst = binary.AppendUvarint(append(dst, outboxVersion), uint64(o.Cursor))
	dst = binary.AppendUvarint(dst, o.Logged)
	h := &o.Health
	dst = appendTime(appendInt(dst, h.Failures), h.FirstAt)
	dst = append(appendEventName(dst, h.LastFailed), bit(h.Several))
	return appendTime(appendInt(dst, h.Probes), h.NotBefore)
}

func decodeOutbox(value string) (message.Outbox, error) {
	r := openValue(value, outboxVersion)
	o := message.Outbox{Cursor: message.Position(r.uint64()), Logged: r.uint64()}
	h := &o.Health
	h.Failures, h.FirstAt = r.int(math.MaxInt32), r.time()
	h.LastFailed, h.Several = r.eventName(), r.enum(1) == 1
	h.Probes, h.NotBefore = r.int(math.MaxInt32), r.time()
	return o, r.done("outbox")
}

func appendReplay(dst []byte, p *message.Replay) []byte {
	dst = binary.AppendUvarint(append(dst, outboxVersion), uint64(p.Next))
	return appendTime(appendTime(binary.AppendUvarint(dst, uint64(p.End)), p.Since), p.Until)
}

func decodeReplay(value string) (message.Replay, error) {
	r := openValue(value, outboxVersion)
	p := message.Replay{Next: message.Position(r.uint64()), End: message.Position(r.uint64()), Since: r.time(), Until: r.time()}
	return p, r.done("replay")
}

// appendRedelivery appends the value of a row whose key names the event.
func appendRedelivery(dst []byte, d *message.Redelivery) []byte {
	return appendTime(appendInt(append(dst, outboxVersion), d.Attempts), d.Due)
}

func decodeRedelivery(key []byte, value string) (message.Redelivery, error) {
	_, _, rest, err := splitEndpointKey(key)
	if err != nil || len(rest) != positionSize+1 {
		return message.Redelivery{}, ErrBadRow
	}
	r := openValue(value, outboxVersion)
	d := message.Redelivery{
		Event:    message.EventName{Position: message.Position(binary.BigEndian.Uint64(rest)), Ordinal: int(rest[positionSize])},
		Attempts: r.int(math.MaxInt32), Due: r.time(),
	}
	return d, r.done("redelivery")
}

// appendDelivery appends the value of a row whose key holds the number.
func appendDelivery(dst []byte, d *message.Delivery) []byte {
	dst = appendEventName(append(dst, outboxVersion), d.Event)
	dst = append(dst, byte(d.Type), byte(d.Outcome), bit(d.GivenUp))
	dst = appendInt(appendInt(appendTime(dst, d.At), d.Attempt), d.Status)
	return appendTime(appendInt(dst, int(d.Took/time.Millisecond)), d.NextAt)
}

func decodeDelivery(key []byte, value string) (message.Delivery, error) {
	_, _, rest, err := splitEndpointKey(key)
	if err != nil || len(rest) != positionSize {
		return message.Delivery{}, ErrBadRow
	}
	r := openValue(value, outboxVersion)
	d := message.Delivery{Number: binary.BigEndian.Uint64(rest), Event: r.eventName()}
	d.Type = message.EntryType(r.enum(byte(message.LastEntryType)))
	d.Outcome = message.DeliveryOutcome(r.enum(byte(message.LastDeliveryOutcome)))
	d.GivenUp = r.enum(1) == 1
	d.At, d.Attempt, d.Status = r.time(), r.int(math.MaxInt32), r.int(maxStatus)
	d.Took, d.NextAt = time.Duration(r.int(math.MaxInt32))*time.Millisecond, r.time()
	return d, r.done("delivery")
}
