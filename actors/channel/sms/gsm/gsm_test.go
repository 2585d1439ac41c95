package gsm

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestMeasure(t *testing.T) {
	rows := []struct {
		text   string
		n      int
		coding Coding
	}{
		{"", 0, GSM7},
		{"a", 1, GSM7},
		{strings.Repeat("a", 160), 1, GSM7},
		{strings.Repeat("a", 161), 2, GSM7},
		{strings.Repeat("a", 306), 2, GSM7},
		{strings.Repeat("a", 307), 3, GSM7},
		{strings.Repeat("€", 80), 1, GSM7},
		{strings.Repeat("€", 81), 2, GSM7},
		// 153 is odd: each part holds 76 pairs of escape and code.
		{strings.Repeat("€", 152), 2, GSM7},
		{strings.Repeat("€", 153), 3, GSM7},
		{strings.Repeat("a", 152) + "€" + strings.Repeat("a", 152), 3, GSM7},
		{strings.Repeat("д", 70), 1, UCS2},
		{strings.Repeat("д", 71), 2, UCS2},
		{strings.Repeat("д", 134), 2, UCS2},
		{strings.Repeat("д", 135), 3, UCS2},
		{strings.Repeat("😀", 35), 1, UCS2},
		{strings.Repeat("😀", 36), 2, UCS2},
		{strings.Repeat("😀", 66), 2, UCS2},
		{strings.Repeat("😀", 67), 3, UCS2},
		{"Ç", 1, GSM7},
		{"ç", 1, UCS2},
		{"`", 1, UCS2},
		{"…", 1, UCS2},
		{"“", 1, UCS2},
		{"–", 1, UCS2},
		{"\u00a0", 1, UCS2},
		{"\x1b", 1, UCS2},
		{"\t", 1, UCS2},
		{"\f^{}\\[~]|€", 1, GSM7},
		{"$¤@£", 1, GSM7},
		{"\r\n", 1, GSM7},
		{"고객명님", 1, UCS2},
		{strings.Repeat("a", 70) + "д", 2, UCS2},
	}
	for _, row := range rows {
		if f, _ := (Encoder{}).Measure(row.text); f.Parts != row.n || f.Coding != row.coding {
			t.Errorf("%.20q, %d characters: %d parts in %v; want %d in %v",
				row.text, utf8.RuneCountInString(row.text), f.Parts, f.Coding, row.n, row.coding)
		}
	}
}

// A wide reference leaves less room: 152 septets, 66 code units, 133 octets.
func TestMeasureWithOptions(t *testing.T) {
	wide := Encoder{WideReference: true}
	turkish := Encoder{Languages: []Language{Turkish}}
	iberian := Encoder{Languages: []Language{Spanish, Portuguese}}
	latin := Encoder{Latin1: true}
	smart := Encoder{Smart: true}
	rows := []struct {
		name    string
		encoder Encoder
		text    string
		want    Form
	}{
		{"wide", wide, strings.Repeat("a", 304), Form{Parts: 2}},
		{"wide", wide, strings.Repeat("a", 305), Form{Parts: 3}},
		{"wide", wide, strings.Repeat("a", 160), Form{Parts: 1}},
		{"wide", wide, strings.Repeat("д", 132), Form{Coding: UCS2, Parts: 2}},
		{"wide", wide, strings.Repeat("д", 133), Form{Coding: UCS2, Parts: 3}},
		{"single Turkish", turkish, "ğ" + strings.Repeat("a", 153), Form{Single: Turkish, Parts: 1}},
		{"locking Turkish", turkish, strings.Repeat("ğ", 155), Form{Locking: Turkish, Parts: 1}},
		{"locking Turkish", turkish, strings.Repeat("ğ", 298), Form{Locking: Turkish, Parts: 2}}, // 149 each
		{"locking Turkish", turkish, strings.Repeat("ğ", 299), Form{Locking: Turkish, Parts: 3}},
		{"è is not in the locking table", turkish, "è" + strings.Repeat("ğ", 150), Form{Single: Turkish, Parts: 3}},
		{"not needed", turkish, strings.Repeat("a", 160), Form{Parts: 1}},
		{"not enough", turkish, "ğд", Form{Coding: UCS2, Parts: 1}},
		{"Spanish", iberian, "á" + strings.Repeat("ñ", 153), Form{Single: Spanish, Parts: 1}},
		{"Portuguese", iberian, "ãçõ", Form{Single: Portuguese, Parts: 1}},
		{"Portuguese", iberian, strings.Repeat("ã", 155), Form{Locking: Portuguese, Parts: 1}},
		{"both Portuguese", iberian, strings.Repeat("ã", 150) + "Φ", Form{Locking: Portuguese, Single: Portuguese, Parts: 1}},
		{"wide Portuguese", Encoder{Languages: []Language{Portuguese}, WideReference: true}, strings.Repeat("ã", 297), Form{Locking: Portuguese, Parts: 3}},
		{"Latin-1", latin, strings.Repeat("ç", 140), Form{Coding: Latin1, Parts: 1}},
		{"Latin-1", latin, strings.Repeat("ç", 268), Form{Coding: Latin1, Parts: 2}},
		{"Latin-1", latin, strings.Repeat("ç", 269), Form{Coding: Latin1, Parts: 3}},
		{"beyond Latin-1", latin, "çд", Form{Coding: UCS2, Parts: 1}},
		{"GSM-7 before Latin-1", latin, "é", Form{Parts: 1}},
		{"Latin-1 in place of GSM-7", Encoder{Latin1: true, NoGSM7: true}, strings.Repeat("a", 141), Form{Coding: Latin1, Parts: 2}},
		{"UCS-2 in place of GSM-7", Encoder{Latin1: true, NoGSM7: true}, "€", Form{Coding: UCS2, Parts: 1}},
		{"smart", smart, "“Hi” – it’s\u00a0ok…", Form{Parts: 1, Replaced: true}},
		{"smart in vain", smart, "“Hi” д", Form{Coding: UCS2, Parts: 1}},
		{"smart, nothing to do", smart, "é", Form{Parts: 1}},
		{"smart to nothing", smart, "\u200b", Form{Replaced: true}},
	}
	for _, row := range rows {
		got, _ := row.encoder.Measure(row.text)
		got.wide = false
		if got != row.want {
			t.Errorf("%s: %.20q: %+v, want %+v", row.name, row.text, got, row.want)
		}
	}
}

