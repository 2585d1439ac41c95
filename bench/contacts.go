package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"time"

	"messagehub/bench/load"
	"messagehub/store/message/json"
)

// contacts measures an import through the command line, look-ups by phone
// number on one connection of a relay that has come to rest, and one erasure.
// Each round has a relay of its own.
type contacts struct{ count, lookUps int }

// Flags implements [Scenario].
func (s *contacts) Flags(f *flag.FlagSet) {
	f.IntVar(&s.count, "contacts", 1_000_000, "contacts to import")
	f.IntVar(&s.lookUps, "lookups", 20_000, "look-ups by phone number, one after the other")
}

// Run implements [Scenario].
func (s *contacts) Run(ctx context.Context, b *Bench) error {
	if s.count < 1 || s.lookUps < 1 {
		return fmt.Errorf("%d contacts and %d look-ups: give at least 1 of each with --contacts and --lookups", s.count, s.lookUps)
	}
	b.set("contacts", strconv.Itoa(s.count))
	b.set("look-ups", strconv.Itoa(s.lookUps))
	file := b.path("contacts.csv")
	if err := s.write(file); err != nil {
		return fmt.Errorf("write contacts: %w", err)
	}
	b.plan(b.Rounds)
	to := b.side("look-ups")
	if err := b.repeat(func() error { return s.round(ctx, b, file, to) }); err != nil {
		return err
	}
	b.figure("contacts.import", to.Values("import")...)
	b.figure("contacts.memory", to.Values("memory")...)
	b.figure("contacts.median", to.Values("p50")...)
	b.figure("contacts.p99", to.Values("p99")...)
	b.figure("contacts.erasure", to.Values("erasure")...)
	return nil
}

// round imports, looks up and erases on a new relay, whose data it removes.
func (s *contacts) round(ctx context.Context, b *Bench, file string, to *side) (err error) {
	relay, err := b.relay(ctx, "contacts-"+strconv.Itoa(b.steps))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, relay.stop(), os.RemoveAll(relay.dir)) }()
	took, err := s.load(ctx, b, relay, file)
	if err != nil {
		return err
	}
	peak, err := relay.process.peakMemory()
	if err != nil {
		return err
	}
	if err := relay.idle(ctx); err != nil {
		return err
	}
	m, err := s.lookUp(ctx, b, relay, to)
	if err != nil {
		return err
	}
	erasure, err := s.erase(ctx, relay)
	m.round["import"], m.round["memory"], m.round["erasure"] = float64(s.count)/took.Seconds(), float64(peak), erasure.Seconds()
	return err
}

func phoneOf(n int) string { return fmt.Sprintf("+8210%08d", n) }

func customerOf(n int) string { return "crm-" + strconv.Itoa(n) }

// write writes the file to be imported.
func (s *contacts) write(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	b := bufio.NewWriter(f)
	fmt.Fprintln(b, "externalId,name,sms,tags,locale")
	for n := range s.count {
		fmt.Fprintf(b, "%s,Customer %d,%s,t%d,ko\n", customerOf(n), n, phoneOf(n), n%100)
	}
	return errors.Join(b.Flush(), f.Close())
}

// load imports the file by the command line, and returns how long that took
// until its end.
func (s *contacts) load(ctx context.Context, b *Bench, relay *server, file string) (time.Duration, error) {
	b.view.Say(fmt.Sprintf("importing %d contacts", s.count))
	cmd := exec.CommandContext(ctx, b.Binary, "contacts", "import", file)
	cmd.Env = append(os.Environ(), "MESSAGEHUB_URL="+relay.target.String(), "MESSAGEHUB_KEY="+relay.key)
	begin := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("import contacts: %w: %s", err, bytes.TrimSpace(out))
	}
	return time.Since(begin), nil
}

// idle waits until the server has nothing left to do.
func (s *server) idle(ctx context.Context) error {
	const look, most = 500 * time.Millisecond, 25 * time.Millisecond
	was, err := s.cpu()
	for err == nil {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(look):
		}
		var now time.Duration
		if now, err = s.cpu(); now-was < most {
			return err
		}
		was = now
	}
	return err
}

