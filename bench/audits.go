package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"messagehub/bench/load"
	"messagehub/store/message/json"
)

// audit compares what clients were promised with what the relay lists: of
// messages that may wait, beside older ones that were promised to nobody.
func (b *Bench) audit(ctx context.Context, s *server) error {
	a := NewAccount(s.name, s.promised)
	a.MayWait, a.Unanswered = true, s.unanswered
	return b.concludeNewest(ctx, s, a, len(s.promised)+int(s.unanswered-s.held))
}

// audit compares all three: promises, the relay's list, and the ledgers of the
// simulated providers. Every message must have come to its end.
func (w *world) audit(ctx context.Context) error {
	a := NewAccount(w.name, w.promised)
	a.Unanswered = w.unanswered
	var ledgers [][]Receipt
	for _, s := range w.sims {
		lines, err := readLedger(s.ledger)
		if err != nil {
			return err
		}
		ledgers = append(ledgers, lines)
	}
	a.Received(ledgers...)
	return w.bench.conclude(ctx, w.server, a)
}

// conclude tells the account of every message and books what it says.
func (b *Bench) conclude(ctx context.Context, s *server, a *Account) error {
	return b.concludeNewest(ctx, s, a, math.MaxInt)
}

// concludeNewest is conclude for a relay that also holds messages that nobody
// was promised: of each key it lists the newest until n have been told of.
func (b *Bench) concludeNewest(ctx context.Context, s *server, a *Account, n int) error {
	b.view.Say("auditing " + s.name)
	for _, key := range s.keys {
		told := 0
		err := list(ctx, s.target.String(), key, func(t Told) bool {
			a.Told(t)
			told++
			return told < n
		})
		if err != nil {
			return fmt.Errorf("audit %s: %w", s.name, err)
		}
	}
	audit := a.Finish()
	b.result.Audits = append(b.result.Audits, audit)
	b.view.Say(fmt.Sprintf("audit of %s: %d accepted = %d delivered + %d failed + %d pending; %d violations",
		audit.Of, audit.Accepted, audit.Delivered, audit.Failed, audit.Pending, len(audit.Violations)))
	return nil
}

// page is what the relay lists.
type page struct {
	Data []listed
	Page struct{ Next string }
}

// listed is a message of a page.
type listed struct {
	ID       string
	To       string
	Status   string
	Attempts []struct{ Channel, Status, ProviderMessageID string }
}

func (m *listed) told() Told {
	t := Told{ID: m.ID, To: m.To, Status: m.Status}
	for _, a := range m.Attempts {
		t.Attempts = append(t.Attempts, ToldAttempt{a.Channel, a.Status, a.ProviderMessageID})
	}
	return t
}

// list tells of the messages of a key, the newest first, until it is told to
// stop.
func list(ctx context.Context, api, key string, tell func(Told) bool) error {
	for after := ""; ; {
		url := strings.TrimRight(api, "/") + "/api/v1/messages?limit=200"
		if after != "" {
			url += "&after=" + after
		}
		body, err := getPatiently(ctx, url, key)
		if err != nil {
			return fmt.Errorf("list messages: %w", err)
		}
		var p page
		if err := json.Unmarshal(body, &p); err != nil {
			return fmt.Errorf("list messages: %w", err)
		}
		for _, m := range p.Data {
			if !tell(m.told()) {
				return nil
			}
		}
		if after = p.Page.Next; after == "" {
			return nil
		}
	}
}

// getPatiently is get for a key that may have used up its rate limit.
func getPatiently(ctx context.Context, url, key string) ([]byte, error) {
	for tries := 0; ; tries++ {
		body, err := get(ctx, url, key)
		var refused statusError
		if !errors.As(err, &refused) || refused != http.StatusTooManyRequests || tries == 100 {
			return body, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// readLedger reads the file that a simulator writes its ledger to.
func readLedger(path string) ([]Receipt, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read ledger: %w", err)
	}
	return parseLedger(text), nil
}

// parseLedger reads the lines whose texts begin with a number of ours.
func parseLedger(text []byte) (out []Receipt) {
	eachReceived(text, func(channel, to, text string) {
		if len(text) < load.RefDigits {
			return
		}
		if n, err := strconv.ParseUint(text[:load.RefDigits], 10, 64); err == nil {
			out = append(out, Receipt{N: n, To: channel + " " + to})
		}
	})
	return out
}

// eachReceived calls f for each line of a ledger.
func eachReceived(ledger []byte, f func(channel, to, text string)) {
	lines := bufio.NewScanner(bytes.NewReader(ledger))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line struct{ Channel, To, Text string }
		if json.Unmarshal(lines.Bytes(), &line) == nil {
			f(line.Channel, line.To, line.Text)
		}
	}
}

// Waiting for messages to come to their end: between two looks half of the time
// that is left, as far as can be told. A look costs the server a millisecond.
const (
	settleEvery = 20 * time.Millisecond
	settleMost  = 500 * time.Millisecond
	settleTime  = 5 * time.Minute
)

// settle waits until n messages of the server have come to their end since the
// given reading, and says when the last did, to the nearest look.
func (s *server) settle(ctx context.Context, since scrape, n float64) (time.Time, error) {
	for began := time.Now(); ; {
		m, err := s.metrics(ctx)
		if err != nil {
			return time.Time{}, err
		}
		now := time.Now()
		ended := m.ended() - since.ended()
		if ended >= n {
			return now, nil
		}
		if now.Sub(began) > settleTime {
			return now, fmt.Errorf("of %.0f messages only %.0f came to an end within %v", n, ended, settleTime)
		}
		left := time.Duration(float64(now.Sub(began)) * (n - ended) / max(ended, 1))
		select {
		case <-ctx.Done():
			return now, ctx.Err()
		case <-time.After(min(max(left/2, settleEvery), settleMost)):
		}
	}
}
