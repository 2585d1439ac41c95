package store

import (
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"messagehub/store/message"
)

// consent is a workspace whose recipients opt out and in while messages are
// under way, and what they have said last.
type consent struct {
	*rapid.T
	files *vfs.MemFS
	store *Store
	now   message.Time
	out   map[optOutKey]bool
	kim   message.Contact
}

type optOutKey struct{ scope, space, address string }

var (
	consentChannels  = []string{"whatsapp", "telegram", "sms"}
	consentAddresses = []string{"+821011112222", "+821033334444", "4711"}
)

func (w *consent) open() {
	s, err := tryDir(w.files, func(o *Options) {
		o.Shards = 2
		o.Now = func() time.Time { return w.now.Std() }
	})
	if err != nil {
		w.Fatal(err)
	}
	s.started.Store(true) // time moves when the test says
	w.store = s
}

func (w *consent) must(err error) {
	if err != nil {
		w.Fatal(err)
	}
}

func (w *consent) identity() message.Identity {
	return message.Identity{Channel: rapid.SampledFrom(consentChannels).Draw(w.T, "channel"), Address: rapid.SampledFrom(consentAddresses).Draw(w.T, "address")}
}

func (w *consent) outbound() *message.Outbound {
	o := &message.Outbound{Workspace: 1, On: message.OnAll, CreatedAt: w.now, ExpiresIn: message.DefaultExpiresIn}
	for range rapid.IntRange(1, 4).Draw(w.T, "steps") {
		i := w.identity()
		o.Steps = append(o.Steps, message.Step{Channel: i.Channel, To: i.Address, Success: message.Delivered, Timeout: time.Minute})
	}
	if rapid.Bool().Draw(w.T, "scheduled") {
		o.ScheduledAt = w.now.Add(time.Minute)
	}
	return o
}

// say notes what holds for an address from now on.
func (w *consent) say(scope string, i message.Identity, out bool) {
	w.out[optOutKey{scope, i.Space(), i.Address}] = out
}

func (w *consent) wants(channel, to string) bool {
	i := message.Identity{Channel: channel, Address: to}
	return !w.out[optOutKey{channel, i.Space(), to}] && !w.out[optOutKey{message.AllChannels, i.Space(), to}]
}

// deliver starts every job that waits, as the actors do, and lets it fail.
func (w *consent) deliver() {
	for _, channel := range consentChannels {
		for shard := range 2 {
			jobs, err := w.store.Backlog(message.Lane{Channel: channel}, shard, 0, make([]message.Job, 0, 100))
			w.must(err)
			for _, j := range jobs {
				w.hand(j)
			}
		}
	}
}

func (w *consent) hand(j message.Job) {
	f, err := w.store.Fold(1, j.ID, message.Fact{Kind: message.Started, At: w.now, Attempt: j.Attempt, Position: j.Position, Sender: "main"})
	w.must(err)
	a := &f.State.Attempts[j.Attempt]
	step := &f.Outbound.Steps[a.Step]
	wants := w.wants(step.Channel, step.To)
	switch {
	case !f.Refused && !wants:
		w.Fatalf("%s was sent to %s, who has opted out", step.Channel, step.To)
	case f.Refused && wants:
		w.Fatalf("%s was not sent to %s: %+v", step.Channel, step.To, a)
	case f.Refused && (a.Status != message.Skipped || a.Error.Code != "opted_out"):
		w.Fatalf("the attempt is %+v", a)
	case f.Refused:
		return
	}
	_, err = w.store.Fold(1, j.ID, message.Fact{
		Kind: message.Rejected, At: w.now, Attempt: j.Attempt, Failure: &message.Failure{Code: "not_on_channel", Class: message.Recipient},
	})
	w.must(err)
}

