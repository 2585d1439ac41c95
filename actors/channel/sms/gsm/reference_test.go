package gsm

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"pgregory.net/rapid"

	"messagehub/store/message/mutate"
)

// alphabet is the table of TS 23.038 by code; 0x1B is the escape.
const alphabet = "@£$¥èéùìòÇ\nØø\rÅå" + "Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ" + " !\"#¤%&'()*+,-./" + "0123456789:;<=>?" +
	"¡ABCDEFGHIJKLMNO" + "PQRSTUVWXYZÄÖÑÜ§" + "¿abcdefghijklmno" + "pqrstuvwxyzäöñüà"

// standard returns a locking shift table as what annex A.3 changes in the
// default alphabet.
func standard(l Language) []rune {
	out := []rune(alphabet)
	changes := map[Language]map[int]rune{
		Turkish: {0x04: '€', 0x07: 'ı', 0x0b: 'Ğ', 0x0c: 'ğ', 0x1c: 'Ş', 0x1d: 'ş', 0x40: 'İ', 0x60: 'ç'},
		Portuguese: {
			0x04: 'ê', 0x06: 'ú', 0x07: 'í', 0x08: 'ó', 0x09: 'ç', 0x0b: 'Ô', 0x0c: 'ô', 0x0e: 'Á', 0x0f: 'á', 0x12: 'ª', 0x13: 'Ç',
			0x14: 'À', 0x15: '∞', 0x16: '^', 0x17: '\\', 0x18: '€', 0x19: 'Ó', 0x1a: '|', 0x1c: 'Â', 0x1d: 'â', 0x1e: 'Ê', 0x24: 'º',
			0x40: 'Í', 0x5b: 'Ã', 0x5c: 'Õ', 0x5d: 'Ú', 0x60: '~', 0x7b: 'ã', 0x7c: 'õ', 0x7d: '`',
		},
	}[l]
	for code, r := range changes {
		out[code] = r
	}
	return out
}

// shifted returns a single shift table.
func shifted(l Language) map[byte]rune {
	out := map[byte]rune{
		0x0a: '\f', 0x14: '^', 0x28: '{', 0x29: '}', 0x2f: '\\', 0x3c: '[', 0x3d: '~', 0x3e: ']', 0x40: '|', 0x65: '€',
	}
	more := map[Language]string{
		Turkish: "GĞIİSŞcçgğiısş", Spanish: "AÁIÍOÓUÚaáiíoóuú",
		Portuguese: "AÀIÍOÓUÚ[Ã\\ÕaÂiíoóuú{ã|õ\x7fâ",
	}[l]
	rest := map[Language]map[byte]rune{
		Spanish: {0x09: 'ç'},
		Portuguese: {
			0x05: 'ê', 0x09: 'ç', 0x0b: 'Ô', 0x0c: 'ô', 0x0e: 'Á', 0x0f: 'á', 0x12: 'Φ', 0x13: 'Γ', 0x15: 'Ω', 0x16: 'Π', 0x17: 'Ψ',
			0x18: 'Σ', 0x19: 'Θ', 0x1f: 'Ê',
		},
	}[l]
	runes := []rune(more)
	for i := 0; i < len(runes); i += 2 { // the plain letter's code has the accented one
		out[byte(runes[i])] = runes[i+1]
	}
	for code, r := range rest {
		out[code] = r
	}
	return out
}

// septets writes r as the tables do; nil if it can't.
func septets(lock, shift Language, r rune) []byte {
	if i := slices.Index(standard(lock), r); i >= 0 && r != escape {
		return []byte{byte(i)}
	}
	for code, have := range shifted(shift) {
		if have == r {
			return []byte{escape, code}
		}
	}
	return nil
}

func TestTablesAreTheStandards(t *testing.T) {
	for lock := range languages {
		for shift := range languages {
			if lock == Spanish {
				continue
			}
			f := Form{Locking: lock, Single: shift}
			for r := range rune(0x2300) {
				want := septets(lock, shift, r)
				if got := f.width(r); got != len(want) || got > 0 && !bytes.Equal(f.append(nil, r), want) {
					t.Errorf("tables %d and %d: %U takes %d, want %x", lock, shift, r, got, want)
				}
			}
		}
	}
	for r := range rune(utf8.MaxRune + 1) {
		if w := (&Form{}).width(r); w > 0 && r > 0x2300 {
			t.Errorf("%U takes %d", r, w)
		}
	}
}

func encoders() *rapid.Generator[Encoder] {
	return rapid.Custom(func(t *rapid.T) Encoder {
		return Encoder{
			Languages: rapid.SliceOfNDistinct(rapid.SampledFrom([]Language{Turkish, Spanish, Portuguese}), 0, 3, rapid.ID).Draw(t, "languages"),
			Latin1:    rapid.Bool().Draw(t, "latin"), Smart: rapid.Bool().Draw(t, "smart"), WideReference: rapid.Bool().Draw(t, "wide"),
		}
	})
}

func texts() *rapid.Generator[string] {
	runes := rapid.OneOf(
		rapid.SampledFrom([]rune(alphabet)), rapid.SampledFrom([]rune("€[]{}^~|\\\f")),
		rapid.SampledFrom([]rune("д고😀🇰`ç\u00a0\ufffd“…")), rapid.Rune(),
	)
	of := func(some string) *rapid.Generator[string] {
		return rapid.StringOfN(rapid.SampledFrom([]rune(some)), 0, 700, -1)
	}
	return rapid.OneOf(of("ab€["), of("abğışİ€"), of("aáñÚ"), of("ãçÀ^"), of("“a”…"), of("çê"), rapid.StringOfN(runes, 0, 700, -1))
}

func TestEncodeProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		checkEncode(t, encoders().Draw(t, "encoder"), texts().Draw(t, "text"))
	})
}

// failer is what a test and a property have in common.
type failer interface {
	Fatalf(format string, args ...any)
}

// checkEncode compares Measure with Encode and both with the standard.
func checkEncode(t failer, e Encoder, text string) {
	form, plain := e.Measure(text)
	m, err := e.Encode(text, 0xabcd)
	if form.Parts > MaxParts {
		if err == nil {
			t.Fatalf("%d parts are encoded", form.Parts)
		}
		return
	}
	if err != nil || m.Form != form || m.Text != plain || len(m.Parts) != form.Parts {
		t.Fatalf("measured %+v, encoded %+v in %d parts: %v", form, m.Form, len(m.Parts), err)
	}
	if form.Replaced == (m.Text == text) {
		t.Fatalf("%q became %q, replaced %v", text, m.Text, form.Replaced)
	}
	if form.Coding == UCS2 != (e.candidates(m.Text) == 0) {
		t.Fatalf("%v, though %d other ways would do", form.Coding, e.candidates(m.Text))
	}
	whole := ""
	for i, p := range m.Parts {
		checkPart(t, form, p, i == len(m.Parts)-1)
		whole += form.Decode(p.Body)
	}
	if whole != string([]rune(m.Text)) { // what is no UTF-8 is replaced
		t.Fatalf("%q comes back as %q", m.Text, whole)
	}
}

// candidates counts the ways to write text without UCS-2.
func (e Encoder) candidates(text string) (n int) {
	latin := e.Latin1
	for _, r := range text {
		latin = latin && r < 256
	}
	if latin {
		n++
	}
	for _, lock := range append([]Language{Default}, e.Languages...) {
		for _, shift := range append([]Language{Default}, e.Languages...) {
			all := lock != Spanish
			for _, r := range text {
				all = all && septets(lock, shift, r) != nil
			}
			if all {
				n++
			}
		}
	}
	return n
}

// checkPart looks at one part: it is filled but for a character, fits a short
// message, and divides no character.
func checkPart(t failer, form Form, p Part, last bool) {
	octets := len(p.Body)
	if form.Coding == GSM7 {
		packed := Pack(p.Body, len(p.Header))
		if octets = len(packed); !bytes.Equal(Unpack(packed, len(p.Header), len(p.Body)), p.Body) {
			t.Fatalf("%x does not come back from %x", p.Body, packed)
		}
		if escapes := len(p.Body) - len(bytes.TrimRight(p.Body, "\x1b")); escapes%2 == 1 {
			t.Fatalf("a part ends with an escape: %x", p.Body)
		}
	}
	if total := len(p.Header) + octets; total > 140 || len(p.Body) == 0 || !last && total < 140-4 {
		t.Fatalf("%d octets of header and %d of body", len(p.Header), octets)
	}
	if len(p.Header) > 0 && int(p.Header[0]) != len(p.Header)-1 {
		t.Fatalf("header %x", p.Header)
	}
	if form.Coding == UCS2 && len(p.Body) > 1 {
		if first := uint16(p.Body[0])<<8 | uint16(p.Body[1]); utf16.IsSurrogate(rune(first)) && first >= 0xdc00 {
			t.Fatalf("a part begins with half a character: %x", p.Body[:2])
		}
	}
}

func FuzzEncode(f *testing.F) {
	seeds := []string{"", "a", strings.Repeat("€", 81), strings.Repeat("😀", 36), "\xff\xfe", "`", strings.Repeat("a", 152) + "€a", "ğ", "“…”"}
	mutate.Strings(f, seeds, func(t testing.TB, text string) {
		text = text[:min(len(text), 400)] // three parts: longer ones bring nothing new
		checkEncode(t, Encoder{}, text)
		checkEncode(t, Encoder{Languages: []Language{Portuguese, Turkish}, Smart: true, Latin1: true, WideReference: true}, text)
	})
}

func FuzzDecode(f *testing.F) {
	mutate.Bytes(f, [][]byte{{0x1b, 0x65}, {0x1b, 0x1b, 0x1b}, {0xd8, 0x3d, 0xde, 0x00}, {0xdc}}, func(t testing.TB, b []byte) {
		for _, form := range []Form{{}, {Locking: Turkish, Single: Portuguese}, {Coding: UCS2}, {Coding: Latin1}} {
			if text := form.Decode(b); !utf8.ValidString(text) {
				t.Fatalf("%x is read as %q", b, text)
			}
		}
		for header := range 8 {
			Unpack(b, header, len(b)+2)
		}
	})
}

func TestMeasureAllocatesNothing(t *testing.T) {
	e := Encoder{Languages: []Language{Turkish}}
	for _, text := range []string{strings.Repeat("a€", 200), strings.Repeat("д", 200), strings.Repeat("ğ", 200)} {
		if n := testing.AllocsPerRun(100, func() { e.Measure(text) }); n != 0 {
			t.Errorf("%.8q: %v allocations", text, n)
		}
	}
}

func BenchmarkMeasure(b *testing.B) {
	text := strings.Repeat("Order 1234 shipped. ", 8)
	b.ReportAllocs()
	for b.Loop() {
		Encoder{}.Measure(text)
	}
}
