package relay

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"messagehub/store/message"
	"messagehub/store/message/mutate"
)

// fakeFeed is a feed in memory.
type fakeFeed struct {
	mu     sync.Mutex
	events []message.Event
	fail   error
}

func (f *fakeFeed) add(events ...message.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events = append(f.events, events...)
}

// Events returns whole positions, as the store does.
func (f *fakeFeed) Events(ws message.WorkspaceID, after message.Position, limit int) ([]message.Event, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []message.Event
	for _, e := range f.events {
		if e.Workspace != ws || e.Position <= after {
			continue
		}
		if len(out) >= limit && e.Position != out[len(out)-1].Position {
			break
		}
		out = append(out, e)
	}
	return out, f.fail
}

// FeedSpan ends behind the last event.
func (f *fakeFeed) FeedSpan(message.Time) (first, end message.Position, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := len(f.events); n > 0 {
		first = f.events[n-1].Position
	}
	return 0, message.At(first.Sequence()+1, 0), f.fail
}

func (f *fakeFeed) Reference(message.WorkspaceID, message.ID) (reference, metadata string, err error) {
	return "", "", message.ErrNotFound
}

func (f *fakeFeed) Inbound(message.Owner, message.ID) (message.Inbound, error) {
	return message.Inbound{}, message.ErrNotFound
}

func eventAt(ws message.WorkspaceID, sequence uint64, ordinal int, t message.EntryType, test bool) message.Event {
	p := message.At(sequence, 0)
	return message.Event{
		Workspace: ws, Position: p, Ordinal: ordinal, Message: message.NewID(p, 1), Channel: "sms", Status: message.Sent, Test: test,
		CreatedAt: day, Entry: message.Entry{At: day, ReceivedAt: day, Type: t},
	}
}

// feedAnswer is an answer of the feed.
type feedAnswer struct {
	Data []struct{ ID, Type string }
	Page struct {
		Next *string
		More bool
	}
}

func (d *door) feed(query, key string) feedAnswer {
	d.t.Helper()
	a := d.ask("GET", "/api/v1/events?"+query, key, "")
	var f feedAnswer
	if err := json.Unmarshal([]byte(a.body), &f); err != nil || a.status != 200 {
		d.t.Fatalf("%v: %d %s", err, a.status, a.body)
	}
	return f
}

func openFeed(t *testing.T, events ...message.Event) (*door, *fakeFeed) {
	f := &fakeFeed{events: events}
	return openDoor(t, func(o *Options) { o.Events = f }), f
}

