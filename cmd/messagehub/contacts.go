package main

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"messagehub/store/message/json"
)

func contactsCommand(s streams) *cobra.Command {
	cmd := &cobra.Command{
		Use: "contacts", Short: "Import, look up and erase contacts",
		Long: "Imports, looks up and erases contacts through the API at $" + envURL + " with the key in $" + envKey + ".",
	}
	cmd.AddCommand(contactsImportCommand(s), contactsListCommand(s), contactsGetCommand(s), contactsEraseCommand(s), contactsErasuresCommand(s))
	return cmd
}

// shownContact is a contact as the API shows it.
type shownContact struct {
	ID         string                     `json:"id"`
	ExternalID *string                    `json:"externalId"`
	Name       *string                    `json:"name"`
	Identities map[string]string          `json:"identities"`
	Tags       []string                   `json:"tags"`
	Order      []string                   `json:"channelOrder"`
	OptOut     map[string]bool            `json:"optOut"`
	Locale     *string                    `json:"locale"`
	Timezone   *string                    `json:"timezone"`
	Metadata   map[string]json.RawMessage `json:"metadata"`
	CreatedAt  string                     `json:"createdAt"`
	UpdatedAt  string                     `json:"updatedAt"`
}

// contactAnswer is an answer that holds one thing.
type contactAnswer struct {
	Data json.RawMessage `json:"data"`
}

func contactsGetCommand(s streams) *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use: "get CONTACT-ID", Short: "Show one contact", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := newAPI()
			if err != nil {
				return err
			}
			var answer contactAnswer
			if err := a.call(cmd.Context(), "GET", contactPath(args[0]), nil, nil, &answer); err != nil {
				return err
			}
			return out.show(s, answer.Data, func() error {
				var c shownContact
				if err := json.Unmarshal(answer.Data, &c); err != nil {
					return err
				}
				return printContact(s, &c)
			})
		},
	}
	out.flag(cmd)
	return cmd
}

func contactPath(id string) string { return "/api/v1/contacts/" + url.PathEscape(id) }

func printContact(s streams, c *shownContact) error {
	return printFields(s, "id", c.ID, "external id", text(c.ExternalID), "name", text(c.Name), "identities", pairs(c.Identities),
		"tags", strings.Join(c.Tags, ", "), "channels", strings.Join(c.Order, ", "), "opted out", pairs(c.OptOut),
		"locale", text(c.Locale), "timezone", text(c.Timezone), "metadata", pairs(c.Metadata), "created", c.CreatedAt, "updated", c.UpdatedAt)
}

// pairs shows an object in one line, sorted.
func pairs[V any](object map[string]V) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(object)) {
		switch v := any(object[name]).(type) {
		case bool:
			all = append(all, name)
		case json.RawMessage:
			all = append(all, name+"="+string(v))
		default:
			all = append(all, fmt.Sprintf("%s=%v", name, v))
		}
	}
	return strings.Join(all, ", ")
}

func contactsListCommand(s streams) *cobra.Command {
	var out output
	filters := map[string]*string{}
	limit := 0
	cmd := &cobra.Command{
		Use: "list", Short: "List contacts, oldest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := newAPI()
			if err != nil {
				return err
			}
			query := url.Values{"limit": {strconv.Itoa(limit)}}
			for name, value := range filters {
				if *value != "" {
					query.Set(name, *value)
				}
			}
			var answer struct {
				Data []json.RawMessage `json:"data"`
				Page struct {
					Next *string `json:"next"`
				} `json:"page"`
			}
			if err := a.call(cmd.Context(), "GET", "/api/v1/contacts?"+query.Encode(), nil, nil, &answer); err != nil {
				return err
			}
			return out.show(s, answer.Data, func() error { return printContacts(s, answer.Data, answer.Page.Next) })
		},
	}
	for _, f := range [][3]string{
		{"tag", "tag", "only those with this tag"},
		{"external-id", "externalId", "only the one with your own id"},
		{"channel", "channel", "beside --address: what the address is of"},
		{"address", "address", "only those with this address"},
		{"after", "after", "go on behind this cursor"},
	} {
		filters[f[1]] = cmd.Flags().String(f[0], "", f[2])
	}
	cmd.Flags().IntVar(&limit, "limit", 20, "how many, at most 200")
	out.flag(cmd)
	return cmd
}

func printContacts(s streams, all []json.RawMessage, next *string) error {
	rows := make([][]string, len(all))
	for i, raw := range all {
		var c shownContact
		if err := json.Unmarshal(raw, &c); err != nil {
			return err
		}
		rows[i] = []string{c.ID, text(c.ExternalID), text(c.Name), pairs(c.Identities), strings.Join(c.Tags, ", "), pairs(c.OptOut)}
	}
	if err := printTable(s, "ID EXTERNAL-ID NAME IDENTITIES TAGS OPTED-OUT", rows, "no contacts match"); err != nil {
		return err
	}
	if next != nil {
		fmt.Fprintln(s.err, "more with --after "+*next)
	}
	return nil
}

// shownErasure is an erasure as the API shows it.
type shownErasure struct {
	ContactID   string  `json:"contactId"`
	Erasure     string  `json:"erasure"`
	Messages    int     `json:"messages"`
	RequestedAt string  `json:"requestedAt"`
	DoneAt      *string `json:"doneAt"`
}

func contactsEraseCommand(s streams) *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use: "erase CONTACT-ID", Short: "Erase a contact, in its messages too", Args: cobra.ExactArgs(1),
		Long: `Deletes a contact and erases its personal data, in its messages and in the files
of the store too. Ids and statuses stay, and so do its opt-outs, as hashes. Run
it again to see how far the erasure has come.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := newAPI()
			if err != nil {
				return err
			}
			e, raw, err := eraseContact(cmd.Context(), a, args[0])
			if err != nil {
				return err
			}
			return out.show(s, raw, func() error {
				_, err := fmt.Fprintf(s.out, "%s  erasure %s, %d messages\n", e.ContactID, e.Erasure, e.Messages)
				return err
			})
		},
	}
	out.flag(cmd)
	return cmd
}

func eraseContact(ctx context.Context, a *api, id string) (e shownErasure, raw json.RawMessage, err error) {
	var answer contactAnswer
	if err := a.call(ctx, "DELETE", contactPath(id), nil, nil, &answer); err != nil {
		return e, nil, err
	}
	return e, answer.Data, json.Unmarshal(answer.Data, &e)
}
