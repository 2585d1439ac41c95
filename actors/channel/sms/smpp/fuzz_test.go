package smpp

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"net"
	"testing"

	"messagehub/store/message/mutate"
)

// pduSeeds are PDUs as SMSCs send them.
func pduSeeds() [][]byte {
	pdu := func(id, status uint32, body string) []byte {
		b := encodeHeader(id, status, 7)
		binary.BigEndian.PutUint32(b, uint32(headerSize+len(body)))
		return append(b, body...)
	}
	receipt := "\x00\x01\x0114155550100\x00\x05\x00Relay\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x15id:2a9f stat:DELIVRD \x00\x1e\x00\x052a9f\x00\x04\x27\x00\x01\x02"
	return [][]byte{
		pdu(cmdSubmit|response, 0, "2a9f\x00"), pdu(cmdSubmit|response, 0x58, ""), pdu(cmdGenericNack, 3, ""),
		pdu(cmdDeliver, 0, receipt), pdu(cmdDeliver, 0, "\x00\x01\x01123\x00\x01\x01456\x00\x40\x00\x00\x00\x00\x00\x00\x08\x00\x08\x05\x00\x03\x01\x02\x01\x04\x34"),
		pdu(cmdEnquireLink, 0, ""), pdu(cmdUnbind, 0, ""), pdu(0x103, 0, ""), pdu(uint32(transceiver)|response, 0, "smsc\x00\x02\x10\x00\x01\x34"),
	}
}

// FuzzPDU feeds a session what an SMSC sends: nothing is taken for a yes but a
// submit_sm_resp, every delivery is answered or handed over, and memory is
// bounded.
func FuzzPDU(f *testing.F) {
	here, there := net.Pipe()
	defer here.Close()
	defer there.Close()
	mutate.Bytes(f, pduSeeds(), func(t testing.TB, b []byte) {
		c := &Client{deliveries: make(chan delivered, 64)}
		s := &session{client: c, out: newWriter(here), window: newWindow(1), down: make(chan struct{})}
		s.window.places <- struct{}{}
		sequence, slot := s.window.register(true)
		r := bufio.NewReader(bytes.NewReader(b))
		var buf []byte
		yes, deliveries := false, 0
		for {
			h, frame, kept, err := readPDU(r, buf)
			if err != nil {
				break
			}
			if buf = kept; len(frame) < headerSize || cap(buf) > maxPDU {
				t.Fatalf("frame of %d octets, buffer of %d", len(frame), cap(buf))
			}
			yes = yes || h.id == cmdSubmit|response && h.status == 0 && h.sequence == sequence
			if h.id == cmdDeliver {
				deliveries++
			}
			decodePeer(frame)
			if s.handle(h, frame) != nil {
				break
			}
		}
		select {
		case a := <-slot.done:
			if a.err == nil && a.status == statusOK && !yes {
				t.Errorf("taken for a yes: %+v", a)
			}
		default:
		}
		if answers := bytes.Count(s.out.waiting, []byte{0x80, 0, 0, 5}); len(c.deliveries) > deliveries || len(c.deliveries) < deliveries && answers == 0 {
			t.Errorf("%d deliveries: %d handed over, %d answered", deliveries, len(c.deliveries), answers)
		}
	})
}

// FuzzReceiptText feeds the parser of receipts texts.
func FuzzReceiptText(f *testing.F) {
	seeds := []string{
		"id:123 sub:001 dlvrd:001 submit date:2611221200 done date:2611221201 stat:DELIVRD err:000 text:Hello",
		"ID:a SUBMIT DATE:261122120000 STAT:undeliv", "id: stat: err:", "text:id:1", "", "done date:",
	}
	mutate.Strings(f, seeds, func(t testing.TB, text string) {
		checkReceipt(t, &Delivery{ESMClass: receiptClass, Text: []byte(text)})
		checkReceipt(t, &Delivery{ESMClass: receiptClass, DataCoding: dataCodingOfUCS2, Text: []byte(text)})
	})
}

// FuzzTLVs feeds the parser of deliveries optional parameters.
func FuzzTLVs(f *testing.F) {
	seeds := []string{
		"\x00\x1e\x00\x052a9f\x00\x04\x27\x00\x01\x02", "\x04\x24\x00\x17id:2a9f stat:DELIVRD xx", "\x02\x04\x00\x02\x01\x02", "\x04\x23\x00\x03\x03\x00\x01",
		"\x00\x1e\xff\xff", "\x00", "\x02\x0c\x00\x02\x00\x01\x02\x0e\x00\x01\x02\x02\x0f\x00\x01\x02", "\x04\x24\x00\x07\x05\x00\x03\x01\x02\x01x",
	}
	fixed := "\x00\x01\x0114155550100\x00\x05\x00Relay\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	mutate.Strings(f, seeds, func(t testing.TB, options string) {
		frame := append(encodeHeader(cmdDeliver, 0, 1), fixed+options...)
		binary.BigEndian.PutUint32(frame, uint32(len(frame)))
		if d, err := decodeDelivery(frame); err == nil {
			checkReceipt(t, &d)
			d.ESMClass = headerClass // as a handset's
			checkWritten(t, &d)
		}
	})
}

// checkReceipt checks what holds of every receipt.
func checkReceipt(t testing.TB, d *Delivery) {
	r, ok := ParseReceipt(d)
	if ok && r.ID == "" && !r.Referenced {
		t.Error("the receipt names no message")
	}
	if len(r.ID) > maxReceiptedID || len(r.Error) > 16 || r.State > Skipped && r.State != NoState {
		t.Errorf("not bounded: %+v", r)
	}
}

// checkWritten checks what holds of every message of a handset.
func checkWritten(t testing.TB, d *Delivery) {
	w, ok := ParseWritten(d)
	if ok && (w.Total > 255 || w.Number > w.Total || len(w.Header)+len(w.Body) > len(d.Header)+len(d.Text) || w.UserReference > 0xffff) {
		t.Errorf("not bounded: %+v", w)
	}
}

// A text that is longer than its member of the PDU is named.
func TestEncodeRefusesWhatDoesNotFit(t *testing.T) {
	long := string(make([]byte, 255))
	for name, m := range map[string]*ShortMessage{
		"service_type": {ServiceType: long[:6]}, "source_addr": {Source: Address{Number: long[:21]}}, "destination_addr": {Dest: Address{Number: long[:21]}},
		"validity_period": {Validity: long[:17]}, "short_message": {Text: []byte(long)},
	} {
		if _, err := encodeSubmit(m); err == nil || err.Error()[:len(name)] != name {
			t.Errorf("%s: %v", name, err)
		}
	}
	c := New(Options{SystemID: long[:16]})
	if _, err := c.links[0].open(canceled()); err == nil {
		t.Error("a long system_id is sent")
	}
}

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
