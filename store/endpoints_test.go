package store

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"messagehub/store/message"
	"messagehub/store/message/mutate"
)

// someEndpoint writes an endpoint of a workspace.
func someEndpoint(t testing.TB, s *Store, ws message.WorkspaceID) message.Endpoint {
	t.Helper()
	e, err := s.PutEndpoint(message.Endpoint{
		ID: message.NewEndpointID(), Workspace: ws, URL: "https://example.com/hook", Types: []string{"message.sent"}, Description: "빵집",
		Secrets: []message.SealedSecret{{Sealed: "\x00sealed"}, {Sealed: "old", ExpiresAt: 9}}, CreatedAt: 5, UpdatedAt: 5,
	}, someEntry(1))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func someSettlement(e message.EventName) *message.Settlement {
	return &message.Settlement{
		Outbox: message.Outbox{Cursor: e.Position, Logged: 1, Health: message.EndpointHealth{
			Failures: 1, FirstAt: 7, LastFailed: e, Several: true, Probes: 2, NotBefore: 8,
		}},
		Later: []message.Redelivery{{Event: e, Attempts: 1, Due: 9}},
		Log: []message.Delivery{{
			Number: 1, Event: e, Type: message.MessageSent, At: 6, Attempt: 1, Outcome: message.RefusedStatus, Status: 503,
			Took: 12 * time.Millisecond, NextAt: 9,
		}},
		Replay: &message.Replay{Next: 1, End: e.Position, Since: 2, Until: 3},
	}
}

// What was answered for survives a power cut, with what waits to be tried
// again; and goes whole when the endpoint goes.
func TestEndpointsSurviveACrash(t *testing.T) {
	files := vfs.NewCrashableMem()
	s := begun(onDir(t, files))
	w := someWorkspace(t, s, "acme")
	o := testOutbound()
	o.Workspace = w.ID
	id := mustAccept(t, s, o)
	e := someEndpoint(t, s, w.ID)
	name := message.EventName{Position: id.Position()}
	what := someSettlement(name)
	if err := s.Settle(w.ID, e.ID, what); err != nil {
		t.Fatal(err)
	}
	clean(t, files.CrashClone(vfs.CrashCloneCfg{}))
	after := onDir(t, files.CrashClone(vfs.CrashCloneCfg{}))
	got, err := after.Endpoint(w.ID, e.ID)
	if diff := cmp.Diff(e, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	out, later, replay, err := after.Outbox(w.ID, e.ID)
	if err != nil || out != what.Outbox || !slices.Equal(later, what.Later) || replay != *what.Replay {
		t.Errorf("%+v, %+v, %+v, %v", out, later, replay, err)
	}
	log, err := after.Deliveries(w.ID, e.ID, 0, 10)
	if err != nil || !slices.Equal(log, what.Log) {
		t.Errorf("%+v, %v", log, err)
	}
	if _, err := after.Endpoint(w.ID+1, e.ID); !errors.Is(err, message.ErrNotFound) {
		t.Errorf("another workspace: %v", err)
	}
	if err := s.Settle(w.ID, e.ID, &message.Settlement{Outbox: what.Outbox, Done: []message.EventName{name}, Replay: &message.Replay{}}); err != nil {
		t.Fatal(err)
	}
	if _, later, replay, err = s.Outbox(w.ID, e.ID); err != nil || len(later) != 0 || replay.Has() {
		t.Errorf("%+v, %+v, %v", later, replay, err)
	}
	if err := s.DeleteEndpoint(w.ID, e.ID, someEntry(2)); err != nil {
		t.Fatal(err)
	}
	if n := countRows(t, s, prefixEndpoint); n != 0 {
		t.Errorf("%d rows are left", n)
	}
	for what, err := range map[string]error{
		"delete": s.DeleteEndpoint(w.ID, e.ID), "settle": s.Settle(w.ID, e.ID, what), "outbox": fourth(s.Outbox(w.ID, e.ID)),
	} {
		if !errors.Is(err, message.ErrNotFound) {
			t.Errorf("%s of one that is gone: %v", what, err)
		}
	}
}

func fourth[A, B, C any](_ A, _ B, _ C, err error) error { return err }

func countRows(t *testing.T, s *Store, prefix byte) (n int) {
	t.Helper()
	if err := eachRow(s.db, []byte{prefix}, func(_, _ []byte) error { n++; return nil }); err != nil {
		t.Fatal(err)
	}
	return n
}

// A change is made to what its maker has seen, or refused; and a new endpoint
// begins where the log is.
func TestPutEndpoint(t *testing.T) {
	s, ear := started(t, vfs.NewMem())
	w := someWorkspace(t, s, "acme")
	o := testOutbound()
	o.Workspace = w.ID
	before := mustAccept(t, s, o).Position()
	e := someEndpoint(t, s, w.ID)
	if out, _, _, err := s.Outbox(w.ID, e.ID); err != nil || out.Cursor <= before {
		t.Errorf("begins at %d, behind %d: %v", out.Cursor, before, err)
	}
	changed := e
	changed.URL, changed.CreatedAt = "https://example.com/other", 77
	second, err := s.PutEndpoint(changed)
	if err != nil || second.Revision != e.Revision+1 || second.CreatedAt != e.CreatedAt {
		t.Errorf("%+v, %v", second, err)
	}
	unknown, long, orphan, twice := e, second, e, e
	unknown.ID = message.NewEndpointID()
	long.URL = strings.Repeat("u", maxEndpointText+1)
	orphan.ID, orphan.Workspace, orphan.Revision = message.NewEndpointID(), 99, 0
	twice.Revision = 0
	for want, e := range map[error]message.Endpoint{
		message.ErrRevision: e, message.ErrNotFound: unknown, errEndpoint: long, ErrNoWorkspace: orphan,
	} {
		if _, err := s.PutEndpoint(e); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
	if _, err := s.PutEndpoint(twice); !errors.Is(err, message.ErrRevision) {
		t.Errorf("the same id again: %v", err)
	}
	second.Disabled, second.DisabledAt = message.DisabledByClient, 8
	third, err := s.PutEndpoint(second)
	if err != nil {
		t.Fatal(err)
	}
	third.Disabled = message.NotDisabled
	if third, err = s.PutEndpoint(third); err != nil {
		t.Fatal(err)
	}
	third.Disabled, third.DisabledAt, third.UpdatedAt = message.DisabledGone, noon, noon
	if _, err := s.PutEndpoint(third); err != nil {
		t.Fatal(err)
	}
	events, err := s.Events(w.ID, before, 10)
	if err != nil || len(events) != 1 {
		t.Fatalf("%+v, %v", events, err)
	}
	got := events[0]
	if got.Entry.Type != message.EndpointDisabled || got.Entry.Code != "gone" || !strings.HasPrefix(got.Object, message.PrefixEndpoint) || got != ear.events[len(ear.events)-1] {
		t.Errorf("%+v", got)
	}
	if again, err := s.Event(w.ID, got.Name()); err != nil || again != got {
		t.Errorf("%+v, %v", again, err)
	}
	all, err := s.AllEndpoints()
	if of, err2 := s.Endpoints(w.ID + 1); err != nil || len(all) != 1 || err2 != nil || len(of) != 0 {
		t.Errorf("%d, %d, %v, %v", len(all), len(of), err, err2)
	}
}

func TestPublishTakesOnlyWhatIsOfNoMessage(t *testing.T) {
	s, _ := started(t, vfs.NewMem())
	w := someWorkspace(t, s, "acme")
	e := message.Event{Workspace: w.ID, Channel: "sms", Entry: message.Entry{At: noon, ReceivedAt: noon, Type: message.ChannelDegraded}}
	if err := s.Publish(e); err != nil {
		t.Fatal(err)
	}
	events, err := s.Events(w.ID, 0, 10)
	if err != nil || len(events) != 1 || events[0].Channel != "sms" {
		t.Errorf("%+v, %v", events, err)
	}
	soundOf(t, s)
	for _, typ := range []message.EntryType{message.MessageSent, message.AttemptFailed, message.NoEntry} {
		e.Entry.Type = typ
		if err := s.Publish(e); !errors.Is(err, errNotPublic) && !errors.Is(err, ErrClosed) {
			t.Errorf("%s: %v", typ, err)
		}
	}
}

func TestEventIsFoundByItsName(t *testing.T) {
	s, _ := started(t, vfs.NewMem())
	id := mustAccept(t, s, testOutbound())
	mustFold(t, s, id, message.Fact{Kind: message.Cancel, At: noon})
	events, err := s.Events(1, 0, 10)
	if err != nil || len(events) != 2 {
		t.Fatalf("%d, %v", len(events), err)
	}
	for _, e := range events {
		name, err := message.ParseEventName(string(message.AppendID(nil, message.PrefixEvent, e.Name().ID())))
		if got, err2 := s.Event(1, name); err != nil || err2 != nil || got != e {
			t.Errorf("%+v, %v, %v", got, err, err2)
		}
		name.Ordinal++
		for _, other := range []error{second(s.Event(1, name)), second(s.Event(2, e.Name())), second(s.Event(1, message.EventName{Position: 1 << 40}))} {
			if !errors.Is(other, message.ErrNotFound) {
				t.Errorf("%v", other)
			}
		}
	}
	for _, text := range []string{"", "evt_", id.String(), "evt_00000000000000000000000000"} {
		if _, err := message.ParseEventName(text); err == nil {
			t.Errorf("%q is taken for an event", text)
		}
	}
	if reference, _, err := s.Reference(1, id); err != nil || reference != "order-1234" {
		t.Errorf("%q, %v", reference, err)
	}
}

func second[T any](_ T, err error) error { return err }

// The log of deliveries keeps the newest ones, and none longer than messages.
func TestLogOfDeliveriesIsBounded(t *testing.T) {
	h := newHistory(t, vfs.NewMem())
	w := someWorkspace(t, h.Store, "acme")
	e := someEndpoint(t, h.Store, w.ID)
	const n = maxDeliveries + 7
	for i := range uint64(n) {
		what := &message.Settlement{Log: []message.Delivery{{Number: i + 1, At: h.time()}}}
		if err := h.Settle(w.ID, e.ID, what); err != nil {
			t.Fatal(err)
		}
		if i == n-3 {
			h.pass(3 * time.Hour)
			h.accept(w.ID) // begins the hour
		}
	}
	log, err := h.Deliveries(w.ID, e.ID, 0, 10_000)
	if err != nil || len(log) != maxDeliveries || log[0].Number != n {
		t.Fatalf("%d deliveries, %v", len(log), err)
	}
	page, err := h.Deliveries(w.ID, e.ID, log[1].Number, 2)
	if err != nil || !slices.Equal(page, log[2:4]) {
		t.Errorf("%+v, %v", page, err)
	}
	if _, err := h.Retain(h.time(), 0); err != nil {
		t.Fatal(err)
	}
	if log, err = h.Deliveries(w.ID, e.ID, 0, 10_000); err != nil || len(log) != 2 {
		t.Errorf("%d deliveries are left, %v", len(log), err)
	}
}

// Events of a workspace without messages go with the others.
func TestRetainRemovesEventsOfNoMessage(t *testing.T) {
	h := newHistory(t, vfs.NewMem())
	w := someWorkspace(t, h.Store, "acme")
	if err := h.Publish(message.Event{Workspace: w.ID, Entry: message.Entry{ReceivedAt: h.time(), Type: message.ChannelDegraded}}); err != nil {
		t.Fatal(err)
	}
	h.pass(3 * time.Hour)
	h.accept(w.ID + 1)
	if _, err := h.Retain(h.time(), 0); err != nil {
		t.Fatal(err)
	}
	if events, err := h.Events(w.ID, 0, 10); err != nil || len(events) != 0 {
		t.Errorf("%d, %v", len(events), err)
	}
}

func TestFeedSpan(t *testing.T) {
	h := newHistory(t, vfs.NewMem())
	old := h.accept(1)
	h.pass(3 * time.Hour)
	young := h.accept(1)
	first, end, err := h.FeedSpan(h.time())
	if err != nil || first <= old.id.Position() || first > young.id.Position() || end <= young.id.Position() {
		t.Errorf("%d to %d, %v", first, end, err)
	}
}

var anyEndpoint = rapid.Custom(func(t *rapid.T) message.Endpoint {
	e := message.Endpoint{
		ID: anyID.Draw(t, "id"), Workspace: message.WorkspaceID(rapid.Uint32().Draw(t, "workspace")), Test: rapid.Bool().Draw(t, "test"),
		URL: anyText.Draw(t, "url"), Description: anyText.Draw(t, "description"), Types: rapid.SliceOfN(anyText, 1, 4).Draw(t, "types"),
		Disabled: enumOf(message.LastDisableReason).Draw(t, "reason"), DisabledAt: anyMoment.Draw(t, "disabled"),
		CreatedAt: anyMoment.Draw(t, "created"), UpdatedAt: anyMoment.Draw(t, "updated"), Revision: rapid.Uint64().Draw(t, "revision"),
	}
	for range rapid.IntRange(1, maxEndpointSecrets).Draw(t, "secrets") {
		e.Secrets = append(e.Secrets, message.SealedSecret{Sealed: anyText.Draw(t, "sealed"), ExpiresAt: anyMoment.Draw(t, "expires")})
	}
	return e
})

func TestEndpointCodecs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := anyEndpoint.Draw(t, "endpoint")
		got, err := decodeEndpoint(e.Workspace, e.ID, string(appendEndpoint(nil, &e)))
		if diff := cmp.Diff(e, got); err != nil || diff != "" {
			t.Fatal(err, diff)
		}
	})
}

