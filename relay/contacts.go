package relay

import (
	"errors"
	"math/rand/v2"
	"strconv"
	"strings"

	"messagehub/store/message"
)

// ContactBook finds contacts.
type ContactBook interface {
	Contact(o message.Owner, id message.ID) (message.Contact, error)
	Contacts(o message.Owner, q message.ContactQuery) (message.ContactPage, error)
}

// ContactLog is where changes of contacts go; durable when it returns.
type ContactLog interface {
	ChangeContact(message.ContactPut) (message.Contact, error)
	// EraseContact removes a contact, and begins to erase what else there is of
	// it. To ask again tells how far it has come.
	EraseContact(o message.Owner, id message.ID, at message.Time, why ...message.AuditEntry) (message.Erasure, error)
}

// Erasures knows what is being erased.
type Erasures interface {
	Erasure(o message.Owner, id message.ID) (message.Erasure, error)
}

const (
	contactsPath = "/api/v1/contacts"
	contactPath  = contactsPath + "/{contactId}"
)

// owner is what the contacts of a request belong to.
func (c *call) owner() message.Owner {
	return message.Owner{Workspace: c.key.Workspace, Test: c.key.Test}
}

// contactID reads the id in the path. If it reports false it has answered.
func (c *call) contactID() (message.ID, bool) {
	id, err := message.ParseID(message.PrefixContact, c.param("contactId"))
	if err != nil || c.server.o.ContactBook == nil {
		c.fail(NotFound)
		return message.ID{}, false
	}
	return id, true
}

// getContact is GET /api/v1/contacts/{contactId}.
func (s *Server) getContact(c *call) {
	id, ok := c.contactID()
	if !ok {
		return
	}
	c.inLog = true
	contact, err := s.o.ContactBook.Contact(c.owner(), id)
	c.inLog = false
	if err != nil {
		c.failLog(err)
		return
	}
	c.writeContact(200, &contact)
}

// createContact is POST /api/v1/contacts.
func (s *Server) createContact(c *call) { s.putContact(c, message.ID{}, newContact) }

// replaceContact is PUT /api/v1/contacts/{contactId}.
func (s *Server) replaceContact(c *call) {
	if id, ok := c.contactID(); ok {
		s.putContact(c, id, newContact)
	}
}

// patchContact is PATCH /api/v1/contacts/{contactId}: a JSON merge patch
// (RFC 7396).
func (s *Server) patchContact(c *call) {
	if id, ok := c.contactID(); ok {
		s.putContact(c, id, patchOfContact)
	}
}

// putContact makes or changes a contact.
func (s *Server) putContact(c *call, id message.ID, form contactForm) {
	body := c.http.Request.Body()
	if s.o.ContactLog == nil {
		c.fail(NotFound)
		return
	}
	if !c.enterGate(len(body)) {
		c.shed(Overloaded, retryJitter())
		return
	}
	version, fault := c.ifMatch()
	if fault != nil {
		c.failAs(*fault)
		return
	}
	d := s.reader.readContact(body, c.key.Test, form)
	if len(d.faults) > 0 {
		c.refuse(d.faults)
		return
	}
	c.inLog = true
	contact, err := s.o.ContactLog.ChangeContact(message.ContactPut{
		Owner: c.owner(), ID: id, Change: d.change, IfVersion: version, At: c.at, Salt: rand.Uint64() & (1<<44 - 1),
	})
	c.inLog = false
	switch {
	case err != nil:
		c.failContact(err)
	case id.IsZero():
		c.writeContact(201, &contact)
	default:
		c.writeContact(200, &contact)
	}
}

// failContact answers for a change that was not made.
func (c *call) failContact(err error) {
	switch {
	case errors.Is(err, message.ErrExternalIDTaken):
		c.failAs(Fault{Code: ExternalIDTaken, Param: "externalId"})
	case errors.Is(err, message.ErrVersion):
		c.failAs(Fault{Code: VersionMismatch, Param: "If-Match"})
	case errors.Is(err, message.ErrContactTooLarge):
		c.failAs(Fault{Code: InvalidParameter, Param: "metadata", Message: "The contact would be too large; take some of its metadata away."})
	default:
		c.failLog(err)
	}
}

// ifMatch reads the version that the contact must have; 0: any.
func (c *call) ifMatch() (message.Position, *Fault) {
	value := c.header("If-Match")
	if value == "" || value == "*" {
		return 0, nil
	}
	inner, ok := strings.CutPrefix(value, `"`)
	inner, closed := strings.CutSuffix(inner, `"`)
	version, err := strconv.ParseUint(inner, 16, 64)
	if !ok || !closed || err != nil || version == 0 {
		return 0, &Fault{Code: InvalidParameter, Param: "If-Match", Message: "If-Match must be the ETag of the contact as it was given, in its quotation marks."}
	}
	return message.Position(version), nil
}

// eraseContact is DELETE /api/v1/contacts/{contactId}. Deleting twice is no
// error: the answer says how far the erasure has come.
func (s *Server) eraseContact(c *call) {
	id, ok := c.contactID()
	if !ok {
		return
	}
	why := message.AuditEntry{
		At: c.at, Actor: string(message.AppendID(nil, message.PrefixKey, c.key.ID)), Action: "contact.erase",
		Object: string(message.AppendID(nil, message.PrefixContact, id)), Address: c.clientAddress().String(), RequestID: c.requestName(),
	}
	c.inLog = true
	e, err := s.o.ContactLog.EraseContact(c.owner(), id, c.at, why)
	c.inLog = false
	if err != nil {
		c.failLog(err)
		return
	}
	c.writeErasure(&e)
}

// erasure is GET /api/v1/contacts/{contactId}/erasure.
func (s *Server) erasure(c *call) {
	id, ok := c.contactID()
	if !ok {
		return
	}
	c.inLog = true
	e, err := s.o.Erasures.Erasure(c.owner(), id)
	c.inLog = false
	if err != nil {
		c.failLog(err)
		return
	}
	c.writeErasure(&e)
}

// writeErasure answers 202 until the erasure is done.
func (c *call) writeErasure(e *message.Erasure) {
	out := append(c.buf[:0], `{"data":{"contactId":`...)
	out = appendContactID(out, e.Contact)
	out = appendStringMember(out, "erasure", e.State.String())
	out = appendIntMember(out, "messages", e.Messages)
	out = appendTimeMember(out, "requestedAt", e.RequestedAt)
	out = appendTimeMember(out, "doneAt", e.DoneAt)
	c.buf = append(out, "}}"...)
	status := 202
	if e.State == message.ErasureDone {
		status = 200
	}
	c.write(status, c.buf)
}
