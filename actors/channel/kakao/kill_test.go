package kakao

import (
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sim"
	"messagehub/store/message"
)

// The environment of the child process of TestPollerUnderKill.
const (
	envChild = "KAKAO_TEST_CHILD" // the directory of what it keeps
	envURL   = "KAKAO_TEST_URL"
	envDie   = "KAKAO_TEST_DIE"   // the step at which it dies
	envSend  = "KAKAO_TEST_SEND"  // whether it sends
	envLater = "KAKAO_TEST_LATER" // how much later it is
)

// TestPollerUnderKill kills a process at every step between its first message
// and the end of its questions, and has others ask on. What the provider took
// is reported in the end, and nothing is asked for afterwards.
func TestPollerUnderKill(t *testing.T) {
	if dir := os.Getenv(envChild); dir != "" {
		child(t, dir)
		return
	}
	steps := []string{"never", "sent"}
	for n := range 5 { // the agenda begins, is cut, closes, and so on for the next product
		steps = append(steps, "before save "+strconv.Itoa(n+1), "after save "+strconv.Itoa(n+1))
	}
	for n := range 2 {
		steps = append(steps, "before report "+strconv.Itoa(n+1), "after report "+strconv.Itoa(n+1))
	}
	for _, step := range steps {
		t.Run(step, func(t *testing.T) {
			world := sim.NewWorld(sim.Options{})
			defer world.Close()
			provider := newSimulator(world, channel.Sender{Settings: channel.Sandbox(Spec().Settings)}).(*simulator)
			url := serve(t, provider.Handle)
			dir := t.TempDir()
			first := run(t, dir, url, step, "yes", 0)
			if (first == "killed") != (step != "never") {
				t.Fatalf("the first process: %s", first)
			}
			provider.known()
			for n := range 2 {
				run(t, dir, url, "never", "no", time.Duration(n+1)*time.Hour)
			}
			told, _ := os.ReadFile(filepath.Join(dir, "reported"))
			for _, line := range world.Ledger.Lines(0) {
				if !strings.Contains(string(told), line.Ref+" ") {
					t.Errorf("what became of %s is never reported", line.Ref)
				}
			}
			if step == "never" && world.Ledger.Len() != 2 || step == "before save 1" && world.Ledger.Len() != 0 {
				t.Errorf("%d messages were taken", world.Ledger.Len())
			}
			run(t, dir, url, "never", "no", 3*time.Hour)
			if again, _ := os.ReadFile(filepath.Join(dir, "reported")); len(again) != len(told) {
				t.Errorf("what is settled is asked for again: %s", again[len(told):])
			}
		})
	}
}

// known waits until all results are.
func (s *simulator) known() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.messages {
		time.Sleep(time.Until(m.resultAt))
	}
}

func serve(t *testing.T, h fasthttp.RequestHandler) (url string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &fasthttp.Server{Handler: h, CloseOnShutdown: true}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(ln) }()
	t.Cleanup(func() { _ = server.Shutdown(); <-done })
	return "http://" + ln.Addr().String()
}

// run runs a child process and returns "ended" or "killed".
func run(t *testing.T, dir, url, step, send string, later time.Duration) string {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestPollerUnderKill$", "-test.v=false")
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0", envChild+"="+dir, envURL+"="+url, envDie+"="+step, envSend+"="+send, envLater+"="+later.String())
	out, err := cmd.CombinedOutput()
	if err == nil {
		return "ended"
	}
	if state, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && state.Signaled() && state.Signal() == syscall.SIGKILL {
		return "killed"
	}
	t.Fatalf("%v: %s", err, out)
	return ""
}

// child sends a message of each product, or none, and asks for results until
// they are settled; it dies at the step that it was told.
func child(t *testing.T, dir string) {
	p := &process{dir: dir, counts: map[string]int{}}
	values := channel.Sandbox(Spec().Settings)
	values[settingWebhook], values[settingPoll], values[settingBaseURL] = "", "1m", os.Getenv(envURL)
	made, err := newAdapter(channel.Sender{Test: true, Settings: values, HTTP: channel.NewClientOver(http.DefaultTransport), Vault: p, Report: p.report})
	if err != nil {
		t.Fatal(err)
	}
	a := made.(*adapter)
	later, _ := time.ParseDuration(os.Getenv(envLater))
	a.now = func() time.Time { return time.Now().Add(later) }
	for n, s := range []message.Step{template(phone, "NOTICE"), brandText("Sale")} {
		s.To = "sim:delivered"
		if os.Getenv(envSend) == "yes" {
			if _, err := sendTo(a, uint64(n), s); err != nil {
				t.Fatalf("%v (%+v)", err, err)
			}
		}
	}
	p.die("sent")
	if os.Getenv(envSend) == "yes" {
		time.Sleep(100 * time.Millisecond) // the simulator knows the results after 40
	}
	for range 2 {
		a.poll.round(context.Background(), alimtalk)
		a.poll.round(context.Background(), brand)
		later += 15 * time.Minute
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
}

// process is a vault and a log in files, which dies around its writes.
type process struct {
	dir    string
	counts map[string]int
}

func (p *process) die(step string) {
	if os.Getenv(envDie) == step {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

// around does work between two steps at which it may die.
func (p *process) around(what string, work func() error) error {
	p.counts[what]++
	step := what + " " + strconv.Itoa(p.counts[what])
	p.die("before " + step)
	err := work()
	p.die("after " + step)
	return err
}

func (p *process) report(rs []message.Receipt) error {
	return p.around("report", func() error {
		f, err := os.OpenFile(filepath.Join(p.dir, "reported"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		defer f.Close()
		for i := range rs {
			if _, err := f.WriteString(rs[i].Ref + " " + rs[i].Status.String() + "\n"); err != nil {
				return err
			}
		}
		return nil
	})
}

// Load implements [channel.Vault].
func (p *process) Load(name string) ([]byte, error) {
	value, err := os.ReadFile(filepath.Join(p.dir, name))
	if os.IsNotExist(err) {
		return nil, nil
	}
	return value, err
}

// Save implements [channel.Vault].
func (p *process) Save(name string, value []byte) error {
	return p.around("save", func() error {
		fresh := filepath.Join(p.dir, name+".new")
		if err := os.WriteFile(fresh, value, 0o600); err != nil {
			return err
		}
		return os.Rename(fresh, filepath.Join(p.dir, name))
	})
}
