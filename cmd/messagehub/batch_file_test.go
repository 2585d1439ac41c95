package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"messagehub/store/message/json"
	"messagehub/store/message/mutate"
)

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const goodLine = `{"to": "sim:delivered", "channel": "sms", "content": "Hello"}` + "\n"

func TestBatchFile(t *testing.T) {
	th := startHub(t, t.TempDir(), nil)
	th.use()
	file := writeFile(t, "m.ndjson", goodLine+`{"to": "nobody", "channel": "sms", "content": "Hello"}`+"\n\n"+goodLine+"{broken\n"+goodLine[:len(goodLine)-1])
	code, out, errText := run("batch", file, "--chunk", "2")
	if code != exitFailure || out != "5 messages: 3 accepted, 2 rejected, 0 sent before\n" || !strings.Contains(errText, "2 messages were not taken: see "+file+".rejected.ndjson") ||
		!strings.Contains(errText, "100 %") || strings.Contains(errText, "\x1b") {
		t.Errorf("%d %s%s", code, out, errText)
	}
	report, err := os.ReadFile(file + ".rejected.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{`{"message":2,"code":"invalid_recipient","text":"to must be`, `{"message":4,"code":"invalid_json","text":`} {
		if line := strings.Split(string(report), "\n")[i]; !strings.HasPrefix(line, want) {
			t.Errorf("%s\nwant %s", line, want)
		}
	}
	if _, err := os.Stat(file + ".progress"); !os.IsNotExist(err) {
		t.Errorf("progress is kept: %v", err)
	}
	for name, text := range map[string]string{
		"object.json": `{"defaults": {"channel": "sms", "content": "Hi"}, "messages": [{"to": "sim:read"}, {"to": "123456789", "channel": "telegram"}]}`,
		"pretty.json": "{\n  \"messages\": [\n" + goodLine + ",\n" + goodLine + "]}",
		"array.json":  "[" + goodLine + "," + goodLine + "]",
	} {
		file := writeFile(t, name, text)
		if out := mustRun(t, "batch", file, "-o", "json"); out != `{"messages":2,"accepted":2,"rejected":0,"duplicates":0}`+"\n" {
			t.Errorf("%s: %s", name, out)
		}
		if _, err := os.Stat(file + ".rejected.ndjson"); !os.IsNotExist(err) {
			t.Errorf("%s has a report: %v", name, err)
		}
	}
	for text, want := range map[string]string{`{"messages": [], "atomic": true}`: "NDJSON", "[1, 2]": "NDJSON", "[": "NDJSON"} {
		if code, _, errText := run("batch", writeFile(t, "bad.json", text)); code == exitOK || !strings.Contains(errText, want) {
			t.Errorf("%s: %d %s", text, code, errText)
		}
	}
	code, out, errText = runWith(strings.NewReader(goodLine), "batch", "-", "--rejected", filepath.Join(t.TempDir(), "r"))
	if code != exitOK || !strings.HasPrefix(out, "1 messages: 1 accepted") {
		t.Errorf("standard input: %d %s%s", code, out, errText)
	}
}

// runWith is run with something on the standard input.
func runWith(in io.Reader, args ...string) (code int, out, errText string) {
	var o, e bytes.Buffer
	code = execute(testContext(), args, streams{in, &o, &e})
	return code, o.String(), e.String()
}

// A run that is cut off after any chunk, even when the relay has taken it but
// the answer was lost, is gone on with: each message is sent once, and each
// rejection reported once.
func TestBatchFileIsGoneOnWith(t *testing.T) {
	th := startHub(t, t.TempDir(), nil)
	th.use()
	var left atomic.Int32 // batches whose answers come
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		a := request(t, r.Method, th.URL()+r.URL.RequestURI(), th.key, string(body), "Content-Type", r.Header.Get("Content-Type"), "Idempotency-Key", r.Header.Get("Idempotency-Key"))
		if left.Add(-1) < 0 { // not to be tried again
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, a.body)
	}))
	defer front.Close()
	t.Setenv(envURL, front.URL)
	var text strings.Builder
	for i := range 7 {
		fmt.Fprintf(&text, `{"to": "sim:delivered", "channel": "sms", "content": "Hello", "reference": "%d"}`+"\nbad %d\n", i, i)
	}
	file := writeFile(t, "m.ndjson", text.String())
	for run1 := 0; ; run1++ {
		if run1 == 10 {
			t.Fatal("it does not come to an end")
		}
		left.Store(2)
		code, out, errText := run("batch", file, "--chunk", "3")
		if code == exitFailure && strings.HasPrefix(out, "14 messages: 7 accepted, 7 rejected, 0 sent before") {
			break
		}
		if code != exitUnavailable || !strings.Contains(errText, "messages are done; run the same command again") {
			t.Fatalf("run %d: %d %s%s", run1, code, out, errText)
		}
	}
	var all struct{ Data []json.RawMessage }
	if err := json.Unmarshal([]byte(request(t, "GET", th.URL()+"/api/v1/messages", th.key, "").body), &all); err != nil || len(all.Data) != 7 {
		t.Errorf("%d messages, %v", len(all.Data), err)
	}
	report, err := os.ReadFile(file + ".rejected.ndjson")
	if err != nil || bytes.Count(report, []byte("\n")) != 7 || !bytes.Contains(report, []byte(`"line":"bad 6"`)) {
		t.Errorf("%v\n%s", err, report)
	}
}

func TestBatchRunOfAnotherFile(t *testing.T) {
	t.Setenv(envKey, "cpk_test_x")
	t.Setenv(envURL, "http://127.0.0.1:1")
	file := writeFile(t, "m.ndjson", goodLine)
	if err := os.WriteFile(file+".progress", []byte(`{"run":"X","size":1,"chunk":1000,"done":5,"accepted":5,"rejected":0,"duplicates":0,"reported":0}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errText := run("batch", file); code != exitUsage || !strings.Contains(errText, "--restart") || !strings.Contains(errText, "after 5 messages") {
		t.Errorf("%d %s", code, errText)
	}
	if code, _, errText := run("batch", file, "--chunk", "0"); code != exitUsage || !strings.Contains(errText, "1 to 10000") {
		t.Errorf("%d %s", code, errText)
	}
}

// Whatever a file holds, its lines become chunks in order, none lost.
func FuzzBatchFile(f *testing.F) {
	mutate.Strings(f, []string{goodLine + "\n" + goodLine, `{"messages": [{}, null], "defaults": {"to": "x"}}`, "[\n{}]", "{\n", " \r\n"}, func(t testing.TB, text string) {
		if isDocument([]byte(text)) { // the test above says what becomes of one
			if in, err := openBatchFile(streams{in: strings.NewReader(text)}, "-"); err == nil {
				_ = in.Close()
			}
			return
		}
		var got, want []string
		c := newChunker(strings.NewReader(text), 2)
		for {
			part, err := c.read()
			if err != nil {
				t.Fatal(err)
			}
			if len(part.lines) == 0 {
				break
			}
			for _, line := range part.lines {
				got = append(got, string(line))
			}
		}
		for line := range strings.SplitSeq(text, "\n") {
			if line = strings.TrimSpace(line); line != "" {
				want = append(want, line)
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%q became %q", want, got)
		}
	})
}
