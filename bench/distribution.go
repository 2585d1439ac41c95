package bench

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"messagehub/bench/result"
	"messagehub/store/message/json"
)

// distribution is a distribution to contacts of a workspace of its own.
type distribution struct {
	*world
	key      string
	id       string
	contacts int
}

// importContacts imports them in requests of a moderate size.
func (d *distribution) importContacts(ctx context.Context) error {
	d.bench.view.Say(fmt.Sprintf("importing %d contacts", d.contacts))
	const chunk = 10_000
	var lines bytes.Buffer
	for n := range d.contacts {
		fmt.Fprintf(&lines, `{"externalId":%q,"identities":{"sms":%q},"tags":["all"]}`+"\n", customerOf(n), phoneOf(n))
		if (n+1)%chunk != 0 && n+1 != d.contacts {
			continue
		}
		if err := d.post(ctx, "/api/v1/contacts/import", "application/x-ndjson", lines.String(), nil); err != nil {
			return err
		}
		lines.Reset()
	}
	return nil
}

// post makes a request and reads its answer into out, unless that is nil.
func (d *distribution) post(ctx context.Context, path, kind, body string, out any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.target.String()+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+d.key)
	req.Header.Set("Content-Type", kind)
	answer, err := whole(ask(req))
	if err != nil {
		return fmt.Errorf("post %s: %w", path, err)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}

func (d *distribution) turn(ctx context.Context, to string) error {
	return d.post(ctx, "/api/v1/content/distributions/"+d.id+"/"+to, "application/json", "", nil)
}

// quiet waits until nothing waits in a lane any more.
func (d *distribution) quiet(ctx context.Context) error {
	for began := time.Now(); ; {
		m, err := d.metrics(ctx)
		if err != nil || m.backlog() == 0 {
			return err
		}
		if time.Since(began) > settleTime {
			return fmt.Errorf("wait for the lanes: %.0f messages are left after %v", m.backlog(), settleTime)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(settleEvery):
		}
	}
}

func (d *distribution) status(ctx context.Context) (string, error) {
	body, err := get(ctx, d.target.String()+"/api/v1/content/distributions/"+d.id, d.key)
	if err != nil {
		return "", fmt.Errorf("look distribution up: %w", err)
	}
	var found struct{ Data struct{ Status string } }
	err = json.Unmarshal(body, &found)
	return found.Data.Status, err
}

// conclude lets the distribution come to its end and audits all.
func (d *distribution) conclude(ctx context.Context) error {
	if err := d.turn(ctx, "resume"); err != nil {
		return err
	}
	d.bench.view.Say("waiting for the rest of the distribution")
	for began := time.Now(); ; {
		status, err := d.status(ctx)
		if err != nil {
			return err
		}
		if status == "completed" {
			break
		}
		if time.Since(began) > settleTime {
			return fmt.Errorf("the distribution is still %s after %v", status, settleTime)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(settleMost):
		}
	}
	if err := d.quiet(ctx); err != nil {
		return err
	}
	if err := d.audit(ctx); err != nil {
		return err
	}
	audit, err := d.count(ctx)
	d.bench.result.Audits = append(d.bench.result.Audits, audit)
	return err
}

// count audits the distribution: each contact has one message, and its provider
// got that once, or at most once where the outcome is not known.
func (d *distribution) count(ctx context.Context) (result.Audit, error) {
	audit := result.Audit{Of: "distribution", Accepted: d.contacts}
	d.bench.view.Say("auditing the distribution")
	listed, received := make(map[string]int, d.contacts), make(map[string]int, d.contacts)
	err := list(ctx, d.target.String(), d.key, func(t Told) bool {
		listed[t.To]++
		switch {
		case t.Status == "failed" || t.Status == "expired" || t.Status == "canceled":
			audit.Failed++
		case t.ended():
			audit.Delivered++
		default:
			audit.Pending++
		}
		return true
	})
	if err != nil {
		return audit, err
	}
	for _, sim := range d.sims {
		text, err := os.ReadFile(sim.ledger)
		if err != nil {
			return audit, fmt.Errorf("read ledger: %w", err)
		}
		eachReceived(text, func(_, to, _ string) { received[to]++ })
	}
	var none, several, twice, unsent int
	for n := range d.contacts {
		to := phoneOf(n)
		switch {
		case listed[to] == 0:
			none++
		case listed[to] > 1:
			several++
		}
		switch got := received[to]; {
		case got > 1:
			twice++
		case got == 0:
			unsent++
		}
	}
	for _, v := range []struct {
		n    int
		what string
	}{
		{none, "contacts without a message"},
		{several, "contacts with several messages"},
		{twice, "contacts whom the provider got several for"},
		{max(unsent-audit.Failed-audit.Pending, 0), "contacts whom the provider got none for"},
		{max(len(listed)-d.contacts+none, 0), "messages to others"},
	} {
		if v.n > 0 {
			audit.Violations = append(audit.Violations, fmt.Sprintf("%d %s", v.n, v.what))
		}
	}
	return audit, nil
}
