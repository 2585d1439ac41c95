package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// bareEngine is a pebble with small memtables, so that it flushes often.
type bareEngine struct {
	*pebble.DB
	rows uint64
}

func openEngine(t *testing.T, files vfs.FS, dir string) *bareEngine {
	t.Helper()
	db, err := pebble.Open(dir, &pebble.Options{
		FS: ordered{files}, FormatMajorVersion: pebble.FormatNewest, MemTableSize: 64 << 10, Logger: silent{},
	})
	if err != nil {
		t.Fatal(err)
	}
	return &bareEngine{DB: db}
}

// silent drops what pebble has to say; its fatal errors stay fatal.
type silent struct{}

func (silent) Infof(string, ...any)           {}
func (silent) Errorf(string, ...any)          {}
func (silent) Fatalf(format string, a ...any) { panic(fmt.Sprintf(format, a...)) }

func (e *bareEngine) put(t *testing.T, rows int) {
	t.Helper()
	value := make([]byte, 300)
	for range rows {
		e.rows++
		if err := e.Set(binary.BigEndian.AppendUint64(nil, e.rows), value, pebble.Sync); err != nil {
			t.Fatal(err)
		}
	}
}

func (e *bareEngine) close(t *testing.T) {
	t.Helper()
	if err := e.DB.Close(); err != nil {
		t.Fatal(err)
	}
}

// sealed returns a directory with an engine that was closed in order, and the
// superblock of it.
func sealed(t *testing.T) (*vfs.MemFS, string, superblock) {
	t.Helper()
	files, dir := newDir(t)
	e := openEngine(t, files, dir)
	e.put(t, 700)
	e.close(t)
	marks, err := seal(files, dir)
	if err != nil {
		t.Fatal(err)
	}
	return files, dir, superblock{sealed: true, files: marks}
}

// The engine itself opens with a hole after most of these flips.
func TestSealFindsEveryFlipInManifestAndLogs(t *testing.T) {
	files, dir, sb := sealed(t)
	if err := sb.verify(files, dir); err != nil {
		t.Fatalf("untouched: %v", err)
	}
	if len(sb.files) < 2 || sb.files[0].kind != manifestFile {
		t.Fatalf("sealed %+v", sb.files)
	}
	for _, m := range sb.files {
		path := files.PathJoin(dir, m.name())
		step := max(1, m.size/400)
		for at := uint64(0); at < m.size; at += step {
			flip := func(b []byte) []byte { b[at] ^= 1 << (at % 8); return b }
			rewrite(t, files, path, flip)
			err := sb.verify(files, dir)
			if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), m.name()) {
				t.Fatalf("byte %d of %s: %v", at, m.name(), err)
			}
			rewrite(t, files, path, flip)
		}
		for _, cut := range []func([]byte) []byte{
			func(b []byte) []byte { return b[:len(b)-1] },
			func(b []byte) []byte { return nil },
			func(b []byte) []byte { return append(b, 0) },
		} {
			was, _ := readAll(files, path, 1<<30)
			rewrite(t, files, path, cut)
			if err := sb.verify(files, dir); !errors.Is(err, ErrCorrupt) {
				t.Fatalf("%s of another length: %v", m.name(), err)
			}
			rewrite(t, files, path, func([]byte) []byte { return was })
		}
	}
}

func TestSealFindsMissingFiles(t *testing.T) {
	base, dir, sb := sealed(t)
	names, err := base.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	needed := 0
	for _, name := range names {
		marked := strings.HasPrefix(name, "marker.manifest.") ||
			slices.ContainsFunc(sb.files, func(m fileMark) bool { return m.name() == name })
		if !marked {
			continue
		}
		needed++
		files := base.CrashClone(vfs.CrashCloneCfg{})
		if err := files.Remove(files.PathJoin(dir, name)); err != nil {
			t.Fatal(err)
		}
		if err := sb.verify(files, dir); !errors.Is(err, ErrCorrupt) {
			t.Errorf("without %s: %v", name, err)
		}
	}
	if needed < 3 {
		t.Fatalf("only %d files tried of %v", needed, names)
	}
}

func TestSurveyFindsFlipInManifestOfARunningEngine(t *testing.T) {
	files, dir := newDir(t)
	e := openEngine(t, files, dir)
	defer e.close(t)
	g := guard{fs: files, dir: dir}
	for range 5 {
		e.put(t, 150)
		marks, err := g.survey()
		if err != nil {
			t.Fatal(err)
		}
		sb := superblock{files: marks}
		after := files.CrashClone(vfs.CrashCloneCfg{})
		if err := sb.verify(after, dir); err != nil {
			t.Fatal(err)
		}
		at := rand.Uint64N(marks[0].size)
		rewrite(t, after, after.PathJoin(dir, marks[0].name()), func(b []byte) []byte { b[at] ^= 2; return b })
		if err := sb.verify(after, dir); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("byte %d of the manifest: %v", at, err)
		}
	}
}

// A closed log that the engine still needs must not get shorter. Flushes are
// held up by making the creation of tables wait.
func TestSurveyFindsClosedLogCutShort(t *testing.T) {
	files, dir := newDir(t)
	held := &holdTables{FS: files, release: make(chan struct{})}
	e := openEngine(t, held, dir)
	e.put(t, 250) // fills one memtable, whose flush cannot finish
	g := guard{fs: files, dir: dir}
	marks, err := g.survey()
	if err != nil {
		t.Fatal(err)
	}
	if len(marks) < 2 {
		t.Fatalf("no closed log among %+v", marks)
	}
	sb := superblock{files: marks}
	after := files.CrashClone(vfs.CrashCloneCfg{})
	if err := sb.verify(after, dir); err != nil {
		t.Fatalf("untouched: %v", err)
	}
	rewrite(t, after, after.PathJoin(dir, marks[1].name()), func([]byte) []byte { return nil })
	if err := sb.verify(after, dir); !errors.Is(err, ErrCorrupt) {
		t.Fatalf("closed log of no length: %v", err)
	}
	close(held.release)
	e.close(t)
}

// holdTables makes the creation of tables wait until release is closed.
type holdTables struct {
	vfs.FS
	release chan struct{}
}

func (h *holdTables) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if strings.HasSuffix(name, ".sst") {
		<-h.release
	}
	return h.FS.Create(name, c)
}

// However the power fails, the guard raises no false alarm: over a workload
// with flushes, compactions and restarts, surveyed at random moments.
func TestSurveyRaisesNoFalseAlarm(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	files, dir := newDir(t)
	var sb superblock
	for round := range 60 {
		e := openEngine(t, files, dir)
		if err := e.noFalseAlarm(t, &sb, files, dir, rng); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		// the crash that the next round starts from
		next := files.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rng})
		e.close(t)
		files = next
	}
}

func (e *bareEngine) noFalseAlarm(t *testing.T, sb *superblock, files *vfs.MemFS, dir string, rng *rand.Rand) error {
	t.Helper()
	g := guard{fs: files, dir: dir}
	for range 4 {
		e.put(t, rng.IntN(150))
		if rng.IntN(2) == 0 {
			marks, err := g.survey()
			if err != nil {
				return err
			}
			sb.files = marks
			e.put(t, rng.IntN(150))
		}
		after := files.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rng})
		if err := sb.verify(after, dir); err != nil {
			return err
		}
	}
	return nil
}
