package actors

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

// provider knows tokens, and counts what it took.
type provider struct {
	mu      sync.Mutex
	valid   map[string]bool
	refs    map[string]string // by ref, the token it came with
	running []string          // tokens whose adapters have work under way
	takes   time.Duration     // for an answer
}

func newProvider(tokens ...string) *provider {
	p := &provider{valid: map[string]bool{}, refs: map[string]string{}}
	for _, token := range tokens {
		p.valid[token] = true
	}
	return p
}

func (p *provider) accept(token string, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.valid[token] = ok
}

// client is the provider's adapter: it sends, receives and has work of its
// own, all with one token.
type client struct {
	*provider
	token string
}

// Send implements channel.Adapter.
func (c client) Send(ctx context.Context, r *channel.Request) (channel.Acceptance, error) {
	select {
	case <-time.After(c.takes):
	case <-ctx.Done():
		return channel.Acceptance{}, &channel.Error{Code: channel.OutcomeUnknown}
	}
	for !c.runs() { // its work has only just been begun
		time.Sleep(time.Millisecond)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.valid[c.token] {
		return channel.Acceptance{}, &channel.Error{Code: channel.BadCredentials}
	}
	if _, twice := c.refs[r.Ref]; twice {
		panic("sent twice: " + r.Ref)
	}
	c.refs[r.Ref] = c.token
	return channel.Acceptance{ProviderID: r.Ref}, nil
}

func (c client) runs() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Contains(c.running, c.token)
}

// Run implements channel.Runner.
func (c client) Run(ctx context.Context) {
	c.mu.Lock()
	c.running = append(c.running, c.token)
	c.mu.Unlock()
	<-ctx.Done()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running = slices.DeleteFunc(c.running, func(token string) bool { return token == c.token })
}

// Receipts implements channel.Receiver.
func (c client) Receipts(cb *message.Callback) ([]message.Receipt, message.Reply, error) {
	if cb.Header("X-sms-Signature") != c.token {
		return nil, message.Reply{}, message.ErrUnsigned
	}
	return []message.Receipt{{ProviderID: "id", Status: message.Delivered}}, message.Reply{}, nil
}

func (p *provider) spec() channel.Spec {
	s := spec("sms", nil)
	s.New = func(o channel.Sender) (channel.Adapter, error) {
		token := o.Settings.Text("token")
		if token == "" {
			return nil, errors.New("token is empty")
		}
		return client{p, token}, nil
	}
	return s
}

// smsSender is a live sender of the provider: "main token".
func smsSender(text string) Sender {
	name, token, _ := strings.Cut(text, " ")
	return Sender{Channel: "sms", Sender: channel.Sender{
		Name: name, HTTP: &channel.Client{}, Settings: channel.Values{"token": token, "maxInFlight": "8"},
	}}
}

func smsSenders(texts ...string) []Sender {
	var all []Sender
	for _, text := range texts {
		all = append(all, smsSender(text))
	}
	return all
}

// settle lets everything go on until nothing happens any more, also where a
// client had to wait for its work to begin.
func (h *hub) settle() {
	time.Sleep(5 * time.Millisecond)
	synctest.Wait()
}

func (h *hub) receive(secret string) error {
	_, _, err := h.system.Receive(&message.Callback{Method: http.MethodPost, Header: func(name string) string {
		if strings.EqualFold(name, "X-sms-Signature") {
			return secret
		}
		return ""
	}})
	return err
}

