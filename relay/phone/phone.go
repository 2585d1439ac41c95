// Package phone reads phone numbers as people write them, and refuses those
// that can't exist.
package phone

import (
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Possible reports whether to is a plus sign and digits that can be a number:
// an assigned country code, and as many digits as its country's numbers have.
// It allocates nothing.
func Possible(to string) bool {
	code, rest, ok := split(to)
	return ok && allowed(code)>>rest&1 != 0
}

// allowed is lengths and what is in use beside it.
func allowed(code int) uint16 {
	const mexico = 52
	if code == mexico { // WhatsApp keeps the 1 that mobile numbers had until 2019
		return lengths(code) | 1<<11
	}
	return lengths(code)
}

// maxDigits is E.164's limit, country code included.
const maxDigits = 15

// split returns the country code of a plus sign and digits, 0 if it is not
// assigned, and how many digits follow it.
func split(to string) (code, rest int, ok bool) {
	if len(to) < 3 || len(to) > maxDigits+1 || to[0] != '+' {
		return 0, 0, false
	}
	found := 0
	for i := 1; i < len(to); i++ {
		c := to[i]
		if c < '0' || c > '9' {
			return 0, 0, false
		}
		if found == 0 && i <= 3 {
			code = code*10 + int(c-'0')
			if to[1] != '0' && lengths(code) != 0 { // no code begins with another
				found = i
			}
		}
	}
	if found == 0 {
		return 0, 0, true
	}
	return code, len(to) - 1 - found, true
}

// separators are what people put between digits.
const separators = " -./()\u00a0\u2010\u2011"

// Normal returns the number in E.164 where it begins with a plus sign or 00
// and holds digits and separators alone, so that it can be read in one way
// only: a "(0)" after the country code is not dialled from abroad. ok is false
// for anything else, which is not to be called a number. A number that is
// [Possible] needs no reading.
func Normal(to string) (e164 string, ok bool) {
	rest := strings.TrimLeft(to, separators)
	switch {
	case strings.HasPrefix(rest, "+"):
		rest = rest[1:]
	case strings.HasPrefix(rest, "00"):
		rest = rest[2:]
	default:
		return "", false
	}
	if len(to) > 40 || strings.Trim(rest, separators+"0123456789") != "" || strings.ContainsFunc(rest, isForeign) {
		return "", false
	}
	number, err := phonenumbers.Parse("+"+rest, "")
	if err != nil {
		return "", false
	}
	return phonenumbers.Format(number, phonenumbers.E164), true
}

func isForeign(r rune) bool {
	return (r < '0' || r > '9') && !strings.ContainsRune(separators, r)
}

// Check tells why a plus sign and digits are no number, in words that follow
// "to "; nil if they are one, or are not of that form.
func Check(to string) error {
	code, _, ok := split(to)
	switch {
	case !ok || Possible(to):
		return nil
	case code == 0:
		return errors.New("must begin with the code of a country, such as +1 or +44")
	}
	return fmt.Errorf("must have %s after the country code +%d", digits(allowed(code)), code)
}

// digits says how many digits a set of lengths allows.
func digits(set uint16) string {
	least, most := bits.TrailingZeros16(set), bits.Len16(set)-1
	words := strconv.Itoa(least)
	for n := least + 1; n < most; n++ {
		if set>>n&1 != 0 {
			words += ", " + strconv.Itoa(n)
		}
	}
	if most > least {
		words += " or " + strconv.Itoa(most)
	}
	return words + " digits"
}