// lookUp asks for contacts by their phone numbers, each as soon as the one
// before was answered, and then again for what the answers hold.
func (s *contacts) lookUp(ctx context.Context, b *Bench, relay *server, to *side) (*measured, error) {
	asked := &load.Recorded{}
	numbers := make([]int, s.lookUps)
	for i := range numbers {
		numbers[i] = rand.IntN(s.count)
		asked.List = append(asked.List, fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n",
			lookUpPath(numbers[i]), relay.target.Host, relay.key))
	}
	m, err := b.measure(ctx, to, relay, load.Load{Target: relay.target, Duration: lookUpTime, Sources: []load.Source{
		{Requests: asked, Connections: 1, Once: true},
	}})
	if err != nil {
		return nil, err
	}
	if err := failed(m.Outcome); err != nil {
		return nil, err
	}
	if n := m.All().Requests; n != int64(s.lookUps) {
		return nil, fmt.Errorf("of %d look-ups only %d were answered within %v: give fewer with --lookups", s.lookUps, n, lookUpTime)
	}
	return m, s.check(ctx, relay, numbers)
}

// lookUpTime bounds the look-ups of a round.
const lookUpTime = 10 * time.Minute

func lookUpPath(n int) string {
	return "/api/v1/contacts?channel=sms&address=%2B" + phoneOf(n)[1:]
}

// check looks up the contacts and compares what is found.
func (s *contacts) check(ctx context.Context, relay *server, numbers []int) error {
	for _, n := range numbers {
		c, err := contactOf(ctx, relay, n)
		if err != nil {
			return err
		}
		if c.ExternalID != customerOf(n) {
			return fmt.Errorf("look up %s: found %q, not %q", phoneOf(n), c.ExternalID, customerOf(n))
		}
	}
	return nil
}

// listedContact is a contact of a page.
type listedContact struct{ ID, ExternalID string }

// contactOf finds the one contact with the phone number.
func contactOf(ctx context.Context, relay *server, n int) (c listedContact, err error) {
	body, err := get(ctx, relay.target.String()+lookUpPath(n), relay.key)
	if err != nil {
		return c, fmt.Errorf("look up %s: %w", phoneOf(n), err)
	}
	var found struct{ Data []listedContact }
	if err := json.Unmarshal(body, &found); err != nil {
		return c, fmt.Errorf("look up %s: %w", phoneOf(n), err)
	}
	if len(found.Data) != 1 {
		return c, fmt.Errorf("look up %s: %d contacts, not 1", phoneOf(n), len(found.Data))
	}
	return found.Data[0], nil
}

// erase erases one contact among all the others, and returns how long it took
// until no file held it.
func (s *contacts) erase(ctx context.Context, relay *server) (time.Duration, error) {
	c, err := contactOf(ctx, relay, s.count/2)
	if err != nil {
		return 0, err
	}
	for begin := time.Now(); ; {
		done, err := erased(ctx, relay, c.ID)
		if err != nil || done {
			return time.Since(begin), err
		}
		if time.Since(begin) > settleTime {
			return 0, fmt.Errorf("erase contact: it is not done within %v", settleTime)
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// erased asks for the erasure of a contact, the first time or again, and
// reports whether it is done.
func erased(ctx context.Context, relay *server, id string) (bool, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, relay.target.String()+"/api/v1/contacts/"+id, nil)
	if err != nil {
		return false, err
	}
	req.Header.Set("Authorization", "Bearer "+relay.key)
	body, err := whole(ask(req))
	if err != nil {
		return false, fmt.Errorf("erase contact: %w", err)
	}
	var answer struct{ Data struct{ Erasure string } }
	if err := json.Unmarshal(body, &answer); err != nil {
		return false, fmt.Errorf("erase contact: %w", err)
	}
	return answer.Data.Erasure == "done", nil
}
