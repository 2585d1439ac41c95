package webhook

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"messagehub/store/message"
)

const noon = message.Time(1_800_000_000_000)

// feedOf returns n events, three for each message, one position each.
func feedOf(n int) []message.Event {
	var out []message.Event
	for i := range n {
		out = append(out, message.Event{
			Position: message.At(uint64(i+1), 0), Workspace: 1, Message: message.NewID(message.At(uint64(i/3+1), 0), 1), Channel: "sms",
			Status: message.Sent, Entry: message.Entry{At: noon, ReceivedAt: noon, Type: message.MessageSent},
		})
	}
	return out
}

// bench is an outbox on a table: with a feed, and what is durable of it.
type bench struct {
	*outbox
	feed    []message.Event
	now     message.Time
	durable message.Outbox
	later   map[message.EventName]message.Redelivery
	replay  message.Replay
	log     []message.Delivery
}

func newBench(feed []message.Event) *bench {
	b := &bench{feed: feed, now: noon, later: map[message.EventName]message.Redelivery{}}
	b.restart()
	return b
}

// restart forgets all but what is durable.
func (b *bench) restart() {
	var later []message.Redelivery
	for _, r := range b.later {
		later = append(later, r)
	}
	slices.SortFunc(later, func(x, y message.Redelivery) int { return compareNames(x.Event, y.Event) })
	b.outbox = newOutbox(b.durable, later, b.replay)
	b.outbox.configure(&message.Endpoint{})
	b.disableAfter = 5 * 24 * time.Hour
}

// read fills the outbox.
func (b *bench) read() {
	for {
		s, after := b.outbox.read()
		if s == nil {
			return
		}
		i := slices.IndexFunc(b.feed, func(e message.Event) bool { return e.Position > after })
		if i < 0 {
			i = len(b.feed)
		}
		page := b.feed[i:min(i+pageSize, len(b.feed))]
		b.add(s, page, len(page) == pageSize)
	}
}

// write makes durable what has changed.
func (b *bench) write() {
	s, ok := b.take()
	if !ok {
		return
	}
	b.durable = s.Outbox
	for _, r := range s.Later {
		b.later[r.Event] = r
	}
	for _, name := range s.Done {
		delete(b.later, name)
	}
	if s.Replay != nil {
		b.replay = *s.Replay
	}
	b.log = append(b.log, s.Log...)
}

// deliver begins and settles one delivery; false: there was nothing to do.
func (b *bench) deliver(outcome message.DeliveryOutcome, random float64) (flight, bool) {
	b.read()
	f, ok := b.next(b.now)
	if ok {
		b.settle(b.now, f.event.Name(), result{outcome: outcome}, random)
		b.write()
	}
	return f, ok
}

// Whatever fails and whenever the process ends, an event is delivered, given
// up, waits behind the cursor or waits as a redelivery; and in the end nothing
// is left.
func TestNoEventIsForgotten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := newBench(feedOf(rapid.IntRange(1, 120).Draw(t, "events")))
		over := map[message.EventName]bool{}
		check := func() {
			for _, e := range b.feed {
				if _, waits := b.later[e.Name()]; !over[e.Name()] && !waits && e.Position <= b.durable.Cursor {
					t.Fatalf("event %d is forgotten", e.Position.Sequence())
				}
			}
		}
		outcomes := rapid.SampledFrom([]message.DeliveryOutcome{
			message.DeliveryDone, message.DeliveryDone, message.RefusedStatus, message.DeliveryTimeout, message.EventRemoved,
		})
		t.Repeat(map[string]func(*rapid.T){
			"send": func(t *rapid.T) {
				b.read()
				messages := map[message.ID]bool{}
				for f, ok := b.next(b.now); ok; f, ok = b.next(b.now) {
					if f.known && messages[f.event.Message] {
						t.Fatal("two events of a message are under way")
					}
					messages[f.event.Message] = true
				}
				if len(b.flights) > maxWindow {
					t.Fatalf("%d deliveries under way", len(b.flights))
				}
			},
			"land": func(t *rapid.T) {
				for name := range b.flights {
					outcome := outcomes.Draw(t, "outcome")
					logged := b.state.Logged
					b.settle(b.now, name, result{outcome: outcome, after: time.Duration(rapid.IntRange(0, 50).Draw(t, "after")) * time.Second}, rapid.Float64Range(0, 0.99).Draw(t, "random"))
					if line := b.changes.Log[len(b.changes.Log)-1]; outcome == message.DeliveryDone || line.GivenUp {
						over[name] = true
					}
					if b.state.Logged != logged+1 {
						t.Fatal("a delivery is not logged")
					}
				}
			},
			"write": func(*rapid.T) { b.write() },
			"pass": func(t *rapid.T) {
				b.now = b.now.Add(time.Duration(rapid.IntRange(1, 100_000).Draw(t, "seconds")) * time.Second)
			},
			"restart": func(*rapid.T) { b.restart() },
			"":        func(*rapid.T) { check() },
		})
		b.restart()
		for {
			f, ok := b.deliver(message.DeliveryDone, 0)
			if ok {
				over[f.event.Name()] = true
				continue
			}
			at := b.wake(b.now)
			if at == 0 {
				break
			}
			if at <= b.now {
				t.Fatal("it spins")
			}
			b.now = at
		}
		check()
		if len(over) != len(b.feed) || len(b.later) != 0 {
			t.Fatalf("%d of %d events, %d wait", len(over), len(b.feed), len(b.later))
		}
	})
}

