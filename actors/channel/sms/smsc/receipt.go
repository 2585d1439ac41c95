package smsc

import (
	"context"
	"fmt"
	"time"

	"messagehub/actors/channel/sim"
	"messagehub/store/message"
)

// outcome is a status as receipts say it.
type outcome struct {
	state byte
	stat  string
	err   string
}

// outcomeOf returns what a receipt says, if the message asked for one.
func (m *submit) outcomeOf(s message.Status) (outcome, bool) {
	asked := m.registered&3 != 0
	switch s {
	case message.Sent:
		return outcome{1, "ENROUTE", "000"}, m.wantsEnRoute
	case message.Delivered:
		return outcome{2, "DELIVRD", "000"}, asked && !m.wantsOnlyFailed
	case message.Failed:
		if m.part.number < m.part.total { // of a long message only the last part fails
			return outcome{2, "DELIVRD", "000"}, asked && !m.wantsOnlyFailed
		}
		return outcome{5, "UNDELIV", "001"}, asked
	}
	return outcome{}, false
}

// report delivers the receipts of a message: now and one after the other, or
// when they are due.
func (s *SMSC) report(m *submit, serial uint64, stages []sim.Stage, now bool) {
	for _, stage := range stages {
		o, wanted := m.outcomeOf(stage.Status)
		if !wanted {
			continue
		}
		body := s.receipt(m, serial, o)
		if now {
			s.deliver(context.Background(), body)
			continue
		}
		s.world.Post(sim.Post{After: stage.After, Deliver: func(ctx context.Context) int { return s.deliver(ctx, body) }})
	}
}

// deliverFor is how long the ESME may take to answer a deliver_sm.
const deliverFor = 10 * time.Second

// deliver sends a deliver_sm, and returns 200 if the ESME has taken it.
func (s *SMSC) deliver(ctx context.Context, body []byte) int {
	const taken, notNow = 200, 503
	c := s.receiver()
	done := make(chan uint32, 1)
	if c == nil || c.request(deliverSM, body, done) != nil {
		return notNow
	}
	ctx, cancel := context.WithTimeout(ctx, deliverFor)
	defer cancel()
	select {
	case status, answered := <-done:
		if answered && status == ok {
			return taken
		}
	case <-ctx.Done():
	}
	return notNow
}

// receipt makes the body of a deliver_sm that tells an outcome.
func (s *SMSC) receipt(m *submit, serial uint64, o outcome) []byte {
	id := written(serial, s.options.HexReceipts)
	class := byte(0x04)
	if o.state == 1 {
		class = 0x20
	}
	b := addText(nil, "")
	b = addText(append(b, m.dest.ton, m.dest.npi), m.dest.number)
	b = addText(append(b, m.source.ton, m.source.npi), m.source.number)
	b = append(b, class, 0, 0)
	b = addText(addText(b, ""), "")
	b = append(b, 0, 0, 0, 0)
	text := ""
	if s.options.Receipts != OptionsOnly {
		text = s.receiptText(m, id, o)
	}
	b = append(append(b, byte(len(text))), text...)
	if s.options.Receipts == TextOnly {
		return b
	}
	b = addOption(b, optReceiptID, addText(nil, id)...)
	b = addOption(b, optState, o.state)
	if o.err != "000" {
		b = addOption(b, optNetworkErr, 3, 0, 1)
	}
	if m.userReference != nil {
		b = addOption(b, optReference, m.userReference...)
	}
	return b
}

func (s *SMSC) receiptText(m *submit, id string, o outcome) string {
	layout := "0601021504"
	if s.options.LongDates {
		layout += "05"
	}
	delivered := 0
	if o.state == 2 {
		delivered = 1
	}
	start := []byte(nil)
	for _, r := range m.text {
		if len(start) < 20 && r >= ' ' && r <= '~' {
			start = append(start, byte(r))
		}
	}
	now := time.Now().UTC().Format(layout)
	return fmt.Sprintf("id:%s sub:001 dlvrd:%03d submit date:%s done date:%s stat:%s err:%s text:%s", id, delivered, now, now, o.stat, o.err, start)
}
