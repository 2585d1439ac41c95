package main

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
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

func contactsGetCommand(s streams) *cobra.Command {
	return single[shownContact]{
		use: "get CONTACT-ID", short: "Show one contact", method: "GET", path: contactPath, print: printContact,
	}.command(s)
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
	return listing[shownContact]{
		short: "List contacts, oldest first", path: "/api/v1/contacts",
		filters: []filter{
			{flag: "tag", usage: "only those with this tag"},
			{flag: "external-id", param: "externalId", usage: "only the one with your own id"},
			{flag: "channel", usage: "beside --address: what the address is of"},
			{flag: "address", usage: "only those with this address"},
		},
		header: "ID EXTERNAL-ID NAME IDENTITIES TAGS OPTED-OUT", none: "no contacts match",
		row: func(c *shownContact) []string {
			return []string{c.ID, text(c.ExternalID), text(c.Name), pairs(c.Identities), strings.Join(c.Tags, ", "), pairs(c.OptOut)}
		},
	}.command(s)
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
	return single[shownErasure]{
		use: "erase CONTACT-ID", short: "Erase a contact, in its messages too",
		long: `Deletes a contact and erases its personal data, in its messages and in the files
of the store too. Ids and statuses stay, and so do its opt-outs, as hashes. Run
it again to see how far the erasure has come.`,
		method: "DELETE", path: contactPath,
		print: func(s streams, e *shownErasure) error {
			_, err := fmt.Fprintf(s.out, "%s  erasure %s, %d messages\n", e.ContactID, e.Erasure, e.Messages)
			return err
		},
	}.command(s)
}