// One event that can't be delivered is tried again from 5 seconds to a day
// apart, and then given up; the events behind it go on.
func TestOneBadEventHoldsNothingUp(t *testing.T) {
	b := newBench(feedOf(30))
	bad := b.feed[0].Name()
	tries, good, first := 0, 0, b.now
	var gaps []time.Duration
	last := b.now
	for {
		b.read()
		f, ok := b.next(b.now)
		if !ok {
			at := b.wake(b.now)
			if at == 0 {
				break
			}
			b.now = at
			continue
		}
		outcome := message.DeliveryDone
		if f.event.Name() == bad {
			outcome = message.RefusedStatus
			if tries++; tries > 1 {
				gaps = append(gaps, b.now.Sub(last))
			}
			last = b.now
		} else if good++; good == 29 && b.now != first {
			t.Errorf("the others are delivered after %s", b.now.Sub(first))
		}
		b.settle(b.now, f.event.Name(), result{outcome: outcome}, 0.999999999)
		b.write()
	}
	want := "5s 30s 2m0s 10m0s 30m0s 1h0m0s 3h0m0s 6h0m0s 12h0m0s 24h0m0s"
	var got []string
	for _, g := range gaps {
		got = append(got, g.Round(time.Second).String())
	}
	if strings.Join(got, " ") != want || good != 29 || tries != 11 {
		t.Errorf("%d tries, %v apart, %d others", tries, got, good)
	}
	if line := b.log[len(b.log)-1]; !line.GivenUp || line.Attempt != 11 || line.NextAt != 0 || b.durable.Cursor != b.feed[29].Position {
		t.Errorf("%+v, cursor %d", line, b.durable.Cursor)
	}
}

// Five failures in a row, of more than one event, and the endpoint is down:
// one probe at a time, and no event uses up its tries. The first success ends
// that, and everything is due.
func TestDownEndpointIsProbed(t *testing.T) {
	b := newBench(feedOf(200))
	var gaps []time.Duration
	last := b.now
	for len(gaps) < 20 {
		if _, ok := b.deliver(message.ConnectionFailed, 0.999999999); ok {
			gaps = append(gaps, b.now.Sub(last))
			last = b.now
			continue
		}
		b.now = b.wake(b.now)
	}
	if !b.down() || gaps[19].Round(time.Second) != probeMost || len(b.later) > downAfter {
		t.Errorf("down %v, %v apart, %d redeliveries", b.down(), gaps, len(b.later))
	}
	for _, r := range b.later {
		if r.Attempts > 2 {
			t.Errorf("%+v has used up tries", r)
		}
	}
	b.restart() // and it stays so
	b.now = b.wake(b.now)
	b.read()
	f, ok := b.next(b.now)
	if _, second := b.next(b.now); !ok || second || !f.probe || f.event.Position != b.feed[0].Position {
		t.Fatalf("%+v, %v, %v", f, ok, second)
	}
	b.settle(b.now, f.event.Name(), result{outcome: message.DeliveryDone}, 0)
	delivered := 1
	for at := b.now; ; delivered++ {
		if _, ok := b.deliver(message.DeliveryDone, 0); !ok {
			break
		} else if b.now != at {
			t.Error("the rest waits")
		}
	}
	if delivered != len(b.feed) || b.window != maxWindow || b.state.Health != (message.EndpointHealth{}) {
		t.Errorf("%d of %d, window %d, %+v", delivered, len(b.feed), b.window, b.state.Health)
	}
}