// TestFormerSettingsOutliveTheProcess: receipts for settings of another life of
// it are taken until their time is over, also after a reload; but no send.
func TestFormerSettingsOutliveTheProcess(t *testing.T) {
	p := newProvider("new", "newer")
	synctest.Test(t, func(t *testing.T) {
		senders, now := smsSenders("main new"), message.TimeOf(time.Now())
		for token, left := range map[string]time.Duration{"old": time.Hour, "older": -time.Second} {
			senders[0].Former = append(senders[0].Former, Former{Settings: smsSenders("main " + token)[0].Settings, Until: now.Add(left)})
		}
		h := start(t, newMemory(newJournal(2)), Options{Specs: []channel.Spec{p.spec()}, Senders: senders, Overlap: 30 * time.Minute})
		h.accept(text("to-1", "sms"))
		time.Sleep(10 * time.Second)
		if err := errors.Join(h.receive("old"), h.receive("new"), h.system.Reload(smsSenders("main newer")), h.receive("old"), h.receive("new")); err != nil {
			t.Error(err)
		}
		if err := h.receive("older"); !errors.Is(err, message.ErrUnsigned) {
			t.Errorf("one whose time was over: %v", err)
		}
		synctest.Wait()
		if !slices.Equal(p.running, []string{"newer"}) || len(p.refs) != 1 {
			t.Errorf("running %v, sent %v", p.running, p.refs)
		}
		time.Sleep(time.Hour)
		for _, token := range []string{"old", "new"} {
			if err := h.receive(token); !errors.Is(err, message.ErrUnsigned) {
				t.Errorf("%s after its time: %v", token, err)
			}
		}
		if err := h.end(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestReloadRotatesCredentials: with sends in flight and more waiting, the
// token changes, and the provider refuses the old one from then on. All is
// sent, once, and each with a token that was good; the old adapter's work
// ends before the new one's begins; receipts signed with the old secret are
// taken for the overlap.
func TestReloadRotatesCredentials(t *testing.T) {
	p := newProvider("old", "new")
	p.takes = 3 * time.Second
	synctest.Test(t, func(t *testing.T) {
		h := start(t, newMemory(newJournal(2)), Options{Specs: []channel.Spec{p.spec()}, Senders: smsSenders("main old"), Overlap: time.Hour})
		var ids []message.ID
		for i := range 100 {
			ids = append(ids, h.accept(text(fmt.Sprint("to-", i), "sms")))
		}
		time.Sleep(4 * time.Second)
		if err := h.system.Reload(smsSenders("main new")); err != nil {
			t.Fatal(err)
		}
		p.accept("old", false)
		time.Sleep(time.Minute)
		synctest.Wait()
		counts := map[string]int{}
		for _, id := range ids {
			wantStatuses(t, h.memory, id, message.Sent)
			counts[p.refs[message.AttemptRef(1, id, 0)]]++
			if tries := h.state(id).Attempts[0].Tries; tries != 1 {
				t.Errorf("%d tries", tries)
			}
		}
		if counts["old"] != 16 || counts["new"] != 84 || !slices.Equal(p.running, []string{"new"}) {
			t.Errorf("sent with %v, running %v", counts, p.running)
		}
		if err := errors.Join(h.receive("old"), h.receive("new")); err != nil {
			t.Errorf("receipts: %v", err)
		}
		time.Sleep(time.Hour)
		if err := h.receive("old"); !errors.Is(err, message.ErrUnsigned) {
			t.Errorf("a receipt with the old secret after the overlap: %v", err)
		}
		if err := errors.Join(h.receive("new"), h.end()); err != nil {
			t.Fatal(err)
		}
	})
}

// TestReloadOfAFaultChangesNothing: of two changes one is faulty.
func TestReloadOfAFaultChangesNothing(t *testing.T) {
	p := newProvider("good")
	synctest.Test(t, func(t *testing.T) {
		h := start(t, newMemory(newJournal(1)), Options{Specs: []channel.Spec{p.spec()}, Senders: smsSenders("main good")})
		for _, bad := range [][]Sender{smsSenders("main other", "second"), smsSenders("main other", "main good"), {{Channel: "pigeon"}}} {
			if err := h.system.Reload(bad); err == nil || !strings.HasPrefix(err.Error(), "reload senders: ") {
				t.Errorf("error %v", err)
			}
		}
		id := h.accept(text("a", "sms"))
		h.settle()
		wantStatuses(t, h.memory, id, message.Sent)
		if all := h.system.Senders(); len(all) != 1 || all[0].Name != "main" {
			t.Errorf("senders %+v", all)
		}
		if err := h.end(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestReloadFreesAStoppedSender: what waits behind bad credentials goes out
// with the new ones at once.
func TestReloadFreesAStoppedSender(t *testing.T) {
	p := newProvider("new")
	synctest.Test(t, func(t *testing.T) {
		h := start(t, newMemory(newJournal(1)), Options{Specs: []channel.Spec{p.spec()}, Senders: smsSenders("main old")})
		first, later := h.accept(text("a", "sms")), message.ID{}
		h.settle()
		later = h.accept(text("b", "sms"))
		if s := h.system.Senders()[0]; s.Breaker != BreakerOpen || s.Trouble == nil || s.Trouble.Code != channel.BadCredentials {
			t.Errorf("state %+v", s)
		}
		if err := h.system.Reload(smsSenders("main new")); err != nil {
			t.Fatal(err)
		}
		h.settle()
		wantStatuses(t, h.memory, later, message.Sent)
		time.Sleep(stopFirst)
		synctest.Wait()
		wantStatuses(t, h.memory, first, message.Sent)
		if s := h.system.Senders()[0]; s.Breaker != BreakerClosed || s.Trouble != nil {
			t.Errorf("state %+v", s)
		}
		if err := h.end(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestReloadRemovesASender: its send in flight ends as it began, what waits
// for it goes to another one, and what names it fails. It may come back.
func TestReloadRemovesASender(t *testing.T) {
	p := newProvider("one", "two", "three")
	p.takes = time.Second
	one, two := smsSender("one one"), smsSender("two two")
	one.Pace.InFlight = 1
	synctest.Test(t, func(t *testing.T) {
		h := start(t, newMemory(newJournal(1)), Options{Specs: []channel.Spec{p.spec()}, Senders: []Sender{one, two}})
		named := text("c", "sms")
		named.Steps[0].From = "one"
		ids := []message.ID{h.accept(text("a", "sms")), h.accept(text("b", "sms")), h.accept(named)}
		synctest.Wait()
		if err := h.system.Reload([]Sender{two}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		for i, want := range []string{"one", "two"} {
			if a := h.state(ids[i]).Attempts[0]; a.Status != message.Sent || a.Sender != want {
				t.Errorf("message %d: %+v, want it sent by %s", i, a, want)
			}
		}
		if a := h.state(ids[2]).Attempts[0]; a.Status != message.Failed || a.Error.Code != string(channel.NoSender) || a.Error.Class != message.Config {
			t.Errorf("what named the sender: %+v", a)
		}
		if all := h.system.Senders(); len(all) != 1 || !slices.Equal(p.running, []string{"two"}) {
			t.Errorf("senders %+v, running %v", all, p.running)
		}
		if err := h.receive("one"); err != nil {
			t.Errorf("a receipt for the sender that is gone: %v", err)
		}
		if err := h.system.Reload([]Sender{smsSender("one three"), two}); err != nil {
			t.Fatal(err)
		}
		id := h.accept(named)
		time.Sleep(time.Second)
		synctest.Wait()
		if a := h.state(id).Attempts[0]; a.Status != message.Sent || p.refs[a.ProviderID] != "three" {
			t.Errorf("once it is back: %+v", a)
		}
		if err := h.end(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestReloadKeepsWhatIsTheSame: a pace and a share change without a hand-over.
func TestReloadKeepsWhatIsTheSame(t *testing.T) {
	p := newProvider("good", "more")
	p.takes = time.Hour
	synctest.Test(t, func(t *testing.T) {
		h := start(t, newMemory(newJournal(1)), Options{Specs: []channel.Spec{p.spec()}, Senders: smsSenders("main good")})
		h.accept(text("a", "sms"))
		synctest.Wait()
		changed := smsSender("main good")
		changed.Settings["maxInFlight"], changed.Pace.InFlight, changed.Share.Weight = "3", 3, 2
		begun := time.Now()
		if err := h.system.Reload([]Sender{changed, smsSender("more more")}); err != nil || time.Since(begun) > 0 {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
		all := h.system.Senders()
		if len(all) != 2 || all[0].Limit != 3 || all[0].InFlight != 1 {
			t.Errorf("senders %+v", all)
		}
		if err := h.end(); err != nil { // abandons the send
			t.Fatal(err)
		}
		if err := h.system.Reload(nil); !errors.Is(err, errEnded) {
			t.Errorf("after the end: %v", err)
		}
	})
}

// TestTheEndBreaksAReloadOff: Run does not wait for a hand-over that waits for
// a send.
func TestTheEndBreaksAReloadOff(t *testing.T) {
	p := newProvider("old", "new")
	p.takes = time.Hour
	synctest.Test(t, func(t *testing.T) {
		h := start(t, newMemory(newJournal(1)), Options{Specs: []channel.Spec{p.spec()}, Senders: smsSenders("main old"), Drain: time.Second})
		h.accept(text("a", "sms"))
		synctest.Wait()
		reloaded := make(chan error, 1)
		go func() { reloaded <- h.system.Reload(smsSenders("main new")) }()
		synctest.Wait()
		h.stop()
		if err := <-reloaded; !errors.Is(err, errEnded) {
			t.Errorf("reload: %v", err)
		}
		if err := <-h.ended; err != nil {
			t.Fatal(err)
		}
	})
}

// TestAnotherSenderTakesOver: the message that meets bad credentials is sent by
// the other sender, before its chain moves on; so is what comes later.
func TestAnotherSenderTakesOver(t *testing.T) {
	p := newProvider("good")
	senders := smsSenders("bad bad", "good good")
	senders[1].Share.Standby = true
	synctest.Test(t, func(t *testing.T) {
		h := start(t, newMemory(newJournal(1)), Options{Specs: []channel.Spec{p.spec(), spec("viber", stub(accepting))}, Senders: senders})
		first := h.accept(text("a", "sms", "viber"))
		synctest.Wait()
		later := h.accept(text("b", "sms", "viber"))
		named := text("c", "sms", "viber")
		named.Steps[0].From = "bad"
		moved := h.accept(named)
		time.Sleep(2 * retryFirst)
		synctest.Wait()
		for _, id := range []message.ID{first, later} {
			wantStatuses(t, h.memory, id, message.Sent)
		}
		if s := h.state(moved); len(s.Attempts) != 2 || s.Attempts[0].Error.Code != string(channel.BadCredentials) {
			t.Errorf("what names the stopped sender: %+v", s.Attempts)
		}
		if err := h.end(); err != nil {
			t.Fatal(err)
		}
	})
}
