package store

import (
	"crypto/sha256"
	"encoding/binary"

	"messagehub/store/message"
)

// The rows of contacts. Behind the kind, a key has its owner (workspace 4,
// test 1) and then ids and hashes alone: the engine keeps keys in files that an
// erasure can't reach, so nothing personal is ever in one.
const (
	contactByID       = 'i' // id 16: the contact
	contactByExternal = 'x' // hash 16: the id of the contact that has the external id
	contactByAddress  = 'a' // hash 16, id 16: an identity of the contact
	contactByTag      = 't' // hash 16, id 16: a tag of the contact
	contactOptOut     = 'o' // hash 16: an address that wants nothing on a channel
	contactErasure    = 'd' // id 16: the erasure of a contact
)

const (
	contactOwner = 2 + 4 + 1 // bytes before the ids and hashes
	hashSize     = 16
)

func appendContactOwner(dst []byte, kind byte, o message.Owner) []byte {
	dst = binary.BigEndian.AppendUint32(append(dst, prefixContact, kind), uint32(o.Workspace))
	return append(dst, bit(o.Test))
}

// ownerOf reads the owner from the key of a contact's row.
func ownerOf(key []byte) message.Owner {
	return message.Owner{Workspace: message.WorkspaceID(binary.BigEndian.Uint32(key[2:])), Test: key[6] == 1}
}

// appendContactKey appends the key of a contact or of its erasure.
func appendContactKey(dst []byte, kind byte, o message.Owner, id message.ID) []byte {
	return append(appendContactOwner(dst, kind, o), id[:]...)
}

// appendHashed appends a key that ends with the hash of texts.
func appendHashed(dst []byte, kind byte, o message.Owner, texts ...string) []byte {
	var room [256]byte
	b := room[:0]
	for _, text := range texts {
		b = appendString(b, text)
	}
	sum := sha256.Sum256(b)
	return append(appendContactOwner(dst, kind, o), sum[:hashSize]...)
}

func appendExternalKey(dst []byte, o message.Owner, externalID string) []byte {
	return appendHashed(dst, contactByExternal, o, externalID)
}

// appendAddressKey appends what the keys of an identity's contacts start with.
func appendAddressKey(dst []byte, o message.Owner, i message.Identity) []byte {
	return appendHashed(dst, contactByAddress, o, i.Space(), i.Address)
}

// appendTagKey appends what the keys of a tag's contacts start with.
func appendTagKey(dst []byte, o message.Owner, tag string) []byte {
	return appendHashed(dst, contactByTag, o, tag)
}

// appendOptOutKey appends the key of an opt-out of an address: from a channel,
// or from all.
func appendOptOutKey(dst []byte, o message.Owner, scope string, i message.Identity) []byte {
	return appendHashed(dst, contactOptOut, o, scope, i.Space(), i.Address)
}

// indexKeys returns the keys of all rows by which a contact is found.
func indexKeys(c *message.Contact) [][]byte {
	var keys [][]byte
	if c.ExternalID != "" {
		keys = append(keys, appendExternalKey(nil, c.Owner, c.ExternalID))
	}
	for _, tag := range c.Tags {
		keys = append(keys, append(appendTagKey(nil, c.Owner, tag), c.ID[:]...))
	}
	seen := map[string]bool{} // a phone number may be on several channels
	for _, i := range c.Identities {
		key := append(appendAddressKey(nil, c.Owner, i), c.ID[:]...)
		if !seen[string(key)] {
			seen[string(key)] = true
			keys = append(keys, key)
		}
	}
	return keys
}
