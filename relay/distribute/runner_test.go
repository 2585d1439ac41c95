package distribute

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"messagehub/store/message"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func phone(n int) string { return fmt.Sprintf("+1415555%04d", n) }

// TestEachRecipientOnce: the process ends again and again, before or after any
// step, and a recipient who is named twice, by address, as a contact and by two
// tags, has one message in the end.
func TestEachRecipientOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n, people := rapid.IntRange(0, 400).Draw(rt, "recipients"), rapid.IntRange(1, 200).Draw(rt, "contacts")
		random := rand.New(rand.NewPCG(uint64(rapid.Int64().Draw(rt, "seed")), 0))
		var contacts []message.Contact
		for i := range people {
			tags := [...]string{"a", "b", "a b", "c"}[random.IntN(4)]
			contacts = append(contacts, person(i+1, tags, message.Identity{Channel: "sms", Address: phone(random.IntN(300))}))
		}
		var recipients []message.Addressee
		want := map[string]bool{}
		for i := range n {
			p := message.Addressee{Index: i}
			if random.IntN(2) == 0 {
				c := contacts[random.IntN(people)]
				p.Contact = c.ID
				want[c.Address("sms")] = true
			} else {
				p.To = []message.Identity{{Channel: "sms", Address: phone(random.IntN(300))}}
				want[p.To[0].Address] = true
			}
			recipients = append(recipients, p)
		}
		for _, c := range contacts {
			if c.Tags[0] != "c" {
				want[c.Address("sms")] = true
			}
		}
		w := newWorld(message.DistributionPlan{Contents: []message.Step{text("sms", "hello")}, Tags: []string{"a", "b"}}, recipients, contacts)
		chance := rapid.IntRange(2, 20).Draw(rt, "chance")
		w.crash = func() bool { return random.IntN(chance) == 0 }
		for w.d.Progress.State != message.DistributionCompleted {
			w.run(t.Context())
		}
		got := map[string]int{}
		for _, o := range w.sent {
			got[o.Steps[0].To]++
		}
		for address, count := range got {
			if count != 1 || !want[address] {
				rt.Fatalf("%s has %d messages", address, count)
			}
		}
		c := w.d.Progress.Counts
		if len(got) != len(want) || c.Messages != len(got) || c.Recipients != c.Messages+c.Duplicates {
			rt.Fatalf("%d of %d have a message: %+v", len(got), len(want), c)
		}
	})
}

func addressees(n int) (out []message.Addressee) {
	for i := range n {
		out = append(out, message.Addressee{Index: i, To: []message.Identity{{Channel: "sms", Address: phone(i)}}})
	}
	return out
}

// TestRate: messages keep to the rate, also over a restart.
func TestRate(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(message.DistributionPlan{Contents: []message.Step{text("sms", "x")}, PerSecond: 100}, addressees(500), nil)
		began := w.clock()
		for end := 1; w.d.Progress.State != message.DistributionCompleted; end++ {
			ctx, cancel := context.WithTimeout(t.Context(), 1300*time.Millisecond)
			w.run(ctx)
			cancel()
		}
		perSecond := map[message.Time]int{}
		for _, o := range w.sent {
			perSecond[(o.CreatedAt-began)/1000]++
		}
		if len(w.sent) != 500 {
			t.Errorf("%d messages", len(w.sent))
		}
		for second, n := range perSecond {
			if n > 100 {
				t.Errorf("%d messages in second %d", n, second)
			}
		}
	})
}

// TestStepsAreBounded: however long the texts are, one operation of the log is
// not.
func TestStepsAreBounded(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(message.DistributionPlan{Contents: []message.Step{text("sms", strings.Repeat("x", 60_000))}}, addressees(100), nil)
		w.run(t.Context())
		if len(w.sent) != 100 || len(w.spans) != 6 {
			t.Errorf("%d messages in steps of %v", len(w.sent), w.spans)
		}
	})
}

// TestLanesThatHaveEnough: nothing is made for them until they have room.
func TestLanesThatHaveEnough(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(message.DistributionPlan{Contents: []message.Step{text("sms", "x")}}, addressees(3), nil)
		w.pending = 100
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		w.run(ctx)
		cancel()
		if len(w.sent) != 0 {
			t.Fatalf("%d messages for a full lane", len(w.sent))
		}
		w.pending = 99
		w.run(t.Context())
		if len(w.sent) != 3 || w.d.Progress.State != message.DistributionCompleted {
			t.Errorf("%d messages, %s", len(w.sent), w.d.Progress.State)
		}
	})
}

// TestCompletesWhenAllRest: the end is not told before the last message is over.
func TestCompletesWhenAllRest(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(message.DistributionPlan{Contents: []message.Step{text("sms", "x")}}, addressees(1), nil)
		w.resting = false
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		w.run(ctx)
		cancel()
		if w.d.Progress.State != message.Running {
			t.Fatalf("%s while a message is on its way", w.d.Progress.State)
		}
		w.resting = true
		w.run(t.Context())
		if w.d.Progress.State != message.DistributionCompleted {
			t.Errorf("%s", w.d.Progress.State)
		}
	})
}

