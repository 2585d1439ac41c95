package relay

import "messagehub/store/message"

// resend is POST /api/v1/messages/{messageId}/resend: a new message with all
// that the old one had but its schedule, which points to it. The recipient may
// get both.
func (s *Server) resend(c *call) {
	body := c.http.Request.Body()
	if !c.enterGate(len(body)) {
		c.shed(Overloaded, retryJitter())
		return
	}
	if faults := readObject(body, nil); len(faults) > 0 {
		c.refuse(faults)
		return
	}
	old, state, ok := c.find()
	if !ok {
		return
	}
	key, fault := c.idempotency(resendRoute, old.ID[:])
	if fault != nil {
		c.failAs(*fault)
		return
	}
	d := s.reader.again(old, c.key, c.at)
	c.draft = d
	switch {
	case old.Erased:
		c.failAs(Fault{Code: NotResendable, Param: "messageId", Message: "The content and the addresses of the message have been erased."})
	case !state.Settled:
		c.failAs(Fault{
			Code: NotResendable, Param: "messageId",
			Message: "The message is " + state.Status.String() + ": it is still on its way.",
		})
	case len(d.faults) > 0: // a sender or a channel is gone
		s.refuseSend(c, d, key)
	default:
		s.submit(c, d, key)
	}
}

// again returns a draft of the same message, whose channels and senders are
// checked anew.
//
// Ownership: the draft borrows old.
func (r *reader) again(old *message.Outbound, key *Key, at message.Time) *draft {
	d := r.begin(key, at)
	d.out.On, d.out.OnUnknown, d.out.KeepLate = old.On, old.OnUnknown, old.KeepLate
	d.out.Reference, d.out.Metadata, d.out.Priority = old.Reference, old.Metadata, old.Priority
	d.out.ExpiresIn, d.out.ResendOf, d.out.Contact = old.ExpiresIn, old.ID, old.Contact
	d.grow(copy(d.steps[:], old.Steps))
	for i := range d.count {
		d.checkChannel(place(i))
		d.checkSender(place(i))
	}
	d.out.Steps = d.steps[:d.count]
	return d
}
