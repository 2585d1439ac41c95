package main

import (
	"context"
	"fmt"

	"messagehub/relay/client"
)

// received is the event that a user of the sandbox causes by writing.
const received = "received"

// receive has a user write, and shows the event of it.
func (f *triggerFlags) receive(ctx context.Context, s streams, a *api) error {
	after, err := a.client.LatestEvent(ctx)
	if err == nil {
		err = a.client.Write(ctx, client.Writing{Channel: f.channel, From: f.from, Kind: f.kind, Text: f.text, MediaURL: f.mediaURL, ReplyTo: f.replyTo})
	}
	if err != nil {
		return a.failure(err)
	}
	for e, err := range a.client.Events(ctx, client.Feed{After: after, Types: []string{"message." + received}, Follow: true}) {
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			return a.failure(err)
		}
		m, err := e.Received()
		if err != nil || m.Channel != f.channel || m.From != f.from {
			continue
		}
		if f.form == "json" {
			_, err = s.out.Write(append(e.Raw, '\n'))
			return err
		}
		_, err = fmt.Fprintln(s.out, receivedLine(e, m))
		return err
	}
	return fail(exitFailure, "the log of the relay may say why", "no message of %s came within %s", f.from, f.patient)
}

// receivedLine shows the event of a message that came in, in one line.
func receivedLine(e *client.Event, m *client.Received) string {
	return fmt.Sprintf("%s  %-18s %s  %s  %s  %s %q", e.Timestamp.Local().Format("15:04:05.000"), e.Type, m.ID, m.Channel, m.From, m.Kind, m.Text)
}
