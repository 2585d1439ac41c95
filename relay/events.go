package relay

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"messagehub/relay/webhook"
	"messagehub/store/message"
)

// EventLog holds the events of workspaces, in the order of the log.
type EventLog interface {
	Events(ws message.WorkspaceID, after message.Position, limit int) ([]message.Event, error)
	webhook.Messages
	// FeedSpan returns, among others, where the feed ends now.
	FeedSpan(since message.Time) (first, end message.Position, err error)
}

// maxFeedScan is how many events are looked at for one answer, where few are
// asked for.
const maxFeedScan = 2000

// feedQuery asks for a part of the feed.
type feedQuery struct {
	test  bool
	after message.EventName // zero: from the oldest on
	// latest: from what happens next on, instead.
	latest bool
	types  []string // empty: all
	limit  int
	wait   time.Duration
}

// feedPage is an answer to a feedQuery.
type feedPage struct {
	events []message.Event
	// next is where the next page begins.
	next message.EventName
	more bool
}

// events is GET /api/v1/events.
func (s *Server) events(c *call) {
	q := feedQuery{test: c.key.Test, limit: defaultLimit}
	if faults := readQuery(c, feedParameters(), &q); len(faults) > 0 {
		c.refuse(faults)
		return
	}
	err := s.skipToLatest(c, &q)
	var page feedPage
	if err == nil {
		page, err = s.awaitFeed(c, &q)
	}
	var body []byte
	if err == nil {
		c.inLog = true
		body, err = appendFeed(c.buf[:0], &page, s.o.Events)
		c.inLog = false
	}
	if err != nil {
		c.failLog(err)
		return
	}
	c.buf = body
	c.write(200, c.buf)
}

func feedParameters() []parameter[feedQuery] {
	return []parameter[feedQuery]{
		{"after", readEvent},
		{"limit", func(_ *Server, value string, q *feedQuery) *Fault { return readCount(value, &q.limit) }},
		{"type", readTypes},
		{"wait", readWait},
	}
}

func readEvent(_ *Server, value string, q *feedQuery) *Fault {
	if value == latestEvent {
		q.latest = true
		return nil
	}
	name, err := message.ParseEventName(value)
	if err != nil {
		return &Fault{Code: InvalidCursor, Message: "after is not a cursor of ours; pass page.next of the previous answer as it was, the id of an event, or latest."}
	}
	q.after = name
	return nil
}

// latestEvent stands for the newest event in after.
const latestEvent = "latest"

// skipToLatest goes to the end of the feed, if that is asked for.
func (s *Server) skipToLatest(c *call, q *feedQuery) error {
	if !q.latest {
		return nil
	}
	c.inLog = true
	_, end, err := s.o.Events.FeedSpan(c.at)
	c.inLog = false
	// The last place before what comes next.
	q.after = message.EventName{Position: end - 1, Ordinal: math.MaxUint8}
	return err
}

func readTypes(_ *Server, value string, q *feedQuery) *Fault {
	known := webhook.TypeNames()
	for name := range strings.SplitSeq(value, ",") {
		if !slices.Contains(known, name) {
			return &Fault{Code: InvalidParameter, Message: "type must be " + oneOf(known) + ", or several of them with commas between, not " + strconv.Quote(shorten(name)) + "."}
		}
		q.types = append(q.types, name)
	}
	return nil
}

func readWait(_ *Server, value string, q *feedQuery) *Fault {
	most := int(maxWait / time.Second)
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 || n > most {
		return invalid(strconv.Quote(shorten(value)) + " is no wait; it is a whole number of seconds from 0 to " + strconv.Itoa(most) + ".")
	}
	q.wait = time.Duration(n) * time.Second
	return nil
}

// awaitFeed reads the feed; where it has nothing, again with each event of the
// workspace, until the wait is over.
func (s *Server) awaitFeed(c *call, q *feedQuery) (feedPage, error) {
	if q.wait == 0 || !s.waiters.enter() {
		return s.readFeed(c, q)
	}
	defer s.waiters.leave()
	what := waited{workspace: c.key.Workspace}
	wake := s.waiters.register(what)
	defer s.waiters.unregister(what, wake)
	timer := time.NewTimer(q.wait)
	defer timer.Stop()
	for {
		page, err := s.readFeed(c, q)
		if err != nil || len(page.events) > 0 || page.more {
			return page, err
		}
		q.after = page.next
		select {
		case <-wake:
		case <-timer.C:
			return page, nil
		case <-s.waiters.done:
			return page, nil
		}
	}
}

// readFeed reads one page.
func (s *Server) readFeed(c *call, q *feedQuery) (feedPage, error) {
	page := feedPage{next: q.after}
	// The position of after may have further events.
	from := max(q.after.Position, 1) - 1
	for scanned := 0; ; {
		c.inLog = true
		events, err := s.o.Events.Events(c.key.Workspace, from, q.limit)
		c.inLog = false
		if err != nil || len(events) == 0 {
			return page, err
		}
		for i := range events {
			if !behind(&events[i], page.next) {
				continue
			}
			if len(page.events) == q.limit || scanned == maxFeedScan {
				page.more = true
				return page, nil
			}
			scanned++
			if page.next = events[i].Name(); q.wants(&events[i]) {
				page.events = append(page.events, events[i])
			}
		}
		from = events[len(events)-1].Position
	}
}

// behind reports whether an event is behind another one in the feed.
func behind(e *message.Event, other message.EventName) bool {
	return e.Position > other.Position || (e.Position == other.Position && e.Ordinal > other.Ordinal)
}

func (q *feedQuery) wants(e *message.Event) bool {
	return e.Test == q.test && (len(q.types) == 0 || slices.Contains(q.types, e.Entry.Type.String()))
}

func appendFeed(dst []byte, page *feedPage, messages webhook.Messages) ([]byte, error) {
	dst = append(dst, `{"data":[`...)
	for i := range page.events {
		if i > 0 {
			dst = append(dst, ',')
		}
		body, err := webhook.Body(&page.events[i], messages)
		if err != nil {
			return nil, err
		}
		dst = append(dst, body...)
	}
	dst = append(dst, `],"page":{"next":`...)
	if page.next.Position == 0 {
		dst = append(dst, "null"...)
	} else {
		dst = append(dst, '"')
		dst = message.AppendID(dst, message.PrefixEvent, page.next.ID())
		dst = append(dst, '"')
	}
	dst = appendBoolMember(dst, "more", page.more)
	return append(dst, "}}"...), nil
}
