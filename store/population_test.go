package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"messagehub/store/message"
)

// population is what a test has put into a store: at least one row of every
// kind, and messages at every stage.
type population struct {
	workspaces []message.Workspace
	keys       map[message.ID]message.Key
	messages   []place
	audits     uint64
}

// place is where a message is found, and what was known of it last.
type place struct {
	ws    message.WorkspaceID
	id    message.ID
	state *message.State
}

// begun returns s, started with hooks that do nothing.
func begun(s *Store) *Store {
	s.Start(Hooks{})
	return s
}

// populate fills a started store with rounds of the same stages.
func populate(t testing.TB, s *Store, rounds int) *population {
	t.Helper()
	p := &population{keys: map[message.ID]message.Key{}}
	for _, name := range []string{"acme", "빵집"} {
		w, err := s.PutWorkspace(message.Workspace{Name: name, PerMinute: 60, CreatedAt: 1}, someEntry(1))
		p.need(t, err)
		p.workspaces = append(p.workspaces, w)
		_, k := message.NewKey(false)
		k.Workspace = w.ID
		p.need(t, s.PutKey(k, someEntry(2)))
		p.need(t, s.TouchKeys([]KeyUse{{k.ID, 60_000}}))
		k.LastUsed = 60_000
		p.keys[k.ID] = k
		someEndpoint(t, s, w.ID)
		p.audits += 3
	}
	for i := range rounds {
		p.round(t, s, i)
	}
	return p
}

func (p *population) need(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// outbound returns a message with three steps.
func (p *population) outbound(n int) *message.Outbound {
	now := message.TimeOf(time.Now())
	step := func(channel string) message.Step {
		return message.Step{
			Channel: channel, To: fmt.Sprintf("+8210%08d", n%97), ContentType: message.Text,
			Content: fmt.Sprintf("주문 %d 이 출발했습니다", n), Success: message.Delivered, Timeout: time.Hour,
		}
	}
	return &message.Outbound{
		Workspace: p.workspaces[n%2].ID, Steps: []message.Step{step("whatsapp"), step("telegram"), step("sms")},
		On: message.OnAll, CreatedAt: now, ExpiresIn: message.DefaultExpiresIn,
		Salt: uint64(n)*0x9e3779b97f4a7c15 + 1, Reference: fmt.Sprint("order ", n), Metadata: `{"k":"v"}`,
	}
}

// round adds one message at each stage.
func (p *population) round(t testing.TB, s *Store, i int) {
	t.Helper()
	stages := []func(testing.TB, *Store, place) place{
		queued, sending, sent, delivered, retrying, fallenBack, canceled,
	}
	for k, stage := range stages {
		o := p.outbound(i*10 + k)
		at := p.accept(t, s, o, message.Idempotency{Route: "messages/send", Key: fmt.Sprint(i, "-", k), At: o.CreatedAt})
		p.add(t, s, stage(t, s, at))
	}
	o := p.outbound(i*10 + 8)
	o.ScheduledAt = o.CreatedAt.Add(24 * time.Hour)
	o.ExpiresIn = time.Hour
	p.add(t, s, p.accept(t, s, o, message.Idempotency{}))
	early := message.Receipt{Channel: "sms", ProviderID: fmt.Sprint("early-", i), Status: message.Delivered}
	p.need(t, s.Report([]message.Receipt{early}, o.CreatedAt))
	p.need(t, s.Audit(someEntry(i)))
	p.audits++
}

func (p *population) accept(t testing.TB, s *Store, o *message.Outbound, key message.Idempotency) place {
	t.Helper()
	a, err := s.Accept(o, key)
	p.need(t, err)
	return place{ws: o.Workspace, id: a.ID}
}

// add notes a message with its state as it is now.
func (p *population) add(t testing.TB, s *Store, at place) {
	t.Helper()
	_, state, err := s.Message(at.ws, at.id)
	p.need(t, err)
	at.state = state
	p.messages = append(p.messages, at)
}

func fold(t testing.TB, s *Store, at place, fact message.Fact) {
	t.Helper()
	_, state, err := s.Message(at.ws, at.id)
	if err != nil {
		t.Fatal(err)
	}
	fact.At, fact.Attempt, fact.Position = message.TimeOf(time.Now()), state.Current(), state.Waiting
	if folded, err := s.Fold(at.ws, at.id, fact); err != nil || folded.Refused {
		t.Fatalf("fact %d: refused %v, %v", fact.Kind, folded.Refused, err)
	}
}

func queued(_ testing.TB, _ *Store, at place) place { return at }

func sending(t testing.TB, s *Store, at place) place {
	fold(t, s, at, message.Fact{Kind: message.Started, Sender: "main"})
	return at
}

func sent(t testing.TB, s *Store, at place) place {
	fold(t, s, sending(t, s, at), message.Fact{Kind: message.Accepted, ProviderID: "wamid." + at.id.String(), Segments: 1})
	return at
}

func delivered(t testing.TB, s *Store, at place) place {
	fold(t, s, sent(t, s, at), message.Fact{Kind: message.Reported, Status: message.Delivered})
	return at
}

func retrying(t testing.TB, s *Store, at place) place {
	fold(t, s, sending(t, s, at), message.Fact{
		Kind: message.Deferred, RetryAt: message.TimeOf(time.Now().Add(time.Hour)),
		Failure: &message.Failure{Code: "rate_limited", Class: message.Capacity},
	})
	return at
}

func fallenBack(t testing.TB, s *Store, at place) place {
	fold(t, s, sending(t, s, at), message.Fact{
		Kind: message.Rejected, Failure: &message.Failure{Code: "not_on_channel", Class: message.Recipient, Permanent: true},
	})
	return at
}

func canceled(t testing.TB, s *Store, at place) place {
	fold(t, s, at, message.Fact{Kind: message.Cancel})
	return at
}

// missing returns what of the population s does not have as it was, or nil. An
// error of the store is what it returns too, so silence means that all is there.
func (p *population) missing(s *Store) error {
	for _, w := range p.workspaces {
		if got, err := s.WorkspaceByName(w.Name); err != nil || got != w {
			return fmt.Errorf("workspace %q: %+v, %w", w.Name, got, err)
		}
	}
	found := 0
	for k, err := range s.Keys() {
		if err != nil {
			return err
		}
		if diff := cmp.Diff(p.keys[k.ID], k, sameness); diff != "" {
			return fmt.Errorf("key: %s", diff)
		}
		found++
	}
	if found != len(p.keys) {
		return fmt.Errorf("%d keys of %d", found, len(p.keys))
	}
	for _, m := range p.messages {
		_, state, err := s.Message(m.ws, m.id)
		if err != nil {
			return fmt.Errorf("message %s: %w", m.id, err)
		}
		if diff := cmp.Diff(m.state, state, cmp.AllowUnexported(message.State{}), sameness); diff != "" {
			return fmt.Errorf("state of %s: %s", m.id, diff)
		}
	}
	if proof, err := s.VerifyAudit(); err != nil || proof.Entries < p.audits {
		return fmt.Errorf("%d audit entries of %d, %w", proof.Entries, p.audits, err)
	}
	return nil
}

var noKey message.Idempotency
