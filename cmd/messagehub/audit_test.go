package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
)

// audited is a hub with a workspace more than the demo's.
func audited(t *testing.T) (dir string, th *testHub) {
	dir = t.TempDir()
	th = startHub(t, dir, nil)
	mustAdminister[workspaceView](t, dir, "workspaces.create", newWorkspace{Name: "acme", Tier: "pro"})
	return dir, th
}

func TestAuditExportHoldsEveryEntry(t *testing.T) {
	dir, th := audited(t)
	check := func(want int, args ...string) {
		t.Helper()
		code, out, errText := run(append([]string{"audit", "export", "--data", dir}, args...)...)
		lines := strings.Split(strings.TrimSpace(out), "\n")
		var last auditView
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || code != exitOK || len(lines) != want || last.Object != "acme" {
			t.Errorf("%v: exit %d, %s%s", err, code, out, errText)
		}
		if proof := mustAdminister[auditProofView](t, dir, "audit.verify", nothing{}); last.Hash != proof.Hash || !strings.Contains(errText, proof.Hash) {
			t.Errorf("last hash %s, proof %+v, %s", last.Hash, proof, errText)
		}
	}
	check(3)
	check(2, "--from", "2")
	th.stop()
	check(3) // without a server, too
}

func TestAuditTailFollows(t *testing.T) {
	dir, th := audited(t)
	if code, out, errText := run("audit", "tail", "-n", "1", "--data", dir); code != exitOK || !strings.HasPrefix(out, "3 ") || strings.Count(out, "\n") != 1 {
		t.Errorf("exit %d, %s%s", code, out, errText)
	}
	ctx, stop := context.WithCancel(t.Context())
	r, w := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- execute(ctx, []string{"audit", "tail", "-f", "-n", "2", "-o", "json", "--data", dir}, streams{strings.NewReader(""), w, &bytes.Buffer{}})
		_ = w.Close()
	}()
	lines := json.NewDecoder(r)
	read := func() (v auditView) {
		t.Helper()
		if err := lines.Decode(&v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	if a, b := read(), read(); a.Number != 2 || b.Number != 3 {
		t.Errorf("%d and %d", a.Number, b.Number)
	}
	mustAdminister[workspaceView](t, dir, "workspaces.create", newWorkspace{Name: "later", Tier: "pro"})
	if v := read(); v.Number != 4 || v.Object != "later" || v.Action != "workspace.create" {
		t.Errorf("%+v", v)
	}
	stop()
	go func() { _, _ = io.Copy(io.Discard, r) }()
	if code := <-ended; code != exitOK {
		t.Errorf("exit %d", code)
	}
	th.stop()
	if code, _, errText := run("audit", "tail", "-f", "--data", dir); code != exitUnavailable || !strings.Contains(errText, "no server runs") {
		t.Errorf("without a server: exit %d, %s", code, errText)
	}
}
