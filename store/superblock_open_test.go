package store

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// dirHash is a hash over the names and contents of a directory.
func dirHash(t testing.TB, files vfs.FS, dir string) string {
	t.Helper()
	names, err := files.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	h := sha256.New()
	for _, name := range names {
		if name == "LOCK" { // to open it would let the lock go
			continue
		}
		b, err := readAll(files, files.PathJoin(dir, name), 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(h, "%s %d\n", name, len(b))
		h.Write(b)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// refuses opens files, which must fail with want and change nothing.
func refuses(t *testing.T, files *vfs.MemFS, want error) error {
	t.Helper()
	before := dirHash(t, files, "data")
	s, err := tryDir(files)
	if err == nil {
		s.Close()
	}
	if !errors.Is(err, want) {
		t.Fatalf("opened with %v, want %v", err, want)
	}
	if dirHash(t, files, "data") != before {
		t.Fatal("a refused open has changed the directory")
	}
	return err
}

// crashed returns a store's files after a power cut, as they were when the
// superblock had just been written, and then with more in the log.
func crashed(t *testing.T) (*vfs.MemFS, *population, mark) {
	t.Helper()
	files := vfs.NewCrashableMem()
	s := begun(onDir(t, files))
	p := populate(t, s, 2)
	if err := s.keeper.note(); err != nil {
		t.Fatal(err)
	}
	known := s.keeper.slots.current().mark
	p.round(t, s, 2)
	return files.CrashClone(vfs.CrashCloneCfg{}), p, known
}

func TestOpenAfterPowerLossHasEverything(t *testing.T) {
	files, p, _ := crashed(t)
	s := onDir(t, files)
	if err := p.missing(s); err != nil {
		t.Fatal(err)
	}
}

// lastLog returns the name of the log that was being written.
func lastLog(t *testing.T, files vfs.FS) string {
	t.Helper()
	numbers, err := logNumbers(files, "data")
	if err != nil || len(numbers) == 0 {
		t.Fatal(numbers, err)
	}
	return files.PathJoin("data", logName(numbers[len(numbers)-1]))
}

// The engine takes a log that ends early for a log that ended early. The
// superblock knows better.
func TestOpenFindsLostTail(t *testing.T) {
	base, _, known := crashed(t)
	for name, damage := range map[string]func([]byte) []byte{
		"flip near the beginning": func(b []byte) []byte { b[len(b)/8] ^= 4; return b },
		"cut in the middle":       func(b []byte) []byte { return b[:len(b)/2] },
		"cut to nothing":          func([]byte) []byte { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			files := base.CrashClone(vfs.CrashCloneCfg{})
			rewrite(t, files, lastLog(t, files), damage)
			err := refuses(t, files, ErrLostTail)
			if !strings.Contains(err.Error(), fmt.Sprint(known.sequence)) {
				t.Errorf("%v does not name sequence %d", err, known.sequence)
			}
		})
	}
}

// Far from its end, the engine itself finds a rotten log. The error says where.
func TestOpenSaysWhereALogIsRotten(t *testing.T) {
	files := vfs.NewCrashableMem()
	s := begun(onDir(t, files))
	populate(t, s, 40)
	after := files.CrashClone(vfs.CrashCloneCfg{})
	name := lastLog(t, after)
	rewrite(t, after, name, func(b []byte) []byte { b[len(b)/3] ^= 1; return b })
	err := refuses(t, after, ErrCorrupt)
	digits := strings.TrimLeft(strings.TrimSuffix(after.PathBase(name), ".log"), "0")
	if !strings.Contains(err.Error(), "wal "+digits) || !strings.Contains(err.Error(), "offset") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
}

func TestOpenFindsMissingLog(t *testing.T) {
	files, _, _ := crashed(t)
	if err := files.Remove(lastLog(t, files)); err != nil {
		t.Fatal(err)
	}
	refuses(t, files, ErrLostTail)
}

// Everything of the engine is gone, as when a volume was not mounted, but for
// the superblock.
func TestOpenFindsMissingEngine(t *testing.T) {
	files, _, _ := crashed(t)
	names, err := files.List("data")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if !isSlot(name) {
			if err := files.Remove(files.PathJoin("data", name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	refuses(t, files, ErrCorrupt)
}

func TestAcceptLossIsAudited(t *testing.T) {
	files, p, known := crashed(t)
	rewrite(t, files, lastLog(t, files), func(b []byte) []byte { return b[:len(b)/4] })
	refuses(t, files, ErrLostTail)
	s := begun(onDir(t, files, func(o *Options) { o.AcceptLoss = true }))
	proof, err := s.VerifyAudit()
	if err != nil {
		t.Fatal(err)
	}
	lines, err := s.AuditLog(proof.Entries, 1)
	if err != nil || len(lines) != 1 || lines[0].Action != "store.loss_accepted" {
		t.Fatalf("%+v, %v", lines, err)
	}
	if e := lines[0]; e.Before != known.String() || !strings.Contains(e.Object, ErrLostTail.Error()) || e.After == e.Before {
		t.Errorf("%+v", e)
	}
	a := p.accept(t, s, p.outbound(1), noKey)
	if got := a.id.Position().Sequence(); got <= known.sequence+lossMargin {
		t.Errorf("sequence %d may have been given before; %d was durable", got, known.sequence)
	}
	s = reopened(t, s) // without AcceptLoss
	if _, _, err := s.Message(a.ws, a.id); err != nil {
		t.Fatal(err)
	}
}

// A crash between the accepted loss and the next superblock must not let the
// loss go unaudited: the store asks again.
func TestAcceptLossThatCrashesAsksAgain(t *testing.T) {
	files, _, _ := crashed(t)
	rewrite(t, files, lastLog(t, files), func(b []byte) []byte { return b[:len(b)/4] })
	_, err := admit(files, "data", true, func() (mark, error) {
		return probeEngine("data", probeOptions(files))
	})
	if err != nil {
		t.Fatal(err)
	}
	refuses(t, files.CrashClone(vfs.CrashCloneCfg{}), ErrLostTail)
}

func TestOpenWithoutSuperblock(t *testing.T) {
	damages := map[string]func(t *testing.T, files *vfs.MemFS, name string){
		"missing": func(t *testing.T, files *vfs.MemFS, name string) {
			if err := files.Remove(files.PathJoin("data", name)); err != nil {
				t.Fatal(err)
			}
		},
		"torn": func(t *testing.T, files *vfs.MemFS, name string) {
			rewrite(t, files, files.PathJoin("data", name), func(b []byte) []byte { b[30] ^= 1; return b })
		},
	}
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			base, p, _ := crashed(t)
			for i := range slotNames {
				one := base.CrashClone(vfs.CrashCloneCfg{})
				damage(t, one, slotNames[i])
				s := onDir(t, one)
				if err := p.missing(s); err != nil {
					t.Fatalf("without %s: %v", slotNames[i], err)
				}
				if st := mustRead(t, one, "data"); st.whole != 2 {
					t.Errorf("slots are not healed: %+v", st)
				}
			}
			for _, slot := range slotNames {
				damage(t, base, slot)
			}
			refuses(t, base, ErrNoSuperblock)
			s := onDir(t, base, func(o *Options) { o.AcceptLoss = true })
			if err := p.missing(s); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// A new directory that crashed at any write of its making opens.
func TestOpenAfterPowerLossWhileNew(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	rounds := 12
	if raceDetector {
		rounds = 2
	}
	for round := range rounds {
		files := vfs.NewCrashableMem()
		var clones []*vfs.MemFS
		s, err := tryDir(&cloneAtSync{FS: files, take: func() {
			cfg := vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rng}
			clones = append(clones, files.CrashClone(cfg))
		}})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		for i, clone := range clones {
			s, err := tryDir(clone)
			if err != nil {
				t.Fatalf("round %d, crash %d of %d: %v", round, i, len(clones), err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// cloneAtSync takes a crash clone before and after files are made durable or
// get their name.
type cloneAtSync struct {
	vfs.FS
	take func()
}

func (c *cloneAtSync) Create(name string, k vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := c.FS.Create(name, k)
	c.take()
	return f, err
}

func (c *cloneAtSync) Rename(from, to string) error {
	err := c.FS.Rename(from, to)
	c.take()
	return err
}

func (c *cloneAtSync) OpenDir(name string) (vfs.File, error) {
	c.take()
	return c.FS.OpenDir(name)
}

// A store that was closed in order is checked bit by bit before it opens.
func TestOpenAfterCloseFindsEveryFlip(t *testing.T) {
	base := vfs.NewCrashableMem()
	s := begun(onDir(t, base))
	p := populate(t, s, 2)
	if err := s.db.Flush(); err != nil {
		t.Fatal(err)
	}
	p.round(t, s, 2)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	sealed := mustRead(t, base, "data").newest
	if !sealed.sealed || len(sealed.files) < 2 {
		t.Fatalf("%+v", sealed)
	}
	for _, m := range sealed.files {
		for range 20 {
			files := base.CrashClone(vfs.CrashCloneCfg{})
			at := rand.Uint64N(m.size)
			rewrite(t, files, files.PathJoin("data", m.name()), func(b []byte) []byte { b[at] ^= 16; return b })
			refuses(t, files, ErrCorrupt)
		}
	}
	s = onDir(t, base)
	if err := p.missing(s); err != nil {
		t.Fatal(err)
	}
}

// The superblock follows the log within a second, and rests with it.
func TestSuperblockFollowsTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		files := vfs.NewMem()
		s, err := tryDir(files)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		slots := s.keeper.slots
		for range 3 {
			before := slots.current()
			if err := s.Audit(someEntry(1)); err != nil {
				t.Fatal(err)
			}
			if slots.current().generation != before.generation {
				t.Fatal("written on the way of an operation")
			}
			time.Sleep(superblockEvery + time.Millisecond)
			synctest.Wait()
			after := slots.current()
			if after.generation != before.generation+1 || after.mark != s.durable.mark() {
				t.Fatalf("%+v after %+v", after, before)
			}
			time.Sleep(10 * superblockEvery)
			if slots.current().generation != after.generation {
				t.Fatal("written while the log rested")
			}
		}
	})
}

// A backup writes the superblock too, at any time.
func TestSuperblockNeverGoesBack(t *testing.T) {
	s := onDir(t, vfs.NewMem())
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				if err := s.Audit(someEntry(1)); err != nil {
					t.Error(err)
				}
				before := s.keeper.slots.current()
				if err := s.keeper.note(); err != nil {
					t.Error(err)
				}
				if after := s.keeper.slots.current(); after.sequence < before.sequence || after.generation <= before.generation {
					t.Errorf("%+v after %+v", after, before)
				}
			}
		})
	}
	wg.Wait()
}

func TestSuperblockThatCannotBeWrittenPoisons(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("no more")
		files := &failSlots{FS: vfs.NewMem()}
		s, err := tryDir(files)
		if err != nil {
			t.Fatal(err)
		}
		files.err.Store(&broken)
		if err := s.Audit(someEntry(1)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(superblockEvery + time.Millisecond)
		synctest.Wait()
		if err := s.Healthy(); !errors.Is(err, broken) || !errors.Is(err, ErrPoisoned) {
			t.Fatalf("%v", err)
		}
		if err := s.Audit(someEntry(2)); !errors.Is(err, ErrPoisoned) {
			t.Fatalf("%v", err)
		}
		if err := s.Close(); !errors.Is(err, ErrPoisoned) {
			t.Fatalf("%v", err)
		}
		s.engine.close() // which Close has left as it was
	})
}

// failSlots fails to open the slots once err is set.
type failSlots struct {
	vfs.FS
	err atomic.Pointer[error]
}

func (f *failSlots) OpenReadWrite(name string, c vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	if err := f.err.Load(); err != nil && isSlot(f.PathBase(name)) {
		return nil, *err
	}
	return f.FS.OpenReadWrite(name, c, o...)
}

// probeOptions are those of a store on files.
func probeOptions(files vfs.FS) *pebble.Options {
	s := &Store{options: Options{FS: files}.EnsureDefaults()}
	return s.engineOptions()
}
