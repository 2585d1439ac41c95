package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// use points the commands at the hub.
func (th *testHub) use() {
	th.t.Setenv(envURL, th.URL())
	th.t.Setenv(envKey, th.key)
}

// mustRun runs a command line that must end with 0, and returns its output.
func mustRun(t *testing.T, args ...string) string {
	t.Helper()
	code, out, errText := run(args...)
	if code != 0 {
		t.Fatalf("%v: exit %d, %s %s", args, code, out, errText)
	}
	return out
}

// idOf returns the id that a line of a table begins with.
func idOf(t *testing.T, table, prefix string) string {
	t.Helper()
	for _, word := range strings.Fields(table) {
		if strings.HasPrefix(word, prefix) {
			return word
		}
	}
	t.Fatalf("no %s… in %s", prefix, table)
	return ""
}

func TestContactsOnTheCommandLine(t *testing.T) {
	dir := t.TempDir()
	th := startHub(t, dir, nil)
	th.use()
	file := filepath.Join(dir, "crm.csv")
	csv := "externalId,name,whatsapp,sms,tags,optOut.whatsapp\nkim,Kim Minseo,+821099887766,+82 10-9988-7766,vip,yes\nlee,Lee,,+821000000002,,\npark,Park,12,,,\n"
	if err := os.WriteFile(file, []byte(csv), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errText := run("contacts", "import", file)
	if code != exitFailure || out != "3 lines: 2 contacts created, 0 updated, 1 lines not taken\n" || !strings.Contains(errText, "line 4: whatsapp must be") ||
		!strings.Contains(errText, "100 %  4 lines") {
		t.Fatalf("import: %d %q %q", code, out, errText)
	}
	kim := idOf(t, mustRun(t, "contacts", "list", "--channel", "sms", "--address", "+821099887766"), "con_")
	if got := mustRun(t, "contacts", "get", kim); !strings.Contains(got, "sms=+821099887766, whatsapp=+821099887766") || !strings.Contains(got, "opted out") {
		t.Error(got)
	}

	// whoever has opted out is skipped, and the chain goes on
	id := th.send(fmt.Sprintf(`{"contactId": %q, "channel": "whatsapp", "content": "Hello", "fallback": {"channels": ["telegram", "sms"]}}`, kim))
	th.await(id, "message.sent")
	if m := th.look(id); !strings.HasPrefix(m.path(), "whatsapp skipped opted_out, telegram skipped unroutable, sms ") {
		t.Error(m.path())
	}
	if !strings.Contains(mustRun(t, "contacts", "list", "--tag", "vip"), kim) {
		t.Error("not found by its tag")
	}

	backup := filepath.Join(t.TempDir(), "backup")
	mustRun(t, "backup", backup, "--data", dir)
	mustRun(t, "contacts", "erase", kim)
	deadline := time.Now().Add(patience)
	for !strings.Contains(mustRun(t, "contacts", "erase", kim), "erasure done, 1 messages") {
		if time.Now().After(deadline) {
			t.Fatal("the erasure does not end")
		}
		time.Sleep(10 * time.Millisecond)
	}
	holds(t, dir, "+821099887766", false)
	if a := request(t, "GET", th.URL()+"/api/v1/messages/"+id, th.key, ""); a.status != 200 || !strings.Contains(a.body, `"erased":true`) || !strings.Contains(a.body, `"to":""`) {
		t.Error(a.body)
	}
	list := filepath.Join(t.TempDir(), "erasures.json")
	if err := os.WriteFile(list, []byte(mustRun(t, "contacts", "erasures", "-o", "json", "--data", dir)), 0o600); err != nil {
		t.Fatal(err)
	}
	key := th.key
	th.stop()

	// a restored backup is erased again
	restored := filepath.Join(t.TempDir(), "restored")
	if out := mustRun(t, "restore", backup, "--data", restored, "--erasures", list); !strings.Contains(out, "erasing again: 1 contacts of 1") {
		t.Error(out)
	}
	holds(t, restored, "+821099887766", true)
	if err := os.WriteFile(filepath.Join(restored, demoKeyFile), []byte(key), 0o600); err != nil {
		t.Fatal(err)
	}
	startHub(t, restored, nil)
	for !strings.Contains(mustRun(t, "contacts", "erasures", "-o", "json", "--data", restored), `"state":"done"`) {
		if time.Now().After(deadline) {
			t.Fatal("the restored erasure does not end")
		}
		time.Sleep(10 * time.Millisecond)
	}
	holds(t, restored, "+821099887766", false)
}

// holds checks whether any file of a directory holds a text. The file that was
// imported lies there, too: it is the user's.
func holds(t *testing.T, dir, text string, want bool) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err == nil && filepath.Ext(e.Name()) != ".csv" && bytes.Contains(b, []byte(text)) {
			found = append(found, e.Name())
		}
	}
	if (len(found) > 0) != want {
		t.Errorf("%s is in %v", text, found)
	}
}

func TestProgress(t *testing.T) {
	var out bytes.Buffer
	p := newProgress(&out, 200)
	p.terminal = true
	p.note([]byte("a\nb\n"), p.begun.Add(barEvery/2)) // too soon
	p.note(bytes.Repeat([]byte("x"), 96), p.begun.Add(2*time.Second))
	if got := out.String(); !strings.HasSuffix(got, "[###############...............]  50 %  2 lines, 1/s") {
		t.Errorf("%q", got)
	}
	out.Reset()
	p = newProgress(&out, -1)
	p.note([]byte("a\n"), p.begun.Add(lineEvery))
	if got := out.String(); got != "1 lines, 0/s\n" {
		t.Errorf("%q", got)
	}
}
