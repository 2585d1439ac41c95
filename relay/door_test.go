package relay

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"messagehub/store/message"
)

// Two workspaces of the tests.
const ours, theirs message.WorkspaceID = 7, 8

// door is a server on loopback with a log in memory.
type door struct {
	t      *testing.T
	log    *memLog
	server *Server
	url    string
	// live and test are keys of ours, other is a live key of theirs.
	live, test, other string
}

// openDoor starts a door. change may alter the options before that.
func openDoor(t *testing.T, change func(*Options)) *door {
	t.Helper()
	d := &door{t: t, log: newMemLog(t)}
	keys := NewKeyring()
	for _, ws := range []message.WorkspaceID{ours, theirs} {
		keys.PutWorkspace(message.Workspace{ID: ws, PerMinute: 1_000_000})
	}
	d.live, d.test, d.other = addKey(keys, ours, false), addKey(keys, ours, true), addKey(keys, theirs, false)
	o := Options{
		Log: d.log, Messages: d.log, Folder: d.log, Reports: d.log, Audit: d.log, Keys: keys,
		Channels: testChannels(), Now: func() message.Time { return day },
	}
	if change != nil {
		change(&o)
	}
	server, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	d.server, d.log.observe = server, server.Observe
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d.url = "http://" + ln.Addr().String()
	done := make(chan error, 1)
	go func() { done <- server.Serve(ln) }()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		if err := server.Shutdown(context.Background()); err != nil {
			t.Errorf("shut down: %v", err)
		}
		<-done
	})
	return d
}

func addKey(keys *Keyring, ws message.WorkspaceID, test bool) string {
	secret, key := message.NewKey(test)
	key.Workspace, key.Scopes = ws, message.ScopeAll
	keys.Put(key)
	return secret
}

// answer is a response, read whole.
type answer struct {
	status int
	header http.Header
	body   string
}

// ask sends a request with the key (none if empty) and headers as "Name:
// value".
func (d *door) ask(method, path, key, body string, headers ...string) answer {
	d.t.Helper()
	req, err := http.NewRequest(method, d.url+path, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(b)}
}

// problem is the error body of the contract.
type problem struct {
	Error struct {
		Code, Message, Param, DocURL, RequestID string
		Errors                                  []struct{ Param, Code, Message string }
	}
}

// wants checks status and code of a refusal and returns it.
func (d *door) wants(a answer, status int, code Code) problem {
	d.t.Helper()
	var p problem
	if err := json.Unmarshal([]byte(a.body), &p); err != nil {
		d.t.Fatalf("%v in %s", err, a.body)
	}
	if a.status != status || p.Error.Code != string(code) {
		d.t.Errorf("got %d %s, want %d %s: %s", a.status, p.Error.Code, status, code, a.body)
	}
	return p
}

// sameButID reports whether two bodies are equal but for their request ids.
func sameButID(t *testing.T, a, b answer) bool {
	t.Helper()
	strip := func(x answer) string {
		var p problem
		if err := json.Unmarshal([]byte(x.body), &p); err != nil {
			t.Fatalf("%v in %s", err, x.body)
		}
		return string(bytes.ReplaceAll([]byte(x.body), []byte(p.Error.RequestID), []byte("req")))
	}
	return a.status == b.status && strip(a) == strip(b)
}
