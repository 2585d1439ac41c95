package actors

import (
	"errors"
	"fmt"
	"net/http"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

// Receive reads a provider's callback: it finds the sender that the callback
// names or whose signature it bears, and returns what it reports. The error
// is, or wraps, [message.ErrUnsigned], [message.ErrUnknownSender] or
// [message.ErrBadCallback]. Nothing is recorded yet.
func (s *System) Receive(cb *message.Callback) ([]message.Receipt, message.Reply, error) {
	named := cb.Channel != "" || cb.Sender != ""
	answer := message.ErrUnsigned
	if named {
		answer = message.ErrUnknownSender
	}
	for _, l := range s.order {
		if !l.concerns(cb) {
			continue
		}
		for _, out := range l.senders {
			receiver, ok := out.adapter.(channel.Receiver)
			if !ok || (cb.Sender != "" && out.name != cb.Sender) {
				continue
			}
			receipts, reply, err := s.read(l, out, receiver, cb)
			if !errors.Is(err, message.ErrUnsigned) {
				return receipts, reply, err
			}
			answer = message.ErrUnsigned
		}
	}
	return nil, message.Reply{}, answer
}

// concerns reports whether the callback may be for a sender of the lane. A
// handshake bears no signature: every sender is asked.
func (l *lane) concerns(cb *message.Callback) bool {
	if cb.Channel != "" || cb.Sender != "" {
		return l.name.Channel == cb.Channel
	}
	if l.header != "" && cb.Header(l.header) != "" {
		return true
	}
	return cb.Method == http.MethodGet
}

// read lets the receiver read the callback. A panic over foreign bytes is an
// error, and where a receipt belongs is not the adapter's to say.
func (s *System) read(l *lane, out *sender, r channel.Receiver, cb *message.Callback) (receipts []message.Receipt, reply message.Reply, err error) {
	defer func() {
		if v := recover(); v != nil {
			s.options.Listener.OnQuarantine(l.name, out.name, *panicOf(v))
			receipts, reply, err = nil, message.Reply{}, fmt.Errorf("read callback of %s: %w", l.name, message.ErrBadCallback)
		}
	}()
	receipts, reply, err = r.Receipts(cb)
	for i := range receipts {
		receipts[i].Channel, receipts[i].Test = l.name.Channel, l.name.Test
	}
	return receipts, reply, err
}
