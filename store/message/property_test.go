package message

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"messagehub/store/message/mutate"
)

func drawOutbound(t *rapid.T) *Outbound {
	o := &Outbound{
		On: Causes(rapid.IntRange(0, int(OnAll)).Draw(t, "on")), ExpiresIn: DefaultExpiresIn, CreatedAt: 1000,
		OnUnknown: UnknownPolicy(rapid.IntRange(0, 2).Draw(t, "unknown")), KeepLate: rapid.Bool().Draw(t, "keep"),
	}
	if rapid.Bool().Draw(t, "expires") {
		o.ExpiresIn = 30 * time.Second
	}
	if rapid.IntRange(0, 4).Draw(t, "scheduled") == 0 {
		o.ScheduledAt = 20_000
	}
	for i := range rapid.IntRange(1, 6).Draw(t, "steps") {
		s := Step{Channel: fmt.Sprint("c", i), Success: Status(rapid.IntRange(int(Sent), int(Read)).Draw(t, "success"))}
		s.Timeout = time.Duration(rapid.IntRange(0, 2).Draw(t, "timeout")) * 10 * time.Second
		if i > 0 && rapid.IntRange(0, 3).Draw(t, "routable") == 0 {
			s.Unroutable = "no_address"
		}
		o.Steps = append(o.Steps, s)
	}
	return o
}

func drawFact(t *rapid.T, s *State, now Time) Fact {
	f := Fact{
		Kind: FactKind(rapid.IntRange(int(Due), int(Released)).Draw(t, "kind")), At: now, Position: s.Waiting,
		Attempt: rapid.IntRange(-1, len(s.Attempts)).Draw(t, "attempt"), ProviderID: "p",
		Status:  rapid.SampledFrom([]Status{Sent, Delivered, Read, Failed}).Draw(t, "status"),
		Failure: &Failure{Code: "refused", Class: Recipient}, RetryAt: now + 7000,
		Uncounted: rapid.Bool().Draw(t, "uncounted"), Repeat: rapid.Bool().Draw(t, "repeat"), RetryAfter: time.Duration(rapid.IntRange(0, 1).Draw(t, "again")) * time.Second,
	}
	if rapid.IntRange(0, 3).Draw(t, "current") > 0 {
		f.Attempt = s.Current()
	}
	return f
}

// TestInvariants folds arbitrary facts and checks what must always hold.
func TestInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := drawOutbound(t)
		now, position := Time(1000), Position(1)
		s, effects := Begin(o, position)
		world := &world{told: map[EntryType]int{}}
		world.write(t, &s, position, effects)
		for range rapid.IntRange(1, 60).Draw(t, "facts") {
			now += Time(rapid.IntRange(0, 20_000).Draw(t, "pass"))
			position++
			before := ranks(&s)
			effects := s.Apply(o, drawFact(t, &s, now), position)
			world.write(t, &s, position, effects)
			checkRanks(t, before, &s)
		}
	})
}

// world is what the log would hold after the effects.
type world struct {
	waiting Position
	told    map[EntryType]int
}

func (w *world) write(t *rapid.T, s *State, position Position, e Effects) {
	if e.Refused && (e.Drop != 0 || e.Dispatch || e.Arm != nil || e.Entries != nil || e.Index) {
		t.Fatal("a refused fact has effects")
	}
	if e.Drop != 0 {
		if e.Drop != w.waiting {
			t.Fatalf("dropped %d, the backlog holds %d", e.Drop, w.waiting)
		}
		w.waiting = 0
	}
	if e.Dispatch {
		if w.waiting != 0 {
			t.Fatal("dispatched twice")
		}
		w.waiting = position
	}
	if w.waiting != s.Waiting {
		t.Fatalf("the backlog holds %d, the state says %d", w.waiting, s.Waiting)
	}
	if last := s.Attempts[s.Current()].Status; s.Waiting != 0 && last == Skipped {
		t.Fatal("a skipped step is in the backlog")
	}
	if len(s.Attempts) > MaxAttempts || len(s.Timeline) > maxTimeline {
		t.Fatalf("unbounded: %d attempts, %d lines", len(s.Attempts), len(s.Timeline))
	}
	for _, entry := range e.Entries {
		w.told[entry.Type]++
	}
	for _, once := range []EntryType{MessageQueued, MessageSent, MessageDelivered, MessageRead, MessageFailed, MessageExpired, MessageCanceled} {
		if w.told[once] > 1 {
			t.Fatalf("%s was told %d times", once, w.told[once])
		}
	}
}

