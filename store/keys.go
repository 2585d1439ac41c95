package store

import (
	"encoding/binary"

	"messagehub/store/message"
)

// The first byte of a key says what the row is. The package comment draws the
// whole layout. Numbers in keys are big endian, so that rows sort by them.
const (
	prefixOutbound     = 'm' // workspace, id
	prefixState        = 's' // workspace, id
	prefixPending      = 'p' // channel, 0, test, shard, position
	prefixTimer        = 't' // due, kind, then what it is about
	prefixEvent        = 'e' // workspace, position, ordinal
	prefixProvider     = 'x' // period, channel, 0, test, provider id
	prefixOrphan       = 'o' // channel, 0, test, provider id
	prefixIdempotency  = 'i' // day, workspace, route, 0, key
	prefixBatch        = 'b' // workspace, id
	prefixContact      = 'c' // see contact_keys.go
	prefixReceived     = 'r' // workspace, id
	prefixDistribution = 'd' // see distribution_keys.go
	prefixMeta         = 'z'

	// Of the periphery, in files of their own.
	prefixWorkspace = 'w'
	prefixKey       = 'k'
	prefixAudit     = 'a'
	prefixSealed    = 'v' // name
	prefixEndpoint  = 'h' // kind, workspace, id, then what the kind needs
)

// The rows of prefixMeta.
const (
	keyHead   = "z/head"   // how far the log has come; written in every batch
	keySchema = "z/schema" // what the directory was made with
	hourIndex = "z/hour/"  // hour: the first sequence of that hour
)

const (
	idSize       = len(message.ID{})
	rowKeySize   = 1 + 4 + idSize // of an Outbound and of a State
	positionSize = 8
	shardSize    = 2
	// eventPosition is where the key of an event holds its position.
	eventPosition = 1 + 4
)

// appendRowKey appends the key of a message's row of the kind prefix.
func appendRowKey(dst []byte, prefix byte, ws message.WorkspaceID, id message.ID) []byte {
	dst = binary.BigEndian.AppendUint32(append(dst, prefix), uint32(ws))
	return append(dst, id[:]...)
}

// appendOwnerKey appends what the keys of a workspace's rows start with.
func appendOwnerKey(dst []byte, prefix byte, ws message.WorkspaceID) []byte {
	return binary.BigEndian.AppendUint32(append(dst, prefix), uint32(ws))
}

// appendLane appends a lane in the form that keys hold it: no lane's form is
// the start of another's.
func appendLane(dst []byte, lane message.Lane) []byte {
	dst = append(append(dst, lane.Channel...), 0)
	return append(dst, bit(lane.Test))
}

// appendShardKey appends what the keys of a shard's pending rows start with.
func appendShardKey(dst []byte, lane message.Lane, shard int) []byte {
	dst = appendLane(append(dst, prefixPending), lane)
	return binary.BigEndian.AppendUint16(dst, uint16(shard))
}

// appendPosition appends p to a shard's or a workspace's key.
func appendPosition(dst []byte, p message.Position) []byte {
	return binary.BigEndian.AppendUint64(dst, uint64(p))
}

// appendEventKey appends the key of the ordinal-th event of p.
func appendEventKey(dst []byte, ws message.WorkspaceID, p message.Position, ordinal int) []byte {
	return append(appendPosition(appendOwnerKey(dst, prefixEvent, ws), p), byte(ordinal))
}

// appendProviderKey appends the key by which a provider's id is found.
func appendProviderKey(dst []byte, period uint32, lane message.Lane, providerID string) []byte {
	dst = binary.BigEndian.AppendUint32(append(dst, prefixProvider), period)
	return append(appendLane(dst, lane), providerID...)
}

// appendOrphanKey appends the key of the receipts that came before their id.
func appendOrphanKey(dst []byte, lane message.Lane, providerID string) []byte {
	return append(appendLane(append(dst, prefixOrphan), lane), providerID...)
}

// appendIdempotencyKey appends the key of an idempotency row, without its day
// when day is 0: see setDay.
func appendIdempotencyKey(dst []byte, day uint32, ws message.WorkspaceID, key *message.Idempotency) []byte {
	dst = binary.BigEndian.AppendUint32(append(dst, prefixIdempotency), day)
	dst = binary.BigEndian.AppendUint32(dst, uint32(ws))
	dst = append(append(dst, key.Route...), 0)
	return append(dst, key.Key...)
}

// appendHourKey appends the key of the hour index for an hour.
func appendHourKey(dst []byte, hour uint32) []byte {
	return binary.BigEndian.AppendUint32(append(dst, hourIndex...), hour)
}

// successor returns the first key after all keys that start with prefix, in
// fresh memory; nil if there is none.
func successor(prefix []byte) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] != 0xff {
			end := append([]byte(nil), prefix[:i+1]...)
			end[i]++
			return end
		}
	}
	return nil
}
