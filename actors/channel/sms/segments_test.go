package sms

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"pgregory.net/rapid"

	"messagehub/store/message/mutate"
)

func TestSegments(t *testing.T) {
	rows := []struct {
		text     string
		n        int
		encoding string
	}{
		{"", 0, "GSM-7"},
		{"a", 1, "GSM-7"},
		{strings.Repeat("a", 160), 1, "GSM-7"},
		{strings.Repeat("a", 161), 2, "GSM-7"},
		{strings.Repeat("a", 306), 2, "GSM-7"},
		{strings.Repeat("a", 307), 3, "GSM-7"},
		{strings.Repeat("€", 80), 1, "GSM-7"},
		{strings.Repeat("€", 81), 2, "GSM-7"},
		// 153 is odd: each part holds 76 pairs of escape and code.
		{strings.Repeat("€", 152), 2, "GSM-7"},
		{strings.Repeat("€", 153), 3, "GSM-7"},
		{strings.Repeat("a", 152) + "€" + strings.Repeat("a", 152), 3, "GSM-7"},
		{strings.Repeat("д", 70), 1, "UCS-2"},
		{strings.Repeat("д", 71), 2, "UCS-2"},
		{strings.Repeat("д", 134), 2, "UCS-2"},
		{strings.Repeat("д", 135), 3, "UCS-2"},
		{strings.Repeat("😀", 35), 1, "UCS-2"},
		{strings.Repeat("😀", 36), 2, "UCS-2"},
		{strings.Repeat("😀", 66), 2, "UCS-2"},
		{strings.Repeat("😀", 67), 3, "UCS-2"},
		{"Ç", 1, "GSM-7"},
		{"ç", 1, "UCS-2"},
		{"`", 1, "UCS-2"},
		{"…", 1, "UCS-2"},
		{"“", 1, "UCS-2"},
		{"–", 1, "UCS-2"},
		{"\u00a0", 1, "UCS-2"},
		{"\x1b", 1, "UCS-2"},
		{"\t", 1, "UCS-2"},
		{"\f^{}\\[~]|€", 1, "GSM-7"},
		{"$¤@£", 1, "GSM-7"},
		{"\r\n", 1, "GSM-7"},
		{"고객명님", 1, "UCS-2"},
		{strings.Repeat("a", 70) + "д", 2, "UCS-2"},
	}
	for _, row := range rows {
		if n, encoding := Segments(row.text); n != row.n || encoding != row.encoding {
			t.Errorf("Segments(%.20q, %d characters) = %d, %s; want %d, %s",
				row.text, utf8.RuneCountInString(row.text), n, encoding, row.n, row.encoding)
		}
	}
}

// alphabet is the table of 3GPP 23.038 by code; 0x1B is the escape.
const alphabet = "@£$¥èéùìòÇ\nØø\rÅå" + "Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ" + " !\"#¤%&'()*+,-./" + "0123456789:;<=>?" +
	"¡ABCDEFGHIJKLMNO" + "PQRSTUVWXYZÄÖÑÜ§" + "¿abcdefghijklmno" + "pqrstuvwxyzäöñüà"

// extended are the codes after an escape.
func extended() map[byte]rune {
	return map[byte]rune{
		0x0a: '\f', 0x14: '^', 0x28: '{', 0x29: '}', 0x2f: '\\', 0x3c: '[', 0x3d: '~', 0x3e: ']', 0x40: '|', 0x65: '€',
	}
}

// encode writes r as the standard's tables do, in septets; nil if it can't.
func encode(r rune) []byte {
	if i := slices.Index([]rune(alphabet), r); i >= 0 && r != 0x1b {
		return []byte{byte(i)}
	}
	for code, have := range extended() {
		if have == r {
			return []byte{0x1b, code}
		}
	}
	return nil
}

func TestAlphabetIsTheStandards(t *testing.T) {
	if n := utf8.RuneCountInString(alphabet); n != 128 {
		t.Fatalf("the table has %d codes", n)
	}
	for r := range rune(utf8.MaxRune + 1) {
		if r > 0x3000 && r%97 != 0 {
			continue
		}
		if got, want := septets(r), len(encode(r)); got != want {
			t.Errorf("%U takes %d septets, want %d", r, got, want)
		}
	}
}

// reference counts segments over the encoded text, octet by octet.
func reference(text string) (int, string) {
	var chars [][]uint16
	name, single, part, size := "GSM-7", 160, 153, 0
	for _, r := range text {
		if encode(r) == nil {
			name, single, part = "UCS-2", 70, 67
		}
	}
	for _, r := range text {
		var c []uint16
		if name == "UCS-2" {
			c = utf16.Encode([]rune{r})
		} else {
			c = make([]uint16, len(encode(r)))
		}
		chars, size = append(chars, c), size+len(c)
	}
	if size <= single {
		return min(size, 1), name
	}
	n, room := 0, 0
	for _, c := range chars {
		if len(c) > room {
			n, room = n+1, part
		}
		room -= len(c)
	}
	return n, name
}

func texts() *rapid.Generator[string] {
	runes := rapid.OneOf(
		rapid.SampledFrom([]rune(alphabet)), rapid.SampledFrom([]rune("€[]{}^~|\\\f")),
		rapid.SampledFrom([]rune("д고😀🇰`ç\u00a0\ufffd")), rapid.Rune(),
	)
	plain := rapid.StringOfN(rapid.SampledFrom([]rune("ab€[")), 0, 700, -1)
	return rapid.OneOf(plain, rapid.StringOfN(runes, 0, 700, -1))
}

func TestSegmentsProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := texts().Draw(t, "text")
		checkSegments(t, text)
		n, encoding := Segments(text)
		longer, after := Segments(text + "a")
		if longer < n || after != encoding {
			t.Fatalf("one letter more: %d %s, before %d %s", longer, after, n, encoding)
		}
	})
}

// failer is what a test and a property have in common.
type failer interface {
	Fatalf(format string, args ...any)
}

// checkSegments compares with the reference and looks at each part.
func checkSegments(t failer, text string) {
	n, encoding := Segments(text)
	if wantN, want := reference(text); n != wantN || encoding != want {
		t.Fatalf("got %d %s, want %d %s", n, encoding, wantN, want)
	}
	c, size := codingOf(text)
	if size <= c.single {
		return
	}
	parts := slices.Collect(c.split(text))
	if len(parts) != n || strings.Join(parts, "") != text {
		t.Fatalf("%d parts of %d do not make the text again", len(parts), n)
	}
	for part := range c.split(text) {
		if part != parts[0] {
			t.Fatalf("the first part is %q, then %q", parts[0], part)
		}
		break
	}
	for i, part := range parts {
		used := 0
		for _, r := range part {
			used += c.width(r)
		}
		if used > c.part || used == 0 || (i < n-1 && used < c.part-1) {
			t.Fatalf("part %d of %d holds %d", i, n, used)
		}
		if utf8.ValidString(text) && !utf8.ValidString(part) {
			t.Fatalf("part %d divides a character", i)
		}
	}
}

func FuzzSegments(f *testing.F) {
	seeds := []string{"", "a", strings.Repeat("€", 81), strings.Repeat("😀", 36), "\xff\xfe", "`", strings.Repeat("a", 152) + "€a"}
	mutate.Strings(f, seeds, func(t testing.TB, text string) { checkSegments(t, text) })
}

func BenchmarkSegments(b *testing.B) {
	text := strings.Repeat("Order 1234 shipped. ", 8)
	b.ReportAllocs()
	for b.Loop() {
		Segments(text)
	}
}
