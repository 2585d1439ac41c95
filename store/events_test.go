package store

import (
	"slices"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"messagehub/store/message"
)

// TestFeedHasNoGaps polls the feed while messages are accepted and settled at
// the same time: who goes on from where he was misses nothing.
func TestFeedHasNoGaps(t *testing.T) {
	s, e := started(t, vfs.NewMem())
	const callers, each = 8, 40
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for range each {
				id := mustAccept(t, s, testOutbound())
				mustFold(t, s, id, message.Fact{Kind: message.Cancel, At: noon})
			}
		})
	}
	var read []message.Event
	after := message.Position(0)
	for len(read) < 2*callers*each {
		page, err := s.Events(1, after, 7)
		if err != nil {
			t.Fatal(err)
		}
		read = append(read, page...)
		if len(page) > 0 {
			after = page[len(page)-1].Position
		}
	}
	wg.Wait()
	if !slices.Equal(read, e.events) {
		t.Error("what was read is not what was observed")
	}
	if more, err := s.Events(1, after, 7); err != nil || len(more) != 0 {
		t.Errorf("%d more, %v", len(more), err)
	}
	if none, err := s.Events(1, ^message.Position(0), 7); err != nil || len(none) != 0 {
		t.Errorf("%d behind the end, %v", len(none), err)
	}
}

// TestListIsBounded: a page that finds nothing ends all the same, and says
// where to go on.
func TestListIsBounded(t *testing.T) {
	s, _ := started(t, vfs.NewMem())
	first := testOutbound()
	first.Reference = "wanted"
	want := mustAccept(t, s, first)
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			for range maxScan / 100 {
				mustAccept(t, s, testOutbound())
			}
		})
	}
	wg.Wait()
	q := message.Query{Reference: "wanted"}
	page, err := s.List(1, q)
	if err != nil || len(page.Messages) != 0 || page.Next == 0 {
		t.Fatalf("%d messages, next %d, %v", len(page.Messages), page.Next, err)
	}
	q.After = page.Next
	page, err = s.List(1, q)
	if err != nil || len(page.Messages) != 1 || page.Messages[0].Outbound.ID != want || page.Next != 0 {
		t.Fatalf("%+v, %v", page, err)
	}
}
