package telegram

import (
	"sync"
	"time"
)

// manyChats is from how many chats on their limits are taken for the bot's.
const manyChats = 3

// floods tells the bot's limit from a chat's own: Telegram answers both
// alike. The zero value is ready; it is safe for concurrent use.
type floods struct {
	mu sync.Mutex
	// until holds when the pauses end. Invariant: at most manyChats.
	until map[string]time.Time
}

// wide records that Telegram asked for a pause towards chat, and reports
// whether so many chats are pausing that it must be the bot's own.
func (f *floods) wide(chat string, pause time.Duration, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c, until := range f.until {
		if !now.Before(until) {
			delete(f.until, c)
		}
	}
	if f.until == nil {
		f.until = make(map[string]time.Time, manyChats)
	}
	if _, ok := f.until[chat]; ok || len(f.until) < manyChats {
		f.until[chat] = now.Add(max(pause, time.Second))
	}
	return len(f.until) >= manyChats
}
