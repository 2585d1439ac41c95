package smsc

import (
	"slices"
	"strconv"
	"strings"
	"sync"
)

// assembly puts the parts of long messages together.
type assembly struct {
	mu      sync.Mutex
	waiting map[string]*assembled
}

// assembled is a message; id is the ids of its parts, joined by "+".
type assembled struct {
	text, id          string
	texts, units, ids []string
	left              int
}

// add adds a part, and returns the message once it is whole. A part that comes
// again replaces itself.
func (a *assembly) add(m *submit, id string) *assembled {
	if m.part.total <= 1 {
		return &assembled{text: m.text, id: id}
	}
	key := strings.Join([]string{m.source.number, m.dest.number, strconv.Itoa(m.part.reference), strconv.Itoa(m.part.total)}, "\x00")
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.waiting == nil {
		a.waiting = make(map[string]*assembled)
	}
	whole := a.waiting[key]
	if whole == nil {
		n := m.part.total
		whole = &assembled{texts: make([]string, n), units: make([]string, n), ids: make([]string, n), left: n}
		a.waiting[key] = whole
	}
	if whole.ids[m.part.number-1] == "" {
		whole.left--
	}
	i := m.part.number - 1
	whole.texts[i], whole.units[i], whole.ids[i] = m.text, m.units, id
	if whole.left > 0 {
		return nil
	}
	delete(a.waiting, key)
	whole.text, whole.id = strings.Join(whole.texts, ""), strings.Join(whole.ids, "+")
	if !slices.Contains(whole.units, "") {
		whole.text, _ = decodeUCS2([]byte(strings.Join(whole.units, "")))
	}
	return whole
}
