package store

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"messagehub/store/message"
)

// TestSealedValuesSurviveACrash: what SaveSealed has answered for is there.
func TestSealedValuesSurviveACrash(t *testing.T) {
	files := vfs.NewCrashableMem()
	s := onDir(t, files)
	if _, err := s.LoadSealed("zalo/main/token"); !errors.Is(err, message.ErrNotFound) {
		t.Errorf("before it was saved: %v", err)
	}
	for _, value := range []string{"first", "second\x00", ""} {
		if err := s.SaveSealed("zalo/main/token", []byte(value)); err != nil {
			t.Fatal(err)
		}
		got, err := onDir(t, files.CrashClone(vfs.CrashCloneCfg{})).LoadSealed("zalo/main/token")
		if err != nil || !bytes.Equal(got, []byte(value)) {
			t.Errorf("%q, %v; want %q", got, err, value)
		}
	}
	if _, err := s.LoadSealed("zalo/main"); !errors.Is(err, message.ErrNotFound) {
		t.Errorf("another name: %v", err)
	}
	soundOf(t, s)
	if _, err := s.LoadSealed("zalo/main/token"); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestSealedValuesAreBounded(t *testing.T) {
	s := onDir(t, vfs.NewMem())
	for name, size := range map[string]int{"": 1, strings.Repeat("n", maxSealedName+1): 1, "n": maxSealed + 1} {
		if err := s.SaveSealed(name, make([]byte, size)); !errors.Is(err, errSealed) {
			t.Errorf("%.9q with %d bytes: %v", name, size, err)
		}
	}
}

// Many values are kept at once, or none of them.
func TestSaveAllSealed(t *testing.T) {
	s := onDir(t, vfs.NewMem())
	if err := s.SaveAllSealed(map[string][]byte{"a": []byte("1"), "b": []byte("2")}); err != nil {
		t.Fatal(err)
	}
	if err := s.SaveAllSealed(map[string][]byte{"a": []byte("3"), "": nil}); !errors.Is(err, errSealed) {
		t.Errorf("one of them is bad: %v", err)
	}
	got, err := s.Sealed()
	if err != nil || len(got) != 2 || string(got["a"]) != "1" || string(got["b"]) != "2" {
		t.Errorf("%q, %v", got, err)
	}
}
