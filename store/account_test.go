package store

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"messagehub/store/message"
)

// sameness compares structs with address ranges in them.
var sameness = cmp.Options{
	cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
	cmpopts.EquateEmpty(),
}

// onDir opens the store in the directory "data" of files, and closes it at the
// end of the test unless the test has.
func onDir(t *testing.T, files vfs.FS, change ...func(*Options)) *Store {
	t.Helper()
	s, err := tryDir(files, change...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil && !errors.Is(err, ErrClosed) && s.Healthy() == nil {
			t.Error(err)
		}
	})
	return s
}

func tryDir(files vfs.FS, change ...func(*Options)) (*Store, error) {
	o := Options{FS: files, LowWater: -1, CacheSize: 8 << 20}
	for _, c := range change {
		c(&o)
	}
	return Open("data", o)
}

// reopened closes s in order and opens its directory again.
func reopened(t *testing.T, s *Store) *Store {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return onDir(t, s.options.FS)
}

func someWorkspace(t *testing.T, s *Store, name string) message.Workspace {
	t.Helper()
	w, err := s.PutWorkspace(message.Workspace{Name: name, PerMinute: 600, CreatedAt: 1_700_000_000_000})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestWorkspaces(t *testing.T) {
	s := onDir(t, vfs.NewCrashableMem())
	a := someWorkspace(t, s, "acme")
	b := someWorkspace(t, s, "빵집")
	if a.ID != 1 || b.ID != 2 {
		t.Fatalf("ids %d, %d", a.ID, b.ID)
	}
	renamed := message.Workspace{ID: a.ID, Name: "acme corp", Tier: "pro", PerMinute: 6000, CreatedAt: 5}
	got, err := s.PutWorkspace(renamed)
	renamed.CreatedAt = a.CreatedAt
	if err != nil || got != renamed {
		t.Fatalf("put %+v, %v", got, err)
	}
	s = reopened(t, s)
	all, err := s.Workspaces()
	if diff := cmp.Diff([]message.Workspace{renamed, b}, all); err != nil || diff != "" {
		t.Fatal(err, diff)
	}
	for name, want := range map[string]error{"acme corp": nil, "빵집": nil, "acme": ErrNoWorkspace, "": ErrNoWorkspace} {
		if w, err := s.WorkspaceByName(name); !errors.Is(err, want) || (err == nil && w.Name != name) {
			t.Errorf("by name %q: %+v, %v", name, w, err)
		}
	}
	if w, err := s.Workspace(2); err != nil || w != b {
		t.Errorf("by id: %+v, %v", w, err)
	}
	if _, err := s.Workspace(3); !errors.Is(err, ErrNoWorkspace) {
		t.Errorf("by unknown id: %v", err)
	}
	if c := someWorkspace(t, s, "acme"); c.ID != 3 {
		t.Errorf("the name became free, but its new holder is %d", c.ID)
	}
}

func TestPutWorkspaceRefuses(t *testing.T) {
	s := onDir(t, vfs.NewCrashableMem())
	someWorkspace(t, s, "one")
	two := someWorkspace(t, s, "two")
	for name, c := range map[string]struct {
		w    message.Workspace
		want error
	}{
		"a taken name":            {message.Workspace{Name: "one"}, ErrNameTaken},
		"a taken name, renaming":  {message.Workspace{ID: two.ID, Name: "one"}, ErrNameTaken},
		"an id that is not there": {message.Workspace{ID: 9, Name: "nine"}, ErrNoWorkspace},
		"no name":                 {message.Workspace{}, errWorkspaceName},
		"a long name":             {message.Workspace{Name: strings.Repeat("x", 256)}, errWorkspaceName},
		"a negative limit":        {message.Workspace{Name: "n", PerMinute: -1}, errLimit},
	} {
		if _, err := s.PutWorkspace(c.w); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	all, err := s.Workspaces()
	if err != nil || len(all) != 2 || all[1] != two {
		t.Fatalf("%v, %v", all, err)
	}
}

// Of many who want the same name at once, one gets it, also where they share
// a record of the log.
func TestPutWorkspaceAtOnce(t *testing.T) {
	s := onDir(t, vfs.NewCrashableMem())
	const rivals = 50
	var wg sync.WaitGroup
	errs := make([]error, rivals)
	for i := range rivals {
		wg.Go(func() {
			_, errs[i] = s.PutWorkspace(message.Workspace{Name: "name"})
			someWorkspace(t, s, fmt.Sprint("other ", i))
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !errors.Is(err, ErrNameTaken) {
			t.Error(err)
		}
	}
	all, err := s.Workspaces()
	if won != 1 || err != nil || len(all) != rivals+1 {
		t.Fatalf("%d won, %d workspaces, %v", won, len(all), err)
	}
	for i, w := range all {
		if w.ID != message.WorkspaceID(i+1) {
			t.Fatalf("workspace %d in place %d", w.ID, i)
		}
	}
}

func someKey(t *testing.T, s *Store, ws message.WorkspaceID) message.Key {
	t.Helper()
	_, k := message.NewKey(true)
	k.Workspace, k.Name, k.Scopes, k.CreatedAt = ws, "name", message.ScopeSend, 1_700_000_000_000
	if err := s.PutKey(k); err != nil {
		t.Fatal(err)
	}
	return k
}

func allKeys(t *testing.T, s *Store) map[message.ID]message.Key {
	t.Helper()
	all := map[message.ID]message.Key{}
	for k, err := range s.Keys() {
		if err != nil {
			t.Fatal(err)
		}
		all[k.ID] = k
	}
	return all
}

func TestKeys(t *testing.T) {
	s := onDir(t, vfs.NewCrashableMem())
	w := someWorkspace(t, s, "acme")
	want := map[message.ID]message.Key{}
	for range 30 {
		k := someKey(t, s, w.ID)
		want[k.ID] = k
	}
	var uses []KeyUse
	for id, k := range want {
		if uses = append(uses, KeyUse{id, 1_700_000_100_123}); len(uses) == 10 {
			break
		}
		k.LastUsed = 1_700_000_100_123 / 60_000 * 60_000
		want[id] = k
	}
	delete(want, uses[9].ID) // its change comes below
	if err := s.TouchKeys(uses); err != nil {
		t.Fatal(err)
	}
	changed, err := s.Key(uses[9].ID)
	if err != nil {
		t.Fatal(err)
	}
	changed.RevokedAt, changed.Allow = 7, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")}
	if err := s.PutKey(changed); err != nil { // must not lose its last use
		t.Fatal(err)
	}
	want[changed.ID] = changed
	s = reopened(t, s)
	if diff := cmp.Diff(want, allKeys(t, s), sameness); diff != "" {
		t.Fatal(diff)
	}
	got, err := s.Key(changed.ID)
	if diff := cmp.Diff(changed, got, sameness); err != nil || diff != "" {
		t.Fatal(err, diff)
	}
	if got.LastUsed != 1_700_000_100_123/60_000*60_000 {
		t.Fatalf("last used %d", got.LastUsed)
	}
}

func TestPutKeyRefuses(t *testing.T) {
	s := onDir(t, vfs.NewCrashableMem())
	w := someWorkspace(t, s, "acme")
	_, good := message.NewKey(false)
	good.Workspace = w.ID
	for name, c := range map[string]struct {
		change func(*message.Key)
		want   error
	}{
		"no id":                {func(k *message.Key) { k.ID = message.ID{} }, errKeyID},
		"no such workspace":    {func(k *message.Key) { k.Workspace = 9 }, ErrNoWorkspace},
		"an unknown scope":     {func(k *message.Key) { k.Scopes = 1 << 7 }, errKeyMembers},
		"an invalid range":     {func(k *message.Key) { k.Allow = make([]netip.Prefix, 1) }, errKeyMembers},
		"a negative limit":     {func(k *message.Key) { k.PerMinute = -1 }, errKeyMembers},
		"nothing wrong at all": {func(k *message.Key) {}, nil},
	} {
		k := good
		c.change(&k)
		if err := s.PutKey(k); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if all := allKeys(t, s); len(all) != 1 {
		t.Fatalf("%d keys", len(all))
	}
	if _, err := s.Key(message.ID{1}); !errors.Is(err, ErrNoKey) {
		t.Errorf("unknown key: %v", err)
	}
}

func TestKeysCanBeLeftEarly(t *testing.T) {
	s := onDir(t, vfs.NewCrashableMem())
	w := someWorkspace(t, s, "acme")
	for range 3 {
		someKey(t, s, w.ID)
	}
	n := 0
	for _, err := range s.Keys() {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 2 {
			break
		}
	}
	if n != 2 {
		t.Fatal(n)
	}
}

// The account rows are as durable as messages: after a power cut, what was
// acknowledged is there.
func TestAccountsSurvivePowerLoss(t *testing.T) {
	files := vfs.NewCrashableMem()
	s := onDir(t, files)
	w := someWorkspace(t, s, "acme")
	k := someKey(t, s, w.ID)
	after := onDir(t, files.CrashClone(vfs.CrashCloneCfg{}))
	if got, err := after.Key(k.ID); err != nil || got.Hash != k.Hash {
		t.Fatalf("%+v, %v", got, err)
	}
	if got, err := after.WorkspaceByName("acme"); err != nil || got != w {
		t.Fatalf("%+v, %v", got, err)
	}
}

func BenchmarkKeys(b *testing.B) {
	s, err := tryDir(vfs.NewMem())
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if _, err := s.PutWorkspace(message.Workspace{Name: "acme"}); err != nil {
		b.Fatal(err)
	}
	const n = 100_000
	uses := make([]KeyUse, n)
	ops := make([]op, n)
	for i := range uses {
		_, k := message.NewKey(false)
		k.Workspace, k.Name, k.Allow = 1, "a name as people give", []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
		uses[i] = KeyUse{k.ID, message.TimeOf(time.Now())}
		ops[i] = &putKey{key: k}
	}
	if err := s.commitAll(ops); err != nil {
		b.Fatal(err)
	}
	if err := s.TouchKeys(uses); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(n, "keys")
	for b.Loop() {
		read := 0
		for _, err := range s.Keys() {
			if err != nil {
				b.Fatal(err)
			}
			read++
		}
		if read != n {
			b.Fatal(read)
		}
	}
}

func TestPeripheryAfterClose(t *testing.T) {
	s := begun(onDir(t, vfs.NewCrashableMem()))
	w := someWorkspace(t, s, "acme")
	k := someKey(t, s, w.ID)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func() error{
		"PutWorkspace":    func() error { _, err := s.PutWorkspace(w); return err },
		"Workspaces":      func() error { _, err := s.Workspaces(); return err },
		"Workspace":       func() error { _, err := s.Workspace(w.ID); return err },
		"WorkspaceByName": func() error { _, err := s.WorkspaceByName(w.Name); return err },
		"PutKey":          func() error { return s.PutKey(k) },
		"Key":             func() error { _, err := s.Key(k.ID); return err },
		"Keys": func() (last error) {
			for _, last = range s.Keys() {
			}
			return last
		},
		"TouchKeys":   func() error { return s.TouchKeys([]KeyUse{{k.ID, 1}}) },
		"Audit":       func() error { return s.Audit(someEntry(1)) },
		"AuditLater":  func() error { s.AuditLater(someEntry(1)); return ErrClosed },
		"AuditLog":    func() error { _, err := s.AuditLog(1, 1); return err },
		"VerifyAudit": func() error { _, err := s.VerifyAudit(); return err },
		"Backup":      func() error { _, err := s.Backup("backup"); return err },
		"Retain":      func() error { _, err := s.Retain(message.TimeOf(time.Now()), 0); return err },
	} {
		if err := call(); !errors.Is(err, ErrClosed) {
			t.Errorf("%s after Close: %v", name, err)
		}
	}
}

// A workspace can be looked up while the keys are walked, and the store closed.
func TestKeysHoldNothingBetweenPages(t *testing.T) {
	s := onDir(t, vfs.NewCrashableMem())
	w := someWorkspace(t, s, "acme")
	for range 2*keyPage + 7 {
		someKey(t, s, w.ID)
	}
	n := 0
	for _, err := range s.Keys() {
		if n++; n == keyPage/2 {
			if _, err := s.Workspace(w.ID); err != nil {
				t.Fatal(err)
			}
		}
		if n == 2*keyPage+7 {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if err != nil {
			t.Fatal(n, err)
		}
	}
	if n != 2*keyPage+7 {
		t.Fatalf("%d keys", n)
	}
}
