package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"messagehub/relay/client"
)

type listenFlags struct {
	forward string
	events  []string
	state   string
	fromNow bool
}

func listenCommand(s streams) *cobra.Command {
	f := &listenFlags{}
	cmd := &cobra.Command{
		Use: "listen --forward-to URL", Short: "Forward events to a server on this machine, signed as webhooks are", Args: cobra.NoArgs,
		Long: `Reads the events of the key in $` + envKey + ` from the API at $` + envURL + ` and posts
each to a URL as a webhook endpoint would get it: nothing has to reach this
machine from outside. It goes on where it stopped, with the secret that it
printed then, and begins with what happens from now on.

An answer, whatever its status, is shown and the next event follows. While
nothing answers at the URL, the event waits.`,
		Example: `  messagehub listen --forward-to http://localhost:3000/webhooks
  messagehub listen --forward-to localhost:3000 --events message.delivered,message.failed`,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), s) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.forward, "forward-to", "", "where to post the events")
	flags.StringSliceVar(&f.events, "events", nil, "only these types")
	flags.StringVar(&f.state, "state", "", "file that keeps secret and place (default: one for each URL and key, in the user's cache)")
	flags.BoolVar(&f.fromNow, "from-now", false, "skip what happened since it stopped")
	completeFlag(cmd, "events", eventTypes)
	_ = cmd.MarkFlagRequired("forward-to")
	_ = cmd.MarkFlagFilename("state")
	return cmd
}

func (f *listenFlags) run(ctx context.Context, s streams) error {
	target, err := forwardURL(f.forward)
	if err != nil {
		return err
	}
	a, err := newAPI()
	if err != nil {
		return err
	}
	ctx, release := signals(ctx)
	defer release()
	kept, err := openListenState(f.state, a, target)
	if err != nil {
		return err
	}
	if kept.After == "" || f.fromNow {
		if kept.After, err = a.client.LatestEvent(ctx); err != nil {
			return a.failure(err)
		}
	}
	if err := kept.save(); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "Signing secret: %s\nForwarding to %s. Ctrl-C ends it.\n\n", styleOf(s.out).green(kept.Secret), target)
	fw := &forwarder{streams: s, target: target, kept: kept, http: &http.Client{Timeout: forwardTimeout}}
	defer fw.http.CloseIdleConnections()
	return fw.run(ctx, a, f.events)
}

// forwardURL reads a URL; without a scheme it is http.
func forwardURL(text string) (string, error) {
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return "", usage("--forward-to must be a URL such as http://localhost:3000/webhooks")
	}
	return text, nil
}

const (
	// forwardTimeout is how long the relay waits for an endpoint, too.
	forwardTimeout = 15 * time.Second
	// listenPause bounds the pauses between two tries at whatever is down.
	listenPause = 5 * time.Second
)

// forwarder posts events, one after the other.
type forwarder struct {
	streams
	target string
	kept   *listenState
	http   *http.Client
}

// run goes on until ctx ends. A relay that can't be reached is tried again: it
// may be restarting.
func (fw *forwarder) run(ctx context.Context, a *api, types []string) error {
	for down := newOutage(fw.streams, "the relay"); ; {
		err := fw.read(ctx, a, types, down)
		if ctx.Err() != nil {
			return nil
		}
		var refused *client.Error
		if errors.As(err, &refused) && refused.Permanent || errors.As(err, new(*failure)) {
			return a.failure(err)
		}
		if !down.wait(ctx, a.failure(err)) {
			return nil
		}
	}
}

// read forwards what the feed has until there is an error.
func (fw *forwarder) read(ctx context.Context, a *api, types []string, down *outage) error {
	for e, err := range a.client.Events(ctx, client.Feed{After: fw.kept.After, Types: types, Follow: true}) {
		if err != nil {
			return err
		}
		down.over()
		if !fw.forward(ctx, e) {
			return ctx.Err()
		}
		fw.kept.After = e.ID
		if err := fw.kept.save(); err != nil {
			return err
		}
	}
	return nil
}

// forward posts an event until it is answered; false: ctx has ended.
func (fw *forwarder) forward(ctx context.Context, e *client.Event) bool {
	for down := newOutage(fw.streams, fw.target); ; {
		begun := time.Now()
		status, err := fw.post(ctx, e)
		if err == nil {
			fw.show(e, status, time.Since(begun))
			return true
		}
		if !down.wait(ctx, err) {
			return false
		}
	}
}

func (fw *forwarder) post(ctx context.Context, e *client.Event) (status int, err error) {
	now := time.Now()
	signature, err := client.Sign(fw.kept.Secret, e.ID, now, e.Raw)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, fw.target, strings.NewReader(string(e.Raw)))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(client.HeaderID, e.ID)
	req.Header.Set(client.HeaderTimestamp, fmt.Sprint(now.Unix()))
	req.Header.Set(client.HeaderSignature, signature)
	resp, err := fw.http.Do(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

func (fw *forwarder) show(e *client.Event, status int, took time.Duration) {
	line := fmt.Sprintf("%s  %s", e.Timestamp.Local().Format("15:04:05.000"), e.Type)
	if m, err := e.Message(); err == nil {
		line = eventLine(e, m)
	} else if m, err := e.Received(); err == nil {
		line = receivedLine(e, m)
	}
	st := styleOf(fw.out)
	answer := st.green(fmt.Sprint(status))
	if status >= 300 {
		answer = st.red(fmt.Sprint(status))
	}
	fmt.Fprintf(fw.out, "%s  -> %s (%d ms)\n", line, answer, took.Milliseconds())
}

// outage is a time in which something can't be reached: it is told once, when
// it begins and when it ends.
type outage struct {
	streams
	what  string
	tries int
}

func newOutage(s streams, what string) *outage { return &outage{streams: s, what: what} }

// wait waits before the next try; false: ctx has ended.
func (o *outage) wait(ctx context.Context, err error) bool {
	if ctx.Err() != nil {
		return false
	}
	if o.tries++; o.tries == 1 {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err
		}
		fmt.Fprintf(o.err, "waiting for %s: %v\n", o.what, reason(err))
	}
	select {
	case <-time.After(min(time.Duration(o.tries)*200*time.Millisecond, listenPause)):
		return true
	case <-ctx.Done():
		return false
	}
}

func (o *outage) over() { o.tries = 0 }