func TestReasonsToDisable(t *testing.T) {
	b := newBench(feedOf(10))
	b.read()
	f, _ := b.next(b.now)
	if reason := b.settle(b.now, f.event.Name(), result{outcome: message.EndpointGone, status: 410}, 0); reason != message.DisabledGone {
		t.Errorf("410: %s", reason)
	}
	b.configure(&message.Endpoint{Disabled: message.DisabledGone})
	if _, ok := b.next(b.now); ok || b.wake(b.now) != 0 {
		t.Error("a disabled endpoint gets events")
	}
	b.configure(&message.Endpoint{})
	if again, ok := b.next(b.now); !ok || again.event != f.event {
		t.Errorf("enabled again, it begins with %+v, not where it was", again)
	}
	b = newBench(feedOf(10))
	since := b.now
	for {
		b.read()
		f, ok := b.next(b.now)
		if !ok {
			b.now = b.wake(b.now)
			continue
		}
		if reason := b.settle(b.now, f.event.Name(), result{outcome: message.DeliveryTimeout}, 0.5); reason != message.NotDisabled {
			if days := b.now.Sub(since); reason != message.DisabledFailing || days < b.disableAfter || days > b.disableAfter+probeMost {
				t.Errorf("%s after %s", reason, days)
			}
			return
		}
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	b := newBench(feedOf(5))
	b.read()
	f, _ := b.next(b.now)
	b.settle(b.now, f.event.Name(), result{outcome: message.RefusedStatus, status: 429, after: time.Hour}, 0)
	if _, ok := b.next(b.now.Add(time.Hour - 1)); ok || b.wake(b.now) != b.now.Add(time.Hour) {
		t.Error("the endpoint is not left alone")
	}
	if _, ok := b.next(b.now.Add(time.Hour)); !ok {
		t.Error("nothing goes on")
	}
}

// A replay delivers what is meant, once more, after what is new; and goes on
// after a restart.
func TestReplay(t *testing.T) {
	feed := feedOf(100)
	for i := range feed {
		feed[i].Entry.ReceivedAt = noon.Add(time.Duration(i) * time.Minute)
		feed[i].Test = i%10 == 9
	}
	b := newBench(feed[:60])
	for ok := true; ok; {
		_, ok = b.deliver(message.DeliveryDone, 0)
	}
	b.rerun(message.Replay{
		Next: 0, End: message.At(61, 0), Since: noon.Add(20 * time.Minute), Until: noon.Add(55 * time.Minute),
	})
	b.write()
	b.feed = feed
	b.live.ended = false
	var got []uint64
	for i := 0; ; i++ {
		if i == 50 {
			b.restart()
		}
		f, ok := b.deliver(message.DeliveryDone, 0)
		if !ok {
			break
		}
		got = append(got, f.event.Position.Sequence())
	}
	var want []uint64
	for i := range feed[60:] {
		if !feed[60+i].Test {
			want = append(want, uint64(61+i))
		}
	}
	for i := 20; i < 55; i++ {
		if !feed[i].Test {
			want = append(want, uint64(i+1))
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) || b.replay.Has() || b.bounds.Has() {
		t.Errorf("%v\nwant %v; %+v", got, want, b.replay)
	}
	if !b.again(feed[3].Name(), b.now) {
		t.Fatal("no room")
	}
	if f, ok := b.deliver(message.DeliveryDone, 0); !ok || f.event.Name() != feed[3].Name() || len(b.later) != 0 {
		t.Errorf("one event again: %+v, %v", f, ok)
	}
}

// What can't be kept as a redelivery any more waits where it is.
func TestRedeliveriesAreBounded(t *testing.T) {
	b := newBench(feedOf(4 * maxRedeliveries))
	for ok := true; ok; { // now and then a success: the endpoint is never down
		b.read()
		var f flight
		if f, ok = b.next(b.now); ok {
			outcome := message.RefusedStatus
			if f.event.Position.Sequence()%3 == 0 {
				outcome = message.DeliveryDone
			}
			b.settle(b.now, f.event.Name(), result{outcome: outcome}, 0.9)
			b.write()
		}
	}
	if len(b.later) != maxRedeliveries || len(b.live.events) > maxWindow+pageSize {
		t.Errorf("%d redeliveries, %d events in memory", len(b.later), len(b.live.events))
	}
	for i := range b.feed {
		if !b.again(b.feed[i].Name(), b.now) {
			return
		}
	}
	t.Error("there is no bound to what a client can ask for")
}