// change lets the contact opt out or in, or move.
func (w *consent) change() {
	put := message.ContactPut{Owner: acme, ID: w.kim.ID, At: w.now}
	before := w.kim
	scope := rapid.SampledFrom(append([]string{message.AllChannels}, consentChannels...)).Draw(w.T, "scope")
	out := rapid.Bool().Draw(w.T, "out")
	put.Change.OptOut = []message.OptOutChange{{Scope: scope, Out: out}}
	if rapid.Bool().Draw(w.T, "moves") {
		put.Change.Identities = []message.Identity{w.identity()}
	}
	c, err := w.store.ChangeContact(put)
	w.must(err)
	w.kim = c
	scopes := slices.DeleteFunc(slices.Clone(before.OptOut), func(s string) bool { return s == scope })
	if out {
		scopes = append(scopes, scope)
	}
	for _, i := range c.Identities {
		if concerns(scope, i.Channel) {
			w.say(scope, i, out)
		}
		if slices.Contains(before.Identities, i) {
			continue
		}
		for _, s := range scopes {
			if concerns(s, i.Channel) {
				w.say(s, i, true)
			}
		}
	}
}

// Nobody is sent to who has opted out before the send was handed over: however
// he opted out, whatever way the message came, and after restarts and erasures.
func TestNobodyWhoOptedOutIsSentTo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &consent{T: t, files: vfs.NewMem(), now: noon, out: map[optOutKey]bool{}}
		w.open()
		w.kim = mustChangeIn(w, kim("crm"))
		t.Repeat(map[string]func(*rapid.T){
			"single": func(*rapid.T) {
				_, err := w.store.Accept(w.outbound(), message.Idempotency{})
				w.must(err)
			},
			"batch": func(*rapid.T) {
				b := w.store.NewBatch(1, false, w.now, 1)
				for range 3 {
					w.must(b.Add(w.outbound(), false))
				}
				_, err := b.Commit(message.Idempotency{})
				w.must(err)
			},
			"STOP or START": func(t *rapid.T) {
				i, out := w.identity(), rapid.Bool().Draw(t, "out")
				w.must(w.store.OptOut(acme, i, out, w.now))
				w.say(i.Channel, i, out)
				if !out {
					w.say(message.AllChannels, i, false)
				}
				c, err := w.store.Contact(acme, w.kim.ID)
				w.must(err)
				w.kim = c
			},
			"contact": func(*rapid.T) { w.change() },
			"erasure": func(*rapid.T) {
				_, err := w.store.EraseContact(acme, w.kim.ID, w.now)
				w.must(err)
				w.kim = mustChangeIn(w, kim("crm"))
			},
			"time": func(*rapid.T) {
				w.now = w.now.Add(2 * time.Minute)
				_, err := w.store.timers.fire()
				w.must(err)
			},
			"delivery": func(*rapid.T) { w.deliver() },
			"restart": func(*rapid.T) {
				w.must(w.store.Close())
				w.open()
			},
		})
		w.must(w.store.Close())
		report, err := Check("data", w.files)
		w.must(err)
		for _, f := range report.Findings {
			t.Errorf("%+v", f)
		}
	})
}

func mustChangeIn(w *consent, put message.ContactPut) message.Contact {
	put.At = w.now
	c, err := w.store.ChangeContact(put)
	w.must(err)
	return c
}

// What a contact shows is what is in force for its addresses.
func TestOptOutsShown(t *testing.T) {
	s := begun(onDir(t, vfs.NewMem()))
	phone := message.Identity{Channel: "sms", Address: "+821012345678"}
	put := kim("crm-1", phone)
	put.Change.OptOut = []message.OptOutChange{{Scope: "telegram", Out: true}}
	c := mustChange(t, s, put)
	want := func(when string, scopes ...string) {
		t.Helper()
		got, err := s.Contact(acme, c.ID)
		if err != nil || !slices.Equal(got.OptOut, scopes) {
			t.Errorf("%s: %v, %v; want %v", when, got.OptOut, err, scopes)
		}
	}
	want("at first", "telegram")
	if err := s.OptOut(acme, phone, true, noon); err != nil {
		t.Fatal(err)
	}
	want("after STOP", "sms", "telegram")
	mustChange(t, s, message.ContactPut{Owner: acme, ID: c.ID, At: noon, Change: message.ContactChange{Set: message.ContactFields, Identities: []message.Identity{phone}}})
	want("after a change that says nothing of it", "sms", "telegram")
	mustChange(t, s, message.ContactPut{Owner: acme, ID: c.ID, At: noon, Change: message.ContactChange{OptOut: []message.OptOutChange{{Scope: "sms"}}}})
	want("after opting in", "telegram")
}
