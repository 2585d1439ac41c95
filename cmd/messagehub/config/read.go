package config

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// read takes one value out of the file into its place.
type read func(path string, n ast.Node)

// section is the known keys of a mapping.
type section map[string]read

// section reads a mapping; a key that is not known, or comes twice, is a
// fault. A section without content has its defaults.
func (r *reader) section(path string, n ast.Node, known section) {
	for _, pair := range r.pairs(path, n) {
		key := pair.Key.GetToken().Value
		if take, ok := known[key]; ok {
			take(join(path, key), pair.Value)
			continue
		}
		r.unknown(path, pair, known.names())
	}
}

func (s section) names() []string {
	names := make([]string, 0, len(s))
	for name := range s {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// pairs returns the members of a mapping whose keys are plain and come once.
func (r *reader) pairs(path string, n ast.Node) []*ast.MappingValueNode {
	var all []*ast.MappingValueNode
	switch v := n.(type) {
	case nil, *ast.NullNode:
		return nil
	case *ast.MappingNode:
		all = v.Values
	case *ast.MappingValueNode:
		all = []*ast.MappingValueNode{v}
	default:
		r.hide(n)
		r.fault(n, cmp.Or(path, "the file"), "must be a mapping of keys to values", "")
		return nil
	}
	seen := map[string]bool{}
	var out []*ast.MappingValueNode
	for _, pair := range all {
		tok := pair.Key.GetToken()
		switch {
		case !isPlain(pair.Key):
			r.hide(pair.Value)
			r.faultAt(tok, cmp.Or(path, "the file"), "has a key that is no plain text", "")
		case seen[tok.Value]:
			r.hide(pair.Value)
			r.faultAt(tok, join(path, tok.Value), "is there twice", "keep one of them")
		default:
			seen[tok.Value] = true
			out = append(out, pair)
		}
	}
	return out
}

// isPlain reports whether a key is text, or a number taken as its text.
func isPlain(key ast.MapKeyNode) bool {
	switch key.(type) {
	case *ast.StringNode, *ast.IntegerNode:
		return true
	}
	return false
}

// unknown refuses a key and names the nearest one that exists.
func (r *reader) unknown(path string, pair *ast.MappingValueNode, known []string) {
	r.hide(pair.Value)
	key := pair.Key.GetToken().Value
	remedy := "known here: " + strings.Join(known, ", ")
	if near := Nearest(key, known); near != "" {
		remedy = fmt.Sprintf("did you mean %q?", near)
	}
	r.faultAt(pair.Key.GetToken(), join(path, printable(key)), "is not a known key", remedy)
}

// items returns the members of a list.
func (r *reader) items(path string, n ast.Node) []ast.Node {
	switch v := n.(type) {
	case nil, *ast.NullNode:
		return nil
	case *ast.SequenceNode:
		return v.Values
	}
	r.hide(n)
	r.fault(n, path, "must be a list", `begin each entry with "- "`)
	return nil
}

// scalar returns a value's text as it is written.
func (r *reader) scalar(path string, n ast.Node) (string, bool) {
	switch v := n.(type) {
	case *ast.StringNode:
		return v.Value, true
	case *ast.LiteralNode:
		return v.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, true
	case nil, *ast.NullNode:
		r.fault(n, path, "has no value", "give one, or take the line out")
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		r.hide(n)
		r.fault(n, path, "uses an anchor, alias or tag", "write the value out")
	default:
		r.hide(n)
		r.fault(n, path, "must be a single value", "")
	}
	return "", false
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func item(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
