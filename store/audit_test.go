package store

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"messagehub/store/message"
)

func someEntry(n int) message.AuditEntry {
	return message.AuditEntry{
		At: message.Time(1_700_000_000_000 + n), Actor: "admin socket", Action: "key.create",
		Object: fmt.Sprint("key_", n), Address: "192.0.2.1", RequestID: "req_1", After: "{}",
	}
}

func writeAudit(t *testing.T, s *Store, n int) {
	t.Helper()
	for i := range n {
		if err := s.Audit(someEntry(i)); err != nil {
			t.Fatal(err)
		}
	}
}

func mustVerify(t *testing.T, s *Store, entries uint64) AuditProof {
	t.Helper()
	proof, err := s.VerifyAudit()
	if err != nil || proof.Entries != entries {
		t.Fatalf("verified %d entries, want %d: %v", proof.Entries, entries, err)
	}
	return proof
}

func TestAuditLog(t *testing.T) {
	s := onDir(t, vfs.NewCrashableMem())
	mustVerify(t, s, 0)
	writeAudit(t, s, 10)
	before := mustVerify(t, s, 10)
	s = reopened(t, s)
	if after := mustVerify(t, s, 10); after != before {
		t.Fatal("the proof changed by reopening")
	}
	writeAudit(t, s, 1)
	lines, err := s.AuditLog(4, 3)
	if err != nil || len(lines) != 3 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	for i, line := range lines {
		if line.Number != uint64(4+i) || line.AuditEntry != someEntry(3+i) {
			t.Errorf("line %+v", line)
		}
	}
	if lines, err = s.AuditLog(10, 100); err != nil || len(lines) != 2 || lines[0].Hash != before.Hash {
		t.Fatalf("%+v, %v", lines, err)
	}
	if lines, err = s.AuditLog(12, 100); err != nil || len(lines) != 0 {
		t.Fatalf("%+v, %v", lines, err)
	}
}

// The hash of the chain, computed a second way from what AuditLog shows.
func TestAuditChainIsAsDocumented(t *testing.T) {
	s := onDir(t, vfs.NewCrashableMem())
	writeAudit(t, s, 5)
	lines, err := s.AuditLog(1, 100)
	if err != nil {
		t.Fatal(err)
	}
	last := make([]byte, sha256.Size)
	for i, line := range lines {
		h := sha256.New()
		h.Write(last)
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(i+1)))
		h.Write(appendAuditEntry(nil, &line.AuditEntry))
		if last = h.Sum(nil); string(last) != string(line.Hash[:]) {
			t.Fatalf("hash of entry %d", i+1)
		}
	}
}

