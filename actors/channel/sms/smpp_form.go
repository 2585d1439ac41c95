package sms

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sim"
	"messagehub/actors/channel/sms/gsm"
	"messagehub/actors/channel/sms/smpp"
	"messagehub/store/message"
)

// The bits of esm_class and the data_codings of a submit_sm.
const (
	classUDHI       = 0x40
	codingDefault   = 0x00
	codingLatin1    = 0x03
	codingUCS2      = 0x08
	tonUnknown      = 0
	tonInternat     = 1
	tonNetwork      = 3
	tonAlphanumeric = 5
	npiUnknown      = 0
	npiISDN         = 1
)

// smppForm is how a sender's messages are written.
type smppForm struct {
	encoder     gsm.Encoder
	packed      bool
	latin1      bool // is what data_coding 0 stands for
	dataCoding  int  // of what is not UCS-2; -1 for the coding's own
	long        string
	source      smpp.Address
	destTON     byte
	destNPI     byte
	serviceType string
	validity    string
	registered  byte
}

func smppFormOf(v channel.Values) smppForm {
	f := smppForm{
		encoder: encoderOf(v), packed: v.Text(settingAlphabet) == alphabetPacked, latin1: v.Text(settingAlphabet) == alphabetLatin1,
		dataCoding: number(v, settingDataCoding, -1),
		long:       v.Text(settingLong), source: sourceOf(v), serviceType: v.Text(settingServiceType), validity: v.Text(settingValidity),
		destTON: byte(v.Int(settingDestTON)), destNPI: byte(v.Int(settingDestNPI)),
	}
	f.registered = map[string]byte{receiptsFinal: 0x01, receiptsFailed: 0x02, receiptsAll: 0x11}[v.Text(settingReceipts)]
	return f
}

// number returns a setting's number, or other where it is not given.
func number(v channel.Values, setting string, other int) int {
	if v.Text(setting) == "" {
		return other
	}
	return v.Int(setting)
}

// sourceOf makes the sender's address: a phone number without its plus sign, a
// short code or a name.
func sourceOf(v channel.Values) smpp.Address {
	from := v.Text(settingFrom)
	ton, npi := tonAlphanumeric, npiUnknown
	switch digits := strings.TrimPrefix(from, "+"); {
	case digits != from:
		ton, npi, from = tonInternat, npiISDN, digits
	case strings.Trim(from, "0123456789") == "":
		ton = tonNetwork
	}
	return smpp.Address{TON: byte(number(v, settingSourceTON, ton)), NPI: byte(number(v, settingSourceNPI, npi)), Number: from}
}

// encode makes the messages that carry a step. segments is what they cost.
func (f *smppForm) encode(r *channel.Request, reference uint16, now time.Time) (parts []*smpp.ShortMessage, segments int, err error) {
	text, err := textOf(r.Step)
	if err != nil {
		return nil, 0, err
	}
	m, err := f.encoder.Encode(text, reference)
	if err != nil {
		return nil, 0, channel.Failed(channel.ContentTooLong, "", fmt.Sprintf("the text needs more than %d short messages", gsm.MaxParts))
	}
	if len(m.Parts) == 0 {
		return nil, 0, channel.Failed(channel.ContentRejected, "", "there is no text")
	}
	common := smpp.ShortMessage{
		ServiceType: f.serviceType, Source: f.source, Dest: f.dest(r.Step.To), Registered: f.registered,
		DataCoding: f.codingOf(m.Coding), Validity: validity(f.validity, now, r.Expires),
	}
	if len(m.Parts) > 1 && f.long == longPayload {
		part := common
		f.payload(&part, &m)
		return []*smpp.ShortMessage{&part}, len(m.Parts), nil
	}
	for i, p := range m.Parts {
		part := common
		header := p.Header
		if len(m.Parts) > 1 && f.long == longSAR {
			header = m.ShiftHeader()
			part.TLVs = sar(reference, len(m.Parts), i+1)
		}
		part.ESMClass, part.Text = f.userData(&m.Form, header, p.Body)
		parts = append(parts, &part)
	}
	return parts, len(m.Parts), nil
}

// payload puts a text of several parts into one message.
func (f *smppForm) payload(part *smpp.ShortMessage, m *gsm.Message) {
	var body []byte
	for _, p := range m.Parts {
		body = append(body, p.Body...)
	}
	var text []byte
	part.ESMClass, text = f.userData(&m.Form, m.ShiftHeader(), body)
	part.TLVs = []smpp.TLV{{Tag: smpp.MessagePayload, Value: text}}
}

// userData joins a header and a body, and says so in esm_class.
func (f *smppForm) userData(form *gsm.Form, header, body []byte) (class byte, text []byte) {
	if form.Coding == gsm.GSM7 && f.packed {
		body = gsm.Pack(body, len(header))
	}
	if len(header) == 0 {
		return 0, body
	}
	return classUDHI, append(append(make([]byte, 0, len(header)+len(body)), header...), body...)
}

// sar are the optional parameters of a part.
func sar(reference uint16, total, number int) []smpp.TLV {
	return []smpp.TLV{
		{Tag: smpp.SARReference, Value: []byte{byte(reference >> 8), byte(reference)}},
		{Tag: smpp.SARTotal, Value: []byte{byte(total)}},
		{Tag: smpp.SARNumber, Value: []byte{byte(number)}},
	}
}

func (f *smppForm) codingOf(c gsm.Coding) byte {
	switch {
	case c == gsm.UCS2:
		return codingUCS2
	case f.dataCoding >= 0:
		return byte(f.dataCoding)
	case c == gsm.Latin1:
		return codingLatin1
	}
	return codingDefault
}

// dest makes the recipient's address. The reserved recipients of the sandbox
// are names.
func (f *smppForm) dest(to string) smpp.Address {
	if name, reserved := strings.CutPrefix(to, sim.Reserved); reserved {
		return smpp.Address{TON: tonAlphanumeric, NPI: npiUnknown, Number: name}
	}
	return smpp.Address{TON: f.destTON, NPI: f.destNPI, Number: strings.TrimPrefix(to, "+")}
}

// longestValidity bounds how far ahead a validity_period lies: its relative form
// counts days up to 30, and months beyond are of no fixed length.
const longestValidity = 30 * 24 * time.Hour

// validity writes validity_period: the time left, or the end in UTC. What has
// expired is given a second.
func validity(form string, now time.Time, expires message.Time) string {
	if form == validityNone || expires == 0 {
		return ""
	}
	left := min(max(expires.Std().Sub(now).Truncate(time.Second), time.Second), longestValidity)
	if form == validityAbsolute {
		return now.Add(left).UTC().Format("060102150405") + "000+"
	}
	seconds := int(left / time.Second)
	return "0000" + two(seconds/86400) + two(seconds/3600%24) + two(seconds/60%60) + two(seconds%60) + "000R"
}

func two(n int) string {
	if n < 10 {
		return "0" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}
