package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"messagehub/store/message/json"
)

type distributeFlags struct {
	output
	distributeBody
	format string
	key    string
	dryRun bool
	wait   bool
}

func distributeCommand(s streams) *cobra.Command {
	f := &distributeFlags{}
	cmd := &cobra.Command{
		Use: "distribute [FILE]", Short: "Send one content to many recipients", Args: cobra.MaximumNArgs(1),
		Long: `Sends one content to many recipients through the API at $` + envURL + ` with the key
in $` + envKey + `: to those of a file, to the contacts that have a tag, or both.

FILE holds the whole request as JSON, as the API takes it; or recipients alone, as
CSV or NDJSON, and flags say what they are sent. "-" reads the standard input. In
CSV, a column that is named as a channel holds addresses, contactId holds
contacts, and any other column the values of its {{parameter}}.

With --wait it ends when all messages have come to an end, and with 1 if some have
failed or it was canceled. To stop waiting stops nothing else.`,
		Example: `  messagehub distribute sale.json --dry-run
  messagehub distribute --tag vip --channel whatsapp,sms --text "Hi {{name}}" --rate 100 --wait
  messagehub distribute people.csv --channel sms --text "{{name}}: sale" --window 09:00-20:00 --timezone recipient`,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), s, args) },
	}
	flags := cmd.Flags()
	f.distributeBody.flags(flags)
	flags.StringVar(&f.format, "format", "", "json, csv or ndjson (default: as the file is named)")
	flags.StringVar(&f.key, "idempotency-key", "", "makes repeating this command safe")
	flags.BoolVar(&f.dryRun, "dry-run", false, "say what it would come to, and send nothing")
	flags.BoolVar(&f.wait, "wait", false, "wait until all messages have come to an end")
	f.flag(cmd)
	completeFlag(cmd, "channel", channelNames)
	completeFlag(cmd, "mode", routingModes)
	completeFlag(cmd, "format", func() []string { return []string{"json", "csv", "ndjson"} })
	return cmd
}

func (f *distributeFlags) run(ctx context.Context, s streams, args []string) error {
	if f.wait && f.dryRun {
		return usage("--dry-run sends nothing that --wait could wait for")
	}
	name := ""
	if len(args) == 1 {
		name = args[0]
	}
	body, err := f.read(s, name)
	if err != nil {
		return err
	}
	a, err := newAPI()
	if err != nil {
		return err
	}
	header := map[string]string{}
	if f.key != "" {
		header["Idempotency-Key"] = f.key
	}
	var answer one
	if err := a.call(ctx, "POST", "/api/v1/content/distribute?dryRun="+strconv.FormatBool(f.dryRun), body, header, &answer); err != nil {
		return err
	}
	var taken shownForecast
	if err := json.Unmarshal(answer.Data, &taken); err != nil {
		return err
	}
	if f.wait {
		return f.follow(ctx, s, a, &taken)
	}
	return f.show(s, answer.Data, func() error { return printForecast(s, &taken) })
}

// shownForecast is what a distribution comes to, as the API answers it at first.
type shownForecast struct {
	ID     string `json:"distributionId"`
	Status string `json:"status"`
	shownCounts
	Exact    bool `json:"exact"`
	Estimate struct {
		Segments int  `json:"segments"`
		Seconds  *int `json:"seconds"`
	} `json:"estimate"`
	Invalid  []shownInvalid `json:"invalidRecipients"`
	Warnings []struct {
		Message string `json:"message"`
	} `json:"warnings"`
}

func printForecast(s streams, f *shownForecast) error {
	for _, w := range f.Warnings {
		fmt.Fprintln(s.err, "note: "+w.Message)
	}
	counts := f.shownCounts.String()
	if !f.Exact {
		counts = "about " + counts
	}
	if f.Estimate.Segments > 0 {
		counts += fmt.Sprintf(", %d segments", f.Estimate.Segments)
	}
	if f.Estimate.Seconds != nil {
		counts += fmt.Sprintf(", %d s at the rate", *f.Estimate.Seconds)
	}
	what := "dry run"
	if f.ID != "" {
		what = f.ID + "  " + f.Status
	}
	fmt.Fprintf(s.out, "%s: %s\n", what, counts)
	return printInvalid(s, f.Invalid)
}
