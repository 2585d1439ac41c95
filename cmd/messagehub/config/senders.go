package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

// senders reads the lists of senders by channel.
func (r *reader) senders(path string, n ast.Node) {
	var known []string
	for _, spec := range r.loader.Specs {
		known = append(known, spec.Name)
	}
	for _, pair := range r.pairs(path, n) {
		name := pair.Key.GetToken().Value
		i := slices.Index(known, name)
		if i < 0 {
			r.unknown(path, pair, known)
			continue
		}
		r.channel(join(path, name), pair.Value, &r.loader.Specs[i])
	}
}

// channel reads the senders of one channel.
func (r *reader) channel(path string, n ast.Node, spec *channel.Spec) {
	names := map[string]bool{}
	for i, entry := range r.items(path, n) {
		at := item(path, i)
		if !isMapping(entry) {
			r.hide(entry)
			r.fault(entry, at, "must be a mapping with the sender's name and settings", "")
			continue
		}
		s := &sender{reader: r, path: at, spec: spec, given: channel.Values{}}
		s.read(entry)
		switch {
		case s.name == "" && !s.named:
			r.fault(entry, at, "has no name", "name it: clients choose it with \"from\", and receipts come to .../webhooks/delivery/"+spec.Name+"/<name>")
		case names[s.name]:
			r.fault(entry, at, fmt.Sprintf("has the name %q of an earlier one", s.name), "give each sender of a channel a name of its own")
		}
		names[s.name] = true
		r.config.Senders = append(r.config.Senders, Sender{spec.Name, s.name, s.complete, s.share})
	}
}

// sender is one sender while it is read.
type sender struct {
	*reader
	path     string
	spec     *channel.Spec
	name     string
	named    bool // a name is there, perhaps a faulty one
	given    channel.Values
	seen     []string // settings that are there, good or faulty
	complete channel.Values
	share    Share
}

func (s *sender) read(n ast.Node) {
	known := section{"name": s.readName, "weight": s.readWeight, "prefixes": s.readPrefixes}
	for i := range s.spec.Settings {
		setting := &s.spec.Settings[i]
		known[setting.Name] = func(path string, n ast.Node) { s.setting(path, n, setting) }
	}
	before := len(s.faults.List)
	s.section(s.path, n, known)
	s.conclude(n)
	if len(s.faults.List) == before && !s.loader.SkipSecrets {
		s.try(n)
	}
}

func (s *sender) readName(path string, n ast.Node) {
	s.named = true
	value(s.reader, &s.name, func(text string) (string, string) {
		if !plainName(text) {
			return "", strings.TrimPrefix(mustBeName, "must be ")
		}
		return text, ""
	})(path, n)
}

// maxWeight bounds a sender's weight.
const maxWeight = 1000

func (s *sender) readWeight(path string, n ast.Node) {
	whole(s.reader, &s.share.Weight, 0, maxWeight)(path, n)
	s.share.Standby = s.share.Weight == 0
}

func (s *sender) readPrefixes(path string, n ast.Node) {
	if !s.spec.Phone {
		s.fault(n, path, "is for channels whose recipients are phone numbers", "take it out, and give the senders a weight")
		return
	}
	for i, entry := range s.items(path, n) {
		var prefix uint64
		value(s.reader, &prefix, func(text string) (uint64, string) {
			if number := message.PhoneNumber(text); number != 0 {
				return number, ""
			}
			return 0, `the beginning of a phone number, such as "+49"`
		})(item(path, i), entry)
		s.share.Prefixes = append(s.share.Prefixes, prefix)
	}
}

// setting reads one value that the channel's Spec describes.
func (s *sender) setting(path string, n ast.Node, setting *channel.Setting) {
	s.seen = append(s.seen, setting.Name)
	text, ok := s.settingText(path, n, setting)
	if !ok {
		return
	}
	one := *setting
	one.Required = false
	if _, err := channel.Complete([]channel.Setting{one}, channel.Values{one.Name: text}); err != nil {
		s.fault(n, path, complaint(err, setting, text), setting.Help)
		return
	}
	s.given[setting.Name] = text
}

// complaint is the channel's word about a value, without the value of a
// secret.
func complaint(err error, setting *channel.Setting, text string) string {
	words := strings.TrimPrefix(err.Error(), setting.Name+" ")
	if setting.Secret && strings.Contains(words, text) {
		return "is not valid"
	}
	return words
}

// conclude adds the defaults and complains about what is missing.
func (s *sender) conclude(n ast.Node) {
	rest := slices.Clone(s.spec.Settings)
	rest = slices.DeleteFunc(rest, func(d channel.Setting) bool {
		return s.loader.SkipSecrets && d.Secret
	})
	for i := range rest {
		if slices.Contains(s.seen, rest[i].Name) {
			rest[i].Required = false // present; its own fault is told already
		}
	}
	complete, err := channel.Complete(rest, s.given)
	s.complete = complete
	for _, fault := range unjoin(err) {
		what, help, _ := strings.Cut(fault.Error(), ": ")
		s.fault(n, s.path, "is incomplete: "+what, help)
	}
}

// try lets the channel check what concerns more than one setting.
func (s *sender) try(n ast.Node) {
	if s.spec.New == nil {
		return
	}
	client := channel.NewClient(nil, 1)
	defer client.Close()
	if _, err := s.spec.New(channel.Sender{Name: s.name, Settings: s.complete, HTTP: client}); err != nil {
		s.fault(n, s.path, "is not valid: "+err.Error(), "")
	}
}

func isMapping(n ast.Node) bool {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return true
	}
	return false
}

func unjoin(err error) []error {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		return joined.Unwrap()
	}
	if err != nil {
		return []error{err}
	}
	return nil
}
