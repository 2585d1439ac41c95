package config

import (
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
)

// mask stands where a value is not shown.
const mask = "•••"

// hide marks every scalar below n as one that could be a secret.
//
// Guarantee: what is hidden is never part of a fault's text.
func (r *reader) hide(n ast.Node) {
	switch v := n.(type) {
	case *ast.MappingNode:
		for _, pair := range v.Values {
			r.hide(pair.Value)
		}
	case *ast.SequenceNode:
		for _, item := range v.Values {
			r.hide(item)
		}
	case *ast.AnchorNode:
		r.hide(v.Value)
	case *ast.TagNode:
		r.hide(v.Value)
	case nil:
	default:
		r.hideScalar(n)
	}
}

func (r *reader) hideScalar(n ast.Node) {
	tok := n.GetToken()
	if tok == nil || tok.Position == nil {
		return
	}
	first, last := tok.Position.Line, tok.Position.Line
	if lit, ok := n.(*ast.LiteralNode); ok {
		last += strings.Count(lit.Value.GetToken().Origin, "\n") + 1
	} else {
		last += strings.Count(strings.TrimSpace(tok.Origin), "\n")
	}
	from := max(tok.Position.Column, 1)
	for line := first; line <= last; line++ {
		end := maxLine + 1
		if line == first && first == last {
			end = from + utf8.RuneCountInString(strings.TrimSpace(tok.Origin))
		}
		r.mark(line, span{from, end})
		from = 1
	}
}

func (r *reader) mark(line int, s span) {
	if r.masks == nil {
		r.masks = map[int][]span{}
	}
	r.masks[line] = append(r.masks[line], s)
}

// hideFrom marks what follows the first colon of a line, and all of a line
// that has none, but for its indent.
func (r *reader) hideFrom(line int) {
	if line < 1 || line > len(r.lines) {
		return
	}
	text := r.lines[line-1]
	from := len(text) - len(strings.TrimLeft(text, " \t-"))
	if colon := strings.Index(text, ":"); colon >= 0 {
		rest := text[colon+1:]
		from = len(text) - len(strings.TrimLeft(rest, " "))
	}
	r.mark(line, span{utf8.RuneCountInString(text[:from]) + 1, maxLine + 1})
}

// excerpt returns the line as it may be shown, and where the column is in it.
func (r *reader) excerpt(number int, line string, column int) (shown string, caret int) {
	text := []rune(line)
	var out []rune
	for i := 0; i < len(text); i++ {
		end, hidden := r.hiddenUntil(number, i+1)
		if i+1 <= column {
			caret = len(out) + 1
		}
		if !hidden {
			out = append(out, text[i])
			continue
		}
		out = append(out, []rune(mask)...)
		i = min(end, len(text)+1) - 2
	}
	if column > len(text) {
		caret = len(out) + 1
	}
	return printable(string(out)), min(caret, maxExcerpt)
}

// hiddenUntil reports whether a mask covers the column, and where it ends.
func (r *reader) hiddenUntil(line, column int) (end int, hidden bool) {
	for _, m := range r.masks[line] {
		if column >= m.from && column < m.to {
			end, hidden = max(end, m.to), true
		}
	}
	return end, hidden
}
