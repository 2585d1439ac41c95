package sms

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sim"
	"messagehub/actors/channel/sms/smpp"
	"messagehub/actors/channel/sms/smsc"
	"messagehub/store/message"
	"messagehub/store/message/mutate"
)

// writes has a handset send a text, and returns what came of it.
func (d *smppDesk) writes(t *testing.T, text string) []message.Inbound {
	t.Helper()
	d.mu.Lock()
	d.written = nil
	d.mu.Unlock()
	if _, err := d.adapter.Probe(t.Context()); err != nil { // it is bound
		t.Fatal(err)
	}
	if err := d.smsc.Write(sim.Written{Kind: sim.WritesText, From: "+821099887766", Text: text}); err != nil {
		t.Fatal(err)
	}
	d.settled(t)
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.written)
}

// What handsets write arrives as it was written, in every alphabet and in
// parts: the SMSC writes with tables of its own.
func TestSMPPMessagesOfHandsets(t *testing.T) {
	texts := []string{
		"STOP", "", "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ÄÖÑÜ§¿äöñüà\f^{}\\[~]|€",
		strings.Repeat("a", 160), strings.Repeat("a", 161), strings.Repeat("€", 153), strings.Repeat("1234567", 44) + "1",
		strings.Repeat("д", 71), strings.Repeat("😀", 36), strings.Repeat("Ça va? ", 39), "1234567", "안녕",
	}
	for alphabet, written := range map[string]smsc.Alphabet{alphabetGSM7: smsc.GSM, alphabetPacked: smsc.PackedGSM, alphabetLatin1: smsc.Latin1} {
		t.Run(alphabet, func(t *testing.T) {
			d := newSMPPDesk(t, smsc.Options{Alphabet: written}, channel.Values{settingAlphabet: alphabet})
			for i, text := range texts {
				got := d.writes(t, text)
				if len(got) != 1 || got[0].Text != text || got[0].From != "+821099887766" || got[0].Kind != message.KindText {
					t.Errorf("text %d: %+v", i, got)
				}
			}
		})
	}
}

// A delivery that can't be stored is refused, and comes again.
func TestSMPPMessageIsAnsweredOnceStored(t *testing.T) {
	d := newSMPPDesk(t, smsc.Options{}, nil)
	d.refusals = 2
	if got := d.writes(t, strings.Repeat("long ", 40)); len(got) != 1 || d.refusals != 0 {
		t.Errorf("%+v, %d refusals to come", got, d.refusals)
	}
}

// written makes a delivery of a handset.
func written(class, coding byte, header, text string, tlvs map[uint16][]byte) smpp.Delivery {
	return smpp.Delivery{
		Source: smpp.Address{TON: 1, NPI: 1, Number: "821099887766"}, Dest: smpp.Address{TON: 1, NPI: 1, Number: "15005550006"},
		ESMClass: class, DataCoding: coding, Header: []byte(header), Text: []byte(text), TLVs: tlvs,
	}
}

func part(total, number byte, text string) smpp.Delivery {
	return written(0x40, 8, "\x05\x00\x03\x07"+string([]byte{total, number}), text, nil)
}

