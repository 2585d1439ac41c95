package smpp

import (
	"bufio"
	"encoding/binary"
	"io"
	"time"
)

const (
	headerSize = 16
	// maxPDU bounds what is read: a payload of 64 KiB has no place in an answer
	// or a receipt.
	maxPDU = 64 << 10
)

// header is that of every PDU, without its length.
type header struct{ id, status, sequence uint32 }

// response marks the command_id of an answer.
const response = 0x80000000

// readPDU reads the next PDU. frame is the whole of it, and is valid until
// the next call with the same buf.
func readPDU(r *bufio.Reader, buf []byte) (h header, frame, kept []byte, err error) {
	head, err := r.Peek(headerSize)
	if err != nil {
		return h, nil, buf, err
	}
	size := binary.BigEndian.Uint32(head)
	h = header{binary.BigEndian.Uint32(head[4:]), binary.BigEndian.Uint32(head[8:]), binary.BigEndian.Uint32(head[12:])}
	if size < headerSize || size > maxPDU {
		return h, nil, buf, errLength
	}
	if cap(buf) < int(size) {
		buf = make([]byte, max(size, 1024))
	}
	frame = buf[:size]
	_, err = io.ReadFull(r, frame)
	return h, frame, buf, err
}

// read handles what the SMSC sends until the connection ends.
func (s *session) read() error {
	var buf, frame []byte
	for {
		var h header
		var err error
		h, frame, buf, err = readPDU(s.in, buf)
		if err == errLength {
			s.out.put(encodeHeader(cmdGenericNack, statusBadLength, h.sequence), nil)
		}
		if err != nil {
			return err
		}
		s.silent.Store(0)
		s.heard.Store(time.Now().UnixNano())
		if err := s.handle(h, frame); err != nil {
			return err
		}
	}
}

// handle handles one PDU. An error ends the session.
func (s *session) handle(h header, frame []byte) error {
	switch h.id {
	case cmdSubmit | response:
		s.window.resolve(h.sequence, answered(h, frame))
		if h.status == statusBadState {
			s.stale.Store(true)
		}
		if s.stale.Load() && s.window.used() == 0 {
			return errState
		}
	case cmdEnquireLink | response, cmdUnbind | response:
		s.window.resolve(h.sequence, answer{})
	case cmdGenericNack:
		s.window.resolve(h.sequence, answer{status: nacked(h.status)})
	case cmdEnquireLink:
		s.out.put(encodeHeader(cmdEnquireLink|response, statusOK, h.sequence), nil)
	case cmdDeliver:
		s.delivered(h, frame)
	case cmdUnbind:
		s.out.put(encodeHeader(cmdUnbind|response, statusOK, h.sequence), nil)
		return errUnbound
	case cmdAlert: // has no answer
	default:
		if h.id&response == 0 {
			s.out.put(encodeHeader(cmdGenericNack, statusBadCommand, h.sequence), nil)
		}
	}
	return nil
}

// answered makes the answer of a submit_sm_resp. A yes whose id can't be read
// is no yes to rely on.
func answered(h header, frame []byte) answer {
	if h.status != statusOK { // the body may be missing then
		return answer{status: h.status}
	}
	id, err := decodeID(frame)
	if err != nil {
		return answer{err: &Unknown{errMalformed}}
	}
	return answer{id: id}
}

// nacked is the status of a generic_nack, which is a no whatever it says.
func nacked(status uint32) uint32 {
	if status == statusOK {
		return statusBadCommand
	}
	return status
}