func TestEncodeGolden(t *testing.T) {
	rows := []struct {
		name    string
		encoder Encoder
		text    string
		want    []string // header and body of each part
	}{
		{"default", Encoder{}, "@Δ a{€}", []string{" 00102061" + "1b28" + "1b65" + "1b29"}},
		{"UCS-2", Encoder{}, "д😀", []string{" 0434d83dde00"}},
		{"Latin-1", Encoder{Latin1: true}, "ça", []string{" e761"}},
		{"Spanish, as Infobip documents it", Encoder{Languages: []Language{Spanish}}, "Ú", []string{"03240102 1b55"}},
		{"locking", Encoder{Languages: []Language{Turkish}}, strings.Repeat("ğ", 155), []string{"03250101 " + strings.Repeat("0c", 155)}},
		{"both", Encoder{Languages: []Language{Portuguese}}, "Φ" + strings.Repeat("ã", 140), []string{"06240103250103 1b12" + strings.Repeat("7b", 140)}},
		{"parts", Encoder{}, strings.Repeat("a", 152) + "€", []string{
			" " + strings.Repeat("61", 152) + "1b65",
		}},
		{"escape on the edge", Encoder{}, strings.Repeat("a", 152) + "€aaaaaaa", []string{
			"050003070201 " + strings.Repeat("61", 152), "050003070202 1b65" + strings.Repeat("61", 7),
		}},
		{"wide", Encoder{WideReference: true}, strings.Repeat("a", 161), []string{
			"06080401070201 " + strings.Repeat("61", 152), "06080401070202 " + strings.Repeat("61", 9),
		}},
		{"parts and tables", Encoder{Languages: []Language{Spanish}}, "á" + strings.Repeat("a", 155), []string{
			"080003070201240102 1b61" + strings.Repeat("61", 147), "080003070202240102 " + strings.Repeat("61", 8),
		}},
		{"surrogates on the edge", Encoder{}, strings.Repeat("😀", 36), []string{
			"050003070201 " + strings.Repeat("d83dde00", 33), "050003070202 " + strings.Repeat("d83dde00", 3),
		}},
		{"smart", Encoder{Smart: true}, "“a”…", []string{" 2261222e2e2e"}},
		{"nothing", Encoder{}, "", nil},
	}
	for _, row := range rows {
		m, err := row.encoder.Encode(row.text, 0x0107)
		if err != nil || len(m.Parts) != len(row.want) {
			t.Errorf("%s: %d parts, %v; want %d", row.name, len(m.Parts), err, len(row.want))
			continue
		}
		for i, p := range m.Parts {
			if got := hex.EncodeToString(p.Header) + " " + hex.EncodeToString(p.Body); got != row.want[i] {
				t.Errorf("%s, part %d:\n got %s\nwant %s", row.name, i+1, got, row.want[i])
			}
		}
	}
	if _, err := (Encoder{}).Encode(strings.Repeat("a", 153*255+1), 1); !errors.Is(err, ErrTooLong) {
		t.Errorf("256 parts: %v", err)
	}
}

// The vectors: "hellohello" is the example of many descriptions of TS 23.038.
func TestPack(t *testing.T) {
	rows := []struct {
		septets string
		header  int
		want    string
	}{
		{"hellohello", 0, "e8329bfd4697d9ec37"},
		{"", 0, ""},
		{"a", 0, "61"},
		{"a", 6, "c2"}, // one bit of filling: 48 bits are six septets and six bits
		{"aa", 6, "c261"},
		{"a", 7, "61"}, // 56 bits are eight septets
		{"1234567", 0, "31d98c56b3dd00"},
	}
	for _, row := range rows {
		got := Pack([]byte(row.septets), row.header)
		if hex.EncodeToString(got) != row.want {
			t.Errorf("%q after %d octets: %x, want %s", row.septets, row.header, got, row.want)
		}
		if back := Unpack(got, row.header, len(row.septets)); string(back) != row.septets {
			t.Errorf("%q after %d octets comes back as %q", row.septets, row.header, back)
		}
	}
	if got := Unpack([]byte{1}, 0, 9); len(got) != 1 {
		t.Errorf("nine septets of one octet: %v", got)
	}
}

func TestDecodeAsAHandsetDoes(t *testing.T) {
	rows := []struct {
		form   Form
		octets string
		want   string
	}{
		{Form{}, "1b41", "A"}, // not in the extension table
		{Form{}, "1b1b41", " A"},
		{Form{}, "611b", "a"},
		{Form{}, "e1", "a"}, // the eighth bit is none of a septet's
		{Form{Single: Spanish}, "1b41", "Á"},
		{Form{Locking: Portuguese}, "0b", "Ô"},
		{Form{Coding: UCS2}, "d83dde", "\ufffd"},
		{Form{Coding: Latin1}, "e7", "ç"},
	}
	for _, row := range rows {
		octets, _ := hex.DecodeString(row.octets)
		if got := row.form.Decode(octets); got != row.want {
			t.Errorf("%+v %s: %q, want %q", row.form, row.octets, got, row.want)
		}
	}
}
