package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"messagehub/actors/channel"
	"messagehub/actors/channel/all"
	"messagehub/cmd/messagehub/config"
)

// foreignCode is all that a code of a channel's provider can mean.
type foreignCode struct {
	Channel  string        `json:"channel"`
	Provider string        `json:"provider"`
	Code     string        `json:"code"`
	Meanings []foreignCase `json:"meanings"`
}

// foreignCase is what it means in one place.
type foreignCase struct {
	Where string `json:"where"`
	Code  string `json:"code"` // ours
	endedAttempt
	RetryAfter int `json:"retryAfter,omitempty"` // seconds, at least
}

// providerNames are the channels and their providers, where codes can be
// explained.
func providerNames() (names []string) {
	for _, spec := range all.Specs() {
		for _, g := range spec.Glossaries {
			for _, name := range []string{spec.Name, g.Provider} {
				if !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
		}
	}
	return names
}

// lookUp finds a code in the glossaries of a channel, or of one provider.
func lookUp(name, code string) (found []foreignCode) {
	for _, spec := range all.Specs() {
		for _, g := range spec.Glossaries {
			if name != spec.Name && name != g.Provider {
				continue
			}
			for _, text := range []string{code, "-" + code} {
				if meanings := g.Look(text); len(meanings) > 0 {
					found = append(found, foreignCode{spec.Name, g.Provider, text, casesOf(meanings)})
				}
			}
		}
	}
	return found
}

// casesOf says what the relay makes of a code; places where it is the same are
// one case.
func casesOf(meanings []channel.Meaning) (cases []foreignCase) {
	ours := explanations()
	for _, m := range meanings {
		c := foreignCase{Where: m.Where, Code: string(m.Code), endedAttempt: *ours[string(m.Code)].Attempt, RetryAfter: int(m.After / time.Second)}
		if m.Receipt && m.After > 0 {
			c.Action = actionText(channel.Again)
		} else if m.Receipt {
			c.Action = actionText(channel.Fail)
		}
		i := slices.IndexFunc(cases, func(known foreignCase) bool { known.Where = c.Where; return known == c })
		if i >= 0 {
			cases[i].Where += ", or " + c.Where
			continue
		}
		cases = append(cases, c)
	}
	return cases
}

func explainForeign(s streams, out *output, name, code string) error {
	names := providerNames()
	if !slices.Contains(names, name) {
		near := config.Nearest(name, names)
		return fail(exitUsage, choose(near != "", fmt.Sprintf("did you mean %q? ", near), "")+"there are "+strings.Join(names, ", "), "there is no provider %q", name)
	}
	found := lookUp(name, code)
	if len(found) == 0 {
		return fail(exitUsage, "an attempt that ends with it is told by what else the provider says; its own documentation may help",
			"the relay has no entry for the code %q of %s", code, name)
	}
	return out.show(s, found, func() error {
		for i := range found {
			if err := printForeign(s, &found[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func printForeign(s streams, f *foreignCode) error {
	st := styleOf(s.out)
	for _, c := range f.Meanings {
		fmt.Fprintf(s.out, "%s of %s, in %s:\n", st.bold(f.Code), f.Provider, c.Where)
		wait := ""
		if c.RetryAfter > 0 {
			wait = fmt.Sprintf("%d s at the least", c.RetryAfter)
		}
		if err := printFields(s, "code", c.Code, "class", c.Class+": "+c.Meaning, "meaning", c.Text, "permanent", choose(c.Permanent, "yes", "no: it may pass"),
			"the relay", c.Action, "wait", wait, "what you can do", c.Remedy); err != nil {
			return err
		}
	}
	return nil
}

// unsigned adds to an error that a negative code may be the cause of.
func unsigned(_ *cobra.Command, err error) error {
	return fail(exitUsage, `write a negative code without its sign, or after "--"`, "%s", err)
}