func FuzzEndpointRows(f *testing.F) {
	id := message.ID{1}
	what := someSettlement(message.EventName{Position: 77, Ordinal: 3})
	seeds := []string{
		string(appendEndpoint(nil, &message.Endpoint{URL: "https://a", Types: []string{"x"}, Secrets: []message.SealedSecret{{Sealed: "s"}}})),
		string(appendOutbox(nil, &what.Outbox)), string(appendReplay(nil, what.Replay)),
		string(appendRedelivery(nil, &what.Later[0])), string(appendDelivery(nil, &what.Log[0])),
		string(appendEvent(nil, &message.Event{Object: "whe_1", Entry: message.Entry{Type: message.EndpointDisabled}})),
	}
	later, logged := appendRedeliveryKey(nil, 1, id, message.EventName{Position: 5}), appendDeliveryKey(nil, 1, id, 5)
	mutate.Strings(f, seeds, func(t testing.TB, text string) {
		if e, err := decodeEndpoint(1, id, text); err == nil {
			again, err := decodeEndpoint(1, id, string(appendEndpoint(nil, &e)))
			same(t, "endpoint", again, e, err)
		}
		if o, err := decodeOutbox(text); err == nil {
			again, err := decodeOutbox(string(appendOutbox(nil, &o)))
			same(t, "outbox", again, o, err)
		}
		if p, err := decodeReplay(text); err == nil {
			again, err := decodeReplay(string(appendReplay(nil, &p)))
			same(t, "replay", again, p, err)
		}
		if d, err := decodeRedelivery(later, text); err == nil {
			again, err := decodeRedelivery(later, string(appendRedelivery(nil, &d)))
			same(t, "redelivery", again, d, err)
		}
		if d, err := decodeDelivery(logged, text); err == nil {
			again, err := decodeDelivery(logged, string(appendDelivery(nil, &d)))
			same(t, "delivery", again, d, err)
		}
		_, _, _, _ = splitEndpointKey([]byte(text))
	})
}

