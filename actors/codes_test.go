package actors

import (
	"os"
	"strings"
	"testing"

	"messagehub/actors/channel"
)

// TestTranscriptHasEveryCode: testdata/shard/codes.txt shows of each code of
// the table, under its class, what the chain does.
func TestTranscriptHasEveryCode(t *testing.T) {
	text, err := os.ReadFile("testdata/shard/codes.txt")
	if err != nil {
		t.Fatal(err)
	}
	shown := make(map[string]string)
	class := ""
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		switch {
		case len(words) == 3 && words[0] == "#" && words[1] == "class":
			class = words[2]
		case len(words) == 3 && words[0] == "sent":
			shown[words[2]] = class
		}
	}
	for code, rule := range channel.Rules() {
		if got := shown[string(code)]; got != rule.Class.String() {
			t.Errorf("%s is shown under the class %q, want %q", code, got, rule.Class)
		}
	}
}
