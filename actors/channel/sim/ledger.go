package sim

import (
	"bytes"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/s2"

	"messagehub/store/message"
	"messagehub/store/message/json"
)

// Received is a line of the ledger: one request that a provider took as a
// message to deliver.
type Received struct {
	At         message.Time `json:"at"` // Unix milliseconds
	Channel    string       `json:"channel"`
	Account    string       `json:"account,omitempty"` // the sender's id at the provider
	To         string       `json:"to"`
	Text       string       `json:"text,omitempty"`
	Ref        string       `json:"ref,omitempty"` // our correlation value, where the wire carries one
	ProviderID string       `json:"providerId"`
	Answered   bool         `json:"answered"` // false: the answer was withheld on purpose
}

// page is how much of the ledger is kept uncompressed.
const page = 1 << 20

// Ledger records what the simulated providers received, in order, as NDJSON;
// all but the last page of it is kept compressed. It is safe for concurrent
// use.
type Ledger struct {
	mu    sync.Mutex
	pages [][]byte // full, compressed
	last  []byte
	lines int
	off   bool
	tee   io.Writer
	err   error // of tee, the first
}

// NewLedger returns an empty Ledger.
func NewLedger() *Ledger { return &Ledger{} }

// Off makes the ledger keep nothing from now on: for a World that runs as long
// as its relay and that nobody audits.
func (l *Ledger) Off() {
	l.mu.Lock()
	l.off = true
	l.mu.Unlock()
}

// Tee writes every line from now on to w as well, before Add returns.
func (l *Ledger) Tee(w io.Writer) {
	l.mu.Lock()
	l.tee = w
	l.mu.Unlock()
}

// Add records r. Where Tee has a writer, r is written when Add returns, so a
// provider that answers afterwards never knows more than its ledger.
func (l *Ledger) Add(r Received) {
	line, err := json.Marshal(r)
	if err != nil {
		panic(fmt.Sprintf("BUG: a ledger line can't be encoded: %v", err))
	}
	line = append(line, '\n')
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.off {
		return
	}
	if len(l.last)+len(line) > page {
		l.pages = append(l.pages, s2.Encode(nil, l.last))
		l.last = l.last[:0]
	}
	l.last = append(l.last, line...)
	l.lines++
	if l.tee == nil || l.err != nil {
		return
	}
	if _, err := l.tee.Write(line); err != nil {
		l.err = fmt.Errorf("write ledger: %w", err)
	}
}

// Err returns the first error of the writer given to Tee.
func (l *Ledger) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// Len returns the number of lines.
func (l *Ledger) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines
}

// Reset empties the ledger.
func (l *Ledger) Reset() {
	l.mu.Lock()
	l.pages, l.last, l.lines = nil, nil, 0
	l.mu.Unlock()
}

// Lines returns a copy of all lines from the given one on.
func (l *Ledger) Lines(from int) []Received {
	var all bytes.Buffer
	if _, err := l.WriteTo(&all); err != nil {
		panic(fmt.Sprintf("BUG: the ledger can't be read back: %v", err))
	}
	var out []Received
	for i := 0; all.Len() > 0; i++ {
		line, _ := all.ReadBytes('\n')
		if i < from {
			continue
		}
		var r Received
		if err := json.Unmarshal(line, &r); err != nil {
			panic(fmt.Sprintf("BUG: a ledger line can't be read back: %v", err))
		}
		out = append(out, r)
	}
	return out
}

// WriteTo writes the ledger as NDJSON.
func (l *Ledger) WriteTo(w io.Writer) (int64, error) {
	l.mu.Lock()
	pages, last := l.pages[:len(l.pages):len(l.pages)], bytes.Clone(l.last)
	l.mu.Unlock()
	total := int64(0)
	for _, p := range pages {
		b, err := s2.Decode(nil, p)
		if err != nil {
			return total, fmt.Errorf("read ledger: %w", err)
		}
		n, err := w.Write(b)
		if total += int64(n); err != nil {
			return total, fmt.Errorf("write ledger: %w", err)
		}
	}
	n, err := w.Write(last)
	return total + int64(n), err
}
