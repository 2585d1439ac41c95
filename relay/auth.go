package relay

import (
	"bytes"
	"crypto/subtle"
	"errors"
	"strings"

	"messagehub/store/message"
)

// Audit is told of every refused authentication, as far as the address that
// it came from has not used up its budget. It is called by the request's own
// goroutine.
type Audit interface {
	Audit(message.AuditEntry) error
}

// Usage is told when a key is used, once a minute for each key. It must not
// block.
type Usage interface {
	Used(key message.ID, workspace message.WorkspaceID, at message.Time)
}

// authenticate finds the key of the request and says why it may not be used
// for the route; "" if it may. It charges the request to the key's buckets, as
// soon as the key is known.
func (c *call) authenticate() Code {
	if len(c.head.authorization) == 0 {
		return MissingKey
	}
	key := c.lookUp()
	if key == nil {
		return InvalidKey
	}
	c.key = key
	if code := c.usable(key); code != "" {
		c.quota = key.look(c.at)
		return code
	}
	c.quota = key.take(c.at)
	if !c.quota.ok {
		c.wait = int(c.quota.wait)
		return RateLimited
	}
	if key.touched(c.at) && c.server.o.Usage != nil {
		c.server.o.Usage.Used(key.ID, key.Workspace, c.at)
	}
	if key.Scopes&c.route.scope != c.route.scope {
		return InsufficientScope
	}
	return ""
}

// lookUp returns the key of the Authorization line, nil if there is no such.
func (c *call) lookUp() *Key {
	switch {
	case c.turn != nil:
		return c.turn.key
	case c.conn != nil:
		return c.conn.keyOf(c.head.authorization)
	}
	key, _ := c.server.o.Keys.Lookup(tokenOf(c.head.authorization))
	return key
}

// tokenOf returns what follows "Bearer", nil where the line is of another kind.
func tokenOf(authorization []byte) []byte {
	scheme, token, _ := bytes.Cut(authorization, []byte{' '})
	if len(scheme) != len("bearer") || !is(scheme, "bearer") {
		return nil
	}
	return token
}

// lastKey is the key that a connection has used last: most use no other.
type lastKey struct {
	token   [message.KeyLength]byte
	key     *Key // nil: none yet
	version uint64
}

// keyOf returns the key of an Authorization line, nil if there is no such. A
// key that has changed in the meantime is looked up anew.
func (c *conn) keyOf(authorization []byte) *Key {
	token, ring, last := tokenOf(authorization), c.listener.server.o.Keys, &c.lastKey
	version := ring.version.Load() // before the look-up, so that a change during it counts
	if last.key != nil && last.version == version && subtle.ConstantTimeCompare(last.token[:], token) == 1 {
		return last.key
	}
	key, err := ring.Lookup(token)
	if err != nil {
		return nil
	}
	*last = lastKey{[message.KeyLength]byte(token), key, version}
	return key
}

// usable says why a known key may not be used at all, now and from here.
func (c *call) usable(key *Key) Code {
	if code := key.refusal(c.at); code != "" {
		return code
	}
	if len(key.Allow) > 0 && !within(key.Allow, c.clientAddress()) {
		return AddressNotAllowed
	}
	return ""
}

// deny answers a request whose authentication was refused: with the code, or
// with 429 once its address has been refused too often.
func (c *call) deny(code Code) {
	if code == RateLimited {
		c.shed(RateLimited, c.wait)
		return
	}
	q := c.server.failures.take(c.clientAddress(), c.at)
	if !q.ok {
		c.shed(TooManyFailures, int(q.wait))
		return
	}
	c.audit(code)
	c.failAs(Fault{Code: code, Message: c.denial(code)})
}

// denial is the text for a refusal, where it can be clearer than the table's.
// It tells nothing about the key beyond what its holder sees.
func (c *call) denial(code Code) string {
	switch code {
	case InvalidKey:
		return c.misread()
	case InsufficientScope:
		return "The API key lacks the scope " + strings.Join(c.route.scope.Names(), ", ") + "."
	}
	return ""
}

// misread says what is wrong with a token by its form alone.
func (c *call) misread() string {
	scheme, token, found := bytes.Cut(c.head.authorization, []byte{' '})
	_, err := message.ParseKeyForm(token)
	switch {
	case !found || len(scheme) != len("bearer") || !is(scheme, "bearer"):
		return "The Authorization header is not of the form: Bearer <API key>."
	case errors.Is(err, message.ErrKeyChecksum):
		return "The API key is mistyped or cut off: its checksum does not match."
	case err != nil:
		return "The text in the Authorization header is not an API key of this product."
	}
	return "There is no such API key."
}

// audit records a refusal. The log has a budget of its own, so that nobody
// can fill it.
func (c *call) audit(code Code) {
	s := c.server
	if s.o.Audit == nil || !s.audits.take(c.at).ok {
		return
	}
	entry := message.AuditEntry{
		At: c.at, Actor: "anonymous", Action: "auth.refused", Object: string(code), RequestID: c.requestName(),
	}
	if addr := c.clientAddress(); addr.IsValid() {
		entry.Address = addr.String()
	}
	if c.key != nil {
		entry.Actor = string(message.AppendID(nil, message.PrefixKey, c.key.ID))
	}
	c.inLog = true
	err := s.o.Audit.Audit(entry)
	c.inLog = false
	if err != nil {
		s.o.Logger.Error("write audit entry", "error", err)
	}
}