// Whatever the page size, whoever goes on from page.next sees each event of
// his once, in order, and nothing of anybody else's.
func TestFeedIsPagedWithoutGaps(t *testing.T) {
	var events []message.Event
	var want []string
	for i := range uint64(60) {
		for ordinal := range int(1 + i%4) {
			e := eventAt(ours, i+1, ordinal, message.MessageSent, i%5 == 0)
			if i%7 == 0 {
				e.Workspace = theirs
			} else if !e.Test {
				want = append(want, string(message.AppendID(nil, message.PrefixEvent, e.Name().ID())))
			}
			events = append(events, e)
		}
	}
	d, _ := openFeed(t, events...)
	for _, limit := range []int{1, 2, 3, 7, 200} {
		var got []string
		query := "limit=" + strconv.Itoa(limit)
		for next := ""; ; {
			f := d.feed(query+next, d.live)
			if len(f.Data) > limit {
				t.Fatalf("%d events, limit %d", len(f.Data), limit)
			}
			for _, e := range f.Data {
				got = append(got, e.ID)
			}
			if next = "&after=" + *f.Page.Next; !f.Page.More {
				if again := d.feed(query+next, d.live); len(again.Data) != 0 || *again.Page.Next != *f.Page.Next {
					t.Errorf("behind the end: %+v", again)
				}
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("limit %d: %d events, want %d\n%v", limit, len(got), len(want), got)
		}
	}
	if f := d.feed("", d.test); len(f.Data) == 0 || f.Data[0].ID == want[0] {
		t.Errorf("test key: %+v", f)
	}
}

// after=latest begins with what happens next, and what is returned there is a
// place like any other.
func TestFeedFromTheLatestEvent(t *testing.T) {
	d, log := openFeed(t)
	empty := *d.feed("after=latest", d.live).Page.Next
	log.add(eventAt(ours, 7, 0, message.MessageSent, false), eventAt(ours, 7, 1, message.MessageDelivered, false))
	latest := d.feed("after=latest", d.live)
	if len(latest.Data) != 0 || latest.Page.More {
		t.Errorf("it has old events: %+v", latest)
	}
	log.add(eventAt(ours, 8, 0, message.MessageRead, false))
	for after, want := range map[string]int{*latest.Page.Next: 1, empty: 3} {
		if f := d.feed("after="+after, d.live); len(f.Data) != want {
			t.Errorf("%d events behind %s, want %d", len(f.Data), after, want)
		}
	}
}

func TestFeedFilters(t *testing.T) {
	d, log := openFeed(t)
	if f := d.feed("", d.live); f.Page.Next != nil || f.Page.More || f.Data == nil {
		t.Errorf("an empty feed: %+v", f)
	}
	for i := range uint64(maxFeedScan + 10) {
		log.add(eventAt(ours, i+1, 0, message.MessageSent, false))
	}
	log.add(eventAt(ours, maxFeedScan+11, 0, message.MessageFailed, false), eventAt(ours, maxFeedScan+12, 0, message.MessageRead, false))
	f := d.feed("type=message.failed,message.read&limit=200", d.live)
	if len(f.Data) != 0 || !f.Page.More {
		t.Fatalf("a scan is not bounded: %+v", f)
	}
	if f = d.feed("type=message.failed,message.read&after="+*f.Page.Next, d.live); len(f.Data) != 2 || f.Data[0].Type != "message.failed" || f.Page.More {
		t.Errorf("%+v", f)
	}
}

func TestFeedRefuses(t *testing.T) {
	d, log := openFeed(t)
	for query, code := range map[string]Code{
		"after=AQAAAAAAAAAAAA": InvalidCursor, "after=evt_0": InvalidCursor, "after=" + message.NewID(1, 1).String(): InvalidCursor,
		"limit=0": InvalidParameter, "limit=201": InvalidParameter, "type=": InvalidParameter, "type=message.exploded": InvalidParameter,
		"type=message.sent,": InvalidParameter, "wait=31": InvalidParameter, "wait=-1": InvalidParameter, "wait=1&wait=2": DuplicateMember, "since=1": UnknownParameter,
	} {
		d.wants(d.ask("GET", "/api/v1/events?"+query, d.live, ""), 400, code)
	}
	log.fail = message.ErrUnavailable
	d.wants(d.ask("GET", "/api/v1/events", d.live, ""), 503, Unavailable)
}

// An id that is taken is one that an event can have, and written in one way.
func FuzzReadEvent(f *testing.F) {
	seeds := []string{"", "evt_0g000000000000200000000000", "evt_0g00000000000020000000000z", "msg_0g000000000000200000000000"}
	mutate.Strings(f, seeds, func(t testing.TB, text string) {
		var q feedQuery
		if readEvent(nil, text, &q) == nil && !q.latest {
			if again := string(message.AppendID(nil, message.PrefixEvent, q.after.ID())); again != text || q.after.Position == 0 {
				t.Fatalf("%q is %+v, which is %q", text, q.after, again)
			}
		}
	})
}

// A poll that waits is answered by the first event that it asks for.
func TestFeedWaits(t *testing.T) {
	d, log := openFeed(t)
	answers := make(chan feedAnswer, 1)
	go func() { answers <- d.feed("wait=30&type=message.read", d.live) }()
	d.awaitPoll()
	for i, typ := range []message.EntryType{message.MessageSent, message.MessageRead} {
		e := eventAt(ours, uint64(i+1), 0, typ, false)
		log.add(e)
		d.server.Observe(e)
	}
	select {
	case f := <-answers:
		if len(f.Data) != 1 || f.Data[0].Type != "message.read" {
			t.Errorf("%+v", f)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the event has woken nobody")
	}
	go func() {
		answers <- d.feed(fmt.Sprint("wait=30&after=", string(message.AppendID(nil, message.PrefixEvent, message.NewID(message.At(2, 0), 0)))), d.live)
	}()
	d.awaitPoll()
	d.server.Drain()
	if f := <-answers; len(f.Data) != 0 || !strings.HasPrefix(*f.Page.Next, "evt_") {
		t.Errorf("%+v", f)
	}
}

// awaitPoll waits until a poll is being held.
func (d *door) awaitPoll() {
	for d.server.waiters.count.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
}
