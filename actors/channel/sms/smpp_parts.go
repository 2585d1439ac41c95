package sms

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"sync"
	"time"

	"messagehub/store/message"
	"messagehub/store/message/json"
)

const (
	// maxParts bounds the messages of handsets that wait for parts; the oldest
	// are then handed over as they are.
	maxParts = 1000
	// partsFor is how long they wait. What is missing then has most likely been
	// lost on its way to the SMSC.
	partsFor = 30 * time.Minute
	// missingPart stands for one that has not come.
	missingPart = " […] "
)

// writtenParts puts the messages of handsets together that come in parts. They
// are written down before the SMSC is told that we have a part.
type writtenParts struct {
	mu      sync.Mutex
	waiting []*partedMessage // the oldest first
	changed bool
}

// partedMessage is a message in parts, as it is written down.
type partedMessage struct {
	First  writtenPart // the first that has come; without its body
	Bodies [][]byte    // nil: it has not come
	Began  int64       // Unix seconds
}

// add adds a part. One that comes again changes nothing.
func (w *writtenParts) add(p writtenPart, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := slices.IndexFunc(w.waiting, func(m *partedMessage) bool { return m.of(&p) })
	if i < 0 {
		first := p
		first.Body, first.Number = nil, 0
		i = len(w.waiting)
		w.waiting = append(w.waiting, &partedMessage{First: first, Bodies: make([][]byte, p.Total), Began: now.Unix()})
	}
	if p.Body == nil {
		p.Body = []byte{}
	}
	w.waiting[i].Bodies[p.Number-1], w.changed = p.Body, true
}

// of reports whether the part is of this message.
func (m *partedMessage) of(p *writtenPart) bool {
	f := &m.First
	return f.From == p.From && f.To == p.To && f.Reference == p.Reference && f.Total == p.Total && f.Coding == p.Coding
}

// due returns the messages that are whole, and those that wait no longer.
func (w *writtenParts) due(now time.Time) (due []*partedMessage) {
	w.mu.Lock()
	defer w.mu.Unlock()
	beyond := len(w.waiting) - maxParts
	for i, m := range w.waiting {
		if i < beyond || m.whole() || now.Unix()-m.Began >= int64(partsFor/time.Second) {
			due = append(due, m)
		}
	}
	return due
}

func (m *partedMessage) whole() bool {
	return !slices.ContainsFunc(m.Bodies, func(b []byte) bool { return b == nil })
}

// remove forgets messages that were handed over.
func (w *writtenParts) remove(gone []*partedMessage) {
	if len(gone) == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting = slices.DeleteFunc(w.waiting, func(m *partedMessage) bool { return slices.Contains(gone, m) })
	w.changed = true
}

// inbound joins the parts. A character may be divided between two of them, so
// stretches without a gap are read as one.
func (m *partedMessage) inbound() message.Inbound {
	var text string
	var stretch []byte
	kind, gap := message.KindText, false
	read := func() {
		var more string
		kind, more = m.First.text(stretch)
		text, stretch = text+more, nil
	}
	for _, body := range m.Bodies {
		if stretch = append(stretch, body...); body != nil {
			gap = false
			continue
		}
		if read(); !gap {
			text += missingPart
		}
		gap = true
	}
	read()
	in := m.First.inbound(nil)
	in.Kind, in.Text = kind, text
	in.ProviderID = m.First.id(text)
	return in
}

// inbound makes the message of a part that is all of it.
func (p *writtenPart) inbound(body []byte) message.Inbound {
	in := message.Inbound{From: p.From}
	if in.Kind, in.Text = p.text(body); p.Marked {
		in.ProviderID = p.id(in.Text)
	}
	return in
}

// id makes an id of what tells a message from others, for SMPP has none: who
// wrote what to whom, under which reference.
func (p *writtenPart) id(text string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%d\x00%d\x00%s", p.From, p.To, p.Reference, p.Total, text))
	return "mo-" + hex.EncodeToString(sum[:16])
}

// partsValue is the name under which the vault has the parts that wait.
const partsValue = "parts"

func (a *smppAdapter) loadParts() {
	if a.vault == nil {
		return
	}
	b, err := a.vault.Load(partsValue)
	var all []*partedMessage
	if err != nil || b == nil || json.Unmarshal(b, &all) != nil {
		return
	}
	a.parts.mu.Lock()
	defer a.parts.mu.Unlock()
	for _, m := range all {
		if m != nil && m.First.Total == len(m.Bodies) && m.First.Total > 0 {
			a.parts.waiting = append(a.parts.waiting, m)
		}
	}
}

// saveParts writes down what waits, if that has changed.
func (a *smppAdapter) saveParts() error {
	a.parts.mu.Lock()
	defer a.parts.mu.Unlock()
	if a.vault == nil || !a.parts.changed {
		return nil
	}
	b, err := json.Marshal(a.parts.waiting)
	if err != nil {
		return err
	}
	if err := a.vault.Save(partsValue, b); err != nil {
		return err
	}
	a.parts.changed = false
	return nil
}
