package smsc

import (
	"encoding/binary"
	"regexp"
	"strconv"
	"strings"
	"time"

	"messagehub/actors/channel/sim"
	"messagehub/actors/channel/sms/gsm"
)

// submit is a submit_sm that passed.
type submit struct {
	source, dest    address
	to              string // as the ledger has it
	registered      byte
	text            string
	units           string // of a part in UCS-2: its octets
	part            part
	single, locking gsm.Language
	reference       string // user_message_reference, in decimal digits
	userReference   []byte
	wantsEnRoute    bool
	wantsOnlyFailed bool
}

type address struct {
	ton, npi byte
	number   string
}

// part says which part of which message a submit_sm is; total is 1 for a
// whole one.
type part struct{ reference, total, number int }

// The optional parameters that a submit_sm may have here.
const (
	optReference  = 0x0204
	optSarRef     = 0x020c
	optSarTotal   = 0x020e
	optSarNumber  = 0x020f
	optPayload    = 0x0424
	optMore       = 0x0426
	optPrivacy    = 0x0201
	optReceiptID  = 0x001e
	optNetworkErr = 0x0423
	optState      = 0x0427
)

// fixed are the lengths of the optional parameters; -1 for any.
func fixed(tag uint16) (length int, known bool) {
	switch tag {
	case optReference, optSarRef:
		return 2, true
	case optSarTotal, optSarNumber, optMore, optPrivacy:
		return 1, true
	case optPayload:
		return -1, true
	}
	return 0, false
}

// parseSubmit reads the body of a submit_sm as strictly as the specification
// allows.
func parseSubmit(body []byte, alphabet Alphabet) (*submit, uint32) {
	in := cursor{rest: body}
	m := &submit{}
	in.text(6, badServiceType)
	m.source = address{in.octet(), in.octet(), in.text(21, badSource)}
	m.dest = address{in.octet(), in.octet(), in.text(21, badDestination)}
	class, _, priority := in.octet(), in.octet(), in.octet()
	schedule, validity := in.text(17, badSchedule), in.text(17, badValidity)
	m.registered = in.octet()
	replace, coding, _ := in.octet(), in.octet(), in.octet()
	short := in.octets(int(in.octet()))
	options := in.options()
	if in.fault != ok {
		return nil, in.fault
	}
	for _, status := range []uint32{
		m.source.checkSource(), m.checkDest(), checkFlags(class, priority, replace, m.registered),
		checkTime(schedule, badSchedule), checkTime(validity, badValidity), checkOptions(options, short),
	} {
		if status != ok {
			return nil, status
		}
	}
	m.wantsEnRoute = m.registered&0x10 != 0
	m.wantsOnlyFailed = m.registered&3 == 2
	if ref := options[optReference]; ref != nil {
		m.reference, m.userReference = strconv.Itoa(int(binary.BigEndian.Uint16(ref))), ref
	}
	return m, m.read(class, coding, short, options, alphabet)
}

// checkSource checks who sends.
func (a address) checkSource() uint32 {
	switch {
	case a.ton > 6:
		return badSourceTON
	case !plan(a.npi):
		return badSourceNPI
	case a.ton == 5 && (len(a.number) == 0 || len(a.number) > 11),
		a.ton == 1 && !digits(a.number, 7, 15),
		a.ton != 5 && !digits(a.number, 0, 20):
		return badSource
	}
	return ok
}

// checkDest checks the recipient, and names it for the ledger.
func (m *submit) checkDest() uint32 {
	a := m.dest
	switch {
	case a.ton > 6:
		return badDestinationTON
	case !plan(a.npi):
		return badDestinationNPI
	case a.ton == 5 && a.npi == 0 && a.number != "":
		m.to = sim.Reserved + a.number
	case !digits(a.number, 3, 15):
		return badDestination
	default:
		m.to = "+" + a.number
	}
	return ok
}

// plan reports whether an NPI exists.
func plan(npi byte) bool {
	return strings.IndexByte("\x00\x01\x03\x04\x06\x08\x09\x0a\x0e\x12", npi) >= 0
}

func digits(s string, least, most int) bool {
	return len(s) >= least && len(s) <= most && strings.Trim(s, "0123456789") == ""
}

func checkFlags(class, priority, replace, registered byte) uint32 {
	switch {
	case class&0x03 == 1 || class&0x3c != 0 && class&0x3c != 0x08 && class&0x3c != 0x10:
		return badClass
	case priority > 3:
		return badPriority
	case replace > 1:
		return badReplace
	case registered&0xe0 != 0 || registered&3 == 3:
		return badOptionalValue
	}
	return ok
}

// checkTime takes the absolute and the relative form.
func checkTime(text string, status uint32) uint32 {
	if text == "" {
		return ok
	}
	if !regexp.MustCompile(`^[0-9]{15}[-+R]$`).MatchString(text) {
		return status
	}
	if text[15] == 'R' {
		return ok
	}
	at, err := time.Parse("060102150405", text[:12])
	if err != nil || text[13:15] > "48" || at.Before(time.Now().Add(-24*time.Hour)) {
		return status
	}
	return ok
}

func checkOptions(options map[uint16][]byte, short []byte) uint32 {
	for tag, value := range options {
		length, known := fixed(tag)
		switch {
		case !known:
			return optionNotAllowed
		case length >= 0 && len(value) != length:
			return badOptionalLength
		}
	}
	if _, has := options[optPayload]; has && len(short) > 0 {
		return optionNotAllowed
	}
	sar := 0
	for _, tag := range []uint16{optSarRef, optSarTotal, optSarNumber} {
		if options[tag] != nil {
			sar++
		}
	}
	if sar != 0 && sar != 3 {
		return optionMissing
	}
	return ok
}
