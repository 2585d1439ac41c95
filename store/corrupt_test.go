package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"messagehub/store/message"
)

// damagedDir is a directory with files of every kind, and what was
// acknowledged in it.
type damagedDir struct {
	files *vfs.MemFS
	*population
}

// closedDir was closed in order.
func closedDir(t *testing.T) damagedDir {
	files := vfs.NewCrashableMem()
	s, p := filled(t, files)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return damagedDir{files, p}
}

// crashedDir lost its power just after the superblock was written.
func crashedDir(t *testing.T) damagedDir {
	files := vfs.NewCrashableMem()
	s, p := filled(t, files)
	if err := s.keeper.note(); err != nil {
		t.Fatal(err)
	}
	return damagedDir{files.CrashClone(vfs.CrashCloneCfg{}), p}
}

// filled returns a store with several tables, and a log.
func filled(t *testing.T, files vfs.FS) (*Store, *population) {
	t.Helper()
	s := begun(onDir(t, files))
	p := populate(t, s, 6)
	for i := range 3 {
		if err := s.db.Flush(); err != nil {
			t.Fatal(err)
		}
		p.round(t, s, 10+i)
	}
	return s, p
}

// damages are what can happen to a file of n bytes. The random places are the
// same every time.
func damages(n int) map[string]func([]byte) []byte {
	all := map[string]func([]byte) []byte{
		"cut by 1": func(b []byte) []byte { return b[:len(b)-1] },
		"cut to 0": func([]byte) []byte { return nil },
	}
	places := []int{n / 2}
	if !raceDetector {
		places = append(places, 0, n-1)
	}
	rng := rand.New(rand.NewPCG(uint64(n), 7))
	for range randomFlips() {
		places = append(places, rng.IntN(n))
	}
	const block = 32 << 10 // of the log
	for at := block; at < n; at += block {
		all[fmt.Sprint("cut to ", at)] = func(b []byte) []byte { return b[:at] }
	}
	for i, at := range places {
		all[fmt.Sprint("flip at ", at)] = func(b []byte) []byte { b[at] ^= 1 << (i % 8); return b }
	}
	return all
}

// flipsVariable asks for more random flips in each file.
const flipsVariable = "MESSAGEHUB_FLIPS"

func randomFlips() int {
	if n, err := strconv.Atoi(os.Getenv(flipsVariable)); err == nil {
		return n
	}
	if raceDetector {
		return 0
	}
	return 3
}

// One bit flipped, or a piece cut off, in any file: the store says so, or has
// all that was acknowledged. And where it refuses to open, it has changed
// nothing.
func TestDamageIsNeverSilent(t *testing.T) {
	for how, made := range map[string]func(*testing.T) damagedDir{"after close": closedDir, "after a crash": crashedDir} {
		t.Run(how, func(t *testing.T) {
			d := made(t)
			names, err := d.files.List("data")
			if err != nil {
				t.Fatal(err)
			}
			slices.Sort(names)
			kinds := map[string]map[string]int{}
			for _, name := range names {
				kind := kindOf(name)
				if kinds[kind] == nil {
					kinds[kind] = map[string]int{}
				}
				for what, verdict := range d.damage(t, name) {
					kinds[kind][verdict]++
					if strings.HasPrefix(verdict, "silent") || strings.HasPrefix(verdict, "wrong") {
						t.Errorf("%s, %s: %s", name, what, verdict)
					}
				}
			}
			for _, kind := range []string{".log", ".sst", "MANIFEST", "OPTIONS", "marker", "hw"} {
				if len(kinds[kind]) == 0 {
					t.Errorf("no file of kind %s was damaged", kind)
				}
				t.Logf("%-8s %v", kind, kinds[kind])
			}
		})
	}
}

func kindOf(name string) string {
	for _, kind := range []string{".log", ".sst"} {
		if strings.HasSuffix(name, kind) {
			return kind
		}
	}
	for _, kind := range []string{"MANIFEST", "OPTIONS", "marker", "hw"} {
		if strings.HasPrefix(name, kind) {
			return kind
		}
	}
	return name
}

