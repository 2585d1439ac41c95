package phone

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

// TestTableIsTheLibrarys: the table is what the library's metadata say. Where
// a new version says otherwise, the test prints the table to put in place.
func TestTableIsTheLibrarys(t *testing.T) {
	rows, right := map[uint16][]string{}, true
	var order []uint16
	for code := 1; code < 1000; code++ {
		set := possible(code)
		right = right && set == lengths(code)
		if set == 0 {
			continue
		}
		if rows[set] == nil {
			order = append(order, set)
		}
		rows[set] = append(rows[set], fmt.Sprint(code))
	}
	if right {
		return
	}
	var b strings.Builder
	for _, set := range order {
		fmt.Fprintf(&b, "\tcase %s:\n\t\treturn %#x // %s\n", strings.Join(rows[set], ", "), set, digits(set))
	}
	t.Errorf("the table should be:\n%s", b.String())
}

// possible returns the lengths that the library gives the national numbers of
// a country code.
func possible(code int) (set uint16) {
	country, number := int32(code), uint64(0)
	for n := 1; code+n > 0 && n <= maxDigits-len(fmt.Sprint(code)); n++ {
		number = number*10 + 2
		p := &phonenumbers.PhoneNumber{CountryCode: &country, NationalNumber: &number}
		if phonenumbers.IsPossibleNumberWithReason(p) == phonenumbers.IS_POSSIBLE {
			set |= 1 << n
		}
	}
	return set
}