// lone is an adapter without an SMSC, and what it hands over.
func lone(t *testing.T, v channel.Vault) (*smppAdapter, *[]message.Inbound) {
	t.Helper()
	values := channel.Sandbox(Spec().Settings)
	values[settingProvider] = providerSMPP
	var got []message.Inbound
	a, err := newAdapter(channel.Sender{Name: "main", Settings: values, Vault: v, Receive: func(all []message.Inbound) error {
		got = append(got, all...)
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	a.(*smppAdapter).loadParts()
	return a.(*smppAdapter), &got
}

func TestSMPPCodingsOfHandsets(t *testing.T) {
	sar := func(number byte) map[uint16][]byte {
		return map[uint16][]byte{smpp.SARReference: {1, 2}, smpp.SARTotal: {2}, smpp.SARNumber: {number}}
	}
	for name, row := range map[string]struct {
		all        []smpp.Delivery
		kind, text string
		marked     bool
	}{
		"GSM-7":                 {[]smpp.Delivery{written(0, 0, "", "\x00\x1b\x65", nil)}, "text", "@€", false},
		"GSM-7 of a class":      {[]smpp.Delivery{written(0, 0xf1, "", "\x00", nil)}, "text", "@", false},
		"Turkish":               {[]smpp.Delivery{written(0x40, 0, "\x03\x25\x01\x01", "\x04", nil)}, "text", "€", false},
		"ASCII":                 {[]smpp.Delivery{written(0, 1, "", "a@", nil)}, "text", "a@", false},
		"Latin-1":               {[]smpp.Delivery{written(0, 3, "", "\xe9", nil)}, "text", "é", false},
		"Cyrillic":              {[]smpp.Delivery{written(0, 6, "", "\xdf", nil)}, "text", "п", false},
		"Hebrew":                {[]smpp.Delivery{written(0, 7, "", "\xe0", nil)}, "text", "א", false},
		"UCS-2":                 {[]smpp.Delivery{written(0, 8, "", "\xd8\x3d\xde\x00", nil)}, "text", "😀", false},
		"half of UCS-2":         {[]smpp.Delivery{written(0, 8, "", "\xd8\x3d\xde", nil)}, "text", "\ufffd", false},
		"8-bit":                 {[]smpp.Delivery{written(0, 4, "", "\x00\xff", nil)}, "binary", "00ff", false},
		"8-bit of a class":      {[]smpp.Delivery{written(0, 0xf5, "", "\x01", nil)}, "binary", "01", false},
		"Japanese":              {[]smpp.Delivery{written(0, 5, "", "\x82\xa0", nil)}, "binary", "82a0", false},
		"a reference":           {[]smpp.Delivery{written(0, 3, "", "x", map[uint16][]byte{smpp.UserMessageReference: {0, 9}})}, "text", "x", true},
		"payload with a header": {[]smpp.Delivery{written(0x40, 8, "", "\x05\x00\x03\x07\x01\x01\x04\x34", nil)}, "text", "д", false},
		"sar parameters":        {[]smpp.Delivery{written(0, 3, "", "b", sar(2)), written(0, 3, "", "a", sar(1))}, "text", "ab", true},
		"parts in any order":    {[]smpp.Delivery{part(3, 3, "\x00c"), part(3, 1, "\x00a"), part(3, 1, "\x00a"), part(3, 2, "\x00b")}, "text", "abc", true},
		"a divided character":   {[]smpp.Delivery{part(2, 1, "\x00a\xd8\x3d"), part(2, 2, "\xde\x00")}, "text", "a😀", true},
		"an empty part":         {[]smpp.Delivery{part(2, 1, ""), part(2, 2, "\x00b")}, "text", "b", true},
	} {
		a, got := lone(t, nil)
		err := a.deliver(row.all)
		if err != nil || len(*got) != 1 || (*got)[0].Kind != row.kind || (*got)[0].Text != row.text || ((*got)[0].ProviderID != "") != row.marked {
			t.Errorf("%s: %+v, %v", name, *got, err)
		}
	}
	a, got := lone(t, nil)
	receipt := written(0x04, 0, "", "id:1 stat:DELIVRD", nil)
	other := written(0x08, 0, "", "ack", nil)
	if err := a.deliver([]smpp.Delivery{other}); err != nil || len(*got) > 0 {
		t.Errorf("%+v, %v", *got, err)
	}
	if err := a.deliver([]smpp.Delivery{receipt}); !errors.Is(err, errNoReport) || len(*got) > 0 {
		t.Errorf("a receipt is taken for a message: %+v, %v", *got, err)
	}
}

func TestNumbersOfHandsets(t *testing.T) {
	for number, want := range map[smpp.Address]string{
		{TON: 1, NPI: 1, Number: "821099887766"}: "+821099887766", {Number: "821099887766"}: "+821099887766", {Number: "+821099887766"}: "+821099887766",
		{TON: 2, NPI: 1, Number: "1099887766"}: "1099887766", {TON: 3, Number: "12345"}: "12345", {TON: 1, Number: "12345"}: "12345",
		{TON: 5, Number: "Bank"}: "Bank", {TON: 5, Number: "a\nb"}: "", {}: "",
	} {
		if got := numberOf(number); got != want {
			t.Errorf("%+v: %q, want %q", number, got, want)
		}
	}
}

// Parts are on disk before they are answered: the message is put together
// after a restart, once, and by the same id should they all come again.
func TestSMPPPartsOutliveTheProcess(t *testing.T) {
	vault := &memVault{}
	first, got := lone(t, vault)
	if err := first.deliver([]smpp.Delivery{part(2, 2, "\x00b")}); err != nil || len(*got) > 0 {
		t.Fatalf("%+v, %v", *got, err)
	}
	second, got := lone(t, vault)
	if err := second.deliver([]smpp.Delivery{part(2, 1, "\x00a")}); err != nil || len(*got) != 1 || (*got)[0].Text != "ab" {
		t.Fatalf("%+v, %v", *got, err)
	}
	third, again := lone(t, vault)
	if err := third.deliver([]smpp.Delivery{part(2, 1, "\x00a"), part(2, 2, "\x00b")}); err != nil || len(*again) != 1 || (*again)[0].ProviderID != (*got)[0].ProviderID {
		t.Errorf("%+v, %v", *again, err)
	}
	vault.fault = errors.New("disk full")
	if err := third.deliver([]smpp.Delivery{part(2, 1, "\x00a")}); !errors.Is(err, vault.fault) {
		t.Errorf("a part is answered that is not written down: %v", err)
	}
}

// What has waited long enough is handed over with its gaps.
func TestSMPPPartsThatNeverCome(t *testing.T) {
	a, got := lone(t, &memVault{})
	if err := a.deliver([]smpp.Delivery{part(4, 1, "\x00a"), part(4, 4, "\x00d")}); err != nil {
		t.Fatal(err)
	}
	if err := a.handOver(nil, time.Now().Add(partsFor-time.Minute)); err != nil || len(*got) > 0 {
		t.Errorf("too early: %+v, %v", *got, err)
	}
	if err := a.handOver(nil, time.Now().Add(partsFor+time.Second)); err != nil || len(*got) != 1 || (*got)[0].Text != "a […] d" {
		t.Errorf("%+v, %v", *got, err)
	}
	var many []smpp.Delivery
	for i := range maxParts + 2 {
		p := part(2, 1, "\x00a")
		p.Header[3] = byte(i)
		p.Source.Number = "8210998" + string([]byte{'0' + byte(i/256), '7', '7'})
		many = append(many, p)
	}
	*got = nil
	if err := a.deliver(many); err != nil || len(*got) != 2 {
		t.Errorf("%d handed over, %v", len(*got), err)
	}
}

// FuzzWritten feeds the reader of handsets' messages headers and bodies.
func FuzzWritten(f *testing.F) {
	a := smppForm{packed: true}
	seeds := []string{"\x40\x00\x05\x00\x03\x01\x02\x01abc", "\x00\x08\x00", "\x40\xf1\x06\x08\x04\x01\x01\x02\x02x", "\x40\x00\x03\x24\x01\x02", "\x40\x08\xff\x00"}
	mutate.Strings(f, seeds, func(t testing.TB, input string) {
		if len(input) < 2 {
			return
		}
		d := written(input[0], input[1], "", input[2:], nil)
		w, ok := smpp.ParseWritten(&d)
		if !ok {
			return
		}
		p := a.partOf(&w)
		if p.Total < 1 || p.Total > 255 || p.Number < 1 || p.Number > p.Total {
			t.Errorf("part %d of %d", p.Number, p.Total)
		}
		in := p.inbound(p.Body)
		if len(in.Text) > 4*len(input)+8 || len(in.ProviderID) > 64 {
			t.Errorf("%d octets make %d", len(input), len(in.Text))
		}
	})
}

// memVault is a vault in memory.
type memVault struct {
	values map[string][]byte
	fault  error
}

func (v *memVault) Load(name string) ([]byte, error) { return v.values[name], nil }

func (v *memVault) Save(name string, value []byte) error {
	if v.fault != nil {
		return v.fault
	}
	if v.values == nil {
		v.values = map[string][]byte{}
	}
	v.values[name] = slices.Clone(value)
	return nil
}
