package telegram

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rivo/uniseg"

	"messagehub/store/message/mutate"
)

func TestSplit(t *testing.T) {
	family := "👨\u200d👩\u200d👧" // five code points, one character
	rows := []struct {
		name, text  string
		markup      bool
		first, rest int
		want        []string // none: it can't be divided
	}{
		{"no need", "abc", false, 10, 10, []string{"abc"}},
		{"at the word", "aaa bbb ccc", false, 8, 8, []string{"aaa bbb ", "ccc"}},
		{"at the end of the word that just fits", "aaaa bbb ccc", false, 8, 8, []string{"aaaa bbb", " ccc"}},
		{"at the line rather than the word", "aaaa\nb c dd", false, 8, 8, []string{"aaaa\n", "b c dd"}},
		{"a line that ends too soon", "a\nbbbbbbbbb", false, 8, 8, []string{"a\nbbbbbb", "bbb"}},
		{"no word ends", "abcdefghij", false, 4, 4, []string{"abcd", "efgh", "ij"}},
		{"the first shorter", "abcdefghij", false, 2, 6, []string{"ab", "cdefgh", "ij"}},
		{"an accent stays with its letter", "abce\u0301", false, 4, 4, []string{"abc", "e\u0301"}},
		{"a family stays together", "a" + family, false, 5, 5, []string{"a", family}},
		{"a flag stays whole", "abc🇰🇷", false, 4, 4, []string{"abc", "🇰🇷"}},
		{"jamo stay a syllable", "abc\u1112\u1161\u11ab", false, 5, 5, []string{"abc", "\u1112\u1161\u11ab"}},
		{"line ends are one", "abc\r\ndef", false, 4, 4, []string{"abc", "def"}},
		{"blank parts are not sent", "abcd" + strings.Repeat(" ", 9) + "ef", false, 4, 4, []string{"abcd", " ef"}},
		{"blanks first do not lengthen the first", "    abcdefgh", false, 4, 8, []string{"abcd", "efgh"}},
		{"a character too long", family, false, 4, 4, nil},
		{"too long for the first alone", family, false, 4, 5, []string{"", family}},
		{"markup means nothing", "<b>abc</b>", false, 4, 4, []string{"<b>a", "bc</", "b>"}},
		{"elements stay whole", "ab <b>cd</b> ef", true, 5, 5, []string{"ab <b>cd</b>", " ef"}},
		{"elements in elements", "a<b>b<i>c</i></b>d<u>e</u>", true, 3, 3, []string{"a<b>b<i>c</i></b>", "d<u>e</u>"}},
		{"references count once", "&lt;&#x1F600;&amp;a", true, 2, 2, []string{"&lt;&#x1F600;", "&amp;a"}},
		{"an ampersand alone", "a & b", true, 3, 3, []string{"a &", " b"}},
		{"an element too long", "<b>abcde</b>", true, 4, 4, nil},
		{"an element that does not close", "abc<b>def", true, 4, 4, nil},
	}
	for _, row := range rows {
		got, ok := split(row.text, row.markup, row.first, row.rest)
		if ok != (row.want != nil) || ok && !slices.Equal(got, row.want) {
			t.Errorf("%s: %q, %v; want %q", row.name, got, ok, row.want)
		}
	}
}

// FuzzSplit: nothing but blanks is lost, no part is too long, and none begins
// or ends inside a character or an element.
func FuzzSplit(f *testing.F) {
	seeds := []string{
		"Order A-17 has shipped.\nThank you, 고객님 👨\u200d👩\u200d👧 e\u0301 🇰🇷🇺🇸", "<b>Order</b> <a href=\"https://example.com/?a=1&amp;b=2\">A <i>17</i></a> &lt;x&gt;",
		"", " ", "<", "&", "<b>", "</b>", "a\r\n\r\nb", "\xff\xfe<\xff>", strings.Repeat("word ", 30),
	}
	mutate.Strings(f, seeds, func(t testing.TB, text string) {
		for _, markup := range []bool{false, true} {
			parts, ok := split(text, markup, 5, 12)
			if !ok {
				continue
			}
			for i, part := range parts {
				limit := 12
				if i == 0 {
					limit = 5
				}
				if n := width(part, markup); n > limit {
					t.Errorf("part %q of %q has %d characters", part, text, n)
				}
				if atoms, ok := divide(part, markup); !ok || part != "" && len(atoms) == 0 {
					t.Errorf("part %q of %q is cut inside an element", part, text)
				}
			}
			if got, want := letters(strings.Join(parts, "")), letters(text); got != want {
				t.Errorf("%q became %q", want, got)
			}
			if !markup {
				wholeCharacters(t, text, parts)
			}
		}
	})
}

func letters(text string) string {
	return strings.Map(func(r rune) rune {
		if blank(string(r)) {
			return -1
		}
		return r
	}, text)
}

// wholeCharacters checks that the parts have the characters of the text.
func wholeCharacters(t testing.TB, text string, parts []string) {
	var whole []string
	for _, part := range parts {
		whole = append(whole, clusters(part)...)
	}
	if want := clusters(text); utf8.ValidString(text) && !slices.Equal(whole, want) {
		t.Errorf("%q has the characters %q in its parts", want, whole)
	}
}

func clusters(text string) (out []string) {
	for g := uniseg.NewGraphemes(text); g.Next(); {
		if strings.TrimSpace(g.Str()) != "" {
			out = append(out, g.Str())
		}
	}
	return out
}
