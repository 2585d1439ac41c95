package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// Contacts measures an import through the command line, and look-ups by
// address through the API, on one connection.
type Contacts struct {
	Binary  string
	Dir     string // for the relay's data, on the disk to be measured
	Count   int
	LookUps int
}

// ContactsReport is the outcome of Contacts.
type ContactsReport struct {
	Count   int           `json:"contacts"`
	Took    time.Duration `json:"importTook"`      // nanoseconds, from the first byte to the answer
	Memory  int           `json:"peakMemoryMiB"`   // of the relay, after the import
	LookUps int           `json:"lookUps"`         // by address
	Median  time.Duration `json:"lookUpMedian"`    // nanoseconds
	P99     time.Duration `json:"lookUpP99"`       // nanoseconds
	Slowest time.Duration `json:"lookUpSlowest"`   // nanoseconds
	Erased  time.Duration `json:"oneErasureTook"`  // from the request until it is done
	Rate    float64       `json:"importPerSecond"` // contacts
}

// Run measures, telling its progress to w.
func (c Contacts) Run(ctx context.Context, w io.Writer) (*ContactsReport, error) {
	dir, err := os.MkdirTemp(c.Dir, "contacts")
	if err != nil {
		return nil, fmt.Errorf("make data directory: %w", err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "contacts.csv")
	if err := c.write(file); err != nil {
		return nil, fmt.Errorf("write contacts: %w", err)
	}
	relay, err := startRelay(ctx, c.Binary, filepath.Join(dir, "data"))
	if err != nil {
		return nil, err
	}
	r := &ContactsReport{Count: c.Count, LookUps: c.LookUps}
	for _, part := range []func(context.Context, io.Writer, *server, string, *ContactsReport) error{c.load, c.settle, c.lookUp, c.erase} {
		if err = part(ctx, w, relay, file, r); err != nil {
			break
		}
	}
	return r, errors.Join(err, relay.process.stop())
}

func phoneOf(n int) string { return fmt.Sprintf("+8210%08d", n) }

// write writes the file to be imported.
func (c Contacts) write(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	b := bufio.NewWriter(f)
	fmt.Fprintln(b, "externalId,name,sms,tags,locale")
	for n := range c.Count {
		fmt.Fprintf(b, "crm-%d,Customer %d,%s,t%d,ko\n", n, n, phoneOf(n), n%100)
	}
	return errors.Join(b.Flush(), f.Close())
}

// load imports the file by the command line, whose progress goes to w.
func (c Contacts) load(ctx context.Context, w io.Writer, relay *server, file string, r *ContactsReport) error {
	cmd := exec.CommandContext(ctx, c.Binary, "contacts", "import", file)
	cmd.Env = append(os.Environ(), "MESSAGEHUB_URL="+relay.target.String(), "MESSAGEHUB_KEY="+relay.key)
	cmd.Stdout, cmd.Stderr = w, w
	begin := time.Now()
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("import: %w", err)
	}
	r.Took = time.Since(begin)
	r.Rate = float64(c.Count) / r.Took.Seconds()
	peak, err := relay.process.peakMemory()
	r.Memory = peak >> 20
	return err
}

// settle waits until the relay has nothing left to do of the import.
func (c Contacts) settle(ctx context.Context, _ io.Writer, relay *server, _ string, _ *ContactsReport) error {
	const look, idle = 500 * time.Millisecond, 25 * time.Millisecond
	was, err := relay.process.cpu()
	for err == nil {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(look):
		}
		var now time.Duration
		if now, err = relay.process.cpu(); now-was < idle {
			return err
		}
		was = now
	}
	return err
}

// lookUp asks for contacts by their addresses, one after the other.
func (c Contacts) lookUp(_ context.Context, _ io.Writer, relay *server, _ string, r *ContactsReport) error {
	conn, err := dial(relay.target.Host)
	if err != nil {
		return err
	}
	defer conn.close()
	took := make([]time.Duration, 0, c.LookUps)
	for range c.LookUps {
		n := rand.IntN(c.Count)
		request := fmt.Appendf(nil, "GET /api/v1/contacts?channel=sms&address=%%2B%s HTTP/1.1\r\nHost: relay\r\nAuthorization: Bearer %s\r\n\r\n", phoneOf(n)[1:], relay.key)
		begin := time.Now()
		a, err := conn.do(request)
		if err != nil {
			return fmt.Errorf("look up: %w", err)
		}
		took = append(took, time.Since(begin))
		if want := fmt.Sprintf(`"externalId":"crm-%d"`, n); a.status != 200 || !bytes.Contains(conn.last, []byte(want)) {
			return fmt.Errorf("look up: status %d, and not %s", a.status, want)
		}
	}
	slices.Sort(took)
	r.Median, r.P99, r.Slowest = took[len(took)/2], took[len(took)*99/100], took[len(took)-1]
	return nil
}

// erase erases one contact, with everything else in the store.
func (c Contacts) erase(ctx context.Context, _ io.Writer, relay *server, _ string, r *ContactsReport) error {
	var list []struct{ ID string }
	run := func(out any, args ...string) error {
		cmd := exec.CommandContext(ctx, c.Binary, append([]string{"contacts"}, args...)...)
		cmd.Env = append(os.Environ(), "MESSAGEHUB_URL="+relay.target.String(), "MESSAGEHUB_KEY="+relay.key)
		return outputOf(cmd, out)
	}
	if err := run(&list, "list", "--external-id", "crm-"+strconv.Itoa(c.Count/2), "-o", "json"); err != nil || len(list) != 1 {
		return fmt.Errorf("find a contact: %d found, %w", len(list), err)
	}
	begin := time.Now()
	for {
		var e struct{ Erasure string }
		if err := run(&e, "erase", list[0].ID, "-o", "json"); err != nil {
			return err
		}
		if e.Erasure == "done" {
			r.Erased = time.Since(begin)
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// Print writes the report for people.
func (r *ContactsReport) Print(w io.Writer) error {
	_, err := fmt.Fprintf(w, `%d contacts imported in %.1f s, %.0f/s; the relay's peak memory is %d MiB
%d look-ups by address over HTTP on one connection, the relay idle: median %v, p99 %v, slowest %v
erasing one of them until no file holds it: %v
`, r.Count, r.Took.Seconds(), r.Rate, r.Memory, r.LookUps, r.Median.Round(time.Microsecond), r.P99.Round(time.Microsecond),
		r.Slowest.Round(time.Microsecond), r.Erased.Round(time.Millisecond))
	return err
}
