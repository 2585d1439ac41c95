package sim

import "sync"

// maxKept bounds each generation of a memory.
const maxKept = 1 << 16

// memory keeps texts by key, and forgets the oldest ones.
type memory struct {
	mu       sync.Mutex
	now, old map[string]string
}

// Recall returns what was kept under key: what a provider that knows
// idempotency keys has answered to one. Of the keys, about the last 65,000 are
// remembered.
func (w *World) Recall(key string) (value string, ok bool) {
	m := &w.memory
	m.mu.Lock()
	defer m.mu.Unlock()
	if value, ok = m.now[key]; !ok {
		value, ok = m.old[key]
	}
	return value, ok
}

// Keep keeps value under key.
func (w *World) Keep(key, value string) {
	m := &w.memory
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.now) >= maxKept || m.now == nil {
		m.old, m.now = m.now, make(map[string]string)
	}
	m.now[key] = value
}

func (m *memory) reset() {
	m.mu.Lock()
	m.now, m.old = nil, nil
	m.mu.Unlock()
}
