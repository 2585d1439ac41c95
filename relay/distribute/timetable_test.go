package distribute

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"messagehub/store/message"
)

// morning is the window that most tests have.
func morning() message.Window {
	return message.Window{From: 9 * 60, To: 20 * 60, Zone: message.RecipientZone, Default: "UTC"}
}

// TestRecipientsOwnWindow: a message waits for the morning where its recipient
// lives.
func TestRecipientsOwnWindow(t *testing.T) {
	plan := message.DistributionPlan{Contents: []message.Step{text("sms", "x")}, Tags: []string{"a"}, Window: morning()}
	seoul, none := person(1, "a", message.Identity{Channel: "sms", Address: phone(1)}), person(2, "a", message.Identity{Channel: "sms", Address: phone(2)})
	seoul.Timezone = "Asia/Seoul"
	w := newWorld(plan, nil, []message.Contact{seoul, none})
	w.clock = func() message.Time { return at(t, "2027-01-15T12:00:00Z") }
	w.run(t.Context())
	if len(w.sent) != 2 || w.sent[0].ScheduledAt != at(t, "2027-01-16T00:00:00Z") || w.sent[1].ScheduledAt != 0 {
		t.Errorf("%+v", w.sent)
	}
}

// goes returns when a message may go.
func goes(o *message.Outbound) message.Time { return max(o.CreatedAt, o.ScheduledAt) }

// keeps fails unless the moments keep to a rate, and each is in the window of its
// zone. One burst of messages may be made a moment early.
func keeps(t rapid.TB, w message.Window, perSecond int, moments []message.Time, zones []string) {
	t.Helper()
	for i, m := range moments {
		if opens(w, zones[i], m) != m {
			t.Fatalf("message %d goes at %s, which is night in %s", i, m.Std(), zones[i])
		}
	}
	sorted := slices.Sorted(slices.Values(moments))
	for i, from := range sorted {
		n, _ := slices.BinarySearch(sorted[i:], from+second)
		if most := perSecond + perSecond/burst; n > most {
			t.Fatalf("%d messages in the second from %s, want %d", n, from.Std(), most)
		}
	}
}

// TestRateAndWindowOverRestarts: contacts of four zones, the process ends every
// now and then: each gets its message in the daytime where he lives, and never
// are more sent in a second than the rate says, not in the mornings either.
func TestRateAndWindowOverRestarts(t *testing.T) {
	zones := []string{"Asia/Seoul", "Europe/Berlin", "America/New_York", ""}
	inBubble(t, func(t *testing.T) {
		random := rand.New(rand.NewPCG(1, 2))
		const n, rate = 3000, 20
		var contacts []message.Contact
		zoneOf := map[message.ID]string{}
		for i := range n {
			c := person(i+1, "a", message.Identity{Channel: "sms", Address: phone(i)})
			c.Timezone = zones[random.IntN(len(zones))]
			zoneOf[c.ID] = c.Timezone
			contacts = append(contacts, c)
		}
		w := newWorld(message.DistributionPlan{
			Contents: []message.Step{text("sms", "x")}, Tags: []string{"a"}, PerSecond: rate, Window: morning(),
		}, nil, contacts)
		runs := 0
		for ; w.d.Progress.State != message.DistributionCompleted; runs++ {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+random.IntN(30_000))*time.Millisecond)
			w.run(ctx)
			cancel()
		}
		var moments []message.Time
		var lives []string
		waited := 0
		for i := range w.sent {
			o := &w.sent[i]
			moments = append(moments, goes(o))
			lives = append(lives, cmp.Or(zoneOf[o.Contact], "UTC"))
			if o.ScheduledAt != 0 {
				waited++
			}
		}
		if len(moments) != n || runs < 4 || waited < n/4 {
			t.Fatalf("%d messages in %d runs, %d of them wait", len(moments), runs, waited)
		}
		keeps(t, morning(), rate, moments, lives)
	})
}

// TestTimetable: whatever is booked, the bookings stay sorted, few and apart, no
// two messages have one place, and none is out of its window.
func TestTimetable(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		table := timetable{perSecond: rapid.IntRange(1, 5000).Draw(rt, "rate")}
		w := message.Window{From: rapid.IntRange(0, 1439).Draw(rt, "from"), To: rapid.IntRange(0, 1439).Draw(rt, "to"), Zone: message.RecipientZone}
		if w.From == w.To {
			w.To = (w.From + 1) % minutes
		}
		zones := []string{"Asia/Seoul", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"}
		now := at(t, "2027-03-27T12:00:00Z")
		var moments []message.Time
		var lives []string
		for range rapid.IntRange(1, 400).Draw(rt, "messages") {
			zone := rapid.SampledFrom(zones).Draw(rt, "zone")
			if when := table.slot(w, zone, now); when != 0 {
				moments, lives = append(moments, when), append(lives, zone)
			}
			now += message.Time(rapid.IntRange(0, 3_600_000).Draw(rt, "pass"))
		}
		booked := 0
		for i, b := range table.booked {
			booked += b.N
			if i > 0 && table.end(table.booked[i-1]) >= b.From {
				rt.Fatalf("bookings meet: %+v", table.booked)
			}
		}
		if len(table.booked) > message.MaxBookings || booked < len(moments) {
			rt.Fatalf("%d bookings of %d messages, for %d", len(table.booked), booked, len(moments))
		}
		keeps(rt, w, table.perSecond, moments, lives)
	})
}

