package relay

import (
	"strconv"

	"messagehub/store/message"
)

// writeContact answers with one contact.
func (c *call) writeContact(status int, contact *message.Contact) {
	c.buf = append(appendContact(append(c.buf[:0], `{"data":`...), contact), '}')
	etag := append(strconv.AppendUint([]byte{'"'}, uint64(contact.Version), 16), '"')
	c.set("ETag", etag)
	c.write(status, c.buf)
}

// appendContact appends the contact as clients see it. Every member is always
// there; what is not known is null or empty.
func appendContact(dst []byte, c *message.Contact) []byte {
	dst = appendContactID(append(dst, `{"id":`...), c.ID)
	dst = appendOptionalMember(dst, "externalId", c.ExternalID)
	dst = appendOptionalMember(dst, "name", c.Name)
	dst = append(appendMember(dst, "identities"), '{')
	for i, id := range c.Identities {
		dst = appendString(append(appendKey(dst, i, id.Channel), ':'), id.Address)
	}
	dst = append(dst, '}')
	dst = appendStrings(appendMember(dst, "tags"), c.Tags)
	dst = appendStrings(appendMember(dst, "channelOrder"), c.ChannelOrder)
	dst = append(appendMember(dst, "optOut"), '{')
	for i, scope := range c.OptOut {
		dst = append(appendKey(dst, i, scope), ":true"...)
	}
	dst = append(dst, '}')
	dst = appendOptionalMember(dst, "locale", c.Locale)
	dst = appendOptionalMember(dst, "timezone", c.Timezone)
	dst = append(appendMember(dst, "metadata"), '{')
	for i, p := range c.Metadata {
		dst = append(append(appendKey(dst, i, p.Name), ':'), p.Value...)
	}
	dst = append(dst, '}')
	dst = appendBoolMember(dst, "test", c.Owner.Test)
	dst = appendTimeMember(dst, "createdAt", c.CreatedAt)
	dst = appendTimeMember(dst, "updatedAt", c.UpdatedAt)
	return append(dst, '}')
}

// appendContactID appends an id as a JSON string; null for none.
func appendContactID(dst []byte, id message.ID) []byte {
	if id.IsZero() {
		return append(dst, "null"...)
	}
	return append(message.AppendID(append(dst, '"'), message.PrefixContact, id), '"')
}

// appendKey appends the name of an object's i-th member.
func appendKey(dst []byte, i int, name string) []byte {
	if i > 0 {
		dst = append(dst, ',')
	}
	return appendString(dst, name)
}

func appendStrings(dst []byte, list []string) []byte {
	dst = append(dst, '[')
	for i, text := range list {
		dst = appendKey(dst, i, text)
	}
	return append(dst, ']')
}
