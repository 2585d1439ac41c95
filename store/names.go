package store

import (
	"maps"
	"strings"
	"sync"
	"sync/atomic"
)

// maxNames bounds what names remembers; senders are configured, so there are
// few.
const maxNames = 1024

// names keeps one copy of each sender's name, so that a job needs none of its
// own. Looking a name up takes no lock.
type names struct {
	adding sync.Mutex
	known  atomic.Pointer[map[string]string]
}

// of returns a string equal to name that the caller may keep.
func (n *names) of(name string) string {
	if name == "" {
		return ""
	}
	if known := n.known.Load(); known != nil {
		if kept, ok := (*known)[name]; ok {
			return kept
		}
	}
	return n.add(strings.Clone(name))
}

func (n *names) add(name string) string {
	n.adding.Lock()
	defer n.adding.Unlock()
	grown := map[string]string{}
	if known := n.known.Load(); known != nil {
		if len(*known) >= maxNames {
			return name
		}
		grown = maps.Clone(*known)
	}
	grown[name] = name
	n.known.Store(&grown)
	return name
}
