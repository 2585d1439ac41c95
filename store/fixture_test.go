package store

import (
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"messagehub/store/message"
)

// testOutbound returns a plain message of workspace 1.
func testOutbound() *message.Outbound {
	return &message.Outbound{
		Workspace: 1,
		Steps: []message.Step{{
			Channel: "whatsapp", To: "+821012345678", ContentType: message.Text,
			Content: "Your order 1234 has shipped. Track it at https://example.com/t/1234",
			Success: message.Sent,
		}},
		On: message.OnAll, Reference: "order-1234", CreatedAt: noon, ExpiresIn: message.DefaultExpiresIn,
	}
}

// ear remembers what a store has told its hooks.
type ear struct {
	mu     sync.Mutex
	jobs   []message.Job
	events []message.Event
	// news is signalled with every job.
	news chan message.Job
}

func newEar() *ear { return &ear{news: make(chan message.Job, 1<<12)} }

func (e *ear) hooks() Hooks {
	return Hooks{
		Feed: func(_ message.Lane, _ int, j message.Job) {
			e.mu.Lock()
			e.jobs = append(e.jobs, j)
			e.mu.Unlock()
			select {
			case e.news <- j:
			default:
			}
		},
		Observe: func(v message.Event) {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.events = append(e.events, v)
		},
	}
}

func (e *ear) counts() (jobs, events int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.jobs), len(e.events)
}

// started opens a store in files and starts it.
func started(t *testing.T, files vfs.FS, change ...func(*Options)) (*Store, *ear) {
	t.Helper()
	s := onDir(t, files, change...)
	e := newEar()
	s.Start(e.hooks())
	return s, e
}

func mustAccept(t *testing.T, s *Store, o *message.Outbound) message.ID {
	t.Helper()
	got, err := s.Accept(o, message.Idempotency{})
	if err != nil {
		t.Fatal(err)
	}
	return got.ID
}

func mustFold(t *testing.T, s *Store, id message.ID, f message.Fact) message.Folded {
	t.Helper()
	got, err := s.Fold(1, id, f)
	if err != nil {
		t.Fatal(err)
	}
	if got.Refused {
		t.Fatalf("fact %+v was refused", f)
	}
	return got
}

// send starts the job and gives it a provider id.
func send(t *testing.T, s *Store, j message.Job, providerID string) message.Folded {
	t.Helper()
	at := noon
	mustFold(t, s, j.ID, message.Fact{Kind: message.Started, At: at, Attempt: j.Attempt, Position: j.Position, Sender: "main"})
	return mustFold(t, s, j.ID, message.Fact{Kind: message.Accepted, At: at, Attempt: j.Attempt, ProviderID: providerID, Segments: 1})
}
