package main

import (
	"fmt"
	"text/tabwriter"
)

// announce says that the simulators are ready, and where.
func (f *simFlags) announce(s streams, base string, accounts []simAccount) error {
	ledger := base + "/_sim/ledger"
	if f.json {
		return printJSON(s, struct {
			Sim     string       `json:"sim"`
			Ledger  string       `json:"ledger"`
			Senders []simAccount `json:"senders"`
		}{base, ledger, accounts})
	}
	st := styleOf(s.out)
	fmt.Fprintf(s.out, "\n  %s on %s\n\n", st.bold("Simulated providers"), st.cyan(base))
	t := tabwriter.NewWriter(s.out, 0, 0, 3, ' ', 0)
	for _, a := range accounts {
		fmt.Fprintf(t, "  %s/%s\t%s\n", a.Channel, a.Name, a.BaseURL)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(s.out, `
  receipts go to   %s
  ledger           curl %s
  knobs            curl -X PUT %s/_sim/knobs -d '{"latency":"200ms","throttle":0.1}'

  %s
`, f.callback, ledger, base, st.dim("Stop with Ctrl-C."))
	return err
}
