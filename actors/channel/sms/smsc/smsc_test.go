package smsc

import (
	"bufio"
	"net"
	"strings"
	"testing"

	"messagehub/actors/channel/channeltest"
	"messagehub/actors/channel/sim"
)

func TestMain(m *testing.M) { channeltest.Main(m) }

// body is that of a submit_sm, whose members a test changes.
type body struct {
	service                                 string
	sourceTON, sourceNPI                    byte
	source                                  string
	destTON, destNPI                        byte
	dest                                    string
	class, priority                         byte
	schedule, validity                      string
	registered, replace, coding, sizeBeyond byte
	text, options                           string
}

func (b body) bytes() []byte {
	out := addText(nil, b.service)
	out = addText(append(out, b.sourceTON, b.sourceNPI), b.source)
	out = addText(append(out, b.destTON, b.destNPI), b.dest)
	out = addText(addText(append(out, b.class, 0, b.priority), b.schedule), b.validity)
	out = append(out, b.registered, b.replace, b.coding, 0, byte(len(b.text))+b.sizeBeyond)
	return append(append(out, b.text...), b.options...)
}

func TestSubmitIsReadStrictly(t *testing.T) {
	rows := map[string]struct {
		change func(*body)
		status uint32
	}{
		"good":                     {func(*body) {}, ok},
		"long service_type":        {func(b *body) { b.service = "123456" }, badServiceType},
		"source TON":               {func(b *body) { b.sourceTON = 7 }, badSourceTON},
		"source NPI":               {func(b *body) { b.sourceNPI = 2 }, badSourceNPI},
		"long name":                {func(b *body) { b.source = "MessageHub12" }, badSource},
		"number with a plus sign":  {func(b *body) { b.sourceTON, b.source = 1, "+1415555" }, badSource},
		"destination TON":          {func(b *body) { b.destTON = 9 }, badDestinationTON},
		"destination NPI":          {func(b *body) { b.destNPI = 7 }, badDestinationNPI},
		"destination with a plus":  {func(b *body) { b.dest = "+14155550100" }, badDestination},
		"esm_class":                {func(b *body) { b.class = 0x04 }, badClass},
		"header that is none":      {func(b *body) { b.class = 0x40 }, badClass},
		"part beyond the total":    {func(b *body) { b.class, b.text = 0x40, "\x05\x00\x03\x01\x02\x03x" }, badClass},
		"part":                     {func(b *body) { b.class, b.text = 0x40, "\x06\x08\x04\x01\x01\x02\x01x" }, ok},
		"priority":                 {func(b *body) { b.priority = 4 }, badPriority},
		"schedule":                 {func(b *body) { b.schedule = "tomorrow" }, badSchedule},
		"validity":                 {func(b *body) { b.validity = "000001000000000" }, badValidity},
		"validity in the past":     {func(b *body) { b.validity = "200101000000000+" }, badValidity},
		"validity, relative":       {func(b *body) { b.validity = "000001000000000R" }, ok},
		"registered_delivery":      {func(b *body) { b.registered = 0x20 }, badOptionalValue},
		"replace":                  {func(b *body) { b.replace = 2 }, badReplace},
		"data_coding":              {func(b *body) { b.coding = 0x0b }, badCoding},
		"length beyond the body":   {func(b *body) { b.sizeBeyond = 9 }, badLength},
		"161 septets":              {func(b *body) { b.text = strings.Repeat("a", 161) }, badMessageLength},
		"octet that is no septet":  {func(b *body) { b.text = "\x80" }, badCoding},
		"escape at the end":        {func(b *body) { b.text = "a\x1b" }, badCoding},
		"odd UCS-2":                {func(b *body) { b.coding, b.text = 8, "\x04\x34\x04" }, badMessageLength},
		"half a pair":              {func(b *body) { b.coding, b.text = 8, "\xd8\x3d" }, badCoding},
		"141 octets":               {func(b *body) { b.coding, b.text = 3, strings.Repeat("a", 141) }, badMessageLength},
		"cut option":               {func(b *body) { b.options = "\x02\x04\x00" }, badOptional},
		"option's length":          {func(b *body) { b.options = "\x02\x04\x00\x02\x01" }, badOptionalLength},
		"option of another length": {func(b *body) { b.options = "\x02\x04\x00\x01\x01" }, badOptionalLength},
		"option twice":             {func(b *body) { b.options = "\x02\x04\x00\x02\x01\x01\x02\x04\x00\x02\x01\x01" }, optionNotAllowed},
		"option of a delivery":     {func(b *body) { b.options = "\x04\x27\x00\x01\x02" }, optionNotAllowed},
		"text and payload":         {func(b *body) { b.options = "\x04\x24\x00\x01x" }, optionNotAllowed},
		"one of three sar":         {func(b *body) { b.options = "\x02\x0c\x00\x02\x00\x01" }, optionMissing},
	}
	for name, row := range rows {
		b := body{sourceTON: 5, source: "Relay", destTON: 1, destNPI: 1, dest: "14155550100", registered: 1, text: "hello"}
		row.change(&b)
		if _, status := parseSubmit(b.bytes(), GSM); status != row.status {
			t.Errorf("%s: 0x%02X, want 0x%02X", name, status, row.status)
		}
	}
}

