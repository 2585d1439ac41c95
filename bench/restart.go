package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"messagehub/store/message"
)

// Log is a relay's log, opened by whoever runs the bench: to fill it faster
// than over HTTP.
type Log interface {
	Accept(o *message.Outbound, key message.Idempotency) (message.Acceptance, error)
	Fold(ws message.WorkspaceID, id message.ID, f message.Fact) (message.Folded, error)
}

// Restart measures how soon a relay that holds many messages is back.
type Restart struct {
	Binary  string
	Dir     string // for the relay's data, on the disk to be measured
	Stored  int    // messages
	Pending int    // of them, still to be delivered
	Rounds  int
	// Open opens the log in a directory, with the workspace to fill; the
	// returned function closes it.
	Open func(dir string) (Log, message.WorkspaceID, func() error, error)
}

// RestartReport is the outcome of Restart.
type RestartReport struct {
	Stored  int             `json:"stored"`
	Pending int             `json:"pending"`
	First   []time.Duration `json:"first202"` // from the start of the process, nanoseconds
}

// fillers is how many messages are written at once while filling.
const fillers = 512

// Run measures, telling its progress to w. Each round ends with kill -9.
func (r Restart) Run(ctx context.Context, w io.Writer) (*RestartReport, error) {
	dir, err := os.MkdirTemp(r.Dir, "restart")
	if err != nil {
		return nil, fmt.Errorf("make data directory: %w", err)
	}
	defer os.RemoveAll(dir)
	if err := r.fill(ctx, dir, w); err != nil {
		return nil, err
	}
	out := &RestartReport{Stored: r.Stored, Pending: r.Pending}
	for i := range r.Rounds {
		took, err := r.round(ctx, dir)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(w, "restart %d: first 202 after %v\n", i+1, took.Round(time.Millisecond))
		out.First = append(out.First, took)
	}
	return out, nil
}

// fill makes the directory with its workspace and key, then the messages.
func (r Restart) fill(ctx context.Context, dir string, w io.Writer) error {
	relay, err := startRelay(ctx, r.Binary, dir)
	if err != nil {
		return err
	}
	if err := relay.process.stop(); err != nil {
		return fmt.Errorf("stop relay: %w", err)
	}
	log, ws, closeLog, err := r.Open(dir)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "filling with %d messages, %d of them pending\n", r.Stored, r.Pending)
	err = r.messages(log, ws)
	if err2 := closeLog(); err == nil {
		err = err2
	}
	return err
}

func (r Restart) messages(log Log, ws message.WorkspaceID) error {
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	for range fillers {
		wg.Go(func() {
			for n := next.Add(1); n <= int64(r.Stored) && failed.Load() == nil; n = next.Add(1) {
				if err := fillOne(log, ws, n, n <= int64(r.Stored-r.Pending)); err != nil {
					failed.Store(&err)
				}
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

// fillOne writes a message, and delivers it if it is not to stay pending.
func fillOne(log Log, ws message.WorkspaceID, n int64, deliver bool) error {
	now := message.TimeOf(time.Now())
	o := &message.Outbound{
		Workspace: ws, Test: true, On: message.OnAll, CreatedAt: now, ExpiresIn: message.DefaultExpiresIn, Salt: rand.Uint64(),
		Steps: []message.Step{{
			Channel: "whatsapp", To: fmt.Sprintf("+919%09d", n), ContentType: message.Text, Success: message.Sent,
			Content: "Your order has shipped and will arrive on Tuesday between nine and eleven. Track it in the app.",
		}},
	}
	a, err := log.Accept(o, message.Idempotency{})
	if err != nil || !deliver {
		return err
	}
	for _, f := range []message.Fact{
		{Kind: message.Started, At: now, Position: a.ID.Position(), Sender: "sandbox"},
		{Kind: message.Accepted, At: now, ProviderID: fmt.Sprintf("wamid.fill%d", n)},
		{Kind: message.Reported, At: now, Status: message.Delivered},
	} {
		if _, err := log.Fold(ws, a.ID, f); err != nil {
			return err
		}
	}
	return nil
}

// round starts the relay, with delivery on, and measures until it accepts.
func (r Restart) round(ctx context.Context, dir string) (time.Duration, error) {
	begin := time.Now()
	relay, err := startDelivering(ctx, r.Binary, dir)
	if err != nil {
		return 0, err
	}
	defer func() {
		_ = relay.process.cmd.Process.Kill()
		_ = relay.process.cmd.Wait()
	}()
	body := []byte(`{"to":"+919876543210","channel":"sms","content":"first"}`)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, relay.target.String()+"/api/v1/messages/send", bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+relay.key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, fmt.Errorf("send: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		return 0, fmt.Errorf("send: status %d", resp.StatusCode)
	}
	return time.Since(begin), nil
}

// Print writes the report for people.
func (r *RestartReport) Print(w io.Writer) error {
	var seconds []float64
	for _, d := range r.First {
		seconds = append(seconds, d.Seconds())
	}
	_, err := fmt.Fprintf(w, "%d messages stored, %d pending: first 202 after %.2f s (median of %d restarts after kill -9, from the start of the process)\n",
		r.Stored, r.Pending, median(seconds), len(r.First))
	return err
}
