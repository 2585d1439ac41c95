package store

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

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

// Values and the secrets of endpoints are sealed anew at once, or none of them.
func TestReseal(t *testing.T) {
	s := begun(onDir(t, vfs.NewMem()))
	w := someWorkspace(t, s, "acme")
	kept, gone := someEndpoint(t, s, w.ID), someEndpoint(t, s, w.ID)
	if err := s.DeleteEndpoint(w.ID, gone.ID); err != nil {
		t.Fatal(err)
	}
	fresh, bad := kept, kept
	fresh.Secrets = []message.SealedSecret{{Sealed: "anew"}, {Sealed: "old anew", ExpiresAt: 9}}
	fresh.URL = "nothing but the secrets counts"
	bad.Secrets = []message.SealedSecret{{Sealed: strings.Repeat("s", maxEndpointText+1)}}
	if err := s.Reseal(map[string][]byte{"a": []byte("1"), "b": []byte("2")}, []message.Endpoint{gone, fresh}); err != nil {
		t.Fatal(err)
	}
	bad.Revision++
	for _, row := range []struct {
		name     string
		endpoint message.Endpoint
		want     error
	}{
		{"", fresh, errSealed}, {"a", fresh, message.ErrRevision}, {"a", bad, errEndpoint},
	} {
		if err := s.Reseal(map[string][]byte{row.name: []byte("3")}, []message.Endpoint{row.endpoint}); !errors.Is(err, row.want) {
			t.Errorf("one of them is bad: %v, want %v", err, row.want)
		}
	}
	got, err := s.Sealed()
	if err != nil || len(got) != 2 || string(got["a"]) != "1" || string(got["b"]) != "2" {
		t.Errorf("%q, %v", got, err)
	}
	kept.Secrets, kept.Revision = fresh.Secrets, kept.Revision+1
	all, err := s.AllEndpoints()
	if diff := cmp.Diff([]message.Endpoint{kept}, all); err != nil || diff != "" {
		t.Error(err, diff)
	}
	soundOf(t, s)
}
