package relay

import (
	"encoding/json"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"messagehub/store/message"
	"messagehub/store/message/mutate"
)

type listing struct {
	Data []struct{ ID string }
	Page struct{ Next *string }
}

func (d *door) list(query string) listing {
	d.t.Helper()
	a := d.ask("GET", "/api/v1/messages?"+query, d.live, "")
	var l listing
	if err := json.Unmarshal([]byte(a.body), &l); err != nil || a.status != 200 {
		d.t.Fatalf("%v: %d %s", err, a.status, a.body)
	}
	return l
}

func TestListIsPaged(t *testing.T) {
	d := openDoor(t, nil)
	var want []string
	for range 7 {
		want = append([]string{d.log.put(ours, plain()).String()}, want...)
	}
	d.log.put(theirs, plain())
	var got []string
	query := "limit=3"
	for pages := 1; ; pages++ {
		l := d.list(query)
		for _, m := range l.Data {
			got = append(got, m.ID)
		}
		if l.Page.Next == nil {
			if pages != 3 {
				t.Errorf("%d pages, want 3", pages)
			}
			break
		}
		query = "limit=3&after=" + *l.Page.Next
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEmptyListIsAList(t *testing.T) {
	a := openDoor(t, nil)
	if got := a.ask("GET", "/api/v1/messages", a.live, ""); got.body != `{"data":[],"page":{"next":null}}` {
		t.Errorf("got %s", got.body)
	}
}

func TestListPassesFiltersOn(t *testing.T) {
	d := openDoor(t, nil)
	from := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	cursor := string(appendCursor(nil, message.At(99, 3)))
	d.list("status=failed&channel=sms&to=%2B14155550100&reference=a%20b&from=2026-01-02T03:04:05Z&until=2026-01-02T05:04:06%2B01:00&limit=200&after=" + cursor)
	want := message.Query{
		Status: message.Failed, Channel: "sms", To: "+14155550100", Reference: "a b", Limit: 200,
		From: message.TimeOf(from), Until: message.TimeOf(from.Add(time.Hour + time.Second)), After: message.At(99, 3),
	}
	if diff := cmp.Diff(want, d.log.lastQuery()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	d.list("")
	if diff := cmp.Diff(message.Query{Limit: defaultLimit}, d.log.lastQuery()); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
	d.ask("GET", "/api/v1/messages", d.test, "")
	if !d.log.lastQuery().Test {
		t.Error("a test key lists live messages")
	}
}

// A plus sign means a space in a query. Nobody means a space before a phone
// number or inside a time.
func TestListForgivesAnUnescapedPlus(t *testing.T) {
	d := openDoor(t, nil)
	d.list("to=+14155550100&from=2026-01-02T03:04:05+00:00")
	q := d.log.lastQuery()
	if q.To != "+14155550100" || q.From != message.TimeOf(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)) {
		t.Errorf("got %+v", q)
	}
}

func TestListNamesEveryFault(t *testing.T) {
	d := openDoor(t, nil)
	a := d.ask("GET", "/api/v1/messages?status=pending&channel=fax&limit=201&after=zzz&from=yesterday&limit=3&sort=asc&to=", d.live, "")
	p := d.wants(a, 400, InvalidParameter)
	got := make(map[string]string)
	for _, e := range p.Error.Errors {
		got[e.Param+" "+e.Code] = e.Message
	}
	for _, want := range []string{
		"status invalid_parameter", "channel unsupported_channel", "limit invalid_parameter", "after invalid_cursor",
		"from invalid_parameter", "limit duplicate_parameter", "sort unknown_parameter", "to invalid_parameter",
	} {
		if got[want] == "" {
			t.Errorf("no fault %q in %v", want, got)
		}
	}
	if len(p.Error.Errors) != 8 {
		t.Errorf("%d faults, want 8: %v", len(p.Error.Errors), got)
	}
	if len(d.log.queries) != 0 {
		t.Error("a bad query reached the log")
	}
}

func TestListBadValues(t *testing.T) {
	d := openDoor(t, nil)
	for query, code := range map[string]Code{
		"limit=0":                            InvalidParameter,
		"limit=-1":                           InvalidParameter,
		"limit=1.5":                          InvalidParameter,
		"limit=99999999999999999999":         InvalidParameter,
		"status=SENT":                        InvalidParameter,
		"status=unknown":                     InvalidParameter,
		"status":                             InvalidParameter,
		"from=1700000000":                    InvalidParameter,
		"from=1960-01-01T00:00:00Z":          InvalidParameter,
		"Status=sent":                        UnknownParameter,
		"status%00=sent":                     UnknownParameter,
		"after=" + string(make([]byte, 0)):   InvalidParameter,
		"after=AAAAAAAAAAAAAAA":              InvalidCursor,
		"to=" + longText(maxFilter+1):        InvalidParameter,
		"reference=" + longText(maxFilter+1): InvalidParameter,
		"from=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z": InvalidParameter,
	} {
		d.wants(d.ask("GET", "/api/v1/messages?"+query, d.live, ""), 400, code)
	}
}

func longText(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = 'a'
	}
	return string(b)
}

// A query of thousands of faults must not make an answer of thousands.
func TestListBoundsItsFaults(t *testing.T) {
	d := openDoor(t, nil)
	query := url.Values{}
	for i := range 300 {
		query.Set("x"+strconv.Itoa(i), "")
	}
	p := d.wants(d.ask("GET", "/api/v1/messages?"+query.Encode(), d.live, ""), 400, UnknownParameter)
	if n := len(p.Error.Errors); n != maxQueryFaults {
		t.Errorf("%d faults, want %d", n, maxQueryFaults)
	}
}

func TestCursorRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := message.At(rapid.Uint64Range(1, message.MaxSequence).Draw(t, "sequence"), rapid.IntRange(0, message.MaxIndex).Draw(t, "index"))
		got, ok := parseCursor(string(appendCursor(nil, p)))
		if !ok || got != p {
			t.Fatalf("%d came back as %d, %v", p, got, ok)
		}
	})
}

func FuzzParseCursor(f *testing.F) {
	seeds := []string{"", "AQAAAAAAAAAAAA"}
	for _, p := range []message.Position{message.At(1, 0), message.At(77, 4095), message.At(message.MaxSequence, message.MaxIndex)} {
		seeds = append(seeds, string(appendCursor(nil, p)))
	}
	mutate.Strings(f, seeds, func(t testing.TB, text string) {
		p, ok := parseCursor(text)
		if !ok {
			return
		}
		if again := string(appendCursor(nil, p)); again != text {
			t.Errorf("%q and %q are the same cursor", text, again)
		}
	})
}
