package smsc

import (
	"strconv"
	"strings"
	"time"

	"messagehub/actors/channel/sim"
	"messagehub/store/message"
)

// submit answers a submit_sm. It returns false where the connection ends with
// it.
func (c *conn) submit(p packet) bool {
	if c.role == bindReceiver {
		c.refuse(p.sequence, badState)
		return true
	}
	o := &c.smsc.options
	if o.Nack {
		c.answer(packet{id: genericNack, status: badCommand, sequence: p.sequence})
		return true
	}
	m, status := parseSubmit(p.body, o.Alphabet)
	if status != ok {
		c.refuse(p.sequence, status)
		return true
	}
	tries := 0
	if strings.HasPrefix(m.to, sim.Reserved) || strings.HasPrefix(m.to, scripted) {
		tries = c.smsc.world.Tries(strings.Join([]string{"smsc", o.SystemID, m.to, m.text, strconv.Itoa(m.part.number)}, "\x00"))
	}
	script := c.smsc.world.Script(m.to, tries)
	if status := statusOf(script.Answer, m.to, tries); status != ok {
		c.later(script.Delay, func() { c.refuse(p.sequence, status) })
		return true
	}
	c.took++
	drop := script.Answer == sim.NoAnswer || o.DropAfter > 0 && c.took >= o.DropAfter
	c.take(p.sequence, m, script, !drop)
	return !drop
}

func (c *conn) refuse(sequence, status uint32) {
	c.answer(packet{id: submitSM | answerBit, status: status, sequence: sequence})
}

// scripted begins the numbers that are refused; no country has it.
const scripted = "+99900"

// statusOf is the refusal that a script or the number itself asks for.
func statusOf(a sim.Answer, to string, tries int) uint32 {
	switch a {
	case sim.NotOnChannel:
		return badDestination
	case sim.OptedOut:
		return refusedByUs
	case sim.Throttled:
		return throttled
	case sim.ServerError:
		return systemError
	}
	digits, ok10 := strings.CutPrefix(to, scripted)
	if n, err := strconv.ParseUint(digits, 10, 32); ok10 && err == nil && (tries == 0 || n != throttled && n != 0x14) {
		return uint32(n)
	}
	return ok
}

// later does f now, or after d without holding up what follows.
func (c *conn) later(d time.Duration, f func()) {
	if d <= 0 {
		f()
		return
	}
	c.wg.Go(func() {
		c.smsc.world.Wait(d)
		f()
		c.flush()
	})
}

// take takes a message, and answers unless the answer is withheld.
func (c *conn) take(sequence uint32, m *submit, script sim.Script, answered bool) {
	s := c.smsc
	serial := s.world.Serial()
	id := written(serial, s.options.HexAnswers)
	if whole := s.parts.add(m, id); whole != nil {
		s.world.Ledger.Add(sim.Received{
			At: message.TimeOf(time.Now()), Channel: s.options.Channel, Account: s.options.SystemID, To: m.to, Text: whole.text,
			Ref: m.reference, ProviderID: whole.id, Answered: answered,
		})
	}
	answer := packet{id: submitSM | answerBit, sequence: sequence, body: addText(nil, id)}
	if s.options.Early {
		c.wg.Go(func() {
			s.report(m, serial, script.Receipts, true)
			c.answer(answer)
			c.flush()
		})
		return
	}
	if answered {
		c.later(script.Delay, func() { c.answer(answer) })
	}
	s.report(m, serial, script.Receipts, false)
}