// TestCanceledIsSwept: a cancel that comes while it waits for the rate is seen
// at once.
func TestCanceledIsSwept(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(message.DistributionPlan{Contents: []message.Step{text("sms", "x")}, PerSecond: 1}, addressees(10), nil)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		w.run(ctx)
		cancel()
		w.d.Progress.State = message.DistributionCanceled
		w.d.Version++
		ctx, cancel = context.WithTimeout(t.Context(), time.Millisecond)
		w.run(ctx)
		cancel()
		if w.d.Progress.Swept != 1 || len(w.sent) != 1 {
			t.Errorf("%d swept of %d messages", w.d.Progress.Swept, len(w.sent))
		}
	})
}

// TestRoute: who is sent to where, and who is not.
func TestRoute(t *testing.T) {
	sms, tg := message.Identity{Channel: "sms", Address: phone(1)}, message.Identity{Channel: "telegram", Address: "77"}
	wa := message.Identity{Channel: "whatsapp", Address: phone(1)}
	kim := person(1, "", sms, tg, wa)
	kim.ChannelOrder = []string{"telegram", "sms"}
	contents := []message.Step{text("whatsapp", "w"), text("sms", "s {{code}}"), text("telegram", "t")}
	contents[0].Params = []message.Param{{Name: "1", Value: "{{code}}"}}
	code := []message.Param{{Name: "code", Value: "42"}}
	for name, row := range map[string]struct {
		mode  message.RoutingMode
		fixed bool
		to    []message.Identity
		alone bool // no contact
		out   []message.Identity
		bare  bool // no params
		want  string
	}{
		"fallback, the contact's order":     {want: "telegram:77 sms:+14155550001 whatsapp:+14155550001"},
		"fallback, the client's order":      {fixed: true, want: "whatsapp:+14155550001 sms:+14155550001 telegram:77"},
		"first that the contact has":        {mode: message.RouteFirst, want: "telegram:77"},
		"all, a message on each":            {mode: message.RouteAll, fixed: true, want: "whatsapp:+14155550001 | sms:+14155550001 | telegram:77"},
		"addresses alone":                   {alone: true, to: []message.Identity{tg}, want: "telegram:77"},
		"an address goes before a contact":  {mode: message.RouteFirst, to: []message.Identity{{Channel: "telegram", Address: "88"}}, want: "telegram:88"},
		"no address":                        {alone: true, to: []message.Identity{{Channel: "viber", Address: "x"}}, want: "unroutable"},
		"opted out on one":                  {mode: message.RouteFirst, out: []message.Identity{tg}, want: "sms:+14155550001"},
		"opted out on all":                  {out: []message.Identity{tg, sms, wa}, want: "opted out"},
		"a parameter is missing":            {bare: true, want: "missing_parameter code"},
		"missing where it is not sent only": {mode: message.RouteFirst, bare: true, want: "telegram:77"},
	} {
		w := &world{optedOut: row.out}
		r := newRouter(owner, &message.DistributionPlan{Mode: row.mode, Fixed: row.fixed, Contents: contents}, nil, w)
		p, c := &message.Addressee{To: row.to, Params: code}, &kim
		if row.alone {
			c = nil
		}
		if row.bare {
			p.Params = nil
		}
		got, err := r.route(p, c)
		if err != nil {
			t.Fatal(err)
		}
		if s := shown(got); s != row.want {
			t.Errorf("%s: %s, want %s", name, s, row.want)
		}
	}
	if contents[1].Content != "s {{code}}" || contents[0].Params[0].Value != "{{code}}" {
		t.Error("the plan itself was rendered")
	}
}

func shown(r routed) (s string) {
	for i, chain := range r.chains {
		if i > 0 {
			s += " | "
		}
		for k, step := range chain {
			if k > 0 {
				s += " "
			}
			s += step.Channel + ":" + step.To
		}
	}
	switch {
	case r.optedOut:
		return "opted out"
	case r.param != "":
		return r.code + " " + r.param
	}
	return s + r.code
}

// TestSurvey counts what a distribution comes to before it is taken on.
func TestSurvey(t *testing.T) {
	kim := person(1, "", message.Identity{Channel: "sms", Address: phone(1)})
	w := &world{contacts: []message.Contact{kim}, optedOut: []message.Identity{{Channel: "sms", Address: phone(3)}}}
	to := func(i int, a string) message.Addressee {
		return message.Addressee{Index: i, To: []message.Identity{{Channel: "sms", Address: a}}, Params: []message.Param{{Name: "n", Value: "x"}}}
	}
	recipients := []message.Addressee{
		to(0, phone(1)),
		{Index: 1, Contact: kim.ID, Params: []message.Param{{Name: "n"}}},
		to(2, phone(3)),
		{Index: 3, To: []message.Identity{{Channel: "sms", Address: phone(4)}}},
		{Index: 4, Contact: message.ID{9}},
	}
	v := Surveyor{Contacts: w, OptOuts: w, Channels: []Channel{{Name: "sms", Segments: func(_ string, _ bool, text string) int { return len(text) }}}}
	got, err := v.Look(owner, &message.DistributionPlan{Contents: []message.Step{text("sms", "{{n}}y")}}, recipients, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	want := Survey{
		Counts:   message.DistributionCounts{Recipients: 5, Messages: 1, Invalid: 2, Duplicates: 1, OptedOut: 1},
		Invalid:  []message.InvalidRecipient{{Index: 3, Code: CodeMissing, Param: "n"}, {Index: 4, Contact: message.ID{9}, Code: CodeNoContact, Param: "contactId"}},
		Kept:     []message.Addressee{recipients[0], recipients[2]},
		Segments: 2,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
