package main

import (
	"context"
	"fmt"
	"time"

	"messagehub/store/message/json"
)

// A look at a distribution counts all its messages: the server is left alone for
// lookRest times as long as it took, and lookEvery at the least.
const (
	lookEvery = 500 * time.Millisecond
	lookRest  = 10
)

// follow waits until a distribution is over, shows how far it is, and then what
// came of it.
func (f *distributeFlags) follow(ctx context.Context, s streams, a *api, taken *shownForecast) error {
	if f.form != "json" {
		if err := printForecast(s, taken); err != nil {
			return err
		}
	}
	ctx, release := signals(ctx)
	defer release()
	b := newBar(s.err, time.Now())
	for {
		began := time.Now()
		d, raw, err := a.distribution(ctx, taken.ID)
		if ctx.Err() != nil {
			b.end()
			return fail(exitInterrupted, `it goes on: see "messagehub distributions get `+taken.ID+`"`, "stopped waiting")
		}
		if err != nil {
			b.end()
			return err
		}
		if over := d.over(); over || b.due(time.Now()) {
			b.show(d.share(), d.progress())
			if over {
				b.end()
				return f.conclude(s, &d, raw)
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(max(lookEvery, lookRest*time.Since(began))):
		}
	}
}

// distribution looks one up.
func (a *api) distribution(ctx context.Context, id string) (d shownDistribution, raw json.RawMessage, err error) {
	var answer one
	if err := a.call(ctx, "GET", distributionPath(id), nil, nil, &answer); err != nil {
		return d, nil, err
	}
	return d, answer.Data, json.Unmarshal(answer.Data, &d)
}

func (f *distributeFlags) conclude(s streams, d *shownDistribution, raw json.RawMessage) error {
	if err := f.show(s, raw, func() error { return printDistribution(s, d) }); err != nil {
		return err
	}
	switch {
	case d.Status == "canceled":
		return fail(exitFailure, "", "the distribution was canceled")
	case d.Outcome.Failed > 0:
		return fail(exitFailure, `"messagehub explain CODE" says what a reason means`, "%d messages have failed", d.Outcome.Failed)
	}
	return nil
}

// over reports whether nothing more is going to happen by itself.
func (d *shownDistribution) over() bool {
	return d.Status == "completed" || d.Status == "canceled" && !d.TakingBack
}

// share is how much of the work is done: recipients taken and messages ended, of
// all that are known of.
func (d *shownDistribution) share() float64 {
	all := max(d.Progress.Expected, d.Progress.Done) + d.Counts.Messages
	if d.over() || all == 0 {
		return 1
	}
	return float64(d.Progress.Done+d.Outcome.ended()) / float64(all)
}

func (d *shownDistribution) progress() string {
	o := &d.Outcome
	text := fmt.Sprintf("%s: %d of %d recipients, %d sent, %d waiting", d.Status, d.Progress.Done, max(d.Progress.Expected, d.Progress.Done), o.Sent, o.Waiting)
	if n := o.Failed + o.Skipped; n > 0 {
		text += fmt.Sprintf(", %d failed", n)
	}
	return text
}
