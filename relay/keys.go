package relay

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"strings"

	"messagehub/relay/access"
	"messagehub/store/message"
)

const (
	keysPath = "/api/v1/keys"
	keyPath  = keysPath + "/{keyId}"
)

// asker says on whose behalf a call manages keys.
func (c *call) asker() access.Who {
	w := c.who()
	return access.Who{Actor: w.Actor, Address: w.Address, RequestID: w.RequestID, At: w.At, Key: &c.key.Key}
}

// managed answers where keys can't be managed.
func managed(handle func(*Server, *call)) func(*Server, *call) {
	return func(s *Server, c *call) {
		if s.o.Access == nil || s.o.Workspaces == nil {
			c.fail(NotFound)
			return
		}
		handle(s, c)
	}
}

// createKey is POST /api/v1/keys.
func (s *Server) createKey(c *call) {
	draft, faults := c.readDraft()
	if len(faults) > 0 {
		c.refuse(faults)
		return
	}
	c.inLog = true
	secret, key, err := s.o.Access.Create(c.asker(), c.key.Workspace, draft)
	c.inLog = false
	if err != nil {
		c.failKey(err)
		return
	}
	c.showKey(201, &key, secret, nil)
}

// failKey answers for an error of the book of keys.
func (c *call) failKey(err error) {
	var fault *access.Fault
	var excess *access.Excess
	switch {
	case errors.As(err, &fault):
		c.refuse([]Fault{{fault.Param, InvalidParameter, fault.Error() + "."}})
	case errors.As(err, &excess):
		c.failAs(Fault{excess.Param, ExceedsOwnKey, excessText(excess)})
	case errors.Is(err, access.ErrOver):
		c.fail(KeyOver)
	case errors.Is(err, access.ErrRotated):
		c.fail(KeyRotated)
	default:
		c.failLog(err)
	}
}

func excessText(e *access.Excess) string {
	if e.Scopes != 0 {
		return "The API key that asks lacks the scope " + strings.Join(e.Scopes.Names(), ", ") + " itself."
	}
	return e.Param + " goes beyond what the API key that asks may do itself."
}

// listKeys is GET /api/v1/keys: newest first.
func (s *Server) listKeys(c *call) {
	q := keyQuery{limit: defaultLimit}
	if faults := readQuery(c, keyParameters(), &q); len(faults) > 0 {
		c.refuse(faults)
		return
	}
	keys := s.o.Keys.ofWorkspace(c.key.Workspace)
	slices.SortFunc(keys, func(a, b message.Key) int {
		return cmp.Or(cmp.Compare(b.CreatedAt, a.CreatedAt), bytes.Compare(a.ID[:], b.ID[:]))
	})
	if !q.after.IsZero() { // keys are never removed: the last one of a page is still there
		last := slices.IndexFunc(keys, func(k message.Key) bool { return k.ID == q.after })
		if last < 0 {
			c.failAs(*badCursor())
			return
		}
		keys = keys[last+1:]
	}
	c.showKeys(slices.DeleteFunc(keys, func(k message.Key) bool { return c.key.Test && !k.Test || !q.wants(&k, c.at) }), q.limit)
}

// keyStatus is GET /api/v1/keys/{keyId}.
func (s *Server) keyStatus(c *call) {
	c.withKey(func(id message.ID) (message.Key, error) { return s.o.Access.Get(c.asker(), id) })
}

// withKey does something with the key of the path and answers with what it is
// then. An id of no form is as unknown as any other.
func (c *call) withKey(do func(id message.ID) (message.Key, error)) {
	id, err := message.ParseID(message.PrefixKey, c.param("keyId"))
	if err != nil {
		c.fail(NotFound)
		return
	}
	c.inLog = true
	key, err := do(id)
	c.inLog = false
	if err != nil {
		c.failKey(err)
		return
	}
	c.showKey(200, &key, "", nil)
}

// updateKey is PATCH /api/v1/keys/{keyId}.
func (s *Server) updateKey(c *call) {
	change, faults := c.readKeyChange()
	if len(faults) > 0 {
		c.refuse(faults)
		return
	}
	c.withKey(func(id message.ID) (message.Key, error) { return s.o.Access.Change(c.asker(), id, change) })
}

// revokeKey is DELETE /api/v1/keys/{keyId}. The key is shown from then on as
// revoked: what it did must stay explicable.
func (s *Server) revokeKey(c *call) {
	c.withKey(func(id message.ID) (message.Key, error) { return s.o.Access.Revoke(c.asker(), id) })
}

// rotateKey is POST /api/v1/keys/{keyId}/rotate.
func (s *Server) rotateKey(c *call) {
	id, err := message.ParseID(message.PrefixKey, c.param("keyId"))
	if err != nil {
		c.fail(NotFound)
		return
	}
	overlap, faults := c.readOverlap(access.MaxOverlap)
	if len(faults) > 0 {
		c.refuse(faults)
		return
	}
	c.inLog = true
	r, err := s.o.Access.Rotate(c.asker(), id, overlap)
	c.inLog = false
	if err != nil {
		c.failKey(err)
		return
	}
	c.showKey(201, &r.New, r.Secret, &r.Old)
}
