package smpp

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"
)

// The optional parameters that a message may be sent with.
const (
	UserMessageReference uint16 = 0x0204
	SARReference         uint16 = 0x020c
	SARTotal             uint16 = 0x020e
	SARNumber            uint16 = 0x020f
	MessagePayload       uint16 = 0x0424
)

// The optional parameters that are read beside.
const (
	tlvReceiptedID  uint16 = 0x001e
	tlvNetworkError uint16 = 0x0423
	tlvState        uint16 = 0x0427
)

const (
	receiptClass     = 0x04 // in the message type of esm_class
	intermediate     = 0x20
	messageTypes     = 0x3c
	headerClass      = 0x40 // a user data header is there
	maxReceiptedID   = 64
	dataCodingOfUCS2 = 8
)

// State is the message_state of a receipt.
type State byte

// The states of SMPP 3.4, and 0 and 9 of 5.0.
const (
	Scheduled State = iota
	EnRoute
	Delivered
	Expired
	Deleted
	Undeliverable
	Accepted
	UnknownState
	Rejected
	Skipped
	// NoState: the receipt says nothing that is known.
	NoState State = 0xff
)

// Receipt is what a deliver_sm says about a message.
type Receipt struct {
	ID    string // as the SMSC wrote it, without spaces
	State State
	Error string // the SMSC's own number, at most 16 characters
	// Reference is the message's user_message_reference, if Referenced.
	Reference  uint16
	Referenced bool
	Handset    string // the recipient's number, as the SMSC wrote it
}

// ParseReceipt reads a delivery receipt. ok is false where d is none: a
// message from a handset, or a receipt that names no message. Optional
// parameters count more than the text.
func ParseReceipt(d *Delivery) (r Receipt, ok bool) {
	id := cstring(d.TLVs[tlvReceiptedID])
	if kind := d.ESMClass & messageTypes; kind != receiptClass && kind != intermediate && id == "" {
		return Receipt{}, false
	}
	r = parseText(d.text())
	r.Handset = d.Source.Number
	if id != "" {
		r.ID = id
	}
	if state := d.TLVs[tlvState]; len(state) == 1 && State(state[0]) <= Skipped {
		r.State = State(state[0])
	}
	if reference := d.TLVs[UserMessageReference]; len(reference) == 2 {
		r.Reference, r.Referenced = binary.BigEndian.Uint16(reference), true
	}
	if e := d.TLVs[tlvNetworkError]; len(e) == 3 && r.Error == "" {
		r.Error = networkError(e)
	}
	if len(r.ID) > maxReceiptedID {
		r.ID = ""
	}
	return r, r.ID != "" || r.Referenced
}

// text returns the text of a receipt, which a few SMSCs write in UCS-2.
func (d *Delivery) text() string {
	if d.DataCoding != dataCodingOfUCS2 {
		return string(d.Text)
	}
	units := make([]uint16, len(d.Text)/2)
	for i := range units {
		units[i] = binary.BigEndian.Uint16(d.Text[2*i:])
	}
	return string(utf16.Decode(units))
}

// cstring ends b at its first zero.
func cstring(b []byte) string {
	b, _, _ = bytes.Cut(b, []byte{0})
	return string(bytes.TrimSpace(b))
}

// networkError writes network_error_code as its type and number.
func networkError(e []byte) string {
	const digits = "0123456789abcdef"
	out := []byte{'0', 'x'}
	for _, b := range e {
		out = append(out, digits[b>>4], digits[b&15])
	}
	return string(out)
}

// parseText reads the text of SMPP 3.4's appendix B, key by key: SMSCs leave
// some out, order them otherwise and write them in other cases.
//
//	id:123 sub:001 dlvrd:001 submit date:2611221200 done date:2611221201 stat:DELIVRD err:000 text:Hello
func parseText(text string) Receipt {
	r := Receipt{State: NoState}
	for text != "" {
		key, rest := nextKey(text)
		if key == "" {
			_, text, _ = strings.Cut(text, " ")
			continue
		}
		if key == "text" { // the message's own words: no keys from here on
			break
		}
		value := strings.TrimLeft(rest, " ")
		if next, _ := nextKey(value); next != "" { // the value is missing
			text = value
			continue
		}
		value, text, _ = strings.Cut(value, " ")
		r.set(key, value)
	}
	return r
}

// nextKey returns the key that text begins with, and what follows its colon.
func nextKey(text string) (key, rest string) {
	for _, k := range [...]string{"id", "sub", "dlvrd", "submit date", "done date", "stat", "err", "text"} {
		if len(text) > len(k) && text[len(k)] == ':' && strings.EqualFold(text[:len(k)], k) {
			return k, text[len(k)+1:]
		}
	}
	return "", text
}

func (r *Receipt) set(key, value string) {
	switch {
	case key == "id" && r.ID == "":
		r.ID = value
	case key == "stat" && r.State == NoState:
		r.State = stateNamed(value)
	case key == "err" && r.Error == "":
		r.Error = value[:min(len(value), 16)]
	}
}

// stateNamed returns the state of a stat: the names are cut to seven letters,
// or not.
func stateNamed(name string) State {
	name = strings.ToUpper(name)
	for prefix, state := range map[string]State{
		"SCHED": Scheduled, "ENROUTE": EnRoute, "DELIV": Delivered, "EXPIRED": Expired, "DELETED": Deleted,
		"UNDELIV": Undeliverable, "ACCEPT": Accepted, "UNKNOWN": UnknownState, "REJECT": Rejected, "SKIPPED": Skipped,
	} {
		if strings.HasPrefix(name, prefix) {
			return state
		}
	}
	return NoState
}
