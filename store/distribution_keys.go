package store

import (
	"encoding/binary"

	"messagehub/store/message"
)

// The rows of distributions. Behind the kind, a key has its workspace (4) and
// the distribution's id (16). As with contacts, nothing personal is in a key.
const (
	distributionPlan       = 'p' // the distribution as it was asked for
	distributionProgress   = 's' // how far it has come
	distributionRecipients = 'r' // chunk 4: its own recipients, until they have their messages
	distributionSpan       = 'c' // number 4: a run of messages that were made for it
	distributionMark       = 'x' // hash 16: whom it has reached, until all are
)

const distributionKey = 2 + 4 + idSize // bytes of what the keys of a distribution start with

func appendDistributionOwner(dst []byte, kind byte, ws message.WorkspaceID) []byte {
	return binary.BigEndian.AppendUint32(append(dst, prefixDistribution, kind), uint32(ws))
}

func appendDistributionKey(dst []byte, kind byte, ws message.WorkspaceID, id message.ID) []byte {
	return append(appendDistributionOwner(dst, kind, ws), id[:]...)
}

// appendNumberedKey appends the key of a chunk of recipients, or of a span.
func appendNumberedKey(dst []byte, kind byte, ws message.WorkspaceID, id message.ID, n int) []byte {
	return binary.BigEndian.AppendUint32(appendDistributionKey(dst, kind, ws, id), uint32(n))
}

// splitDistributionKey reads what the key of a distribution's row starts with.
func splitDistributionKey(key []byte) (ws message.WorkspaceID, id message.ID, rest []byte, err error) {
	if len(key) < distributionKey {
		return 0, id, nil, ErrBadRow
	}
	return message.WorkspaceID(binary.BigEndian.Uint32(key[2:])), message.ID(key[6:distributionKey]), key[distributionKey:], nil
}