// damage does to one file all that can happen to it, and returns the verdicts.
func (d damagedDir) damage(t *testing.T, name string) map[string]string {
	t.Helper()
	path := d.files.PathJoin("data", name)
	content, err := readAll(d.files, path, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	verdicts := map[string]string{}
	gone := d.files.CrashClone(vfs.CrashCloneCfg{})
	if err := gone.Remove(path); err != nil {
		t.Fatal(err)
	}
	verdicts["removed"] = d.verdict(t, gone)
	if len(content) == 0 {
		return verdicts
	}
	for what, change := range damages(len(content)) {
		files := d.files.CrashClone(vfs.CrashCloneCfg{})
		rewrite(t, files, path, change)
		verdicts[what] = d.verdict(t, files)
	}
	return verdicts
}

// verdict says what the store makes of damaged files.
func (d damagedDir) verdict(t *testing.T, files *vfs.MemFS) string {
	t.Helper()
	before := dirHash(t, files, "data")
	report, err := Check("data", files)
	if err != nil {
		t.Fatal(err)
	}
	if dirHash(t, files, "data") != before {
		t.Fatal("Check has changed the directory")
	}
	s, err := tryDir(files)
	if err != nil {
		if dirHash(t, files, "data") != before {
			return "wrong: the refused open has changed the directory: " + err.Error()
		}
		if report.Total == 0 {
			return "wrong: it does not open, but Check finds nothing: " + err.Error()
		}
		if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrLostTail) && !errors.Is(err, ErrNoSuperblock) {
			return "wrong: the error does not say that it is damage: " + err.Error()
		}
		if strings.Contains(err.Error(), "\n") {
			return "wrong: the error has several lines: " + err.Error()
		}
		return "refused"
	}
	defer abandon(s)
	missing := d.missing(s)
	switch {
	case missing == nil && s.Healthy() == nil && report.Total == 0:
		return "harmless"
	case missing == nil && s.Healthy() == nil:
		return "harmless, found by Check"
	case s.Healthy() != nil || errors.Is(missing, ErrCorrupt) || pebble.IsCorruptionError(missing):
		if report.Total == 0 {
			return "wrong: Check has not found it: " + missing.Error()
		}
		return "found by reading and by Check"
	}
	return "silent: " + missing.Error()
}

// abandon closes what Close leaves open of a store that is poisoned.
func abandon(s *Store) {
	if s.Close() != nil {
		_ = s.engine.close()
	}
}

// A store that has found damage by reading takes no message any more. The
// damage is among the messages: Open does not read them.
func TestDamageFoundByReadingPoisons(t *testing.T) {
	files := vfs.NewCrashableMem()
	s := begun(onDir(t, files))
	p := populate(t, s, 100)
	if err := s.db.Compact(t.Context(), []byte{0}, []byte{0xff}, false); err != nil {
		t.Fatal(err)
	}
	share := engineShare(t, s, prefixOutbound)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	name, size := largestTable(t, files)
	rewrite(t, files, name, func(b []byte) []byte { b[int(share*float64(size))] ^= 1; return b })
	told := make(chan error, 1)
	s = begun(onDir(t, files, func(o *Options) { o.OnPoison = func(err error) { told <- err } }))
	defer abandon(s)
	var err error
	for _, m := range p.messages {
		if _, _, err = s.Message(m.ws, m.id); err != nil {
			break
		}
	}
	if !errors.Is(err, ErrCorrupt) && !pebble.IsCorruptionError(err) {
		t.Fatalf("reading: %v", err)
	}
	if err := <-told; !errors.Is(err, ErrCorrupt) {
		t.Fatalf("poisoned by %v", err)
	}
	if _, err := s.Accept(p.outbound(1), noKey); !errors.Is(err, message.ErrUnavailable) {
		t.Fatalf("accepted: %v", err)
	}
}

// engineShare returns where in the order of all rows, by bytes, the middle of
// those with the prefix lies.
func engineShare(t *testing.T, s *Store, prefix byte) float64 {
	t.Helper()
	var before, within, all float64
	err := eachRow(s.db, []byte{}, func(key, value []byte) error {
		n := float64(len(key) + len(value))
		switch all += n; {
		case key[0] < prefix:
			before += n
		case key[0] == prefix:
			within += n
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return (before + within/2) / all
}

func largestTable(t *testing.T, files vfs.FS) (path string, size uint64) {
	t.Helper()
	names, err := files.List("data")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if n, err := fileSize(files, "data/"+name); err == nil && kindOf(name) == ".sst" && n > size {
			path, size = "data/"+name, n
		}
	}
	return path, size
}
