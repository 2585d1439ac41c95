package relay

import (
	"bytes"
	"errors"
	"strconv"
	"time"

	"messagehub/store/message"
)

// maxSendAnswer is more than any answer to a send has: it comes with one Write,
// so that it can be amended as a whole.
const maxSendAnswer = 32 << 10

// outcome is what the log says of a message whose answer is held back.
type outcome struct {
	message.Acceptance
	err error
}

// amends reports whether the answer that was made is not the one to give.
func (o *outcome) amends() bool { return o.err != nil || o.Replayed }

// code is what the request is refused with, if there is an error.
func (o *outcome) code() Code {
	if errors.Is(o.err, message.ErrKeyReused) {
		return KeyReused
	}
	return Unavailable
}

// amendLocked returns the answer as the outcome wants it. An error means that
// nobody may see an answer; then the connection has been closed.
func (h *hold) amendLocked(answer []byte) ([]byte, error) {
	o := h.mu.outcome
	h.mu.outcome = outcome{}
	switch {
	case o.err == nil:
		return asReplay(answer, o.Acceptance), nil
	case o.code() == KeyReused:
		return h.reused(answer), nil
	}
	return nil, h.refuse()
}

// reused is the answer where the key belongs to another body.
func (h *hold) reused(answer []byte) []byte {
	r := refusal{
		row: h.conn.listener.server.problem(KeyReused), fault: Fault{Code: KeyReused, Param: idempotencyHeader},
		id: h.id, quota: h.quota, close: bytes.Contains(answer, []byte("\r\nConnection: close\r\n")),
	}
	return r.append(nil, time.Now())
}

// asReplay makes the answer to a new message the one to a message that was
// accepted before: its id and status, and a header line that says so.
func asReplay(answer []byte, a message.Acceptance) []byte {
	const length, status = "\r\nContent-Length: ", `,"status":"`
	head, body, _ := bytes.Cut(answer, []byte("\r\n\r\n"))
	before, rest, _ := bytes.Cut(body, []byte(status)) // no text before it can hold a quote
	_, after, _ := bytes.Cut(rest, []byte{'"'})

	made := bytes.Clone(before)
	message.AppendID(made[:len(resultStart)], message.PrefixMessage, a.ID)
	made = append(append(append(made, status...), a.Status.String()...), '"')
	made = append(made, after...)

	first, rest, _ := bytes.Cut(head, []byte(length))
	_, lines, more := bytes.Cut(rest, []byte("\r\n"))
	b := strconv.AppendInt(append(bytes.Clone(first), length...), int64(len(made)), 10)
	b = append(b, "\r\nIdempotency-Replayed: true\r\n"...)
	if more {
		b = append(append(b, lines...), "\r\n"...)
	}
	return append(append(b, "\r\n"...), made...)
}
