package sms

import (
	"errors"
	"sync"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sms/smpp"
	"messagehub/store/message"
)

var errNoReport = errors.New("nobody takes receipts")

// deliver takes what the SMSC delivers. It is durable when it returns nil.
func (a *smppAdapter) deliver(all []smpp.Delivery) error {
	if err := a.receipts(all); err != nil {
		return err
	}
	return a.receive(all)
}

func (a *smppAdapter) receipts(all []smpp.Delivery) error {
	var out []message.Receipt
	for i := range all {
		r, ok := smpp.ParseReceipt(&all[i])
		if !ok {
			continue
		}
		if receipt, ok := a.receipt(r); ok {
			out = append(out, receipt)
		}
	}
	if len(out) == 0 {
		return nil
	}
	if a.report == nil {
		return errNoReport
	}
	return a.report(out)
}

// receipt makes the receipt of a message; ok is false if nothing is to be
// said yet.
func (a *smppAdapter) receipt(r smpp.Receipt) (out message.Receipt, ok bool) {
	status, failure, ok := a.states.outcome(r)
	if !ok {
		return out, false
	}
	out = message.Receipt{Channel: name, Test: a.test, ProviderID: a.ids.receipted(r.ID), Status: status, Failure: failure}
	if r.Referenced && a.refs != nil {
		out.Ref = a.refs.find(r.Reference, r.Handset)
	}
	if out.ProviderID == "" && out.Ref == "" {
		return out, false
	}
	return a.long.receive(out)
}

// smppStates says what the states mean that SMSCs do not agree upon.
type smppStates struct{ accepted, unknown string }

// outcome makes the status of a receipt; ok is false if it says nothing.
func (s smppStates) outcome(r smpp.Receipt) (status message.Status, failure *message.Failure, ok bool) {
	code := channel.Code("")
	switch r.State {
	case smpp.EnRoute:
		return message.Sent, nil, true
	case smpp.Delivered:
		return message.Delivered, nil, true
	case smpp.Accepted:
		if s.accepted == stateDelivered {
			return message.Delivered, nil, true
		}
		return message.Sent, nil, true
	case smpp.Expired:
		code = channel.DeliveryExpired
	case smpp.Deleted, smpp.Skipped:
		code = channel.ProviderError
	case smpp.Undeliverable:
		code = channel.Unreachable
	case smpp.Rejected:
		code = channel.Restricted
	case smpp.UnknownState:
		if s.unknown != stateFailed {
			return 0, nil, false
		}
		code = channel.ProviderError
	default: // scheduled, or no state at all
		return 0, nil, false
	}
	return message.Failed, channel.Failed(code, r.Error, "").Failure(), true
}

// smppReferences remembers whose message went out with which
// user_message_reference, for those whose answer was lost.
type smppReferences struct {
	mu   sync.Mutex
	last uint16
	refs map[uint16]smppReference
}

type smppReference struct{ ref, number string }

// add draws the next reference for a message to a number.
func (s *smppReferences) add(ref, number string) uint16 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refs == nil {
		s.refs = make(map[uint16]smppReference)
	}
	s.last++
	s.refs[s.last] = smppReference{ref, number}
	return s.last
}

// settle forgets a message that has an id.
func (s *smppReferences) settle(reference uint16, ref string) {
	s.mu.Lock()
	if s.refs[reference].ref == ref {
		delete(s.refs, reference)
	}
	s.mu.Unlock()
}

// find returns the attempt that a receipt is of; "" if it has an id, or was of
// another handset.
func (s *smppReferences) find(reference uint16, handset string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.refs[reference]; r.number == handset {
		return r.ref
	}
	return ""
}