func TestCheckFindsPlantedEndpointFaults(t *testing.T) {
	for name, c := range map[string]struct {
		kind, word string
		plant      func(b *pebble.Batch, s *Store, e message.Endpoint)
	}{
		"unreadable endpoint": {"endpoint", "not readable", func(b *pebble.Batch, _ *Store, e message.Endpoint) {
			b.Set(appendEndpointKey(nil, endpointRow, e.Workspace, e.ID), []byte("\xffjunk"), nil)
		}},
		"lost endpoint": {"redelivery", "no endpoint", func(b *pebble.Batch, _ *Store, e message.Endpoint) {
			b.Delete(appendEndpointKey(nil, endpointRow, e.Workspace, e.ID), nil)
		}},
		"lost outbox": {"endpoint", "no outbox", func(b *pebble.Batch, _ *Store, e message.Endpoint) {
			b.Delete(appendEndpointKey(nil, outboxRow, e.Workspace, e.ID), nil)
		}},
		"lost workspace": {"endpoint", "not there", func(b *pebble.Batch, _ *Store, e message.Endpoint) {
			b.Delete(appendWorkspaceKey(nil, e.Workspace), nil)
		}},
		"outbox from the future": {"endpoint", "end of the log", func(b *pebble.Batch, _ *Store, e message.Endpoint) {
			b.Set(appendEndpointKey(nil, outboxRow, e.Workspace, e.ID), appendOutbox(nil, &message.Outbox{Cursor: message.At(1<<40, 0)}), nil)
		}},
		"redelivery of nothing": {"redelivery", "no event", func(b *pebble.Batch, _ *Store, e message.Endpoint) {
			b.Set(appendRedeliveryKey(nil, e.Workspace, e.ID, message.EventName{Position: 99}), appendRedelivery(nil, &message.Redelivery{}), nil)
		}},
		"odd key": {"endpoint", "not readable", func(b *pebble.Batch, _ *Store, _ message.Endpoint) { b.Set([]byte("h?"), nil, nil) }},
	} {
		t.Run(name, func(t *testing.T) {
			files := vfs.NewCrashableMem()
			s := begun(onDir(t, files))
			w := someWorkspace(t, s, "acme")
			o := testOutbound()
			o.Workspace = w.ID
			id := mustAccept(t, s, o)
			e := someEndpoint(t, s, w.ID)
			if err := s.Settle(w.ID, e.ID, someSettlement(message.EventName{Position: id.Position()})); err != nil {
				t.Fatal(err)
			}
			if err := s.keeper.note(); err != nil {
				t.Fatal(err)
			}
			b := s.db.NewBatch()
			c.plant(b, s, e)
			if err := b.Commit(pebble.Sync); err != nil {
				t.Fatal(err)
			}
			report := mustCheck(t, files.CrashClone(vfs.CrashCloneCfg{}))
			if !slices.ContainsFunc(report.Findings, func(f Finding) bool { return f.Kind == c.kind && strings.Contains(f.Problem, c.word) }) {
				t.Errorf("not found; findings: %+v", report.Findings)
			}
		})
	}
}
