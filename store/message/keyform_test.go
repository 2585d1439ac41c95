package message

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/crc32"
	"math/big"
	"regexp"
	"strings"
	"testing"

	"messagehub/store/message/mutate"
)

var keyPattern = regexp.MustCompile(`^cpk_(live|test)_[0-9A-Za-z]{32}[0-9A-Za-z]{6}$`)

func TestNewKeyHasTheDocumentedForm(t *testing.T) {
	seen := map[string]bool{}
	for i := range 2000 {
		test := i%2 == 0
		secret, key := NewKey(test)
		if !keyPattern.MatchString(secret) || len(secret) != KeyLength {
			t.Fatalf("key %d has another form", i)
		}
		if seen[secret] || seen[string(key.ID[:])] {
			t.Fatal("a key or an id repeats")
		}
		seen[secret], seen[string(key.ID[:])] = true, true
		if got, err := ParseKeyForm([]byte(secret)); err != nil || got != test {
			t.Fatalf("ParseKeyForm = %v, %v; want %v", got, err, test)
		}
		if key.Hash != sha256.Sum256([]byte(secret)) || key.Test != test || key.Last4 != secret[len(secret)-4:] {
			t.Fatal("the Key does not describe its secret")
		}
	}
}

// The checksum is computed a second way: big.Int has its own base 62, with
// lower-case letters first.
func TestKeyChecksumIsCRC32InBase62(t *testing.T) {
	for range 500 {
		secret, _ := NewKey(false)
		body := secret[:KeyLength-6]
		n := big.NewInt(int64(crc32.ChecksumIEEE([]byte(body))))
		want := strings.Map(swapCase, fmt.Sprintf("%06s", n.Text(62)))
		if want = strings.ReplaceAll(want, " ", "0"); secret[KeyLength-6:] != want {
			t.Fatalf("checksum %q, want %q", secret[KeyLength-6:], want)
		}
	}
}

func swapCase(r rune) rune {
	switch {
	case r >= 'a' && r <= 'z':
		return r - 'a' + 'A'
	case r >= 'A' && r <= 'Z':
		return r - 'A' + 'a'
	}
	return r
}

func TestRandomDigitsAreFair(t *testing.T) {
	const n = 62 * 2000
	var count [256]int
	for _, c := range appendRandom62(nil, n) {
		count[c]++
	}
	for _, c := range []byte(base62) { // 2000 expected, sigma about 44
		if count[c] < 1700 || count[c] > 2300 {
			t.Errorf("digit %q came %d times in %d", c, count[c], n)
		}
	}
}

func TestParseKeyFormTellsWhatIsWrong(t *testing.T) {
	secret, _ := NewKey(false)
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"empty":          {"", ErrKeyForm},
		"prefix alone":   {KeyPrefixLive, ErrKeyForm},
		"one short":      {secret[:KeyLength-1], ErrKeyForm},
		"one long":       {secret + "0", ErrKeyForm},
		"other prefix":   {"cpk_prod_" + secret[9:], ErrKeyForm},
		"upper prefix":   {"CPK_LIVE_" + secret[9:], ErrKeyForm},
		"a dash":         {secret[:20] + "-" + secret[21:], ErrKeyForm},
		"a NUL":          {secret[:20] + "\x00" + secret[21:], ErrKeyForm},
		"not ASCII":      {secret[:20] + "é" + secret[22:], ErrKeyForm},
		"kind exchanged": {KeyPrefixTest + secret[9:], ErrKeyChecksum},
		"mistyped":       {secret[:20] + string(other(secret[20])) + secret[21:], ErrKeyChecksum},
		"swapped":        {swapped(secret), ErrKeyChecksum},
	} {
		if _, err := ParseKeyForm([]byte(c.text)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func other(c byte) byte {
	if c == 'x' {
		return 'y'
	}
	return 'x'
}

// swapped exchanges the first two neighbours that differ.
func swapped(secret string) string {
	b := []byte(secret)
	for i := len(KeyPrefixLive); ; i++ {
		if b[i] != b[i+1] {
			b[i], b[i+1] = b[i+1], b[i]
			return string(b)
		}
	}
}

// One wrong character is always found: CRC-32 finds every burst up to 32 bits.
func TestParseKeyFormFindsEverySingleTypo(t *testing.T) {
	secret, _ := NewKey(true)
	for i := range secret {
		for _, c := range []byte(base62 + "_-.") {
			if c == secret[i] {
				continue
			}
			b := []byte(secret)
			b[i] = c
			if _, err := ParseKeyForm(b); err == nil {
				t.Fatalf("typo at %d accepted", i)
			}
		}
	}
}

func TestParseKeyFormAllocatesNothing(t *testing.T) {
	secret, _ := NewKey(true)
	good, bad := []byte(secret), []byte(strings.Repeat("x", KeyLength))
	if n := testing.AllocsPerRun(100, func() {
		ParseKeyForm(good)
		ParseKeyForm(bad)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzParseKeyForm(f *testing.F) {
	live, _ := NewKey(false)
	test, _ := NewKey(true)
	seeds := [][]byte{[]byte(live), []byte(test), []byte(live[:30]), []byte(KeyPrefixTest)}
	mutate.Bytes(f, seeds, func(t testing.TB, b []byte) {
		before := string(b)
		test, err := ParseKeyForm(b)
		if string(b) != before {
			t.Fatal("input changed")
		}
		if err != nil {
			return
		}
		if !keyPattern.Match(b) || test != strings.HasPrefix(before, KeyPrefixTest) {
			t.Fatalf("accepted %q as test=%v", b, test)
		}
	})
}

func BenchmarkParseKeyForm(b *testing.B) {
	secret, _ := NewKey(false)
	key := []byte(secret)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseKeyForm(key); err != nil {
			b.Fatal(err)
		}
	}
}
