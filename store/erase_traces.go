package store

import (
	"encoding/base64"
	"slices"
	"strings"
)

// traces finds addresses in the texts of others: as they are, as the digits of
// a phone number alone, however people set those apart, and in base64, as
// WhatsApp's ids have them.
type traces struct{ needles []string }

func tracesOf(addresses []string) *traces {
	t := new(traces)
	for _, address := range addresses {
		plain := strings.TrimPrefix(address, "+")
		if len(plain) < 5 { // would be found everywhere
			continue
		}
		t.needles = append(t.needles, plain)
		for shift := range 3 { // base64 has three ways to write a text within another one
			text := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("\x00", shift) + plain))
			from := (8*shift + 5) / 6
			t.needles = append(t.needles, text[from:4*((shift+len(plain))/3)])
		}
	}
	return t
}

// between are the signs that people write between the digits of a phone number.
const between = " -.()/"

func (t *traces) in(text string) bool {
	return t.within(text) || strings.ContainsAny(text, between) && t.within(strings.Map(func(r rune) rune {
		if strings.ContainsRune(between, r) {
			return -1
		}
		return r
	}, text))
}

func (t *traces) within(text string) bool {
	return slices.ContainsFunc(t.needles, func(n string) bool { return n != "" && strings.Contains(text, n) })
}