const minutes = 24 * 60

// TestReleasedAtTheRate: what a pause has withheld goes by the rate and the
// window too, over restarts, and before anything more is made.
func TestReleasedAtTheRate(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		const rate = 100
		seoul, berlin := person(1, ""), person(2, "")
		seoul.Timezone, berlin.Timezone = "Asia/Seoul", "Europe/Berlin" // 9 and 1 o'clock when a bubble begins
		w := newWorld(message.DistributionPlan{
			Contents: []message.Step{text("sms", "x")}, PerSecond: rate, Window: morning(),
		}, addressees(100), []message.Contact{seoul, berlin})
		for range 4 {
			w.held = append(w.held, nil, slices.Repeat([]*message.Outbound{{Contact: seoul.ID}, {Contact: berlin.ID}}, 3))
		}
		w.d.Progress.Spans, w.d.Progress.Held = 8, 8
		began := w.clock()
		stop := 0
		w.crash = func() bool { stop++; return stop%3 == 0 }
		for w.d.Progress.Held > 0 {
			w.run(t.Context())
		}
		waits := map[message.Time]int{}
		for _, m := range w.gone {
			waits[m.At]++
		}
		dawn := at(t, "2000-01-01T08:00:00Z")
		if want := map[message.Time]int{0: 12, dawn: 2, dawn + 20: 2, dawn + 40: 2, dawn + 60: 2, dawn + 80: 2, dawn + 100: 2}; !maps.Equal(waits, want) || len(w.sent) != 0 {
			t.Fatalf("released at %v, want %v; %d made", waits, want, len(w.sent))
		}
		if took := w.clock() - began; took < 3*second/20 {
			t.Errorf("released within %d ms", took)
		}
		if w.crash = nil; w.d.Progress.NextAt < began+second/5 {
			t.Errorf("the next ones are made at %s", w.d.Progress.NextAt.Std())
		}
	})
}

// TestStanding: who is behind his rate, and for how long, is told; what became
// of recipients is counted.
func TestStanding(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := newWorld(message.DistributionPlan{Contents: []message.Step{text("sms", "x")}, PerSecond: 10}, append(addressees(20), message.Addressee{Contact: message.ID{9}}), nil)
		var sum message.DistributionCounts
		w.counted = func(n message.DistributionCounts) { sum.Add(n) }
		look := func(span time.Duration) Standing {
			ctx, cancel := context.WithTimeout(t.Context(), span)
			defer cancel()
			w.run(ctx)
			return w.runner.Standing()
		}
		if s := look(time.Second); s != (Standing{Expanding: 1}) {
			t.Errorf("in time: %+v", s)
		}
		w.pending = 100
		if s := look(30 * time.Second); s.Expanding != 1 || s.Behind < 29*time.Second {
			t.Errorf("lanes are full: %+v", s)
		}
		w.pending, w.resting = 0, false
		if s := look(time.Minute); s != (Standing{Running: 1}) {
			t.Errorf("all made: %+v", s)
		}
		w.d.Progress.State = message.Paused
		if s := look(time.Minute); s != (Standing{Paused: 1}) {
			t.Errorf("paused: %+v", s)
		}
		if want := (message.DistributionCounts{Recipients: 21, Messages: 20, Invalid: 1}); sum != want {
			t.Errorf("counted %+v, want %+v", sum, want)
		}
	})
}

var errGone = errors.New("contacts are gone")

// noContacts finds nobody, for a reason that is not that there is nobody.
type noContacts struct{ *world }

func (noContacts) Contact(message.Owner, message.ID) (message.Contact, error) {
	return message.Contact{}, errGone
}

// TestReleaseNeedsTheZone: nothing goes while it is not known where its
// recipient lives.
func TestReleaseNeedsTheZone(t *testing.T) {
	d := &message.Distribution{Plan: message.DistributionPlan{Window: morning()}, Progress: message.DistributionProgress{Spans: 1, Held: 1}}
	w := &world{held: [][]*message.Outbound{{{Contact: message.ID{1}}}}}
	r := New(Options{Book: w, Contacts: noContacts{}})
	if e, err := r.released(d, 1); !errors.Is(err, errGone) {
		t.Errorf("released %+v, %v", e, err)
	}
}
