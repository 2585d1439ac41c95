package phone

import (
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"messagehub/store/message/mutate"
)

func TestNormal(t *testing.T) {
	rows := map[string]string{ // empty: not to be read
		"+14155550100":           "+14155550100",
		"+919876543210":          "+919876543210",
		"+49 (151) 1234-5678":    "+4915112345678",
		"0049 151 12345678":      "+4915112345678",
		"004915112345678":        "+4915112345678",
		"+1 (415) 555-0100":      "+14155550100",
		"+1.415.555.0100":        "+14155550100",
		"(+44) 20 7946 0018":     "+442079460018",
		"+44 (0)20 7946 0018":    "+442079460018",
		"+39 06 1234 5678":       "+390612345678", // Italy keeps its zero
		"+33\u00a06 12 34 56 78": "+33612345678",
		" +82 10-1234-5678 ":     "+821012345678",
		"015112345678":           "", // of which country?
		"15551234567":            "",
		"+1-800-FLOWERS":         "",
		"+1 415 555 0100 x12":    "",
		"+1 415 555 0100;ext=1":  "",
		"++14155550100":          "",
		"+１４１５５５５０１００":           "",
		"whatsapp:+14155550100":  "",
		"sim:delivered":          "",
		"":                       "",
		"+":                      "",
		"00":                     "",
	}
	for to, want := range rows {
		if got, ok := Normal(to); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v; want %q", to, got, ok, want)
		}
	}
}

func TestCheck(t *testing.T) {
	rows := map[string]string{ // empty: possible, or not of the form
		"+14155550100": "", "+919876543210": "", "+33612345678": "", "+5215512345678": "", "+525512345678": "", "+390612345678": "",
		"+88213300655": "", "+80012345678": "",
		"14155550100":       "",
		"+1415555":          "must have 10 digits after the country code +1",
		"+141555501000":     "must have 10 digits after the country code +1",
		"+33":               "must have 9 digits after the country code +33",
		"+999123456789":     "must begin with the code of a country, such as +1 or +44",
		"+0123456789":       "must begin with the code of a country, such as +1 or +44",
		"+7123456789":       "must have 10 or 14 digits after the country code +7",
		"+861234567890123 ": "",
	}
	for to, want := range rows {
		got := ""
		if err := Check(to); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %q, want %q", to, got, want)
		}
	}
}

// What is possible can be read, and what Normal makes is plain.
func TestNormalProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		checkNormal(t, rapid.StringMatching(`(\+|00)?[0-9]{1,3}[ ().-]?[0-9]{2,12}`).Draw(t, "to"))
	})
}

type failer interface{ Fatalf(string, ...any) }

func checkNormal(t failer, to string) {
	got, ok := Normal(to)
	if _, _, plain := split(got); ok && (!plain && len(got) <= maxDigits+1 || !utf8.ValidString(got)) {
		t.Fatalf("%q becomes %q", to, got)
	}
	if Possible(to) && !ok { // it may lose a zero that is not dialled from abroad
		t.Fatalf("%q is possible, but can't be read", to)
	}
	if Possible(to) && Check(to) != nil {
		t.Fatalf("%q: %v", to, Check(to))
	}
}

func FuzzNormal(f *testing.F) {
	seeds := []string{"+14155550100", "0049 (0)151-1234.5678", "+", "00", "+39 06 1", "+\u00a01", "+80012345678", "+5215512345678"}
	mutate.Strings(f, seeds, func(t testing.TB, to string) { checkNormal(t, to) })
}

func TestPossibleAllocatesNothing(t *testing.T) {
	for to, want := range map[string]bool{"+14155550100": true, "+8613800138000": true, "+999123": false, "sim:delivered": false} {
		if n := testing.AllocsPerRun(100, func() {
			if Possible(to) != want {
				t.Fatal(to)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", to, n)
		}
	}
}

func BenchmarkPossible(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if !Possible("+919876543210") {
			b.Fatal("impossible")
		}
	}
}

func BenchmarkNormal(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Normal("+49 (0)151 1234-5678")
	}
}
