package main

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

func distributionsCommand(s streams) *cobra.Command {
	cmd := &cobra.Command{
		Use: "distributions", Short: "Look distributions up, pause, resume and cancel them",
		Long: "Looks distributions up and turns them through the API at $" + envURL + " with the key in $" + envKey + ".",
	}
	cmd.AddCommand(distributionsListCommand(s))
	for _, c := range []struct{ use, short, method, path string }{
		{"get", "Show one distribution, and what became of its messages", "GET", ""},
		{"pause", "Make no more messages, and hold those that wait", "POST", "/pause"},
		{"resume", "Go on with a paused distribution", "POST", "/resume"},
		{"cancel", "Make no more messages, and take back those that no provider has", "POST", "/cancel"},
	} {
		cmd.AddCommand(single[shownDistribution]{
			use: c.use + " DISTRIBUTION-ID", short: c.short, method: c.method, print: printDistribution,
			path: func(id string) string { return distributionPath(id) + c.path },
		}.command(s))
	}
	return cmd
}

const distributionsPath = "/api/v1/content/distributions"

func distributionPath(id string) string { return distributionsPath + "/" + url.PathEscape(id) }

// shownDistribution is a distribution as the API shows it.
type shownDistribution struct {
	ID          string   `json:"distributionId"`
	Status      string   `json:"status"`
	Mode        string   `json:"mode"`
	Channels    []string `json:"channels"`
	Tags        []string `json:"tags"`
	Reference   *string  `json:"reference"`
	ScheduledAt *string  `json:"scheduledAt"`
	Progress    struct {
		Expected int `json:"expected"`
		Done     int `json:"done"`
	} `json:"progress"`
	Counts     shownCounts               `json:"counts"`
	TakingBack bool                      `json:"takingBack"`
	CreatedAt  string                    `json:"createdAt"`
	UpdatedAt  string                    `json:"updatedAt"`
	Statuses   map[string]map[string]int `json:"statuses"`
	Outcome    shownOutcome              `json:"outcome"`
	Invalid    []shownInvalid            `json:"invalidRecipients"`
}

// shownCounts counts recipients, and the messages made for them.
type shownCounts struct {
	Recipients int `json:"recipients"`
	Messages   int `json:"messages"`
	Invalid    int `json:"invalid"`
	Duplicates int `json:"duplicates"`
	OptedOut   int `json:"optedOut"`
}

// String tells of those who get no message only where there are some.
func (c shownCounts) String() string {
	text := fmt.Sprintf("%d recipients, %d messages", c.Recipients, c.Messages)
	for _, part := range []struct {
		n    int
		what string
	}{{c.Invalid, "invalid"}, {c.Duplicates, "duplicates"}, {c.OptedOut, "opted out"}} {
		if part.n > 0 {
			text += fmt.Sprintf(", %d %s", part.n, part.what)
		}
	}
	return text
}

// shownOutcome is what became of the messages of a distribution.
type shownOutcome struct {
	Waiting  int            `json:"waiting"`
	Withheld int            `json:"withheld"`
	Sent     int            `json:"sent"`
	Canceled int            `json:"canceled"`
	Failed   int            `json:"failed"`
	Skipped  int            `json:"skipped"`
	Reasons  map[string]int `json:"reasons"`
}

func (o *shownOutcome) ended() int { return o.Sent + o.Canceled + o.Failed + o.Skipped }

// shownInvalid is a recipient who gets no message.
type shownInvalid struct {
	Index     *int    `json:"index"`
	ContactID *string `json:"contactId"`
	Code      string  `json:"code"`
	Message   string  `json:"message"`
}

func distributionsListCommand(s streams) *cobra.Command {
	return listing[shownDistribution]{
		short: "List distributions, newest first", path: distributionsPath,
		header: "ID CREATED STATUS MODE CHANNELS TAGS DONE MESSAGES REFERENCE", none: "no distributions",
		row: func(d *shownDistribution) []string {
			return []string{
				d.ID, d.CreatedAt, d.Status, d.Mode, strings.Join(d.Channels, ", "), strings.Join(d.Tags, ", "),
				fmt.Sprintf("%d/%d", d.Progress.Done, d.Progress.Expected), strconv.Itoa(d.Counts.Messages), text(d.Reference),
			}
		},
	}.command(s)
}

func printDistribution(s streams, d *shownDistribution) error {
	status := d.Status
	if d.TakingBack {
		status += ", taking back what waits"
	}
	o := &d.Outcome
	err := printFields(s, "id", d.ID, "status", status, "mode", d.Mode, "channels", strings.Join(d.Channels, ", "), "tags", strings.Join(d.Tags, ", "),
		"reference", text(d.Reference), "scheduled", text(d.ScheduledAt), "created", d.CreatedAt, "updated", d.UpdatedAt,
		"done", fmt.Sprintf("%d of %d recipients", d.Progress.Done, d.Progress.Expected), "made", d.Counts.String(),
		"waiting", fmt.Sprintf("%d, %d of them held back", o.Waiting, o.Withheld), "sent", strconv.Itoa(o.Sent),
		"canceled", strconv.Itoa(o.Canceled), "failed", strconv.Itoa(o.Failed), "skipped", strconv.Itoa(o.Skipped), "reasons", pairs(o.Reasons))
	if err != nil {
		return err
	}
	fmt.Fprintln(s.out)
	var rows [][]string
	for _, channel := range d.Channels {
		rows = append(rows, []string{channel, pairs(d.Statuses[channel])})
	}
	if err := printTable(s, "CHANNEL STATUSES", rows, ""); err != nil {
		return err
	}
	return printInvalid(s, d.Invalid)
}

// printInvalid prints recipients who get no message; nothing where there are
// none.
func printInvalid(s streams, all []shownInvalid) error {
	if len(all) == 0 {
		return nil
	}
	fmt.Fprintln(s.out)
	rows := make([][]string, len(all))
	for i, v := range all {
		who := text(v.ContactID)
		if v.Index != nil {
			who = "recipients[" + strconv.Itoa(*v.Index) + "]"
		}
		rows[i] = []string{who, v.Code, v.Message}
	}
	return printTable(s, "NOT-REACHED CODE MESSAGE", rows, "")
}
