package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"messagehub/store/message/json"
)

// sendBody is the body of a send, as far as flags make it.
type sendBody struct {
	To             string            `json:"to,omitempty"`
	Channel        string            `json:"channel,omitempty"`
	Content        string            `json:"content,omitempty"`
	ContentType    string            `json:"contentType,omitempty"`
	TemplateID     string            `json:"templateId,omitempty"`
	TemplateParams map[string]string `json:"templateParams,omitempty"`
	MediaURL       string            `json:"mediaUrl,omitempty"`
	From           string            `json:"from,omitempty"`
	Reference      string            `json:"reference,omitempty"`
	ScheduledAt    string            `json:"scheduledAt,omitempty"`
	Fallback       *sendFallback     `json:"fallback,omitempty"`
}

type sendFallback struct {
	Channels []string `json:"channels"`
	Timeout  int      `json:"timeout,omitempty"`
}

type sendFlags struct {
	output
	body     sendBody
	fallback []string
	timeout  time.Duration
	wait     time.Duration
	key      string
	file     string
}

func sendCommand(s streams) *cobra.Command {
	f := &sendFlags{}
	cmd := &cobra.Command{
		Use: "send [TEXT]", Short: "Send one message", Args: cobra.MaximumNArgs(1),
		Long: "Sends one message through the API at $" + envURL + " with the key in $" + envKey + ".",
		Example: `  messagehub send --channel whatsapp --to +14155550100 "Your order has shipped"
  messagehub send --channel whatsapp --to +14155550100 --template order_shipped --param 1=A-17
  messagehub send --channel whatsapp --to +14155550100 --fallback telegram,sms --timeout 60s "Hello"
  messagehub send --file message.json`,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), s, args) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.body.Channel, "channel", "", "channel to send on")
	flags.StringVar(&f.body.To, "to", "", "phone number, or the channel's own id")
	flags.StringVar(&f.body.TemplateID, "template", "", "template to send instead of a text")
	flags.StringToStringVar(&f.body.TemplateParams, "param", nil, "value of a template's variable: name=value")
	flags.StringVar(&f.body.MediaURL, "media-url", "", "image, video, audio or document to send")
	flags.StringVar(&f.body.From, "from", "", "name of the sender")
	flags.StringVar(&f.body.Reference, "reference", "", "your own id of the message")
	flags.StringVar(&f.body.ScheduledAt, "at", "", "when to send, such as 2026-01-31T12:00:00Z")
	flags.StringSliceVar(&f.fallback, "fallback", nil, "channels to try next, in order")
	flags.DurationVar(&f.timeout, "timeout", 0, "how long each channel may take to deliver before the next one is tried")
	flags.DurationVar(&f.wait, "wait", 0, "hold the answer until the first attempt has an outcome, at most 30s")
	flags.StringVar(&f.key, "idempotency-key", "", "makes repeating this command safe")
	flags.StringVar(&f.file, "file", "", `file with the whole body as JSON, or "-"`)
	f.flag(cmd)
	completeFlag(cmd, "channel", channelNames)
	completeFlag(cmd, "fallback", channelNames)
	return cmd
}

func (f *sendFlags) run(ctx context.Context, s streams, args []string) error {
	body, err := f.read(s, args)
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
	if f.wait > 0 {
		header["Prefer"] = fmt.Sprintf("wait=%d", max(1, int(f.wait.Seconds())))
	}
	var raw json.RawMessage
	if err := a.call(ctx, "POST", "/api/v1/messages/send", body, header, &raw); err != nil {
		return err
	}
	return f.print(s, raw)
}

// sent is the answer to a send.
type sent struct {
	Data struct {
		MessageID string       `json:"messageId"`
		Channel   string       `json:"channel"`
		Status    string       `json:"status"`
		Error     *sendFailure `json:"error"`
		Warnings  []struct {
			Message string `json:"message"`
		} `json:"warnings"`
	} `json:"data"`
}

// sendFailure is why a message, or an attempt, failed.
type sendFailure struct {
	Code string `json:"code"`
}

func (f *sendFlags) print(s streams, raw json.RawMessage) error {
	if f.form == "json" {
		_, err := s.out.Write(append(raw, '\n'))
		return err
	}
	var a sent
	if err := json.Unmarshal(raw, &a); err != nil {
		return err
	}
	for _, w := range a.Data.Warnings {
		fmt.Fprintln(s.err, "note: "+w.Message)
	}
	why := ""
	if a.Data.Error != nil {
		why = ": " + a.Data.Error.Code
	}
	_, err := fmt.Fprintf(s.out, "%s  %s on %s%s\n", a.Data.MessageID, a.Data.Status, a.Data.Channel, why)
	return err
}

// read returns the body: of the file, or made of the flags.
func (f *sendFlags) read(s streams, args []string) ([]byte, error) {
	if f.file != "" {
		return readBody(s, f.file)
	}
	b := f.body
	if len(args) == 1 {
		b.Content = args[0]
	}
	switch {
	case b.TemplateID != "":
		b.ContentType = "template"
	case b.MediaURL != "":
		b.ContentType = "media"
	}
	if len(f.fallback) > 0 {
		b.Fallback = &sendFallback{f.fallback, int(f.timeout.Seconds())}
	} else if f.timeout > 0 {
		return nil, usage("--timeout needs --fallback")
	}
	return json.Marshal(b)
}

func readBody(s streams, name string) ([]byte, error) {
	in := s.in
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, reason(err))
		}
		defer file.Close()
		in = file
	}
	b, err := io.ReadAll(io.LimitReader(in, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, reason(err))
	}
	if strings.TrimSpace(string(b)) == "" {
		return nil, usage("%s is empty", name)
	}
	return b, nil
}
