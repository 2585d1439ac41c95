package relay

import (
	"strconv"

	"messagehub/relay/access"
	"messagehub/store/message"
)

// showKey answers with a key, and with the secret that was just drawn; old is
// the key that it replaces, if any.
func (c *call) showKey(status int, k *message.Key, secret string, old *message.Key) {
	c.buf = c.appendKey(append(c.buf[:0], `{"data":`...), k)
	if secret != "" {
		c.buf = appendStringMember(c.buf, "secret", secret)
	}
	if old != nil {
		c.buf = append(c.appendKey(appendMember(c.buf, "old"), old), '}')
	}
	c.buf = append(c.buf, "}}"...)
	c.write(status, c.buf)
}

// showKeys answers with the first keys of a list.
func (c *call) showKeys(keys []message.Key, limit int) {
	c.buf = append(c.buf[:0], `{"data":[`...)
	for i := range keys[:min(len(keys), limit)] {
		if i > 0 {
			c.buf = append(c.buf, ',')
		}
		c.buf = append(c.appendKey(c.buf, &keys[i]), '}')
	}
	c.buf = append(c.buf, `],"page":{"next":`...)
	if len(keys) > limit {
		c.buf = appendString(c.buf, access.Name(keys[limit-1].ID))
	} else {
		c.buf = append(c.buf, "null"...)
	}
	c.buf = append(c.buf, "}}"...)
	c.write(200, c.buf)
}

// appendKey appends a key as an object that is left open.
func (c *call) appendKey(dst []byte, k *message.Key) []byte {
	dst = append(dst, `{"id":`...)
	dst = appendString(dst, access.Name(k.ID))
	dst = appendOptionalMember(dst, "name", k.Name)
	dst = appendStringMember(dst, "shown", access.Shown(k))
	dst = appendBoolMember(dst, "test", k.Test)
	dst = appendStrings(appendMember(dst, "scopes"), k.Scopes.Names())
	allow := make([]string, len(k.Allow))
	for i, p := range k.Allow {
		allow[i] = p.String()
	}
	dst = appendStrings(appendMember(dst, "allow"), allow)
	if dst = appendMember(dst, "perMinute"); k.PerMinute == 0 {
		dst = append(dst, "null"...)
	} else {
		dst = strconv.AppendInt(dst, int64(k.PerMinute), 10)
	}
	dst = appendTimeMember(dst, "createdAt", k.CreatedAt)
	dst = appendTimeMember(dst, "expiresAt", k.ExpiresAt)
	dst = appendTimeMember(dst, "revokedAt", k.RevokedAt)
	dst = appendTimeMember(dst, "lastUsedAt", c.server.o.Keys.lastUsed(k))
	if dst = appendMember(dst, "successor"); k.Successor.IsZero() {
		return append(dst, "null"...)
	}
	return appendString(dst, access.Name(k.Successor))
}
