package sms

import "strings"

// beyondASCII are the characters of GSM 03.38's default alphabet that ASCII
// does not have.
const beyondASCII = "£¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà"

// septets returns how many septets r takes in GSM 03.38; 0 if it has none.
// What is in the extension table is written as escape and a code.
func septets(r rune) int {
	switch r {
	case '\f', '^', '{', '}', '\\', '[', '~', ']', '|', '€':
		return 2
	case '\n', '\r':
		return 1
	case '`':
		return 0
	}
	if r >= ' ' && r <= '~' || r > '~' && strings.ContainsRune(beyondASCII, r) {
		return 1
	}
	return 0
}

// units returns how many UTF-16 code units r takes.
func units(r rune) int {
	if r > 0xffff {
		return 2
	}
	return 1
}
