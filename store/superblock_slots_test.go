package store

import (
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// newDir returns a crashable file system with the durable directory "data".
func newDir(t *testing.T) (*vfs.MemFS, string) {
	t.Helper()
	files := vfs.NewCrashableMem()
	if err := files.MkdirAll("data", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syncDir(files, "/"); err != nil {
		t.Fatal(err)
	}
	return files, "data"
}

func mustRead(t *testing.T, files vfs.FS, dir string) slotState {
	t.Helper()
	st, err := readSlots(files, dir)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func TestSlotsAlternate(t *testing.T) {
	files, dir := newDir(t)
	if st := mustRead(t, files, dir); st.found != 0 || st.whole != 0 {
		t.Fatalf("in an empty directory: %+v", st)
	}
	s := newSlots(files, dir, superblock{})
	for seq := range uint64(5) {
		if err := s.write(superblock{mark: mark{sequence: seq}}); err != nil {
			t.Fatal(err)
		}
		if got := mustRead(t, files, dir).newest; got.sequence != seq || got.generation != seq+1 || !sameSuperblock(got, s.current()) {
			t.Fatalf("read %+v after writing sequence %d", got, seq)
		}
	}
	st := mustRead(t, files, dir)
	if st.found != 2 || st.whole != 2 {
		t.Fatalf("%+v", st)
	}
}

func TestTornSlotFallsBackToTheOther(t *testing.T) {
	for _, damage := range []func([]byte) []byte{
		func(b []byte) []byte { b[100] ^= 1; return b },
		func(b []byte) []byte { return b[:len(b)-1] },
		func(b []byte) []byte { return nil },
		func(b []byte) []byte { return append(b, 0) },
	} {
		files, dir := newDir(t)
		s := newSlots(files, dir, superblock{})
		for seq := range uint64(4) {
			if err := s.write(superblock{mark: mark{sequence: seq}}); err != nil {
				t.Fatal(err)
			}
		}
		newest := slotNames[s.current().generation%2]
		rewrite(t, files, files.PathJoin(dir, newest), damage)
		st := mustRead(t, files, dir)
		if st.whole != 1 || st.newest.sequence != 2 || st.faults[s.current().generation%2] == nil {
			t.Fatalf("%+v", st)
		}
		// and the next write heals it
		s = newSlots(files, dir, st.newest)
		if err := s.writeBoth(superblock{mark: mark{sequence: 9}}); err != nil {
			t.Fatal(err)
		}
		if st := mustRead(t, files, dir); st.whole != 2 || st.newest.sequence != 9 {
			t.Fatalf("after healing: %+v", st)
		}
	}
}

// rewrite changes a file's content.
func rewrite(t *testing.T, files vfs.FS, path string, change func([]byte) []byte) {
	t.Helper()
	b, err := readAll(files, path, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	if err := writeFile(files, path, change(b)); err != nil {
		t.Fatal(err)
	}
}

// Power may fail at any moment of a write: what was written before is never
// lost, and one slot is always whole.
func TestSlotsSurvivePowerLoss(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for round := range 300 {
		files, dir := newDir(t)
		s := newSlots(files, dir, superblock{})
		n := uint64(rng.IntN(6))
		for seq := range n {
			if err := s.writeBoth(superblock{mark: mark{sequence: seq + 1}}); err != nil {
				t.Fatal(err)
			}
		}
		if n > 0 { // a write that never gets to its fsync
			next := s.current()
			next.generation++
			f, err := files.OpenReadWrite(files.PathJoin(dir, slotNames[next.generation%2]), vfs.WriteCategoryUnspecified)
			if err != nil {
				t.Fatal(err)
			}
			next.sequence++
			if _, err := f.WriteAt(appendSlot(nil, next), 0); err != nil {
				t.Fatal(err)
			}
		}
		after := files.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rng})
		st := mustRead(t, after, dir)
		if n > 0 && st.whole == 0 || st.newest.sequence < n {
			t.Fatalf("round %d: wrote %d, read %+v", round, n, st)
		}
	}
}
