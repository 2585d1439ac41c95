package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"messagehub/store/message"
)

// batchOutbound is the i-th message of a batch.
func batchOutbound(i int) *message.Outbound {
	o := testOutbound()
	o.Salt, o.Reference = uint64(i), fmt.Sprint("order-", i)
	return o
}

// commitBatch commits a batch of n messages, each third of which is bad.
func commitBatch(t *testing.T, s *Store, n int, key message.Idempotency, dedupe bool) message.Batch {
	t.Helper()
	b := s.NewBatch(1, false, noon, 42)
	for i := range n {
		if i%3 == 2 {
			b.Reject(`{"code":"x"}`)
			continue
		}
		if err := b.Add(batchOutbound(i), dedupe); err != nil {
			t.Fatal(err)
		}
	}
	done, err := b.Commit(key)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// TestBatch: a batch of several operations keeps its order, its messages are
// found and fed, and it reads back after a crash as it was answered.
func TestBatch(t *testing.T) {
	for _, n := range []int{0, 1, 2, 999, 3000, MaxBatch} {
		files := vfs.NewCrashableMem()
		s, e := started(t, files)
		done := commitBatch(t, s, n, message.Idempotency{}, false)
		want := n - n/3
		if jobs, events := e.counts(); jobs != want || events != want {
			t.Errorf("%d jobs and %d events, want %d", jobs, events, want)
		}
		if done.Count(message.BatchAccepted) != want || done.Count(message.BatchRejected) != n/3 || len(done.Items) != n {
			t.Errorf("batch of %d: %d accepted, %d rejected", n, done.Count(message.BatchAccepted), done.Count(message.BatchRejected))
		}
		var last message.Position
		for i, item := range done.Items {
			if item.Kind != message.BatchAccepted {
				continue
			}
			if p := item.ID.Position(); p <= last {
				t.Fatalf("message %d is at %d, after %d", i, p, last)
			} else {
				last = p
			}
			if o, _, err := s.Message(1, item.ID); err != nil || o.Reference != fmt.Sprint("order-", i) {
				t.Fatalf("message %d: %+v, %v", i, o, err)
			}
		}
		crashed := files.CrashClone(vfs.CrashCloneCfg{})
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		again := onDir(t, crashed)
		got, err := again.Batch(1, done.ID)
		if diff := cmp.Diff(done, got, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Errorf("after a crash: %v\n%s", err, diff)
		}
		counts, err := again.BatchStatuses(&got)
		if err != nil || counts[message.Queued] != want {
			t.Errorf("statuses %v, %v", counts, err)
		}
		if _, err := again.Batch(2, done.ID); !errors.Is(err, message.ErrNotFound) {
			t.Errorf("another workspace: %v", err)
		}
		soundOf(t, again)
	}
}

// soundOf closes the store and checks every row of it.
func soundOf(t *testing.T, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	clean(t, s.options.FS)
}

func TestBatchIsReplayed(t *testing.T) {
	s, e := started(t, vfs.NewMem())
	key := message.Idempotency{Route: message.BatchRoute, Key: "k", Body: [32]byte{1}, At: noon}
	first := commitBatch(t, s, 1500, key, false)
	jobs, _ := e.counts()
	second := commitBatch(t, s, 1500, key, false)
	if after, _ := e.counts(); after != jobs || !second.Replayed || second.ID != first.ID {
		t.Errorf("%d jobs, then %d; %+v", jobs, after, second.Replayed)
	}
	second.Replayed = false
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("the answer differs:\n%s", diff)
	}
	key.Body[0]++
	b := s.NewBatch(1, false, noon, 1)
	if err := b.Add(batchOutbound(1), false); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Commit(key); !errors.Is(err, message.ErrKeyReused) {
		t.Errorf("other body: %v", err)
	}
	if after, _ := e.counts(); after != jobs {
		t.Errorf("%d jobs, then %d", jobs, after)
	}
	soundOf(t, s)
}