// call sends a request and returns the answer.
func call(t *testing.T, conn net.Conn, p packet) packet {
	t.Helper()
	if _, err := conn.Write(p.bytes()); err != nil {
		t.Fatal(err)
	}
	var buf []byte
	a, _, err := next(bufio.NewReader(conn), &buf)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestBinds(t *testing.T) {
	w := sim.NewWorld(sim.Options{})
	t.Cleanup(w.Close)
	s := New(w, Options{Channel: "sms", SystemID: "esme", Password: "secret"})
	bind := func(id, password string) []byte {
		return append(addText(addText(addText(nil, id), password), ""), 0x34, 0, 0, 0)
	}
	message := body{sourceTON: 5, source: "Relay", destTON: 1, destNPI: 1, dest: "9990000011", text: "x"}.bytes()
	for name, row := range map[string]struct {
		before, request packet
		id, status      uint32
	}{
		"unknown account": {packet{}, packet{id: bindTransceiver, body: bind("other", "secret")}, bindTransceiver | answerBit, badSystemID},
		"wrong password":  {packet{}, packet{id: bindTransmitter, body: bind("esme", "wrong")}, bindTransmitter | answerBit, badPassword},
		"long account":    {packet{}, packet{id: bindTransceiver, body: bind("0123456789abcdef", "secret")}, bindTransceiver | answerBit, badSystemID},
		"before the bind": {packet{}, packet{id: submitSM, body: message}, submitSM | answerBit, badState},
		"twice":           {packet{id: bindTransceiver, body: bind("esme", "secret")}, packet{id: bindTransceiver, body: bind("esme", "secret")}, bindTransceiver | answerBit, alreadyBound},
		"from a receiver": {packet{id: bindReceiver, body: bind("esme", "secret")}, packet{id: submitSM, body: message}, submitSM | answerBit, badState},
		"scripted number": {packet{id: bindTransceiver, body: bind("esme", "secret")}, packet{id: submitSM, body: message}, submitSM | answerBit, badDestination},
		"unknown command": {packet{id: bindTransceiver, body: bind("esme", "secret")}, packet{id: 0x77}, genericNack, badCommand},
		"unbind":          {packet{id: bindTransceiver, body: bind("esme", "secret")}, packet{id: unbind}, unbind | answerBit, ok},
	} {
		conn, err := w.Dial(s)(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		if row.before.id != 0 {
			if a := call(t, conn, row.before); a.status != ok {
				t.Errorf("%s: bind 0x%02X", name, a.status)
			}
		}
		row.request.sequence = 7
		if a := call(t, conn, row.request); a.id != row.id || a.status != row.status || a.sequence != 7 {
			t.Errorf("%s: answer %08x, 0x%02X, %d; want %08x, 0x%02X", name, a.id, a.status, a.sequence, row.id, row.status)
		}
		_ = conn.Close()
	}
}
