package store

import (
	"encoding/binary"

	"messagehub/store/message"
)

const (
	contactVersion = 1
	optOutVersion  = 1
	erasureVersion = 1
	// Bounds of what is read back, beyond what the front door lets in.
	maxContactList = 1 << 12
)

// appendContact appends the value of a contact's row. Id and owner are in the
// key.
func appendContact(dst []byte, c *message.Contact) []byte {
	dst = binary.AppendUvarint(append(dst, contactVersion), uint64(c.Version))
	dst = appendTime(appendTime(dst, c.CreatedAt), c.UpdatedAt)
	for _, text := range [...]string{c.ExternalID, c.Name, c.Locale, c.Timezone} {
		dst = appendString(dst, text)
	}
	dst = appendInt(dst, len(c.Identities))
	for _, i := range c.Identities {
		dst = appendString(appendString(dst, i.Channel), i.Address)
	}
	for _, list := range [...][]string{c.Tags, c.ChannelOrder, c.OptOut} {
		dst = appendStrings(dst, list)
	}
	dst = appendInt(dst, len(c.Metadata))
	for _, p := range c.Metadata {
		dst = appendString(appendString(dst, p.Name), p.Value)
	}
	return dst
}

func appendStrings(dst []byte, list []string) []byte {
	dst = appendInt(dst, len(list))
	for _, text := range list {
		dst = appendString(dst, text)
	}
	return dst
}

// decodeContact reads what appendContact wrote. The strings of c are parts of
// text.
func decodeContact(c *message.Contact, o message.Owner, id message.ID, text string) error {
	r := openValue(text, contactVersion)
	*c = message.Contact{ID: id, Owner: o, Version: message.Position(r.uint64())}
	c.CreatedAt, c.UpdatedAt = r.time(), r.time()
	for _, text := range [...]*string{&c.ExternalID, &c.Name, &c.Locale, &c.Timezone} {
		*text = r.string()
	}
	if n := r.count(maxContactList); n > 0 {
		c.Identities = make([]message.Identity, n)
	}
	for i := range c.Identities {
		c.Identities[i] = message.Identity{Channel: r.string(), Address: r.string()}
	}
	for _, list := range [...]*[]string{&c.Tags, &c.ChannelOrder, &c.OptOut} {
		*list = r.strings()
	}
	c.Metadata = r.params()
	return r.done("contact")
}

func (r *reader) strings() []string {
	n := r.count(maxContactList)
	if n == 0 {
		return nil
	}
	list := make([]string, n)
	for i := range list {
		list[i] = r.string()
	}
	return list
}

func appendOptOut(dst []byte, at message.Time) []byte {
	return appendTime(append(dst, optOutVersion), at)
}

func decodeOptOut(text string) (at message.Time, err error) {
	r := openValue(text, optOutVersion)
	at = r.time()
	return at, r.done("opt-out")
}

// erasure is the row of an erasure. The addresses by which messages are found
// are in it while it is pending.
type erasure struct {
	message.Erasure
	addresses []string
}

func appendErasure(dst []byte, e *erasure) []byte {
	dst = append(dst, erasureVersion, byte(e.State))
	dst = appendTime(appendTime(dst, e.RequestedAt), e.DoneAt)
	return appendStrings(appendInt(dst, e.Messages), e.addresses)
}

func decodeErasure(e *erasure, o message.Owner, id message.ID, text string) error {
	r := openValue(text, erasureVersion)
	*e = erasure{Erasure: message.Erasure{Contact: id, Owner: o, State: message.ErasureState(r.enum(byte(message.ErasureDone)))}}
	e.RequestedAt, e.DoneAt = r.time(), r.time()
	e.Messages = r.int(maxCount)
	e.addresses = r.strings()
	return r.done("erasure")
}
