package smpp

// maxDeliveries bounds the deliveries that wait for Deliver. What comes
// beyond is refused for now, and the SMSC delivers it again.
const maxDeliveries = 1024

// Delivery is what an SMSC delivers: a receipt or a message from a handset.
type Delivery struct {
	Source, Dest Address
	ESMClass     byte
	DataCoding   byte
	Header       []byte // of short_message, its length octet included
	Text         []byte // short_message without its header, or message_payload
	TLVs         map[uint16][]byte
}

// delivered is a Delivery and who wants its answer.
type delivered struct {
	Delivery
	session  *session
	sequence uint32
}

// delivered takes a deliver_sm. What can't be read will not get better.
func (s *session) delivered(h header, frame []byte) {
	d, err := decodeDelivery(frame)
	if err != nil {
		s.answerDelivery(h.sequence, statusUnreadable)
		return
	}
	select {
	case s.client.deliveries <- delivered{d, s, h.sequence}:
	default:
		s.answerDelivery(h.sequence, statusTryLater)
	}
}

func (s *session) answerDelivery(sequence, status uint32) {
	s.out.put(encodeDeliverResp(status, sequence), nil)
}

// handleDeliveries hands over all that wait at once, so that they share one
// sync, and answers them afterwards.
func (c *Client) handleDeliveries() {
	var batch []delivered
	for d := range c.deliveries {
		batch = append(batch[:0], d)
		for len(batch) < maxDeliveries && len(c.deliveries) > 0 {
			batch = append(batch, <-c.deliveries)
		}
		status := uint32(statusOK)
		if c.options.Deliver(contents(batch)) != nil {
			status = statusTryLater
		}
		for _, d := range batch {
			d.session.answerDelivery(d.sequence, status)
		}
	}
}

func contents(batch []delivered) []Delivery {
	out := make([]Delivery, len(batch))
	for i := range batch {
		out[i] = batch[i].Delivery
	}
	return out
}