func TestAuditAtOnce(t *testing.T) {
	s := onDir(t, vfs.NewCrashableMem())
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			for range 5 {
				if err := s.Audit(someEntry(i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	mustVerify(t, s, 200)
}

func TestAccountChangesAreAuditedInTheSameRecord(t *testing.T) {
	s := onDir(t, vfs.NewCrashableMem())
	before := s.durable.mark().sequence
	w, err := s.PutWorkspace(message.Workspace{Name: "acme"}, someEntry(1), someEntry(2))
	if after := s.durable.mark().sequence; err != nil || after != before+1 {
		t.Fatalf("%d records, %v", after-before, err)
	}
	_, k := message.NewKey(false)
	k.Workspace = w.ID
	if err := s.PutKey(k, someEntry(3)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.PutWorkspace(message.Workspace{Name: "acme"}, someEntry(4)); !errors.Is(err, ErrNameTaken) {
		t.Fatal(err)
	}
	mustVerify(t, s, 3) // what was refused is not audited as done
}

// VerifyAudit names the first entry that was tampered with.
func TestVerifyAuditFindsTampering(t *testing.T) {
	value := func(db *pebble.DB, n uint64) []byte {
		text, err := readRow(db, appendAuditKey(nil, n))
		if err != nil {
			panic(err)
		}
		return []byte(text)
	}
	forge := func(n uint64) []byte { // a good row of its own, not of this chain
		e := someEntry(99)
		p := AuditProof{Entries: n - 1}.next(appendAuditEntry(nil, &e))
		return append(p.Hash[:], appendAuditEntry(nil, &e)...)
	}
	for name, c := range map[string]struct {
		tamper func(db *pebble.DB, b *pebble.Batch)
		number uint64
		word   string
	}{
		"a changed entry": {func(db *pebble.DB, b *pebble.Batch) {
			v := value(db, 4)
			v[len(v)-1] ^= 1
			b.Set(appendAuditKey(nil, 4), v, nil)
		}, 4, "hash"},
		"a changed hash": {func(db *pebble.DB, b *pebble.Batch) {
			v := value(db, 4)
			v[0] ^= 1
			b.Set(appendAuditKey(nil, 4), v, nil)
		}, 4, "hash"},
		"a forged entry":       {func(_ *pebble.DB, b *pebble.Batch) { b.Set(appendAuditKey(nil, 4), forge(4), nil) }, 4, "hash"},
		"a forged first entry": {func(_ *pebble.DB, b *pebble.Batch) { b.Set(appendAuditKey(nil, 1), forge(1), nil) }, 2, "hash"},
		"a removed entry":      {func(_ *pebble.DB, b *pebble.Batch) { b.Delete(appendAuditKey(nil, 4), nil) }, 4, "missing"},
		"a removed first":      {func(_ *pebble.DB, b *pebble.Batch) { b.Delete(appendAuditKey(nil, 1), nil) }, 1, "missing"},
		"a removed end":        {func(_ *pebble.DB, b *pebble.Batch) { b.Delete(appendAuditKey(nil, 9), nil) }, 9, "missing"},
		"an added entry":       {func(_ *pebble.DB, b *pebble.Batch) { b.Set(appendAuditKey(nil, 10), forge(10), nil) }, 10, "hash"},
		"exchanged entries": {func(db *pebble.DB, b *pebble.Batch) {
			b.Set(appendAuditKey(nil, 4), value(db, 5), nil)
			b.Set(appendAuditKey(nil, 5), value(db, 4), nil)
		}, 4, "hash"},
		"a cut row":          {func(_ *pebble.DB, b *pebble.Batch) { b.Set(appendAuditKey(nil, 4), []byte("x"), nil) }, 4, "readable"},
		"an odd key":         {func(_ *pebble.DB, b *pebble.Batch) { b.Set([]byte{prefixAudit, 0}, nil, nil) }, 1, "readable"},
		"a removed head":     {func(_ *pebble.DB, b *pebble.Batch) { b.Delete([]byte(keyAuditHead), nil) }, 10, "head"},
		"an unreadable head": {func(_ *pebble.DB, b *pebble.Batch) { b.Set([]byte(keyAuditHead), nil, nil) }, 10, "head"},
		"a removed log": {func(_ *pebble.DB, b *pebble.Batch) {
			b.DeleteRange([]byte{prefixAudit}, []byte{prefixAudit + 1}, nil)
		}, 1, "missing"},
	} {
		t.Run(name, func(t *testing.T) {
			s := onDir(t, vfs.NewCrashableMem())
			writeAudit(t, s, 9)
			b := s.db.NewBatch()
			c.tamper(s.db, b)
			if err := b.Commit(pebble.Sync); err != nil {
				t.Fatal(err)
			}
			_, err := s.VerifyAudit()
			var fault *AuditFault
			if !errors.As(err, &fault) || fault.Number != c.number || !strings.Contains(fault.Problem, c.word) {
				t.Fatalf("%v; want entry %d, %q", err, c.number, c.word)
			}
		})
	}
}

func TestAuditTextIsBoundedAndPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"plain":             "plain",
		"한글 \t\r\n\x00\x7f": "한글 \ufffd\ufffd\ufffd\ufffd\ufffd",
		"bad \xff\xfe":      "bad \ufffd",
		"\u0085":            "\ufffd",
	} {
		if got := auditText(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
	for _, long := range []string{strings.Repeat("x", 1<<20), strings.Repeat("한", 1<<19)} {
		got := auditText(long)
		if len(got) > maxAuditText+8 || !strings.HasSuffix(got, "…") || strings.Count(got, "\ufffd") > 1 {
			t.Errorf("%d bytes became %d, ending %q", len(long), len(got), got[len(got)-8:])
		}
	}
}

// A flood is written as fast as is allowed, and what is dropped is counted in
// the log itself.
func TestAuditLaterBoundsAFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var written []message.AuditEntry
		writes := 0
		q := newAuditQueue(func(entries []message.AuditEntry) error {
			written = append(written, entries...)
			writes++
			return nil
		})
		const flood = auditRoom + 500
		for i := range flood {
			q.add(someEntry(i))
		}
		go q.run()
		synctest.Wait()
		want := append([]message.AuditEntry(nil), someEntries(auditRoom)...)
		want = append(want, message.AuditEntry{
			At: someEntry(auditRoom - 1).At, Actor: "system", Action: "audit.dropped", Object: "500",
		})
		if diff := cmp.Diff(want, written); diff != "" {
			t.Fatal(diff)
		}
		q.add(someEntry(1)) // too soon after the last write
		synctest.Wait()
		if writes != 1 {
			t.Fatalf("%d writes", writes)
		}
		q.close() // writes what waits
		if writes != 2 || len(written) != auditRoom+2 {
			t.Fatalf("%d writes of %d entries", writes, len(written))
		}
	})
}

func someEntries(n int) (entries []message.AuditEntry) {
	for i := range n {
		entries = append(entries, someEntry(i))
	}
	return entries
}

func TestAuditLaterStopsWithTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newAuditQueue(func([]message.AuditEntry) error { return ErrPoisoned })
		q.add(someEntry(1))
		go q.run()
		<-q.done // ends by itself
		q.add(someEntry(2))
		q.close()
	})
}

func TestAuditLaterIsWrittenByClose(t *testing.T) {
	files := vfs.NewCrashableMem()
	s := onDir(t, files)
	for i := range 700 {
		s.AuditLater(someEntry(i))
	}
	s = reopened(t, s)
	mustVerify(t, s, 700)
}
