package webhook

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"messagehub/store/message"
)

// memStore is a store in memory that keeps all a Deliverer needs.
type memStore struct {
	mu        sync.Mutex
	sequence  uint64
	feeds     map[message.WorkspaceID][]message.Event
	endpoints map[message.ID]message.Endpoint
	outboxes  map[message.ID]message.Outbox
	later     map[message.ID]map[message.EventName]message.Redelivery
	replays   map[message.ID]message.Replay
	log       map[message.ID][]message.Delivery
	audits    []message.AuditEntry
	// told is called with each event that is durable.
	told func(*message.Event)
	// refuse answers the next edits.
	refuse []error
}

func newMemStore() *memStore {
	return &memStore{
		feeds: map[message.WorkspaceID][]message.Event{}, endpoints: map[message.ID]message.Endpoint{}, outboxes: map[message.ID]message.Outbox{},
		later: map[message.ID]map[message.EventName]message.Redelivery{}, replays: map[message.ID]message.Replay{},
		log: map[message.ID][]message.Delivery{}, told: func(*message.Event) {},
	}
}

// happen appends an event of a message to the workspace's feed.
func (s *memStore) happen(ws message.WorkspaceID, test bool, t message.EntryType) message.Event {
	now := message.TimeOf(time.Now())
	e := message.Event{
		Workspace: ws, Test: test, Channel: "sms", Status: message.Sent, CreatedAt: now,
		Entry: message.Entry{At: now, ReceivedAt: now, Type: t},
	}
	return s.append(e, true)
}

func (s *memStore) append(e message.Event, ofMessage bool) message.Event {
	s.mu.Lock()
	s.sequence++
	e.Position = message.At(s.sequence, 0)
	if ofMessage {
		e.Message = message.NewID(e.Position, 7)
	}
	s.feeds[e.Workspace] = append(s.feeds[e.Workspace], e)
	s.mu.Unlock()
	s.told(&e)
	return e
}

func (s *memStore) Publish(e message.Event) error { s.append(e, false); return nil }

func (s *memStore) Events(ws message.WorkspaceID, after message.Position, limit int) ([]message.Event, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	feed := s.feeds[ws]
	i, _ := slices.BinarySearchFunc(feed, after+1, func(e message.Event, p message.Position) int { return cmp.Compare(e.Position, p) })
	return slices.Clone(feed[i:min(i+limit, len(feed))]), nil
}

func (s *memStore) Event(ws message.WorkspaceID, name message.EventName) (message.Event, error) {
	events, _ := s.Events(ws, name.Position-1, 1)
	if len(events) == 0 || events[0].Name() != name {
		return message.Event{}, message.ErrNotFound
	}
	return events[0], nil
}

func (s *memStore) Reference(message.WorkspaceID, message.ID) (reference, metadata string, err error) {
	return "order-1", `{"k":1}`, nil
}

func (s *memStore) Inbound(message.Owner, message.ID) (message.Inbound, error) {
	return message.Inbound{}, message.ErrNotFound
}

func (s *memStore) FeedSpan(message.Time) (first, end message.Position, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return 0, message.At(s.sequence+1, 0), nil
}

func (s *memStore) Outbox(_ message.WorkspaceID, id message.ID) (message.Outbox, []message.Redelivery, message.Replay, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.endpoints[id]; !ok {
		return message.Outbox{}, nil, message.Replay{}, message.ErrNotFound
	}
	var later []message.Redelivery
	for _, r := range s.later[id] {
		later = append(later, r)
	}
	slices.SortFunc(later, func(a, b message.Redelivery) int { return compareNames(a.Event, b.Event) })
	return s.outboxes[id], later, s.replays[id], nil
}

func (s *memStore) Settle(_ message.WorkspaceID, id message.ID, what *message.Settlement) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.endpoints[id]; !ok {
		return message.ErrNotFound
	}
	s.outboxes[id] = what.Outbox
	for _, r := range what.Later {
		s.later[id][r.Event] = r
	}
	for _, name := range what.Done {
		delete(s.later[id], name)
	}
	if what.Replay != nil {
		s.replays[id] = *what.Replay
	}
	s.log[id] = append(s.log[id], what.Log...)
	return nil
}

func (s *memStore) Deliveries(_ message.WorkspaceID, id message.ID, _ uint64, limit int) ([]message.Delivery, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := slices.Clone(s.log[id])
	slices.Reverse(all)
	return all[:min(limit, len(all))], nil
}

func (s *memStore) Endpoint(ws message.WorkspaceID, id message.ID) (message.Endpoint, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.endpoints[id]
	if !ok || e.Workspace != ws {
		return message.Endpoint{}, message.ErrNotFound
	}
	return e, nil
}

func (s *memStore) Endpoints(ws message.WorkspaceID) ([]message.Endpoint, error) {
	all, _ := s.AllEndpoints()
	return slices.DeleteFunc(all, func(e message.Endpoint) bool { return e.Workspace != ws }), nil
}

func (s *memStore) AllEndpoints() ([]message.Endpoint, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []message.Endpoint
	for _, e := range s.endpoints {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b message.Endpoint) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return all, nil
}

