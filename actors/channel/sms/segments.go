package sms

import "iter"

// coding is a way to write a text into short messages: what a character
// takes, how much a lone message carries, and how much each part of a longer
// one, beside its six octets of header.
type coding struct {
	name         string
	width        func(rune) int
	single, part int
}

func gsm7() coding { return coding{"GSM-7", septets, 160, 153} }
func ucs2() coding { return coding{"UCS-2", units, 70, 67} }

// Segments returns how many short messages carry text, and in which encoding:
// GSM-7 where every character has its septets, else UCS-2.
func Segments(text string) (n int, encoding string) {
	c, size := codingOf(text)
	if size <= c.single {
		return min(size, 1), c.name
	}
	for range c.split(text) {
		n++
	}
	return n, c.name
}

// codingOf chooses the coding of text and measures text in it.
func codingOf(text string) (coding, int) {
	septet, unit := 0, 0
	plain := true
	for _, r := range text {
		w := septets(r)
		plain = plain && w > 0
		septet += w
		unit += units(r)
	}
	if plain {
		return gsm7(), septet
	}
	return ucs2(), unit
}

// split yields the parts of a text that needs more than one. A character is
// never divided: a part may be left one short.
func (c coding) split(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		start, used := 0, 0
		for i, r := range text {
			w := c.width(r)
			if used+w > c.part {
				if !yield(text[start:i]) {
					return
				}
				start, used = i, 0
			}
			used += w
		}
		yield(text[start:])
	}
}
