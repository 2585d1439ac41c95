package store

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"messagehub/store/message"
	"messagehub/store/message/mutate"
)

// restored opens what a backup restores to.
func restored(t *testing.T, files vfs.FS, backup string) *Store {
	t.Helper()
	if _, err := Restore(backup, "restored", files); err != nil {
		t.Fatal(err)
	}
	s, err := Open("restored", Options{FS: files, LowWater: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestBackupAndRestore(t *testing.T) {
	files := vfs.NewMem()
	s := begun(onDir(t, files))
	p := populate(t, s, 3)
	if err := s.db.Flush(); err != nil { // some in tables, some in the log
		t.Fatal(err)
	}
	p.round(t, s, 3)
	m, err := s.Backup("backup")
	if err != nil {
		t.Fatal(err)
	}
	if known := s.keeper.slots.current().mark; m.Sequence != known.sequence || m.Accepted != known.accepted {
		t.Errorf("backup ends at %d with %d messages, superblock says %v", m.Sequence, m.Accepted, known)
	}
	read, err := VerifyBackup("backup", files)
	if diff := cmp.Diff(m, read); err != nil || diff != "" || m.Bytes() == 0 {
		t.Fatal(err, diff)
	}
	later := p.accept(t, s, p.outbound(9), noKey)
	r := begun(restored(t, files, "backup"))
	if err := p.missing(r); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Message(later.ws, later.id); !errors.Is(err, message.ErrNotFound) {
		t.Fatalf("a message from after the backup: %v", err)
	}
	for _, lane := range []message.Lane{{Channel: "whatsapp"}, {Channel: "telegram"}} {
		if was, is := s.Pending(lane), r.Pending(lane); was-bitIf(lane.Channel == "whatsapp") != is {
			t.Errorf("%s: %d pending, %d restored", lane, was, is)
		}
	}
	p.round(t, r, 4) // it goes on
	if err := p.missing(r); err != nil {
		t.Fatal(err)
	}
}

func bitIf(b bool) int64 { return int64(bit(b)) }

func TestBackupOfARunningStore(t *testing.T) {
	files := vfs.NewMem()
	s := begun(onDir(t, files))
	p := populate(t, s, 1)
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for c := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := s.Accept(p.outbound(c*1000+i), noKey); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for i, dir := range []string{"b0", "b1", "b2"} {
		known := s.durable.mark()
		m, err := s.Backup(dir)
		if err != nil {
			t.Fatal(i, err)
		}
		if m.Sequence < known.sequence {
			t.Fatalf("backup ends at %d, %d was durable before it began", m.Sequence, known.sequence)
		}
	}
	close(stop)
	wg.Wait()
	if err := p.missing(restored(t, files, "b2")); err != nil {
		t.Fatal(err)
	}
}

func TestBackupRefusesATargetThatExists(t *testing.T) {
	files := vfs.NewMem()
	s := begun(onDir(t, files))
	if err := files.MkdirAll("there", 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Backup("there"); !errors.Is(err, fs.ErrExist) {
		t.Fatal(err)
	}
	if _, err := files.Stat("there"); err != nil {
		t.Fatalf("the target is gone: %v", err)
	}
}

func TestBackupThatFailsLeavesNothing(t *testing.T) {
	files := vfs.NewMem()
	s := onDir(t, &failCreate{FS: files, suffix: backupListName})
	if _, err := s.Backup("backup"); !errors.Is(err, errFrozen) {
		t.Fatal(err)
	}
	if _, err := files.Stat("backup"); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("a part of the backup is there: %v", err)
	}
}

// failCreate fails to make the files whose names end in suffix.
type failCreate struct {
	vfs.FS
	suffix string
}

func (f *failCreate) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if strings.HasSuffix(name, f.suffix) {
		return nil, errFrozen
	}
	return f.FS.Create(name, c)
}

// backedUp returns files with a backup in "backup".
func backedUp(t *testing.T) (*vfs.MemFS, *BackupManifest) {
	t.Helper()
	files := vfs.NewCrashableMem()
	s := begun(onDir(t, files))
	p := populate(t, s, 2)
	if err := s.db.Flush(); err != nil {
		t.Fatal(err)
	}
	p.round(t, s, 2)
	m, err := s.Backup("backup")
	if err != nil {
		t.Fatal(err)
	}
	return files, m
}

func TestRestoreFindsEveryDamage(t *testing.T) {
	base, m := backedUp(t)
	for _, f := range append(m.Files, BackupFile{Name: backupListName}) {
		path := base.PathJoin("backup", f.Name)
		damages := map[string]func(*vfs.MemFS){
			"missing": func(files *vfs.MemFS) {
				if err := files.Remove(path); err != nil {
					t.Fatal(err)
				}
			},
		}
		if f.Size > 0 {
			damages["flip"] = func(files *vfs.MemFS) {
				rewrite(t, files, path, func(b []byte) []byte { b[rand.IntN(len(b))] ^= 1; return b })
			}
			damages["cut"] = func(files *vfs.MemFS) {
				rewrite(t, files, path, func(b []byte) []byte { return b[:len(b)-1] })
			}
		}
		for name, damage := range damages {
			files := base.CrashClone(vfs.CrashCloneCfg{})
			damage(files)
			if _, err := Restore("backup", "restored", files); !errors.Is(err, ErrBadBackup) {
				t.Errorf("%s of %s: %v", name, f.Name, err)
			}
			if _, err := files.Stat("restored"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s of %s: something was restored", name, f.Name)
			}
		}
	}
}

func TestRestoreRefusesATargetThatIsNotEmpty(t *testing.T) {
	files, _ := backedUp(t)
	before := dirHash(t, files, "data")
	if _, err := Restore("backup", "data", files); !errors.Is(err, ErrNotEmpty) {
		t.Fatal(err)
	}
	if dirHash(t, files, "data") != before {
		t.Fatal("the target has changed")
	}
	if err := files.MkdirAll("restored", 0o700); err != nil {
		t.Fatal(err)
	}
	restored(t, files, "backup") // an empty one is fine
}

// A restore that is cut short, at whichever file, leaves no store that opens.
func TestRestoreCutShortDoesNotOpen(t *testing.T) {
	base, m := backedUp(t)
	for i, f := range slotsFirst(m.Files)[1:] {
		files := base.CrashClone(vfs.CrashCloneCfg{})
		if _, err := Restore("backup", "restored", &failCreate{FS: files, suffix: "restored/" + f.Name}); !errors.Is(err, errFrozen) {
			t.Fatal(err)
		}
		s, err := Open("restored", Options{FS: files})
		if err == nil {
			s.Close()
			t.Errorf("%d files of %d: a part opens as a store, without %s", i+1, len(m.Files), f.Name)
		}
	}
}

func TestRestoredFilesSurvivePowerLoss(t *testing.T) {
	files, _ := backedUp(t)
	if err := syncDir(files, "/"); err != nil { // the backup's own name
		t.Fatal(err)
	}
	if _, err := Restore("backup", "restored", files); err != nil {
		t.Fatal(err)
	}
	after := files.CrashClone(vfs.CrashCloneCfg{})
	s, err := Open("restored", Options{FS: after, LowWater: -1})
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
}

func FuzzParseBackupManifest(f *testing.F) {
	seeds := []string{
		`{"version":1,"sequence":7,"accepted":3,"files":[{"name":"hw.0","size":4096,"sha256":"` + strings.Repeat("ab", 32) + `"}]}`,
		`{"version":1,"files":[{"name":"../x","size":1,"sha256":""}]}`,
		`{"version":2}`,
	}
	mutate.Strings(f, seeds, func(t testing.TB, text string) {
		m, err := parseBackupManifest([]byte(text))
		if err != nil {
			return
		}
		for _, f := range m.Files {
			if strings.ContainsAny(f.Name, "/\\") || f.Name == ".." || f.Size < 0 {
				t.Fatalf("accepted %+v", f)
			}
		}
	})
}
