package store

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"messagehub/store/message"
)

// bareStore opens a store whose goroutines don't run: the test is the
// committer.
func bareStore(t testing.TB) *Store {
	o := Options{FS: vfs.NewMem(), Shards: 3, LowWater: -1, CacheSize: 1 << 20}.EnsureDefaults()
	s := newStore(o)
	if _, err := s.open("data"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.engine.close() })
	return s
}

// commitNow writes ops as one record, and returns the bytes of its batch.
func (s *Store) commitNow(t testing.TB, ops []op) []byte {
	r := s.records[0]
	r.entries = r.entries[:0]
	for _, o := range ops {
		r.entries = append(r.entries, entry{op: o})
	}
	r.sequence = r.txn.head.sequence + 1
	if _, err := s.write(r); err != nil {
		t.Fatal(err)
	}
	s.durable.advance(r.mark)
	return bytes.Clone(r.txn.batch.Repr())
}

// opScript makes operations for s from random numbers alone: two stores that
// have come the same way get equal ones.
type opScript struct {
	rng *rand.Rand
	now message.Time
	ids []message.ID
}

func (c *opScript) ops(t testing.TB, s *Store) (ops []op) {
	for range 1 + c.rng.IntN(12) {
		c.now += message.Time(c.rng.IntN(int(time.Hour.Milliseconds())))
		if len(c.ids) == 0 || c.rng.IntN(3) == 0 {
			ops = append(ops, c.accept(t, s))
			continue
		}
		id := c.ids[c.rng.IntN(len(c.ids))]
		if c.rng.IntN(3) == 0 {
			ops = append(ops, c.report(t, s, id))
			continue
		}
		o, state, _, err := s.message(1, id)
		if err != nil {
			t.Fatal(err)
		}
		ops = append(ops, &foldOp{outbound: o, fact: c.fact(state)})
	}
	return ops
}

func (c *opScript) accept(t testing.TB, s *Store) op {
	o := testOutbound()
	o.CreatedAt, o.Salt = c.now, c.rng.Uint64()
	o.Steps[0].To = someNames[c.rng.IntN(len(someNames))]
	o.Steps[0].Timeout = time.Duration(c.rng.IntN(2)) * time.Minute
	o.Steps = append(o.Steps, message.Step{Channel: "sms", To: "kim", From: "main", Success: message.Sent})
	if c.rng.IntN(3) == 0 {
		o.ScheduledAt = c.now + 1000
	}
	key := message.Idempotency{Route: "send", At: c.now}
	if c.rng.IntN(2) == 0 {
		key.Key = someNames[c.rng.IntN(len(someNames))]
	}
	a := new(acceptOp)
	if err := a.prepare(s, o, &key); err != nil {
		t.Fatal(err)
	}
	return a
}

var someNames = []string{"kim", "lee", "park"}

func (c *opScript) report(t testing.TB, s *Store, id message.ID) op {
	r := &reportOp{at: c.now, receipt: message.Receipt{
		Channel: "whatsapp", ProviderID: someNames[c.rng.IntN(len(someNames))], Status: message.Delivered,
	}}
	if c.rng.IntN(2) == 0 {
		r.receipt.Ref = message.AttemptRef(1, id, c.rng.IntN(2))
	}
	if err := r.prefetch(s); err != nil {
		t.Fatal(err)
	}
	return r
}

func (c *opScript) fact(s *message.State) message.Fact {
	kinds := []message.FactKind{message.Started, message.Accepted, message.Rejected, message.Deferred, message.Lost, message.Cancel, message.Due}
	return message.Fact{
		Kind: kinds[c.rng.IntN(len(kinds))], At: c.now, Attempt: s.Current(), Position: s.Waiting,
		Sender: "main", ProviderID: someNames[c.rng.IntN(len(someNames))], RetryAt: c.now + 5000,
		Failure: &message.Failure{Code: "busy", Class: message.Capacity},
	}
}

// learn notes the ids that the accepts of a record have given.
func (c *opScript) learn(ops []op) {
	for _, o := range ops {
		if a, ok := o.(*acceptOp); ok && !a.acceptance.ID.IsZero() {
			c.ids = append(c.ids, a.acceptance.ID)
		}
	}
}

// TestApplyIsDeterministic: the same operations on the same rows write the
// same bytes, whatever else differs between two stores.
func TestApplyIsDeterministic(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		seed := rapid.Uint64().Draw(rt, "seed")
		a, b := bareStore(t), bareStore(t)
		b.lanes.of(message.Lane{Channel: "line"}) // it has seen another lane
		b.lanes.of(message.Lane{Channel: "sms"})
		sa := &opScript{rng: rand.New(rand.NewPCG(seed, 1)), now: noon}
		sb := &opScript{rng: rand.New(rand.NewPCG(seed, 1)), now: noon}
		for i := range 10 {
			opsA, opsB := sa.ops(t, a), sb.ops(t, b)
			if !bytes.Equal(a.commitNow(t, opsA), b.commitNow(t, opsB)) {
				rt.Fatalf("record %d differs", i)
			}
			sa.learn(opsA)
			sb.learn(opsB)
		}
		if diff := firstDifference(t, a, b); diff != "" {
			rt.Fatalf("rows differ at %q", diff)
		}
	})
}

func firstDifference(t testing.TB, a, b *Store) string {
	rowsOf := func(s *Store) (rows []string) {
		if err := eachRow(s.db, nil, func(key, value []byte) error {
			rows = append(rows, string(key)+"="+string(value))
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return rows
	}
	left, right := rowsOf(a), rowsOf(b)
	for i := range left {
		if i >= len(right) || left[i] != right[i] {
			return left[i]
		}
	}
	if len(right) > len(left) {
		return right[len(left)]
	}
	return ""
}

// TestOverlay compares the overlay with a map.
func TestOverlay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var o overlay
		for range rapid.IntRange(1, 3).Draw(t, "batches") {
			want := map[string]*string{}
			for range rapid.IntRange(0, 400).Draw(t, "rows") {
				key := rapid.StringMatching(`[a-z]{1,2}`).Draw(t, "key")
				if rapid.Bool().Draw(t, "delete") {
					o.delete([]byte(key))
					want[key] = nil
					continue
				}
				value := rapid.StringN(0, 4, 8).Draw(t, "value")
				o.set([]byte(key), []byte(value))
				want[key] = &value
			}
			for _, key := range []string{"a", "b", "zz", "qx"} {
				value, ok, known := o.get([]byte(key))
				p, written := want[key]
				if known != written || ok != (p != nil) || (ok && string(value) != *p) {
					t.Fatalf("%q: %q %v %v", key, value, ok, known)
				}
			}
			o.reset()
			if _, _, known := o.get([]byte("a")); known {
				t.Fatal("a row is left after reset")
			}
		}
	})
}
