package sms

import (
	"encoding/hex"
	"errors"
	"time"

	"golang.org/x/text/encoding/charmap"

	"messagehub/actors/channel/sms/gsm"
	"messagehub/actors/channel/sms/smpp"
	"messagehub/store/message"
)

var errNoInbox = errors.New("nobody takes messages of handsets")

// writtenPart is a part of a message of a handset, or all of it.
type writtenPart struct {
	From, To string
	// Reference, Total and Number say which part of which message it is; Total
	// is 1 for a whole one.
	Reference, Total, Number int
	Coding                   writtenCoding
	Locking, Single          gsm.Language
	Body                     []byte // a septet in each octet where the coding is GSM-7
	// Marked: the handset or the SMSC has numbered it, so one that comes again
	// can be told from another with the same words.
	Marked bool
}

// writtenCoding is how a text is written.
type writtenCoding byte

// The codings. Binary is no text.
const (
	writtenGSM7 writtenCoding = iota
	writtenUCS2
	writtenLatin1
	writtenBinary
	writtenCyrillic // ISO 8859-5
	writtenHebrew   // ISO 8859-8
)

// partOf reads what a handset has written.
func (f *smppForm) partOf(w *smpp.Written) writtenPart {
	h := gsm.ReadHeader(w.Header)
	p := writtenPart{
		From: numberOf(w.Source), To: w.Dest.Number, Reference: h.Reference, Total: h.Total, Number: h.Number,
		Coding: f.codingOfWritten(w.DataCoding), Locking: h.Locking, Single: h.Single, Body: w.Body,
	}
	if p.Total == 0 && w.Total > 0 {
		p.Reference, p.Total, p.Number = w.Reference, w.Total, w.Number
	}
	if p.Marked = p.Total > 1 || w.UserReference >= 0; p.Total <= 1 {
		p.Reference, p.Total, p.Number = max(w.UserReference, 0), 1, 1
	}
	if p.Coding == writtenGSM7 && f.packed {
		p.Body = unpacked(p.Body, len(w.Header))
	}
	p.Body = append([]byte(nil), p.Body...)
	return p
}

// unpacked takes septets out of octets. The carriage return, or the zero, that
// only fills the last octet is dropped.
func unpacked(body []byte, header int) []byte {
	septets := gsm.Unpack(body, header, 8*len(body)/7)
	n, fill := len(septets), (7-8*header%7)%7
	if n > 0 && 8*len(body) == fill+7*n && (septets[n-1] == '\r' || septets[n-1] == 0) {
		return septets[:n-1]
	}
	return septets
}

// codingOfWritten reads a data_coding: SMPP 3.4, section 5.2.19, and for the
// upper half, the groups of TS 23.038, section 4.
func (f *smppForm) codingOfWritten(dataCoding byte) writtenCoding {
	switch {
	case dataCoding == 0x00 && f.latin1:
		return writtenLatin1
	case dataCoding == 0x00:
		return writtenGSM7
	case dataCoding == 0x01 || dataCoding == 0x03:
		return writtenLatin1 // which has ASCII in it
	case dataCoding == 0x06:
		return writtenCyrillic
	case dataCoding == 0x07:
		return writtenHebrew
	case dataCoding == codingUCS2, dataCoding&0xf0 == 0xe0:
		return writtenUCS2
	case dataCoding&0xf0 == 0xc0, dataCoding&0xf0 == 0xd0, dataCoding&0xf4 == 0xf0:
		return writtenGSM7
	}
	return writtenBinary
}

// numberOf brings the number of a handset to E.164, where it is international.
func numberOf(a smpp.Address) string {
	if a.TON != tonInternat && a.TON != tonUnknown {
		return writerAs(a.Number)
	}
	return writerOf(a.Number, "")
}

// text reads parts that belong together, as one.
func (p *writtenPart) text(body []byte) (kind, text string) {
	switch p.Coding {
	case writtenGSM7:
		return message.KindText, gsm.Form{Locking: p.Locking, Single: p.Single}.Decode(body)
	case writtenUCS2:
		return message.KindText, gsm.Form{Coding: gsm.UCS2}.Decode(body)
	case writtenLatin1:
		return message.KindText, gsm.Form{Coding: gsm.Latin1}.Decode(body)
	case writtenCyrillic:
		text, _ := charmap.ISO8859_5.NewDecoder().Bytes(body)
		return message.KindText, string(text)
	case writtenHebrew:
		text, _ := charmap.ISO8859_8.NewDecoder().Bytes(body)
		return message.KindText, string(text)
	}
	return message.KindBinary, hex.EncodeToString(body)
}

// receive takes the messages of handsets among deliveries: durable when it
// returns nil, parts that wait for others too.
func (a *smppAdapter) receive(all []smpp.Delivery) error {
	now, told := time.Now(), false
	var out []message.Inbound
	for i := range all {
		w, ok := smpp.ParseWritten(&all[i])
		if !ok {
			continue
		}
		told = true
		if p := a.form.partOf(&w); p.From == "" {
			continue // it can't be said who writes
		} else if p.Total > 1 {
			a.parts.add(p, now)
		} else {
			out = append(out, p.inbound(p.Body))
		}
	}
	if !told {
		return nil
	}
	return a.handOver(out, now)
}

// handOver gives messages to whoever takes them, with those whose parts have
// all come, or that wait no longer.
func (a *smppAdapter) handOver(out []message.Inbound, now time.Time) error {
	a.handing.Lock()
	defer a.handing.Unlock()
	due := a.parts.due(now)
	for _, m := range due {
		out = append(out, m.inbound())
	}
	if len(out) > 0 {
		if a.take == nil {
			return errNoInbox
		}
		if err := a.take(out); err != nil {
			return err
		}
	}
	a.parts.remove(due)
	return a.saveParts()
}
