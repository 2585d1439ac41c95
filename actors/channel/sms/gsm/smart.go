package gsm

import "strings"

// replace writes text with plain characters in place of typographical ones
// that the default alphabet does not have. It reports whether that changed
// anything.
func replace(text string) (plain string, changed bool) {
	var b strings.Builder
	for i, r := range text {
		with, ok := plainOf(r)
		if ok && !changed {
			changed = true
			b.Grow(len(text))
			b.WriteString(text[:i])
		}
		switch {
		case ok:
			b.WriteString(with)
		case changed:
			b.WriteRune(r)
		}
	}
	if !changed {
		return text, false
	}
	return b.String(), true
}

// plainOf returns what stands for r.
func plainOf(r rune) (with string, ok bool) {
	switch r {
	case '“', '”', '„', '‟', '″', '«', '»', '＂':
		return `"`, true
	case '‘', '’', '‚', '‛', '′', '`', '´', 'ʼ', '＇':
		return "'", true
	case '‹':
		return "<", true
	case '›':
		return ">", true
	case '‐', '‑', '‒', '–', '—', '―', '−', '﹣', '－':
		return "-", true
	case '…':
		return "...", true
	case '⁄', '∕':
		return "/", true
	case '\u2028', '\u2029', '\u0085', '\v':
		return "\n", true
	case '\t', '\u00a0', '\u202f', '\u205f', '\u3000':
		return " ", true
	case '\u00ad', '\u200b', '\u2060', '\ufeff': // no width
		return "", true
	}
	if r >= '\u2000' && r <= '\u200a' { // spaces of many widths
		return " ", true
	}
	return "", false
}
