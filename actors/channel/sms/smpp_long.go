package sms

import (
	"strings"
	"sync"
	"time"

	"messagehub/store/message"
	"messagehub/store/message/json"
)

const (
	// maxLong bounds the long messages that wait for receipts; the oldest are
	// forgotten.
	maxLong = 20_000
	// maxEarly bounds the receipts of parts that have come before their answer.
	maxEarly = 10_000
	// earlyFor is how long they are kept.
	earlyFor = time.Minute
	// maxJoined bounds the joined ids of a long message.
	maxJoined = 400
)

// longMessages makes the receipts of a message of those of its parts. The id
// of a message in parts is the ids of its parts, joined by "+": a receipt of a
// part alone, should the parts be forgotten, is then not taken for the
// message's.
type longMessages struct {
	mu      sync.Mutex
	byPart  map[string]*longMessage
	order   []*longMessage // the oldest first
	changed bool
	sending int // long messages under way
	early   map[string]earlyReceipt
	// unreported are receipts that were due before anybody could be told.
	unreported []message.Receipt
}

// longMessage is a message in parts, as it is written down.
type longMessage struct {
	ID        string           `json:"id"`
	Parts     []string         `json:"parts"`
	Delivered []bool           `json:"delivered"`
	Failure   *message.Failure `json:"failure,omitempty"`
}

type earlyReceipt struct {
	message.Receipt
	until time.Time
}

// begin says that the parts of a message are being sent: receipts may come
// before add.
func (l *longMessages) begin() {
	l.mu.Lock()
	l.sending++
	l.mu.Unlock()
}

// end follows begin.
func (l *longMessages) end() {
	l.mu.Lock()
	if l.sending--; l.sending == 0 {
		clear(l.early)
	}
	l.mu.Unlock()
}

// add returns the id of a message whose parts were all taken, and what early
// receipts of the parts say of it.
func (l *longMessages) add(ids []string) (id string, early []message.Receipt) {
	id = strings.Join(ids, "+")
	if len(id) > maxJoined {
		id = id[:maxJoined] + "+"
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.addLocked(&longMessage{ID: id, Parts: ids, Delivered: make([]bool, len(ids))})
	for _, part := range ids {
		if r, ok := l.early[part]; ok {
			delete(l.early, part)
			if out, ok := l.receiveLocked(r.Receipt); ok {
				early = append(early, out)
			}
		}
	}
	return id, early
}

func (l *longMessages) addLocked(m *longMessage) {
	if l.byPart == nil {
		l.byPart = make(map[string]*longMessage)
	}
	if len(l.order) >= maxLong {
		for _, part := range l.order[0].Parts {
			delete(l.byPart, part)
		}
		l.order = l.order[1:]
	}
	l.order = append(l.order, m)
	for _, part := range m.Parts {
		l.byPart[part] = m
	}
	l.changed = true
}

// receive makes what is to be reported of a receipt: of one that is of no
// known part, itself.
func (l *longMessages) receive(r message.Receipt) (message.Receipt, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byPart[r.ProviderID] != nil {
		return l.receiveLocked(r)
	}
	if l.sending > 0 {
		l.keepLocked(r)
	}
	return r, true
}

// receiveLocked records a part's receipt. The message is delivered once every
// part is, and failed as soon as one is; a receipt that comes again says the
// same again.
func (l *longMessages) receiveLocked(r message.Receipt) (message.Receipt, bool) {
	m := l.byPart[r.ProviderID]
	part := r.ProviderID
	r.ProviderID = m.ID
	switch r.Status {
	case message.Failed:
		m.Failure, l.changed = r.Failure, true
	case message.Delivered:
		whole := true
		for i := range m.Parts {
			if m.Parts[i] == part {
				m.Delivered[i], l.changed = true, true
			}
			whole = whole && m.Delivered[i]
		}
		if m.Failure == nil && !whole {
			return r, false
		}
	}
	if m.Failure != nil {
		r.Status, r.Failure = message.Failed, m.Failure
	}
	return r, true
}

// keepLocked keeps a receipt that may be of a part whose answer is not known
// yet.
func (l *longMessages) keepLocked(r message.Receipt) {
	now := time.Now()
	if l.early == nil {
		l.early = make(map[string]earlyReceipt)
	}
	if len(l.early) >= maxEarly {
		for id, e := range l.early {
			if now.After(e.until) {
				delete(l.early, id)
			}
		}
	}
	if len(l.early) < maxEarly {
		l.early[r.ProviderID] = earlyReceipt{r, now.Add(earlyFor)}
	}
}

// snapshot returns what is to be written down; nil if nothing has changed.
func (l *longMessages) snapshot() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.changed {
		return nil
	}
	l.changed = false
	b, err := json.Marshal(l.order)
	if err != nil {
		panic("BUG: long messages can't be encoded: " + err.Error())
	}
	return b
}

// restore reads what snapshot wrote.
func (l *longMessages) restore(b []byte) {
	var all []*longMessage
	if json.Unmarshal(b, &all) != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range all {
		if m != nil && len(m.Parts) == len(m.Delivered) {
			l.addLocked(m)
		}
	}
}

// longValue is the name under which the vault has the long messages.
const longValue = "long"

func (a *smppAdapter) loadLong() {
	if a.vault == nil {
		return
	}
	if b, err := a.vault.Load(longValue); err == nil && b != nil {
		a.long.restore(b)
	}
}

// saveLong writes down what waits for receipts, and reports what could not be
// reported before. What can't be written is tried again with the next change.
func (a *smppAdapter) saveLong() {
	a.reportLater(nil)
	if a.vault == nil {
		return
	}
	if b := a.long.snapshot(); b != nil && a.vault.Save(longValue, b) != nil {
		a.long.mu.Lock()
		a.long.changed = true
		a.long.mu.Unlock()
	}
}

// reportLater reports receipts that have been answered for already. What is
// not taken waits for the next time.
func (a *smppAdapter) reportLater(more []message.Receipt) {
	a.long.mu.Lock()
	all := append(a.long.unreported, more...)
	a.long.unreported = nil
	a.long.mu.Unlock()
	if len(all) == 0 || a.report != nil && a.report(all) == nil {
		return
	}
	a.long.mu.Lock()
	a.long.unreported = append(a.long.unreported, all...)
	a.long.mu.Unlock()
}
