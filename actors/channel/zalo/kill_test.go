package zalo

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"messagehub/actors/channel"
	"messagehub/store/message/json"
)

// The environment of the child process of TestRefreshUnderKill.
const (
	envChild = "ZALO_TEST_CHILD" // the directory of its vault
	envURL   = "ZALO_TEST_URL"
	envDie   = "ZALO_TEST_DIE" // the step at which it dies
)

// issuer is a token endpoint that fails the test when a refresh token comes
// twice.
type issuer struct {
	t      *testing.T
	mu     sync.Mutex
	seen   map[string]int
	issued int
}

// ServeHTTP implements [http.Handler].
func (i *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token := r.PostFormValue("refresh_token")
	i.mu.Lock()
	i.seen[token]++
	if i.seen[token] > 1 {
		i.t.Errorf("refresh token %s is used %d times", token, i.seen[token])
	}
	i.issued++
	n := strconv.Itoa(i.issued)
	i.mu.Unlock()
	_, _ = w.Write([]byte(`{"access_token":"access-` + n + `","refresh_token":"refresh-` + n + `","expires_in":"90000"}`))
}

// TestRefreshUnderKill kills a process at every step of a renewal, again and
// again over the same vault, and counts what the provider sees: no refresh
// token ever comes twice, and a renewal that was not cut off is never lost.
func TestRefreshUnderKill(t *testing.T) {
	if dir := os.Getenv(envChild); dir != "" {
		child(t, dir)
		return
	}
	for _, step := range []string{"before mark", "after mark", "before request", "after request", "before pair", "after pair", "never"} {
		t.Run(step, func(t *testing.T) {
			i := &issuer{t: t, seen: make(map[string]int)}
			server := httptest.NewServer(i)
			defer server.Close()
			dir := t.TempDir()
			outcomes := []string{run(t, dir, server.URL, step)}
			for range 3 {
				outcomes = append(outcomes, run(t, dir, server.URL, "never"))
			}
			// What was cut off before the mark, or after the pair was kept, costs
			// nothing. In between, the operator has to give a new token: the
			// provider is not asked.
			want := map[string]string{"before mark": "killed access-1", "after pair": "killed access-1", "never": "access-1 access-1"}[step]
			if want == "" {
				want = "killed bad_credentials"
			}
			if got := outcomes[0] + " " + outcomes[1]; got != want || outcomes[2] != outcomes[1] || outcomes[3] != outcomes[1] {
				t.Errorf("outcomes %v, want %s", outcomes, want)
			}
		})
	}
}

// run runs a child process and returns what it printed, or "killed".
func run(t *testing.T, dir, url, step string) string {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestRefreshUnderKill$", "-test.v=false")
	cmd.Env = append(os.Environ(), envChild+"="+dir, envURL+"="+url, envDie+"="+step)
	out, err := cmd.CombinedOutput()
	if err != nil {
		if state, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && state.Signaled() && state.Signal() == syscall.SIGKILL {
			return "killed"
		}
		t.Fatalf("%v: %s", err, out)
	}
	first, _, _ := strings.Cut(string(out), "\n")
	return first
}

// child gets an access token, and dies at the step that it was told.
func child(t *testing.T, dir string) {
	die := func(step string) {
		if os.Getenv(envDie) == step {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	client := channel.NewClientOver(dying{http.DefaultTransport, die})
	a := adapterOf(t, client, &fileVault{dir: dir, die: die}, channel.Values{"accessToken": "", "baseURL": os.Getenv(envURL)})
	token, err := a.tokens.get(context.Background())
	if err != nil {
		token = string(codeOf(err))
	}
	_, _ = os.Stdout.WriteString(token + "\n")
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
}

// dying dies before the request, or when its answer is there.
type dying struct {
	inner http.RoundTripper
	die   func(string)
}

// RoundTrip implements [http.RoundTripper].
func (d dying) RoundTrip(r *http.Request) (*http.Response, error) {
	d.die("before request")
	resp, err := d.inner.RoundTrip(r)
	d.die("after request")
	return resp, err
}

// fileVault is a vault in a file, which dies around its saves.
type fileVault struct {
	dir string
	die func(string)
}

// Load implements [channel.Vault].
func (f *fileVault) Load(name string) ([]byte, error) {
	value, err := os.ReadFile(filepath.Join(f.dir, name))
	if os.IsNotExist(err) {
		return nil, nil
	}
	return value, err
}

// Save implements [channel.Vault].
func (f *fileVault) Save(name string, value []byte) error {
	var p pair
	what := "pair"
	if json.Unmarshal(value, &p) == nil && p.Spending {
		what = "mark"
	}
	f.die("before " + what)
	fresh := filepath.Join(f.dir, name+".new")
	if err := os.WriteFile(fresh, value, 0o600); err != nil {
		return err
	}
	if err := os.Rename(fresh, filepath.Join(f.dir, name)); err != nil {
		return err
	}
	f.die("after " + what)
	return nil
}
