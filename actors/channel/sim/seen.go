package sim

import "sync"

// maxSeen bounds each generation of a seen.
const maxSeen = 1 << 16

// seen counts how often keys came, and forgets the oldest ones.
type seen struct {
	mu       sync.Mutex
	now, old map[string]int
}

// Tries returns how often key was asked for before, and counts this time. It
// is what [World.Script] wants to know; of the keys, about the last 65,000
// are remembered.
func (w *World) Tries(key string) int { return w.seen.next(key) }

func (s *seen) next(key string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.now) >= maxSeen || s.now == nil {
		s.old, s.now = s.now, make(map[string]int)
	}
	n, ok := s.now[key]
	if !ok {
		n = s.old[key]
	}
	s.now[key] = n + 1
	return n
}

func (s *seen) reset() {
	s.mu.Lock()
	s.now, s.old = nil, nil
	s.mu.Unlock()
}