func (s *memStore) PutEndpoint(e message.Endpoint, why ...message.AuditEntry) (message.Endpoint, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.refuse) > 0 {
		err := s.refuse[0]
		s.refuse = s.refuse[1:]
		return e, err
	}
	old, ok := s.endpoints[e.ID]
	if old.Revision != e.Revision {
		return e, message.ErrRevision
	}
	if !ok {
		s.outboxes[e.ID] = message.Outbox{Cursor: message.At(s.sequence, 0)}
		s.later[e.ID] = map[message.EventName]message.Redelivery{}
	}
	e.Revision++
	s.endpoints[e.ID] = e
	s.audits = append(s.audits, why...)
	return e, nil
}

func (s *memStore) DeleteEndpoint(_ message.WorkspaceID, id message.ID, why ...message.AuditEntry) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.endpoints, id)
	s.audits = append(s.audits, why...)
	return nil
}

func (s *memStore) Audit(e message.AuditEntry) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.audits = append(s.audits, e)
	return nil
}

func (s *memStore) actions() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, e := range s.audits {
		out = append(out, e.Action)
	}
	return strings.Join(out, " ")
}

// plainSealer seals in a way that a test can look through.
type plainSealer struct{}

func (plainSealer) Seal(name string, value []byte) ([]byte, error) {
	return append([]byte(name+"|"), value...), nil
}

func (plainSealer) Open(name string, sealed []byte) ([]byte, error) {
	value, ok := bytes.CutPrefix(sealed, []byte(name+"|"))
	if !ok {
		return nil, errors.New("sealed under another name")
	}
	return value, nil
}

// consumers answer for the hosts of URLs. A host without one refuses the
// connection.
type consumers struct {
	mu      sync.Mutex
	answer  map[string]func(*http.Request) (int, http.Header, error)
	got     map[string][]string // ids by host, in order
	seen    map[string]map[string]bool
	tried   map[string]int
	headers map[string]http.Header // of the last request
}

func newConsumers() *consumers {
	return &consumers{
		answer: map[string]func(*http.Request) (int, http.Header, error){}, got: map[string][]string{}, seen: map[string]map[string]bool{},
		tried: map[string]int{}, headers: map[string]http.Header{},
	}
}

func (c *consumers) set(host string, answer func(*http.Request) (int, http.Header, error)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer[host] = answer
}

func always(status int) func(*http.Request) (int, http.Header, error) {
	return func(*http.Request) (int, http.Header, error) { return status, nil, nil }
}

func (c *consumers) RoundTrip(r *http.Request) (*http.Response, error) {
	host := r.URL.Host
	c.mu.Lock()
	answer := c.answer[host]
	c.tried[host]++
	c.headers[host] = r.Header.Clone()
	c.mu.Unlock()
	if answer == nil {
		return nil, errors.New("connection refused")
	}
	status, header, err := answer(r)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if id := r.Header.Get("Webhook-Id"); status == 200 {
		c.got[host] = append(c.got[host], id)
		if c.seen[host] == nil {
			c.seen[host] = map[string]bool{}
		}
		c.seen[host][id] = true
	}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(""))}, nil
}

func (c *consumers) count(host string) (got, distinct, tried int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.got[host]), len(c.seen[host]), c.tried[host]
}

// office is a Deliverer at work.
type office struct {
	*Deliverer
	t      *testing.T
	store  *memStore
	net    *consumers
	cancel context.CancelFunc
	ended  chan struct{}

	mu       sync.Mutex
	attempts []Attempt
}

func openOffice(t *testing.T, s *memStore, net *consumers) *office {
	t.Helper()
	return openOfficeWith(t, s, net, func(*Options) {})
}

func openOfficeWith(t *testing.T, s *memStore, net *consumers, change func(*Options)) *office {
	o := &office{t: t, store: s, net: net, ended: make(chan struct{})}
	options := Options{
		Feed: s, Outboxes: s, Messages: s, Book: s, Editor: s, History: s, Audit: s, Publisher: s, Sealer: plainSealer{},
		Rules:        Rules{Guard: NewGuard(nil), HTTP: true, Timeout: 15 * time.Second},
		DisableAfter: 5 * 24 * time.Hour, Drain: 7 * time.Second, Transport: net,
		Now: func() message.Time { return message.TimeOf(time.Now()) }, Logger: slog.New(slog.DiscardHandler),
		Observe: func(a Attempt) {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.attempts = append(o.attempts, a)
		},
	}
	change(&options)
	o.Deliverer = NewDeliverer(options)
	s.told = o.Tell
	var ctx context.Context
	ctx, o.cancel = context.WithCancel(context.Background())
	go func() {
		defer close(o.ended)
		if err := o.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	return o
}

func (o *office) close() {
	o.cancel()
	<-o.ended
}

// endpoint makes an endpoint of workspace 1 at a host.
func (o *office) endpoint(host string, types ...string) message.Endpoint {
	o.t.Helper()
	url := "https://" + host + "/in?token=s3cret"
	e, secret, err := o.Create(someone(), Change{URL: &url, Types: &types})
	if err != nil || !strings.HasPrefix(secret, secretPrefix) {
		o.t.Fatal(secret, err)
	}
	return e
}

func someone() Who {
	return Who{Workspace: 1, Actor: "key_1", Address: "192.0.2.1", RequestID: "req_1", At: message.TimeOf(time.Now())}
}