func ranks(s *State) []Attempt { return append([]Attempt(nil), s.Attempts...) }

// checkRanks: no attempt that a provider has confirmed ever moves back, but
// for the provider taking "sent" back, or a chain giving it up.
func checkRanks(t *rapid.T, before []Attempt, s *State) {
	for i, was := range before {
		now := s.Attempts[i].Status
		if was.Status.rank() >= Delivered.rank() && now.rank() < was.Status.rank() {
			t.Fatalf("attempt %d moved from %s to %s", i, was.Status, now)
		}
		if was.Status == Sent && now.rank() < Sent.rank() && now != Failed && now != Expired {
			t.Fatalf("attempt %d moved from sent to %s", i, now)
		}
	}
}

// TestReceiptsCommute: any order and number of the same receipts ends alike.
func TestReceiptsCommute(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		receipts := rapid.SliceOfN(rapid.SampledFrom([]Status{Sent, Delivered, Read, Failed}), 1, 8).Draw(t, "receipts")
		shuffled := rapid.Permutation(receipts).Draw(t, "shuffled")
		shuffled = append(shuffled, rapid.SliceOfN(rapid.SampledFrom(receipts), 0, 4).Draw(t, "repeated")...)
		a, b := receive(receipts), receive(shuffled)
		if a.Status != b.Status || a.Attempts[0].Status != b.Attempts[0].Status {
			t.Fatalf("%v gives %s, %v gives %s", receipts, a.Status, shuffled, b.Status)
		}
	})
}

// receive folds receipts into a sent message of one step.
func receive(receipts []Status) State {
	o := &Outbound{On: OnAll, ExpiresIn: DefaultExpiresIn, Steps: []Step{{Channel: "whatsapp", Success: Delivered}}}
	s, _ := Begin(o, 1)
	s.Apply(o, Fact{Kind: Started, Position: 1, At: 1}, 2)
	s.Apply(o, Fact{Kind: Accepted, ProviderID: "p", At: 2}, 3)
	for i, status := range receipts {
		f := Fact{Kind: Reported, Status: status, At: Time(3 + i)}
		if status == Failed {
			f.Failure = &Failure{Code: "unreachable", Class: Recipient}
		}
		s.Apply(o, f, Position(4+i))
	}
	return s
}

func TestIDs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := At(rapid.Uint64Range(0, MaxSequence).Draw(t, "sequence"), rapid.IntRange(0, MaxIndex).Draw(t, "index"))
		id := NewID(p, rapid.Uint64().Draw(t, "salt"))
		if id.Position() != p {
			t.Fatalf("position %d became %d", p, id.Position())
		}
		back, err := ParseID(PrefixMessage, id.String())
		if err != nil || ID(back) != id {
			t.Fatalf("%s: %v", id, err)
		}
		next := NewID(p+1, 0)
		if p < At(MaxSequence, MaxIndex) && string(id[:]) >= string(next[:]) {
			t.Fatal("ids do not sort in log order")
		}
	})
}

func FuzzParseID(f *testing.F) {
	seeds := []string{"msg_00000000000000000000000000", "msg_7zzzzzzzzzzzzzzzzzzzzzzzzz", "msg_80000000000000000000000000"}
	mutate.Strings(f, seeds, func(t testing.TB, text string) {
		id, err := ParseID(PrefixMessage, text)
		if err == nil && ID(id).String() != text {
			t.Fatalf("%q reads as %s", text, ID(id))
		}
	})
}

func FuzzParseAttemptRef(f *testing.F) {
	mutate.Strings(f, []string{AttemptRef(7, ID{1}, 3)}, func(t testing.TB, text string) {
		ws, id, n, ok := ParseAttemptRef(text)
		if ok && AttemptRef(ws, id, n) != text {
			t.Fatalf("%q reads as %d, %s, %d", text, ws, id, n)
		}
	})
}
