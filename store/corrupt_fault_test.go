package store

import (
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"messagehub/store/message"
)

// faultAt fails one write of a file, the n-th from when it is armed, and none
// after it.
type faultAt struct {
	armed atomic.Bool
	count atomic.Int64
	n     int64
	err   error
}

func (f *faultAt) MaybeError(op errorfs.Op) error {
	if !f.armed.Load() || op.Kind.ReadOrWrite() != errorfs.OpIsWrite || op.Path == "data" {
		return nil // a directory's failed sync ends the process: the engine panics
	}
	if f.count.Add(1) == f.n {
		return f.err
	}
	return nil
}

func (f *faultAt) String() string { return "faultAt" }

// script does one of everything, and returns the messages that were
// acknowledged and the first error.
func script(t *testing.T, s *Store) (acked []place, failed error) {
	p := &population{workspaces: []message.Workspace{{ID: 1}, {ID: 1}}}
	do := func(err error) {
		switch {
		case err != nil && failed == nil:
			failed = err
		case err == nil && failed != nil:
			t.Errorf("acknowledged after %v", failed)
		}
	}
	for i := range 12 {
		o := p.outbound(i)
		a, err := s.Accept(o, message.Idempotency{Route: "messages/send", Key: o.Reference, At: o.CreatedAt})
		if do(err); err == nil {
			acked = append(acked, place{ws: 1, id: a.ID})
		}
		if len(acked) > 0 {
			last := acked[len(acked)-1]
			_, err := s.Fold(last.ws, last.id, message.Fact{Kind: message.Cancel, At: o.CreatedAt})
			do(err)
		}
		do(s.Audit(someEntry(i)))
		do(s.Report([]message.Receipt{{Channel: "sms", ProviderID: o.Reference, Status: message.Sent}}, o.CreatedAt))
		if i%3 == 0 {
			if err := s.keeper.note(); err != nil {
				s.keeper.fail(err)
				do(err)
			}
		}
	}
	return acked, failed
}

// Whichever write or sync fails, once: nothing is acknowledged after it, and
// what was acknowledged before is there after a restart.
func TestEveryWriteMayFail(t *testing.T) {
	for name, cause := range map[string]error{"EIO": syscall.EIO, "ENOSPC": syscall.ENOSPC} {
		t.Run(name, func(t *testing.T) {
			last := int64(0)
			for n := int64(1); ; n++ {
				fault := &faultAt{n: n, err: cause}
				if !oneFault(t, fault) {
					break
				}
				last = n
				if t.Failed() {
					t.Fatalf("at write %d", n)
				}
			}
			if last < 60 {
				t.Errorf("the script has only %d writes", last)
			}
		})
	}
}

// oneFault reports whether the script came as far as the fault.
func oneFault(t *testing.T, fault *faultAt) bool {
	t.Helper()
	files := vfs.NewCrashableMem()
	told := make(chan error, 1)
	s, err := tryDir(errorfs.Wrap(files, fault), func(o *Options) { o.OnPoison = func(err error) { told <- err } })
	if err != nil {
		t.Fatal(err)
	}
	defer abandon(s)
	fault.armed.Store(true)
	acked, failed := script(t, begun(s))
	fault.armed.Store(false)
	if fault.count.Load() < fault.n {
		if failed != nil {
			t.Errorf("failed without a fault: %v", failed)
		}
		return false
	}
	if failed == nil {
		// The engine may write ahead of an operation that it is not about.
		failed = s.Audit(someEntry(1))
	}
	if err := <-told; !errors.Is(err, fault.err) || !errors.Is(s.Healthy(), ErrPoisoned) {
		t.Errorf("poisoned by %v, not by %v", err, fault.err)
	}
	if failed == nil {
		t.Error("a failed write went unnoticed")
	}
	after := onDir(t, files.CrashClone(vfs.CrashCloneCfg{}))
	for _, m := range acked {
		if _, _, err := after.Message(m.ws, m.id); err != nil {
			t.Errorf("message %s: %v", m.id, err)
		}
	}
	if _, err := after.VerifyAudit(); err != nil {
		t.Error(err)
	}
	if err := after.Close(); err != nil {
		t.Error(err)
	}
	return true
}

// No room for tables: messages are taken as long as memory has room for them,
// the log is not flooded with warnings, and all heals when there is room again.
func TestDiskFullForTables(t *testing.T) {
	files := vfs.NewCrashableMem()
	var full atomic.Bool
	var refusals atomic.Int64
	enough := make(chan struct{})
	disk := errorfs.Wrap(files, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if full.Load() && strings.HasSuffix(op.Path, ".sst") && op.Kind.ReadOrWrite() == errorfs.OpIsWrite {
			if refusals.Add(1) == 50 {
				close(enough)
			}
			return syscall.ENOSPC
		}
		return nil
	}))
	warnings := &counting{}
	s := begun(onDir(t, disk, func(o *Options) { o.Logger = slog.New(slog.NewTextHandler(warnings, nil)) }))
	p := populate(t, s, 1)
	full.Store(true)
	start := time.Now()
	flushed := make(chan error, 1)
	go func() { flushed <- s.db.Flush() }()
	<-enough
	p.round(t, s, 1)
	if err := s.Healthy(); err != nil {
		t.Fatalf("poisoned: %v", err)
	}
	full.Store(false)
	if err := <-flushed; err != nil {
		t.Fatal(err)
	}
	if limit := int64(time.Since(start)/logEvery) + 1; warnings.lines.Load() > limit {
		t.Errorf("%d warnings, at most %d", warnings.lines.Load(), limit)
	}
	p.round(t, s, 2)
	if err := p.missing(onDir(t, files.CrashClone(vfs.CrashCloneCfg{}))); err != nil {
		t.Fatal(err)
	}
}

// counting counts lines.
type counting struct{ lines atomic.Int64 }

func (c *counting) Write(b []byte) (int, error) {
	c.lines.Add(1)
	return len(b), nil
}
