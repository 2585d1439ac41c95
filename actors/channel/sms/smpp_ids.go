package sms

import (
	"math/big"
	"strings"
)

// idFormat says how an SMSC writes ids. Both sides are brought to one form:
// that of answers, hexadecimal digits in lower case, without leading zeros.
type idFormat string

// answered returns the id of an answer; "" if it can't be used as one.
func (f idFormat) answered(id string) string { return plain(id) }

// receipted returns the id of a receipt, as an answer would have it.
func (f idFormat) receipted(id string) string {
	switch id = plain(id); f {
	case idHexToDec:
		return rebase(id, 10, 16)
	case idDecToHex:
		return rebase(id, 16, 10)
	}
	return id
}

// plain checks an id, and writes a number without what SMSCs add to it in one
// place and not in another.
func plain(id string) string {
	id = strings.TrimSpace(id)
	if id == "" || len(id) > 64 || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return ""
	}
	if strings.Trim(id, "0123456789abcdefABCDEF") != "" {
		return id
	}
	if id = strings.TrimLeft(strings.ToLower(id), "0"); id == "" {
		return "0"
	}
	return id
}

// rebase writes a number to another base; what is none stays as it is.
func rebase(id string, from, to int) string {
	n, ok := new(big.Int).SetString(id, from)
	if !ok {
		return id
	}
	return n.Text(to)
}
