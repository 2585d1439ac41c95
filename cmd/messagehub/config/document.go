package config

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds on what is given to the YAML parser, which recurses.
const (
	maxLine  = 4096 // bytes
	maxOpen  = 64   // brackets open at once
	maxLines = 20_000
)

// reader turns a file into a Config and collects its faults.
type reader struct {
	loader Loader
	config *Config
	faults Faults
	lines  []string
	masks  map[int][]span // by line: values that could be secrets
}

// span is a part of a line: columns from 1, end exclusive.
type span struct{ from, to int }

// parse returns the root of the file, or nil where it is empty or no YAML.
func (r *reader) parse(source []byte) ast.Node {
	r.lines = strings.Split(string(source), "\n")
	if problem := unfit(source, r.lines); problem != "" {
		r.faults.List = append(r.faults.List, Fault{Message: problem})
		return nil
	}
	file, err := parseYAML(source)
	if err != nil {
		r.syntax(err)
		return nil
	}
	var root ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if root != nil {
			r.fault(doc.Body, "", "is a second document", "keep one document in the file")
			continue
		}
		root = doc.Body
	}
	return root
}

// parseYAML parses source; a panic of the parser is an error like any other.
func parseYAML(source []byte) (file *ast.File, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("is not YAML")
		}
	}()
	return parser.ParseBytes(source, 0, parser.AllowDuplicateMapKey())
}

// unfit says why source is not given to the parser at all.
func unfit(source []byte, lines []string) string {
	if !utf8.Valid(source) {
		return "the file is not UTF-8"
	}
	if len(lines) > maxLines {
		return fmt.Sprintf("the file has more than %d lines", maxLines)
	}
	open := 0
	for i, line := range lines {
		if len(line) > maxLine {
			return fmt.Sprintf("line %d is longer than %d bytes", i+1, maxLine)
		}
		if strings.ContainsFunc(strings.TrimSuffix(line, "\r"), isControl) {
			return fmt.Sprintf("line %d holds a control character", i+1)
		}
		if open += strings.Count(line, "[") + strings.Count(line, "{"); open > maxOpen {
			return fmt.Sprintf("line %d is nested too deeply", i+1)
		}
		open = max(0, open-strings.Count(line, "]")-strings.Count(line, "}"))
	}
	return ""
}

// isControl: what the YAML parser may take for the end of a line, or a
// terminal for a command.
func isControl(c rune) bool {
	return unicode.IsControl(c) && c != '\t' || c == '\u2028' || c == '\u2029'
}

// syntax records what the YAML parser says. Values of the line are not shown:
// they could be secrets.
func (r *reader) syntax(err error) {
	f := Fault{Message: "the file is not YAML"}
	var ye yaml.Error
	if errors.As(err, &ye) && ye.GetToken() != nil && ye.GetToken().Position != nil {
		at := ye.GetToken().Position
		f.Line, f.Column = at.Line, max(at.Column, 1)
		f.Message = "not YAML: " + printable(strings.ReplaceAll(ye.GetMessage(), "character '\t'", "a tab"))
		r.hideFrom(at.Line)
	}
	if strings.Contains(f.Message, "a tab") {
		f.Remedy = "indent with spaces"
	}
	r.faults.List = append(r.faults.List, f)
}

// fault records that what is at path is wrong; message follows the path.
func (r *reader) fault(at ast.Node, path, message, remedy string) {
	r.faultAt(place(at), path, message, remedy)
}

// place returns the token that stands for n: a mapping's own is its first
// colon.
func place(n ast.Node) *token.Token {
	switch v := n.(type) {
	case nil:
		return nil
	case *ast.MappingNode:
		if !v.IsFlowStyle && len(v.Values) > 0 {
			return v.Values[0].Key.GetToken()
		}
	case *ast.MappingValueNode:
		return v.Key.GetToken()
	}
	return n.GetToken()
}

func (r *reader) faultAt(at *token.Token, path, message, remedy string) {
	f := Fault{Path: path, Message: message, Remedy: remedy}
	if at != nil && at.Position != nil {
		f.Line, f.Column = at.Position.Line, max(at.Position.Column, 1)
		f.source, _, _ = strings.Cut(strings.TrimSpace(at.Origin), "\n")
	}
	r.faults.List = append(r.faults.List, f)
}

// finish adds the excerpts: only now is it known what must be masked.
func (r *reader) finish() {
	r.faults.sort()
	for i := range r.faults.List {
		f := &r.faults.List[i]
		if f.Line < 1 {
			continue
		}
		f.Line = min(f.Line, len(r.lines)) // the parser miscounts in quoted text
		line := strings.TrimRight(r.lines[f.Line-1], " \r")
		f.excerpt, f.caret = r.excerpt(f.Line, line, f.Column)
		f.width = utf8.RuneCountInString(f.source)
		if _, hidden := r.hiddenUntil(f.Line, f.Column); hidden {
			f.width = utf8.RuneCountInString(mask)
		}
		f.width = max(1, min(f.width, utf8.RuneCountInString(f.excerpt)-f.caret+1))
	}
}
