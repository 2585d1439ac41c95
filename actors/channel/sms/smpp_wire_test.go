package sms

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

	"messagehub/actors/channel/channeltest"
)

// The SMSC of the tests: as little SMPP as the golden files need, of its own.

// testPDU is a PDU as it came.
type testPDU struct {
	id, status, sequence uint32
	body                 []byte
}

func readTestPDU(r io.Reader) (testPDU, error) {
	var head [16]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return testPDU{}, err
	}
	n := func(at int) uint32 { return binary.BigEndian.Uint32(head[at:]) }
	p := testPDU{n(4), n(8), n(12), make([]byte, n(0)-16)}
	_, err := io.ReadFull(r, p.body)
	return p, err
}

func (p testPDU) encode() []byte {
	var b []byte
	for _, n := range []uint32{uint32(16 + len(p.body)), p.id, p.status, p.sequence} {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return append(b, p.body...)
}

// serveSMSC implements [channeltest.Stream]'s Serve.
func serveSMSC(conn net.Conn, message func(string, func(channeltest.Answer) []byte) []byte) {
	r := bufio.NewReader(conn)
	for {
		p, err := readTestPDU(r)
		if err != nil {
			return
		}
		reply := testPDU{id: p.id | 0x80000000, sequence: p.sequence}
		switch p.id {
		case 1, 2, 9:
			reply.body = []byte("test\x00")
		case 4:
			out := message(describePDU(p), func(a channeltest.Answer) []byte {
				return testPDU{0x80000004, uint32(a.Status), p.sequence, []byte(a.Body)}.encode()
			})
			if out == nil {
				return
			}
			if _, err := conn.Write(out); err != nil {
				return
			}
			continue
		}
		if _, err := conn.Write(reply.encode()); err != nil || p.id == 6 {
			return
		}
	}
}

// describePDU writes a submit_sm as the golden files have it. What differs
// from run to run is masked: the reference of parts and the time left.
func describePDU(p testPDU) string {
	var out strings.Builder
	b := bytes.NewBuffer(p.body)
	text := func() string { s, _ := b.ReadString(0); return strings.TrimSuffix(s, "\x00") }
	octet := func() byte { c, _ := b.ReadByte(); return c }
	fmt.Fprintf(&out, "submit_sm\nservice_type %q\n", text())
	fmt.Fprintf(&out, "source %d %d %q\n", octet(), octet(), text())
	fmt.Fprintf(&out, "destination %d %d %q\n", octet(), octet(), text())
	class := octet()
	fmt.Fprintf(&out, "esm_class %02x\nprotocol_id %02x\npriority_flag %02x\n", class, octet(), octet())
	fmt.Fprintf(&out, "schedule_delivery_time %q\n", text())
	validity := text()
	if strings.HasSuffix(validity, "R") {
		validity = "relative"
	} else if strings.HasSuffix(validity, "+") {
		validity = "absolute"
	}
	fmt.Fprintf(&out, "validity_period %q\n", validity)
	fmt.Fprintf(&out, "registered_delivery %02x\nreplace_if_present %02x\ndata_coding %02x\nsm_default_msg_id %02x\n", octet(), octet(), octet(), octet())
	short := b.Next(int(octet()))
	if class&0x40 != 0 && len(short) > 0 {
		n := int(short[0]) + 1
		header := hex.EncodeToString(short[:n])
		for _, mask := range []struct{ before, after string }{{"0003", "rr"}, {"0804", "rrrr"}} {
			if at := strings.Index(header, mask.before); at == 2 {
				header = header[:6] + mask.after + header[6+len(mask.after):]
			}
		}
		fmt.Fprintf(&out, "header %s\n", header)
		short = short[n:]
	}
	if len(short) > 0 {
		fmt.Fprintf(&out, "short_message %x\n", short)
	}
	var options []string
	for b.Len() >= 4 {
		tag := binary.BigEndian.Uint16(b.Next(2))
		value := hex.EncodeToString(b.Next(int(binary.BigEndian.Uint16(b.Next(2)))))
		if tag == 0x020c {
			value = "rrrr"
		}
		options = append(options, fmt.Sprintf("tlv %04x %s\n", tag, value))
	}
	slices.Sort(options)
	return out.String() + strings.Join(options, "")
}
