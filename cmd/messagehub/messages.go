package main

import (
	"fmt"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"
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
	return single[shownMessage]{
		use: "get MESSAGE-ID", short: "Show one message with its attempts", method: "GET", print: printMessage,
		path: func(id string) string { return "/api/v1/messages/" + url.PathEscape(id) },
	}.command(s)
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
	cmd := listing[shownMessage]{
		short: "List messages, newest first", path: "/api/v1/messages",
		filters: []filter{
			{flag: "status", usage: "only those with this status"},
			{flag: "channel", usage: "only those that began on this channel"},
			{flag: "to", usage: "only those to this recipient"},
			{flag: "reference", usage: "only those with your own id"},
			{flag: "from", usage: "accepted at or after this time, such as 2026-01-31T12:00:00Z"},
			{flag: "until", usage: "accepted before this time"},
		},
		header: "ID CREATED CHANNEL TO STATUS ERROR ATTEMPTS", none: "no messages match",
		row: func(m *shownMessage) []string {
			return []string{m.ID, m.CreatedAt, m.Channel, m.To, m.Status, code(m.Error), strconv.Itoa(len(m.Attempts))}
		},
	}.command(s)
	completeFlag(cmd, "channel", channelNames)
	completeFlag(cmd, "status", messageStatuses)
	return cmd
}
