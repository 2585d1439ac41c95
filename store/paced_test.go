package store

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// writeTable writes a table of 20 blocks, each of which takes a millisecond to
// make, and returns the time that all took.
func writeTable(t *testing.T, p *pace, c vfs.DiskWriteCategory, busy bool) time.Duration {
	t.Helper()
	files := vfs.NewMem()
	begin := time.Now()
	f, err := (paced{files, p}).Create("table", c)
	if err != nil {
		t.Fatal(err)
	}
	want := []byte{}
	for i := range 20 {
		time.Sleep(time.Millisecond) // the work
		if busy {
			p.busy(time.Now())
		}
		block := bytes.Repeat([]byte{byte(i)}, 6000)
		want = append(want, block...)
		if n, err := f.Write(block); n != len(block) || err != nil {
			t.Fatal(n, err)
		}
	}
	took := time.Since(begin)
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		t.Fatal(err)
	}
	r, err := files.Open("table")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, err := io.ReadAll(r); !bytes.Equal(got, want) || err != nil {
		t.Errorf("the file has %d bytes, %v, want the %d that were written", len(got), err, len(want))
	}
	return took
}

func TestTablesGiveWayToABusyLog(t *testing.T) {
	const work = 20 * time.Millisecond
	for name, c := range map[string]struct {
		category      vfs.DiskWriteCategory
		busy, pressed bool
		want          time.Duration
	}{
		"flush beside a busy log":      {flushCategory, true, false, work * (1 + restShare)},
		"compaction beside a busy log": {compactionCategory, true, false, work * (1 + restShare)},
		"log at rest":                  {flushCategory, false, false, work},
		"engine waits for tables":      {flushCategory, true, true, work},
		"the log itself":               {"pebble-wal", true, false, work},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &pace{pressed: func() bool { return c.pressed }}
				if took := writeTable(t, p, c.category, c.busy); took != c.want {
					t.Errorf("took %v, want %v", took, c.want)
				}
			})
		})
	}
}

// A rest ends with the load: what waits for a compaction, such as an erasure,
// is then served at full speed.
func TestTablesGoOnWhenTheLogRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pace{pressed: func() bool { return false }}
		p.busy(time.Now())
		time.Sleep(busyFor)
		if p.givesWay(time.Now()) {
			t.Error("the log has rested, and tables still give way")
		}
	})
}

// An error of a buffered write is told by the call that follows.
func TestPacedTableTellsErrors(t *testing.T) {
	full := errors.New("disk is full")
	for name, end := range map[string]func(vfs.File) error{
		"sync": vfs.File.Sync, "sync data": vfs.File.SyncData, "close": vfs.File.Close,
		"sync to": func(f vfs.File) error { _, err := f.SyncTo(10); return err },
	} {
		failing := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
			if op.Kind == errorfs.OpFileWrite {
				return full
			}
			return nil
		}))
		f, err := (paced{failing, &pace{}}).Create("table", flushCategory)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte("0123456789")); err != nil {
			t.Fatalf("%s: a write that is kept: %v", name, err)
		}
		if err := end(f); !errors.Is(err, full) {
			t.Errorf("%s: %v, want %v", name, err, full)
		}
	}
}