// TestBatchDedupe: a reference is taken once in a day, within a batch and from
// one to the next, by workspace and for live and test apart.
func TestBatchDedupe(t *testing.T) {
	s, e := started(t, vfs.NewMem())
	first := commitBatch(t, s, 30, message.Idempotency{}, true)
	second := commitBatch(t, s, 33, message.Idempotency{}, true)
	if n := second.Count(message.BatchDuplicate); n != 20 || second.Count(message.BatchAccepted) != 2 {
		t.Errorf("%d duplicates", n)
	}
	for i := range 30 {
		if second.Items[i].ID != first.Items[i].ID {
			t.Errorf("duplicate %d names another message", i)
		}
	}
	b := s.NewBatch(2, true, noon, 1)
	for range 3 {
		o := batchOutbound(0)
		o.Workspace, o.Test = 2, true
		if err := b.Add(o, true); err != nil {
			t.Fatal(err)
		}
	}
	third, err := b.Commit(message.Idempotency{})
	if err != nil || third.Count(message.BatchAccepted) != 1 || third.Count(message.BatchDuplicate) != 2 {
		t.Errorf("%+v, %v", third.Items, err)
	}
	if jobs, _ := e.counts(); jobs != 20+2+1 {
		t.Errorf("%d jobs", jobs)
	}
	soundOf(t, s)
}

// TestBatchOfOneRecord: up to a thousand messages are there or not, wherever
// the power goes and whatever the disk kept of what was not synced.
func TestBatchOfOneRecord(t *testing.T) {
	files := vfs.NewCrashableMem()
	s, _ := started(t, files)
	var clones []*vfs.MemFS
	done := make(chan message.Batch)
	go func() { done <- commitBatch(t, s, 1000, message.Idempotency{}, false) }()
	var batch message.Batch
	for seed := uint64(0); batch.ID.IsZero(); seed++ {
		clones = append(clones, files.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 50, RNG: rand.New(rand.NewPCG(seed, 1))}))
		select {
		case batch = <-done:
		default:
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for i, clone := range clones[max(0, len(clones)-20):] {
		s := onDir(t, clone)
		page, err := s.List(1, message.Query{Limit: 1000})
		_, missing := s.Batch(1, batch.ID)
		if n := len(page.Messages); err != nil || n != 0 && n != 667 || (n == 0) != errors.Is(missing, message.ErrNotFound) {
			t.Errorf("clone %d has %d messages, batch: %v (%v)", i, n, missing, err)
		}
		soundOf(t, s)
	}
}

func TestBatchIsBounded(t *testing.T) {
	s, _ := started(t, vfs.NewMem())
	b := s.NewBatch(1, false, noon, 42)
	for range MaxBatch {
		b.Reject("{}")
	}
	if err := b.Add(testOutbound(), false); !errors.Is(err, errBatchTooLarge) {
		t.Errorf("one too many: %v", err)
	}
	bad := testOutbound()
	bad.Steps = nil
	if err := s.NewBatch(1, false, noon, 1).Add(bad, false); err == nil {
		t.Error("a message without steps is taken")
	}
}

func TestBatchWhileNotStarted(t *testing.T) {
	s := onDir(t, vfs.NewMem())
	if _, err := s.NewBatch(1, false, noon, 1).Commit(message.Idempotency{}); !errors.Is(err, ErrNotStarted) {
		t.Errorf("before Start: %v", err)
	}
}

func TestBatchCodec(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := message.Batch{ID: message.NewID(message.At(3, 1), 2), Workspace: 1, Test: rapid.Bool().Draw(t, "test"), CreatedAt: noon, Items: []message.BatchItem{}}
		for range rapid.IntRange(0, 20).Draw(t, "items") {
			item := message.BatchItem{Kind: message.BatchKind(rapid.IntRange(0, 2).Draw(t, "kind"))}
			if item.Kind == message.BatchRejected {
				item.Error = rapid.String().Draw(t, "error")
			} else {
				item.ID, item.Status = message.NewID(message.At(rapid.Uint64Range(0, 99).Draw(t, "at"), 0), 7), message.Scheduled
			}
			want.Items = append(want.Items, item)
		}
		got := message.Batch{ID: want.ID, Workspace: 1}
		row := string(appendBatch(nil, &want))
		if err := decodeBatch(&got, row); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
		if cut := rapid.IntRange(0, len(row)-1).Draw(t, "cut"); decodeBatch(&message.Batch{}, row[:cut]) == nil {
			t.Fatalf("the row is taken when cut at %d", cut)
		}
	})
}
