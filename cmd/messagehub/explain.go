package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"messagehub/relay"
	"messagehub/relay/docs"
)

// explanation is all that a code can mean: some are both the refusal of a
// request and the end of an attempt.
type explanation struct {
	Code    string          `json:"code"`
	Request *refusedRequest `json:"request,omitempty"`
	Attempt *endedAttempt   `json:"attempt,omitempty"`
}

type refusedRequest struct {
	Status     int    `json:"status"`
	Text       string `json:"text"`
	Hint       string `json:"hint"`
	Permanent  bool   `json:"permanent"`
	RetryAfter int    `json:"retryAfter,omitempty"` // seconds, at least
}

type endedAttempt struct {
	Class     string `json:"class"`
	Meaning   string `json:"meaning"` // of the class
	Text      string `json:"text"`
	Permanent bool   `json:"permanent"`
	Action    string `json:"action"` // of the relay
	Remedy    string `json:"remedy"`
}

// explanations joins the tables that the code itself runs on.
func explanations() map[string]*explanation {
	all := map[string]*explanation{}
	of := func(code string) *explanation {
		if all[code] == nil {
			all[code] = &explanation{Code: code}
		}
		return all[code]
	}
	for _, p := range relay.Problems() {
		of(string(p.Code)).Request = &refusedRequest{p.Status, p.Text, p.Hint, p.Permanent, p.RetryAfter}
	}
	for _, f := range failures() {
		meaning, remedy := docs.Class(f.Class)
		of(f.Code).Attempt = &endedAttempt{f.Class, meaning, f.Text, f.Permanent, f.Action, remedy}
	}
	return all
}

func codes() []string { return slices.Sorted(maps.Keys(explanations())) }

func explainCommand(s streams) *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use: "explain [CODE | PROVIDER CODE]", Short: "Say what an error code means and what happens then", Args: cobra.MaximumNArgs(2),
		Long: `Says what a code means: of a request that was refused (error.code), or of an
attempt that did not succeed (attempts[].error.code). Without a code it lists
them all.

After the name of a channel or of a provider (` + strings.Join(providerNames(), ", ") + `),
the code is the provider's own, as attempts[].error.provider.code has it. The
sign of a negative one can be left out.`,
		Example: `  messagehub explain not_on_channel
  messagehub explain twilio 30003
  messagehub explain whatsapp 131026
  messagehub explain zalo 118`,
		ValidArgsFunction: completeFirst(func() []string { return append(providerNames(), codes()...) }),
		RunE: func(_ *cobra.Command, args []string) error {
			switch len(args) {
			case 0:
				return listCodes(s, &out)
			case 2:
				return explainForeign(s, &out, args[0], args[1])
			}
			e := explanations()[args[0]]
			switch {
			case e != nil:
				return out.show(s, e, func() error { return printExplanation(s, e) })
			case slices.Contains(providerNames(), args[0]):
				return fail(exitUsage, "add the provider's code: messagehub explain "+args[0]+" CODE", "%q is a provider", args[0])
			}
			return fail(exitUsage, nearestText(args[0], codes())+`"messagehub explain" lists them all`, "there is no code %q", args[0])
		},
	}
	cmd.SetFlagErrorFunc(unsigned)
	out.flag(cmd)
	return cmd
}

func listCodes(s streams, out *output) error {
	all := explanations()
	list := make([]*explanation, 0, len(all))
	var rows [][]string
	for _, code := range codes() {
		e := all[code]
		list = append(list, e)
		if e.Request != nil {
			rows = append(rows, []string{code, strconv.Itoa(e.Request.Status), e.Request.Text})
		}
		if e.Attempt != nil {
			rows = append(rows, []string{code, e.Attempt.Class, e.Attempt.Text})
		}
	}
	return out.show(s, list, func() error { return printTable(s, "CODE STATUS/CLASS MEANING", rows, "") })
}

func printExplanation(s streams, e *explanation) error {
	st := styleOf(s.out)
	if r := e.Request; r != nil {
		fmt.Fprintf(s.out, "%s, as the answer to a request:\n", st.bold(e.Code))
		wait := ""
		if r.RetryAfter > 0 {
			wait = fmt.Sprintf("as long as Retry-After says, at least %d s", r.RetryAfter)
		}
		if err := printFields(s, "status", strconv.Itoa(r.Status), "meaning", r.Text, "hint", r.Hint,
			"again", choose(r.Permanent, "no: the same request will fail again", "yes: the same request may succeed later"), "wait", wait); err != nil {
			return err
		}
	}
	if a := e.Attempt; a != nil {
		fmt.Fprintf(s.out, "%s, as the end of an attempt:\n", st.bold(e.Code))
		return printFields(s, "class", a.Class+": "+a.Meaning, "meaning", a.Text, "permanent", choose(a.Permanent, "yes", "no: it may pass"),
			"the chain", a.Action, "what you can do", a.Remedy)
	}
	return nil
}

func choose(which bool, yes, no string) string {
	if which {
		return yes
	}
	return no
}
