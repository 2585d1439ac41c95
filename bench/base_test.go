package bench

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
)

// What relays write does not reach the log that they began with.
func TestBaseIsCopied(t *testing.T) {
	b := &Bench{Options: Options{Filled: t.TempDir()}}
	dir := filepath.Join(b.Filled, "7")
	files := map[string]string{"data/1.sst": "table", "data/2.log": "log", "data/hw.0": "slot", baseNote: `{"Stored":7,"Written":9}`}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	on, err := b.base(t.Context(), 7)
	if err != nil || on.Stored != 7 || on.Written != 9 {
		t.Fatalf("%+v, %v", on, err)
	}
	to := filepath.Join(t.TempDir(), "relay")
	if err := on.copyTo(to); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"2.log", "hw.0"} {
		if err := os.WriteFile(filepath.Join(to, name), []byte("changed"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(to, "1.sst")); err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		if is, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(is) != want {
			t.Errorf("%s is %q, %v", name, is, err)
		}
	}
	if on.copyTo(to) == nil {
		t.Error("copied over a relay's own files")
	}
}

func TestAtOnce(t *testing.T) {
	var done [100]atomic.Int32
	if err := atOnce(t.Context(), 7, len(done), func(i int) error { done[i].Add(1); return nil }); err != nil {
		t.Fatal(err)
	}
	for i := range done {
		if done[i].Load() != 1 {
			t.Errorf("%d was done %d times", i, done[i].Load())
		}
	}
	failure := errors.New("x")
	if err := atOnce(t.Context(), 3, 9, func(i int) error {
		if i == 4 {
			return failure
		}
		return nil
	}); !errors.Is(err, failure) {
		t.Error(err)
	}
	over, stop := context.WithCancel(t.Context())
	stop()
	if err := atOnce(over, 3, 9, func(int) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
