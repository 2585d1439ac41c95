package config

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"messagehub/actors/channel"
	"messagehub/store/message/json"
)

var envName = regexp.MustCompile(`^[A-Z_][A-Z0-9_]{0,127}$`)

// maxSecret bounds a secret read from a file.
const maxSecret = 64 << 10

// settingText returns the text of a setting, wherever it is kept: written
// here, in the environment ({env: NAME}) or in a file ({file: PATH}). A
// secret is never written here, unless it is the simulator's own.
func (s *sender) settingText(path string, n ast.Node, setting *channel.Setting) (string, bool) {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		if setting.Kind == channel.KindMap {
			return s.mapping(path, n)
		}
		return s.reference(path, n)
	}
	if setting.Secret {
		s.hide(n)
	}
	text, ok := s.scalar(path, n)
	if !ok || !setting.Secret || (setting.Sandbox != "" && text == setting.Sandbox) {
		return text, ok
	}
	variable := strings.ToUpper(s.spec.Name + "_" + snake(setting.Name))
	s.fault(n, path, "is a secret and must not be written into this file", fmt.Sprintf(
		"take it from the environment: %s: {env: %s}\nor from a file: %s: {file: /run/secrets/%s}",
		setting.Name, variable, setting.Name, strings.ToLower(variable)))
	return "", false
}

// mapping reads the pairs of a [channel.KindMap].
func (s *sender) mapping(path string, n ast.Node) (text string, ok bool) {
	out := map[string]string{}
	for _, pair := range s.pairs(path, n) {
		key := pair.Key.GetToken().Value
		value, ok := s.scalar(join(path, printable(key)), pair.Value)
		if !ok {
			return "", false
		}
		out[key] = value
	}
	b, err := json.Marshal(out)
	return string(b), err == nil
}

// reference reads {env: NAME} or {file: PATH}.
func (s *sender) reference(path string, n ast.Node) (text string, ok bool) {
	pairs := s.pairs(path, n)
	if len(pairs) != 1 || (pairs[0].Key.GetToken().Value != "env" && pairs[0].Key.GetToken().Value != "file") {
		s.hide(n)
		s.fault(n, path, "must be {env: NAME} or {file: PATH}", "")
		return "", false
	}
	kind, target := pairs[0].Key.GetToken().Value, pairs[0].Value
	where, ok := s.scalar(join(path, kind), target)
	if !ok {
		return "", false
	}
	if kind == "env" && !envName.MatchString(where) {
		s.hide(target)
		s.fault(target, join(path, kind), "must be the name of an environment variable, in capitals", "")
		return "", false
	}
	if s.loader.SkipSecrets {
		return "", false
	}
	if kind == "env" {
		return s.fromEnv(path, target, where)
	}
	return s.fromFile(path, target, where)
}

func (s *sender) fromEnv(path string, n ast.Node, name string) (string, bool) {
	text, ok := s.loader.Env(name)
	if !ok || text == "" {
		s.fault(n, join(path, "env"), "names an environment variable that is not set", "set "+name+" for the process")
		return "", false
	}
	return text, true
}

func (s *sender) fromFile(path string, n ast.Node, name string) (string, bool) {
	if !filepath.IsAbs(name) {
		name = filepath.Join(filepath.Dir(s.faults.File), name)
	}
	b, err := readFile(name, maxSecret)
	if err != nil {
		s.fault(n, join(path, "file"), "can't be read: "+err.Error(), "")
		return "", false
	}
	text := strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r")
	if text == "" || strings.ContainsRune(text, 0) {
		s.fault(n, join(path, "file"), "names a file that holds no text", "")
		return "", false
	}
	return text, true
}

// snake turns accessToken into access_token.
func snake(name string) string {
	var b strings.Builder
	for i, c := range name {
		if c >= 'A' && c <= 'Z' && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(c)
	}
	return b.String()
}
