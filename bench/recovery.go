package bench

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"messagehub/bench/load"
	"messagehub/bench/result"
	"messagehub/store/message/json"
)

// recovery measures how soon a relay that holds many messages is back after
// kill -9: until its first 202, until its backlog moves, and, in the last
// round, until the backlog is gone. Before each round the log grows by rows
// that are in no table yet, by a process that is killed like the relay.
type recovery struct{ stored, pending, unflushed int }

// Flags implements [Scenario].
func (s *recovery) Flags(f *flag.FlagSet) {
	f.IntVar(&s.stored, "stored", 1_000_000, "messages in the log, delivered")
	f.IntVar(&s.pending, "pending", 100_000, "messages beside them, still to be delivered")
	f.IntVar(&s.unflushed, "unflushed", 30_000, "messages delivered just before each kill, for a long log to read back")
}

// Run implements [Scenario].
func (s *recovery) Run(ctx context.Context, b *Bench) error {
	b.set("stored", strconv.Itoa(s.stored))
	b.set("pending", strconv.Itoa(s.pending))
	b.set("unflushed", strconv.Itoa(s.unflushed))
	on, err := b.base(ctx, s.stored)
	if err != nil {
		return err
	}
	w, err := b.worldOn(ctx, "relay", 1, on)
	if err != nil {
		return err
	}
	defer w.close()
	if err := w.kill(); err != nil {
		return err
	}
	to := b.side("after kill -9")
	to.Loop = "none"
	waiting := 0
	for i := range b.Rounds {
		if err := s.grow(ctx, b, w, s.pending-waiting); err != nil {
			return err
		}
		last := i == b.Rounds-1
		if waiting, err = s.round(ctx, b, w, to.Side, last); err != nil {
			return err
		}
		if !last {
			if err := w.kill(); err != nil {
				return err
			}
		}
	}
	b.figure("recovery.first", to.Values("first-202")...)
	b.figure("recovery.moving", to.Values("moving")...)
	b.figure("recovery.empty", to.Values("empty")...)
	return s.audit(ctx, w)
}

// kill ends the relay as a power switch would.
func (w *world) kill() error { return w.server.process.kill() }

// grow adds messages to the log of the relay that was killed: some that are
// delivered, some that wait.
func (s *recovery) grow(ctx context.Context, b *Bench, w *world, waiting int) error {
	waiting = max(waiting, 0)
	filler, pending, err := b.fill(ctx, w.dir, Filling{Workspace: live, Stored: s.unflushed + waiting, Pending: waiting})
	if err != nil {
		return err
	}
	w.promised = append(w.promised, pending...)
	w.unanswered += int64(s.unflushed)
	return filler.kill()
}

// round starts the relay and takes the times, from the start of the process. It
// returns how many messages wait at its end.
func (s *recovery) round(ctx context.Context, b *Bench, w *world, to *result.Side, last bool) (waiting int, err error) {
	b.steps++
	b.view.Step(Step{Name: to.Name, N: b.steps, Of: b.Rounds, Length: time.Second, Since: time.Since(b.began)})
	unread, err := sizeOf(w.dir, "*.log")
	if err != nil {
		return 0, err
	}
	begin := time.Now()
	if err := w.start(ctx); err != nil {
		return 0, err
	}
	n := load.Numbers*b.loads + load.Numbers - 1 - uint64(b.steps)
	id, err := w.send(ctx, n)
	if err != nil {
		return 0, err
	}
	round := result.Round{"first-202": time.Since(begin).Seconds(), "log": unread}
	w.promised = append(w.promised, load.Promise{N: n, ID: id})
	if s.pending > 0 {
		if err := w.until(ctx, func(m scrape) bool { return m.sum("messagehub_sends_total") > 0 }); err != nil {
			return 0, err
		}
		round["moving"] = time.Since(begin).Seconds()
	}
	if last {
		if err := w.until(ctx, func(m scrape) bool { return m.backlog() == 0 }); err != nil {
			return 0, err
		}
		round["empty"] = time.Since(begin).Seconds()
	}
	to.Rounds = append(to.Rounds, round)
	b.view.Say(fmt.Sprintf("restart %d: %.0f MB of log read back, first 202 after %.2f s, backlog moves after %.2f s",
		b.steps, unread/1e6, round["first-202"], round["moving"]))
	m, err := w.metrics(ctx)
	return int(m.backlog()), err
}

// sizeOf adds up the files of a directory whose names match.
func sizeOf(dir, pattern string) (float64, error) {
	names, err := filepath.Glob(filepath.Join(dir, pattern))
	total := 0.0
	for _, name := range names {
		if info, err := os.Stat(name); err == nil {
			total += float64(info.Size())
		}
	}
	return total, err
}

// until reads the metrics until they are as asked for.
func (s *server) until(ctx context.Context, good func(scrape) bool) error {
	for deadline := time.Now().Add(settleTime); ; {
		m, err := s.metrics(ctx)
		if err != nil || good(m) {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the backlog of %.0f messages is not worked off within %v", m.backlog(), settleTime)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// send sends message n as one client would.
func (s *server) send(ctx context.Context, n uint64) (id load.ID, err error) {
	body := fmt.Appendf(nil, `{"to":"+919%09d","channel":"sms","content":%q}`, n%load.Numbers, load.Text(n))
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.target.String()+"/api/v1/messages/send", bytes.NewReader(body))
	if err != nil {
		return id, err
	}
	req.Header.Set("Authorization", "Bearer "+s.key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return id, fmt.Errorf("send: %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusAccepted {
		return id, fmt.Errorf("send: status %d: %w", resp.StatusCode, err)
	}
	var accepted struct{ Data struct{ MessageID string } }
	if err := json.Unmarshal(answer, &accepted); err != nil || len(accepted.Data.MessageID) != len(id)+4 {
		return id, fmt.Errorf("send: the answer holds no id")
	}
	copy(id[:], accepted.Data.MessageID[4:])
	return id, nil
}

// audit waits for the receipts, then looks at every message of the workspace:
// the pending ones, the ones sent since, and those that were filled in as
// delivered, which were promised to nobody.
func (s *recovery) audit(ctx context.Context, w *world) error {
	before := scrape{}
	if _, err := w.settle(ctx, before, 1); err != nil {
		return err
	}
	if err := w.settled(ctx); err != nil {
		return err
	}
	a := NewAccount(w.name, w.promised)
	a.MayHold, a.Unanswered = true, w.unanswered
	var ledgers [][]Receipt
	for _, sim := range w.sims {
		lines, err := readLedger(sim.ledger)
		if err != nil {
			return err
		}
		ledgers = append(ledgers, lines)
	}
	a.Received(ledgers...)
	if err := w.bench.conclude(ctx, w.server, a); err != nil {
		return err
	}
	if held := a.counts.Pending; held > 0 {
		w.bench.note("%d messages were on their way to the provider at a kill: their attempts are unknown, and they are held", held)
	}
	return nil
}

// settled waits until the simulated providers have posted their receipts.
func (w *world) settled(ctx context.Context) error {
	for deadline := time.Now().Add(settleTime); time.Now().Before(deadline); {
		body, err := get(ctx, w.sims[len(w.sims)-1].url+"/_sim/status", "")
		if err != nil {
			return err
		}
		var status struct{ Waiting int }
		if err := json.Unmarshal(body, &status); err != nil || status.Waiting == 0 {
			return err
		}
		time.Sleep(settleEvery)
	}
	return fmt.Errorf("the simulated providers still have receipts to post after %v", settleTime)
}
