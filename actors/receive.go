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
// [message.ErrBadCallback]. Receipts are not recorded yet; what recipients have
// written is, in the Inbox.
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
		for _, out := range l.all() {
			if cb.Sender != "" && out.name != cb.Sender {
				continue
			}
			receipts, reply, err := s.readBy(l, out, cb)
			if errors.Is(err, message.ErrUnknownSender) {
				continue
			}
			if !errors.Is(err, message.ErrUnsigned) {
				return receipts, reply, err
			}
			answer = message.ErrUnsigned
		}
	}
	return nil, message.Reply{}, answer
}

// readBy lets the sender read the callback, with its own settings and then
// with those that a reload has replaced.
func (s *System) readBy(l *lane, out *sender, cb *message.Callback) ([]message.Receipt, message.Reply, error) {
	answer := message.ErrUnknownSender
	for _, e := range out.engines(s.clock.read().mono) {
		receiver, ok := e.adapter.(channel.Receiver)
		if !ok {
			continue
		}
		receipts, reply, err := s.read(l, out, receiver, cb)
		if err == nil {
			err = s.take(l, out, e.adapter, cb)
		}
		if !errors.Is(err, message.ErrUnsigned) {
			return receipts, reply, err
		}
		answer = message.ErrUnsigned
	}
	return nil, message.Reply{}, answer
}

// concerns reports whether the callback may be for a sender of the lane. A
// handshake bears no signature: every sender is asked.
func (l *lane) concerns(cb *message.Callback) bool {
	if cb.Channel != "" || cb.Sender != "" {
		return l.name.Channel == cb.Channel
	}
	if header := l.spec.SignatureHeader; header != "" && cb.Header(header) != "" {
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

// take hands on what recipients have written, if the callback brings any. A
// panic over foreign bytes loses that alone.
func (s *System) take(l *lane, out *sender, a channel.Adapter, cb *message.Callback) error {
	inbox, ok := a.(channel.Inbox)
	if !ok {
		return nil
	}
	written := s.written(l, out, inbox, cb)
	if len(written) == 0 {
		return nil
	}
	if cb.Later == nil {
		return s.keep(l.name, out.name, written)
	}
	cb.Later(func() error { return s.keep(l.name, out.name, written) })
	return nil
}

func (s *System) written(l *lane, out *sender, inbox channel.Inbox, cb *message.Callback) (written []message.Inbound) {
	defer func() {
		if v := recover(); v != nil {
			s.options.Listener.OnQuarantine(l.name, out.name, *panicOf(v))
			written = nil
		}
	}()
	return inbox.Inbound(cb)
}

// keep gives what recipients of a sender have written to the Inbox. Where it
// belongs is not the adapter's to say.
func (s *System) keep(lane message.Lane, sender string, written []message.Inbound) error {
	if len(written) == 0 || s.options.Inbox == nil {
		return nil
	}
	for i := range written {
		written[i].Channel, written[i].Test, written[i].Sender = lane.Channel, lane.Test, sender
	}
	if err := s.options.Inbox.Receive(written); err != nil {
		return fmt.Errorf("receive message: %w", err)
	}
	return nil
}
