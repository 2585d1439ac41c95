package all

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"messagehub/actors/channel"
)

// TestEveryDirectoryIsListed checks that no channel is forgotten: a directory
// beside this one that has a spec.go is in the list, under its own name.
func TestEveryDirectoryIsListed(t *testing.T) {
	files, err := filepath.Glob("../*/spec.go")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, file := range files {
		if name := filepath.Base(filepath.Dir(file)); name != "channeltest" {
			want = append(want, name)
		}
	}
	var got []string
	for _, s := range Specs() {
		got = append(got, s.Name)
	}
	slices.Sort(got)
	slices.Sort(want)
	if len(got) == 0 || !slices.Equal(got, want) {
		t.Errorf("the list has %v, the directories are %v", got, want)
	}
}

// TestEveryChannelIsTested checks that each channel's directory runs the
// conformance suite.
func TestEveryChannelIsTested(t *testing.T) {
	for _, s := range Specs() {
		found := false
		files, _ := filepath.Glob("../" + s.Name + "/*_test.go")
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			found = found || bytes.Contains(text, []byte("channeltest.Run(t"))
		}
		if !found {
			t.Errorf("%s does not run the conformance suite", s.Name)
		}
	}
}

func TestSignatureHeadersDiffer(t *testing.T) {
	seen := make(map[string]string)
	for _, s := range Specs() {
		if s.SignatureHeader == "" {
			continue
		}
		if other := seen[s.SignatureHeader]; other != "" {
			t.Errorf("%s and %s are recognised by the same header %s", other, s.Name, s.SignatureHeader)
		}
		seen[s.SignatureHeader] = s.Name
	}
}

func TestSameNameTwicePanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	distinct([]channel.Spec{{Name: "sms"}, {Name: "viber"}, {Name: "sms"}})
}
