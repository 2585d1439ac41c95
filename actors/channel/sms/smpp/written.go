package smpp

import "encoding/binary"

// Written is a message of a handset, or a part of one.
type Written struct {
	Source, Dest Address
	DataCoding   byte
	// Header is the user data header, its length octet included; Body follows
	// it.
	Header, Body []byte
	// Reference, Total and Number are those of the sar_* parameters; Total is 0
	// where there are none.
	Reference, Total, Number int
	// UserReference is the user_message_reference; -1: there is none.
	UserReference int
}

// ParseWritten reads a message of a handset. ok is false where d is none: a
// receipt, or the acknowledgement of another handset.
func ParseWritten(d *Delivery) (w Written, ok bool) {
	if d.ESMClass&messageTypes != 0 || cstring(d.TLVs[tlvReceiptedID]) != "" {
		return Written{}, false
	}
	w = Written{Source: d.Source, Dest: d.Dest, DataCoding: d.DataCoding, Header: d.Header, Body: d.Text, UserReference: -1}
	if len(d.Header) == 0 && d.ESMClass&headerClass != 0 && len(d.Text) > 0 && int(d.Text[0]) < len(d.Text) { // in message_payload
		size := int(d.Text[0]) + 1
		w.Header, w.Body = d.Text[:size], d.Text[size:]
	}
	reference, total, number := d.TLVs[SARReference], d.TLVs[SARTotal], d.TLVs[SARNumber]
	if len(reference) == 2 && len(total) == 1 && len(number) == 1 && number[0] >= 1 && number[0] <= total[0] {
		w.Reference, w.Total, w.Number = int(binary.BigEndian.Uint16(reference)), int(total[0]), int(number[0])
	}
	if own := d.TLVs[UserMessageReference]; len(own) == 2 {
		w.UserReference = int(binary.BigEndian.Uint16(own))
	}
	return w, true
}
