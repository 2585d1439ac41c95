package main

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"messagehub/store/message/json"
)

func messagesCommand(s streams) *cobra.Command {
	cmd := &cobra.Command{Use: "messages", Short: "Look messages up", Long: "Looks messages up through the API at $" + envURL + " with the key in $" + envKey + "."}
	cmd.AddCommand(messagesGetCommand(s), messagesListCommand(s))
	return cmd
}

// shownMessage is a message as the API shows it.
type shownMessage struct {
	ID         string         `json:"id"`
	Status     string         `json:"status"`
	Channel    string         `json:"channel"`
	Test       bool           `json:"test"`
	To         string         `json:"to"`
	Reference  *string        `json:"reference"`
	CreatedAt  string         `json:"createdAt"`
	UpdatedAt  string         `json:"updatedAt"`
	Late       bool           `json:"late"`
	Duplicates int            `json:"duplicates"`
	Error      *sendFailure   `json:"error"`
	Attempts   []shownAttempt `json:"attempts"`
	Timeline   []shownEntry   `json:"timeline"`
}

type shownAttempt struct {
	Index             int          `json:"index"`
	Channel           string       `json:"channel"`
	To                *string      `json:"to"`
	Status            string       `json:"status"`
	Sender            *string      `json:"sender"`
	ProviderMessageID *string      `json:"providerMessageId"`
	Error             *sendFailure `json:"error"`
}

type shownEntry struct {
	At      string  `json:"at"`
	Type    string  `json:"type"`
	Channel string  `json:"channel"`
	Code    *string `json:"code"`
}

func messagesGetCommand(s streams) *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use: "get MESSAGE-ID", Short: "Show one message with its attempts", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := newAPI()
			if err != nil {
				return err
			}
			var answer struct {
				Data json.RawMessage `json:"data"`
			}
			if err := a.call(cmd.Context(), "GET", "/api/v1/messages/"+url.PathEscape(args[0]), nil, nil, &answer); err != nil {
				return err
			}
			return out.show(s, answer.Data, func() error {
				var m shownMessage
				if err := json.Unmarshal(answer.Data, &m); err != nil {
					return err
				}
				return printMessage(s, &m)
			})
		},
	}
	out.flag(cmd)
	return cmd
}

func printMessage(s streams, m *shownMessage) error {
	fields := []string{
		"id", m.ID, "status", m.Status, "channel", m.Channel, "to", m.To, "reference", text(m.Reference),
		"created", m.CreatedAt, "updated", m.UpdatedAt, "error", code(m.Error),
	}
	if m.Duplicates > 0 {
		fields = append(fields, "duplicates", strconv.Itoa(m.Duplicates))
	}
	if err := printFields(s, fields...); err != nil {
		return err
	}
	fmt.Fprintln(s.out)
	rows := make([][]string, len(m.Attempts))
	for i, a := range m.Attempts {
		rows[i] = []string{strconv.Itoa(a.Index), a.Channel, text(a.To), a.Status, code(a.Error), text(a.Sender), text(a.ProviderMessageID)}
	}
	if err := printTable(s, "ATTEMPT CHANNEL TO STATUS ERROR SENDER PROVIDER-ID", rows, ""); err != nil {
		return err
	}
	fmt.Fprintln(s.out)
	rows = make([][]string, len(m.Timeline))
	for i, e := range m.Timeline {
		rows[i] = []string{e.At, e.Type, e.Channel, text(e.Code)}
	}
	return printTable(s, "AT EVENT CHANNEL CODE", rows, "")
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func code(f *sendFailure) string {
	if f == nil {
		return ""
	}
	return f.Code
}

func messagesListCommand(s streams) *cobra.Command {
	var out output
	filters := map[string]*string{}
	limit := 0
	cmd := &cobra.Command{
		Use: "list", Short: "List messages, newest first", Args: cobra.NoArgs,
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
			if err := a.call(cmd.Context(), "GET", "/api/v1/messages?"+query.Encode(), nil, nil, &answer); err != nil {
				return err
			}
			return out.show(s, answer.Data, func() error { return printMessages(s, answer.Data, answer.Page.Next) })
		},
	}
	for _, f := range [][2]string{
		{"status", "only those with this status"},
		{"channel", "only those that began on this channel"},
		{"to", "only those to this recipient"},
		{"reference", "only those with your own id"},
		{"from", "accepted at or after this time, such as 2026-01-31T12:00:00Z"},
		{"until", "accepted before this time"},
		{"after", "go on behind this cursor"},
	} {
		filters[f[0]] = cmd.Flags().String(f[0], "", f[1])
	}
	cmd.Flags().IntVar(&limit, "limit", 20, "how many, at most 200")
	completeFlag(cmd, "channel", channelNames)
	completeFlag(cmd, "status", messageStatuses)
	out.flag(cmd)
	return cmd
}

func printMessages(s streams, all []json.RawMessage, next *string) error {
	rows := make([][]string, len(all))
	for i, raw := range all {
		var m shownMessage
		if err := json.Unmarshal(raw, &m); err != nil {
			return err
		}
		rows[i] = []string{m.ID, m.CreatedAt, m.Channel, m.To, m.Status, code(m.Error), strconv.Itoa(len(m.Attempts))}
	}
	if err := printTable(s, "ID CREATED CHANNEL TO STATUS ERROR ATTEMPTS", rows, "no messages match"); err != nil {
		return err
	}
	if next != nil {
		fmt.Fprintln(s.err, strings.TrimSpace("more with --after "+*next))
	}
	return nil
}
