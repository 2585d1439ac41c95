package bench

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"messagehub/bench/load"
	"messagehub/bench/result"
	"messagehub/bench/stats"
	"messagehub/store/message"
)

// Options are what every scenario understands.
type Options struct {
	Dir         string // for the servers' data, on the disk to be measured
	Connections int    // of all clients together
	Rounds      int
	Each        time.Duration // length of a round
	Warmup      time.Duration // of every server, once, not counted
	Rate        float64       // requests a second, where a scenario takes one; 0: its own choice
	Closed      bool          // closed loop where the open one is the rule
	Target      *url.URL      // a relay that runs already, for scenarios that take one
	Key         string        // for Target
	Filled      string        // directory that keeps filled logs from run to run; "": each run fills its own
}

// Admin makes workspaces and keys on a relay, running or not.
type Admin interface {
	CreateWorkspace(dir, name string, perMinute int) error
	CreateKey(dir, workspace string, test bool) (string, error)
}

// Product is what a bench needs to know of the program that it measures.
type Product struct {
	Binary  string // its executable
	Version string
	Admin   Admin
	// Open opens the log in a directory, with the workspace of that name; the
	// returned function closes it.
	Open func(dir, workspace string) (Log, message.WorkspaceID, func() error, error)
}

// Bench is one run of one scenario.
type Bench struct {
	Options
	Product
	view   View
	result *result.Result

	dir   string // of this run, removed at its end
	loads uint64 // run so far: each has its own numbers
	steps int
	of    int // steps in all, as far as known
	began time.Time
}

// Run runs a scenario. A run whose audit found violations returns its result
// and an error.
func Run(ctx context.Context, e Entry, s Scenario, o Options, p Product, command string, view View) (*result.Result, error) {
	dir, err := os.MkdirTemp(o.Dir, "bench-"+e.Name+"-")
	if err != nil {
		return nil, fmt.Errorf("make data directory: %w", err)
	}
	defer os.RemoveAll(dir)
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // the generator allocates little and should not be seen
	defer view.Close()
	b := &Bench{Options: o, Product: p, view: view, dir: dir, began: time.Now()}
	b.result = &result.Result{
		Version: result.Version, Scenario: e.Name, Title: e.Title, Command: command, Started: b.began.UTC(),
		Machine: machine(dir), Build: result.Build{Version: p.Version, Go: runtime.Version()},
	}
	b.settings()
	others := busy()
	if err := s.Run(ctx, b); err != nil {
		return nil, fmt.Errorf("scenario %s: %w", e.Name, err)
	}
	b.result.Took = time.Since(b.began)
	b.shared(busy() - others)
	b.limits()
	if v := b.result.Violations(); len(v) > 0 {
		return b.result, fmt.Errorf("the audit found %d violations: %s", len(v), strings.Join(v, "; "))
	}
	return b.result, nil
}

// shared notes what others used of the machine: the scenario's own processes
// have ended.
func (b *Bench) shared(others time.Duration) {
	m := &b.result.Machine
	m.Others = max(others.Seconds()/b.result.Took.Seconds(), 0)
	if m.Others > 0.1*float64(m.CPUs) {
		b.note("other processes used %.1f of %d processors during the run: measure again on a machine at rest", m.Others, m.CPUs)
	}
}

func (b *Bench) settings() {
	b.set("connections", strconv.Itoa(b.Connections))
	b.set("rounds", strconv.Itoa(b.Rounds))
	b.set("round", b.Each.String())
	b.set("warm-up", b.Warmup.String())
}

// set notes a choice of the run.
func (b *Bench) set(name, value string) {
	b.result.Settings = append(b.result.Settings, result.Setting{Name: name, Value: value})
}

// note tells the reader something, once.
func (b *Bench) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	for _, n := range b.result.Notes {
		if n == text {
			return
		}
	}
	b.result.Notes = append(b.result.Notes, text)
	b.view.Say(text)
}

// figure adds what the scenario was run for: its rounds, and their median.
func (b *Bench) figure(id string, rounds ...float64) {
	f := result.Figure{ID: id, Rounds: rounds, Value: stats.Median(rounds)}
	for _, a := range Aims() {
		if a.ID == id {
			f.What, f.Unit, f.Goal = a.What, a.Unit, a.Goal
		}
	}
	b.result.Figures = append(b.result.Figures, f)
}

// side adds a side.
func (b *Bench) side(name string) *side {
	s := &side{Side: &result.Side{Name: name}, latency: load.NewHistogram()}
	b.result.Sides = append(b.result.Sides, s.Side)
	return s
}

// plan says how many rounds there will be, where that is known: for the time
// that is left.
func (b *Bench) plan(rounds int) { b.of = rounds }

// rounds runs the sides in turn, round after round, so that a noisy machine
// troubles all alike.
func (b *Bench) rounds(ctx context.Context, sides ...func(ctx context.Context) error) error {
	for range b.Rounds {
		for _, run := range sides {
			if err := run(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// repeat runs a round as often as there are rounds.
func (b *Bench) repeat(round func() error) error {
	for range b.Rounds {
		if err := round(); err != nil {
			return err
		}
	}
	return nil
}

// numbers returns the first number of a load's messages.
func (b *Bench) numbers() uint64 {
	b.loads++
	return b.loads * load.Numbers
}

// pool splits the connections among n clients.
func (b *Bench) pool(n int) int { return max(b.Connections/max(n, 1), 1) }

// failed says that answers were not what the scenario is about.
func failed(o *load.Outcome) error {
	all := o.All()
	if all.Other == 0 && all.Broken == 0 && all.Refused == 0 && all.Accepted > 0 {
		return nil
	}
	return fmt.Errorf("not every request was accepted: answers %v, %d broken connections", all.Statuses, all.Broken)
}

var errNoTarget = errors.New("give the relay's address with --target and its key in MESSAGEHUB_KEY")
