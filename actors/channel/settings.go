package channel

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"messagehub/store/message/json"
)

// Setting describes one value that a sender's configuration may hold.
type Setting struct {
	Name     string
	Kind     Kind
	Required bool
	Default  string
	// Secret values come from the environment or a file, and are never shown.
	Secret bool
	// Sandbox is the value of the built-in simulated sender.
	Sandbox string
	// Mirrors are the values that the simulated sender takes over from the live
	// sender of its name.
	Mirrors []string
	Help    string
	// Check refuses a value, in words that follow the setting's name.
	Check func(string) error
}

// Kind is the form of a Setting's value.
type Kind uint8

// The kinds of settings.
const (
	KindText Kind = iota
	KindURL
	KindInt
	KindBool
	KindDuration
	// KindMap is a mapping of texts to texts, kept as a JSON object.
	KindMap
)

// Values are a sender's settings by name, complete with defaults.
type Values map[string]string

// Text returns the named value.
func (v Values) Text(name string) string { return v[name] }

// Int returns the named value as a number.
func (v Values) Int(name string) int { n, _ := strconv.Atoi(v[name]); return n }

// Bool returns the named value as a truth.
func (v Values) Bool(name string) bool { b, _ := strconv.ParseBool(v[name]); return b }

// Duration returns the named value as a duration.
func (v Values) Duration(name string) time.Duration { d, _ := time.ParseDuration(v[name]); return d }

// Map returns the named value as a mapping.
func (v Values) Map(name string) map[string]string {
	var out map[string]string
	_ = json.Unmarshal([]byte(v[name]), &out)
	return out
}

// Complete checks given against settings and fills in defaults. Its error
// joins every fault, each naming its setting.
func Complete(settings []Setting, given Values) (Values, error) {
	out := make(Values, len(settings))
	var faults []error
	known := make(map[string]bool, len(settings))
	for _, s := range settings {
		known[s.Name] = true
		value, ok := given[s.Name]
		if !ok || value == "" {
			if s.Required {
				faults = append(faults, fmt.Errorf("%s is missing: %s", s.Name, s.Help))
				continue
			}
			value = s.Default
		}
		if err := s.check(value); err != nil {
			faults = append(faults, fmt.Errorf("%s %w", s.Name, err))
			continue
		}
		out[s.Name] = value
	}
	for name := range given {
		if !known[name] {
			faults = append(faults, fmt.Errorf("%s is not a setting of this channel", name))
		}
	}
	return out, errors.Join(faults...)
}

// Sandbox returns the settings of the built-in simulated sender.
func Sandbox(settings []Setting) Values {
	out := make(Values, len(settings))
	for _, s := range settings {
		out[s.Name] = s.Default
		if s.Sandbox != "" {
			out[s.Name] = s.Sandbox
		}
	}
	return out
}

func (s *Setting) check(value string) error {
	if value == "" {
		return nil
	}
	var err error
	switch s.Kind {
	case KindURL:
		err = checkURL(value)
	case KindInt:
		_, err = strconv.Atoi(value)
	case KindBool:
		_, err = strconv.ParseBool(value)
	case KindDuration:
		_, err = time.ParseDuration(value)
	case KindMap:
		var out map[string]string
		err = json.Unmarshal([]byte(value), &out)
	}
	if err != nil {
		return fmt.Errorf("must be %s", [...]string{
			"text", "an http(s) URL without user, query and fragment", "a whole number", "true or false", "a duration such as 30s",
			"a mapping of names to texts",
		}[s.Kind])
	}
	if s.Check != nil {
		return s.Check(value)
	}
	return nil
}

// checkURL takes the address of an API: no user, query or fragment, to which
// a path can be added.
func checkURL(value string) error {
	u, err := url.Parse(value)
	if err != nil {
		return err
	}
	if u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.User != nil || strings.ContainsAny(value, "?#") {
		return errors.New("no http(s) URL")
	}
	return nil
}
