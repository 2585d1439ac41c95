package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"messagehub/relay/client"
)

// happening is a message of the sandbox to which an event happens.
type happening struct {
	message client.Message
	cancel  bool // it is canceled once it is accepted
	slow    string
}

// happenings is what can be triggered, by the event's name without "message.".
// The reserved recipients do the rest.
func happenings() map[string]happening {
	to := func(recipient string) client.Message {
		return client.Message{To: "sim:" + recipient, Content: "A message to try events with"}
	}
	withFallback := func(m client.Message, f client.Fallback) client.Message {
		f.Channels = []client.Step{{Channel: "sms", To: "sim:delivered", SuccessStatus: "delivered"}}
		m.Fallback = &f
		return m
	}
	expiring := to("provider_500")
	expiring.ExpiresIn = 1
	later := func() client.Message {
		m, at := to("delivered"), time.Now().Add(time.Hour)
		m.ScheduledAt = &at
		return m
	}
	return map[string]happening{
		"queued":    {message: to("delivered")},
		"scheduled": {message: later()},
		"sent":      {message: to("sent_only")},
		"delivered": {message: to("delivered")},
		"read":      {message: to("read")},
		"failed":    {message: to("failed")},
		"canceled":  {message: later(), cancel: true},
		"expired":   {message: expiring},
		"fallback":  {message: withFallback(to("not_on_channel"), client.Fallback{})},
		// Delivered, but not read in time: so it is delivered on both channels.
		"duplicate": {message: withFallback(to("delivered"), client.Fallback{SuccessStatus: "read", Timeout: 5}), slow: "the shortest timeout is 5 seconds"},
	}
}

func happeningNames() []string {
	return slices.Sorted(slices.Values(append(slices.Collect(maps.Keys(happenings())), received)))
}

type triggerFlags struct {
	output
	channel string
	patient time.Duration
	// What a user of the sandbox writes.
	from, kind, text, mediaURL, replyTo string
}

func triggerCommand(s streams) *cobra.Command {
	f := &triggerFlags{}
	cmd := &cobra.Command{
		Use: "trigger EVENT", Short: "Make an event happen in the sandbox", Args: cobra.ExactArgs(1),
		Long: `Sends a message to a reserved recipient of the sandbox, through the API at
$` + envURL + ` with the test key in $` + envKey + `, and shows what happens to it until the
event has come. Events: ` + strings.Join(happeningNames(), ", ") + `.

For ` + received + `, a user of the simulated provider writes, and opts out or in with STOP and
START where the channel listens to words.`,
		Example: `  messagehub trigger delivered
  messagehub trigger message.fallback --channel whatsapp
  messagehub trigger received --channel sms --text STOP
  messagehub trigger received --channel telegram --from 123456789 --kind image --media-url https://example.com/a.jpg`,
		ValidArgsFunction: completeFirst(happeningNames),
		RunE:              func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), s, args[0]) },
	}
	cmd.Flags().StringVar(&f.channel, "channel", "whatsapp", "channel to send on")
	cmd.Flags().DurationVar(&f.patient, "timeout", 30*time.Second, "how long to wait for the event")
	cmd.Flags().StringVar(&f.from, "from", "+14155550100", "received: address of the user who writes")
	cmd.Flags().StringVar(&f.kind, "kind", "text", "received: text, image, opt_in or opt_out")
	cmd.Flags().StringVar(&f.text, "text", "A message to try events with", "received: what he writes")
	cmd.Flags().StringVar(&f.mediaURL, "media-url", "", "received: where his picture is")
	cmd.Flags().StringVar(&f.replyTo, "reply-to", "", "received: provider's id of the message that he answers")
	completeFlag(cmd, "channel", channelNames)
	f.flag(cmd)
	return cmd
}

func (f *triggerFlags) run(ctx context.Context, s streams, name string) error {
	name = strings.TrimPrefix(name, "message.")
	h, ok := happenings()[name]
	if !ok && name != received {
		return usage("%s can't be triggered: use one of %s", name, strings.Join(happeningNames(), ", "))
	}
	a, err := newAPI()
	if err != nil {
		return err
	}
	if !strings.HasPrefix(a.key, "cpk_test_") {
		return fail(exitUsage, "the reserved recipients exist in the sandbox alone", "trigger needs a test key (cpk_test_…) in %s", envKey)
	}
	ctx, cancel := context.WithTimeout(ctx, f.patient)
	defer cancel()
	if name == received {
		return f.receive(ctx, s, a)
	}
	h.message.Channel = f.channel
	return f.follow(ctx, s, a, "message."+name, h)
}

// follow sends the message and shows its events up to the one that is wanted.
func (f *triggerFlags) follow(ctx context.Context, s streams, a *api, want string, h happening) error {
	from, err := a.client.LatestEvent(ctx)
	if err != nil {
		return a.failure(err)
	}
	sent, err := a.client.Send(ctx, h.message)
	if err == nil && h.cancel {
		_, err = a.client.Cancel(ctx, sent.MessageID)
	}
	if err != nil {
		return a.failure(err)
	}
	if h.slow != "" && f.form == "table" {
		fmt.Fprintln(s.err, "this takes a moment: "+h.slow)
	}
	ended := "it is over"
	for e, err := range a.client.Events(ctx, client.Feed{After: from, Follow: true}) {
		if ctx.Err() != nil {
			ended = "it did not come within " + f.patient.String()
			break
		}
		if err != nil {
			return a.failure(err)
		}
		m, err := e.Message()
		if err != nil || m.MessageID != sent.MessageID {
			continue
		}
		if err := f.print(s, e, m); err != nil || e.Type == want {
			return err
		}
		if over(m.Status) {
			break
		}
	}
	return fail(exitFailure, `"messagehub messages get `+sent.MessageID+`" shows it; some channels have no receipts, see their pages under /docs`,
		"%s had no %s: %s", sent.MessageID, want, ended)
}

// over reports whether nothing more happens to a message of this status, as a
// rule.
func over(status string) bool {
	return slices.Contains([]string{"read", "failed", "expired", "canceled"}, status)
}

func (f *triggerFlags) print(s streams, e *client.Event, m *client.MessageEvent) error {
	if f.form == "json" {
		_, err := s.out.Write(append(e.Raw, '\n'))
		return err
	}
	_, err := fmt.Fprintln(s.out, eventLine(e, m))
	return err
}

// eventLine shows an event of a message in one line.
func eventLine(e *client.Event, m *client.MessageEvent) string {
	line := fmt.Sprintf("%s  %-18s %s  %s", e.Timestamp.Local().Format("15:04:05.000"), e.Type, m.MessageID, m.Channel)
	if m.Code != "" {
		line += "  " + m.Code
	}
	return line
}
