package smsc

import (
	"bufio"
	"encoding/binary"
	"io"
)

// The command_ids that an SMSC of this kind knows. An answer has the highest
// bit set.
const (
	bindReceiver    = 0x00000001
	bindTransmitter = 0x00000002
	submitSM        = 0x00000004
	deliverSM       = 0x00000005
	unbind          = 0x00000006
	bindTransceiver = 0x00000009
	enquireLink     = 0x00000015
	genericNack     = 0x80000000
	answerBit       = 0x80000000
)

const (
	headLen = 16
	maxLen  = 64 << 10
)

// packet is one PDU. body is valid until the next one is read.
type packet struct {
	id, status, sequence uint32
	body                 []byte
}

// next reads a PDU. ok is false if its length is out of bounds.
func next(r *bufio.Reader, buf *[]byte) (p packet, ok bool, err error) {
	var head [headLen]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return packet{}, false, err
	}
	size := binary.BigEndian.Uint32(head[0:4])
	p.id = binary.BigEndian.Uint32(head[4:8])
	p.status = binary.BigEndian.Uint32(head[8:12])
	p.sequence = binary.BigEndian.Uint32(head[12:16])
	if size < headLen || size > maxLen {
		return p, false, nil
	}
	if need := int(size) - headLen; cap(*buf) < need {
		*buf = make([]byte, need)
	}
	p.body = (*buf)[:size-headLen]
	_, err = io.ReadFull(r, p.body)
	return p, true, err
}

// bytes writes the PDU.
func (p packet) bytes() []byte {
	out := make([]byte, headLen, headLen+len(p.body))
	binary.BigEndian.PutUint32(out[0:4], uint32(headLen+len(p.body)))
	binary.BigEndian.PutUint32(out[4:8], p.id)
	binary.BigEndian.PutUint32(out[8:12], p.status)
	binary.BigEndian.PutUint32(out[12:16], p.sequence)
	return append(out, p.body...)
}

// cursor reads the parameters of a body, one after the other. After the first
// fault it reads nothing more.
type cursor struct {
	rest  []byte
	fault uint32 // the status that the first fault is answered with
}

func (c *cursor) fail(status uint32) {
	if c.fault == ok {
		c.fault = status
	}
	c.rest = nil
}

func (c *cursor) octet() byte {
	if len(c.rest) == 0 {
		c.fail(badLength)
		return 0
	}
	b := c.rest[0]
	c.rest = c.rest[1:]
	return b
}

func (c *cursor) octets(n int) []byte {
	if len(c.rest) < n {
		c.fail(badLength)
		return nil
	}
	b := c.rest[:n:n]
	c.rest = c.rest[n:]
	return b
}

// text reads a C-octet string of at most size octets, its zero included. One
// that is longer is answered with status.
func (c *cursor) text(size int, status uint32) string {
	for i, b := range c.rest {
		if i >= size {
			break
		}
		if b == 0 {
			s := string(c.rest[:i])
			c.rest = c.rest[i+1:]
			return s
		}
	}
	if len(c.rest) < size {
		status = badLength
	}
	c.fail(status)
	return ""
}

// options reads the optional parameters. None may come twice.
func (c *cursor) options() map[uint16][]byte {
	out := make(map[uint16][]byte)
	for len(c.rest) > 0 {
		if len(c.rest) < 4 {
			c.fail(badOptional)
			break
		}
		tag, size := binary.BigEndian.Uint16(c.rest), int(binary.BigEndian.Uint16(c.rest[2:]))
		if len(c.rest) < 4+size {
			c.fail(badOptionalLength)
			break
		}
		if _, twice := out[tag]; twice {
			c.fail(optionNotAllowed)
			break
		}
		out[tag] = append([]byte{}, c.rest[4:4+size]...)
		c.rest = c.rest[4+size:]
	}
	return out
}

// addText appends a C-octet string.
func addText(b []byte, s string) []byte { return append(append(b, s...), 0) }

// addOption appends an optional parameter.
func addOption(b []byte, tag uint16, value ...byte) []byte {
	b = binary.BigEndian.AppendUint16(b, tag)
	b = binary.BigEndian.AppendUint16(b, uint16(len(value)))
	return append(b, value...)
}
