package store

import (
	"cmp"
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"messagehub/store/message"
)

// maxLanes and maxChannelName bound what callers can make the store remember.
const (
	maxLanes       = 256
	maxChannelName = 32
)

// errChannel is the answer to a message for a channel that can't be one.
var errChannel = errors.New("channel name is empty, too long or one too many")

// lane is a lane that the store has seen. Lanes are few and stay for ever.
type lane struct {
	message.Lane
	// pending counts the lane's backlog, as the committer has written it.
	pending atomic.Int64
	// oldest is, for each shard, a position before which no row is pending.
	// Invariant: it only grows, because rows are added at the log's end.
	oldest []atomic.Uint64
}

// lanes finds lanes without a lock; adding one copies the set.
type lanes struct {
	shards int
	adding sync.Mutex
	set    atomic.Pointer[laneSet]
}

type laneSet struct {
	found  map[message.Lane]*lane
	sorted []*lane
}

func newLanes(shards int) *lanes {
	l := &lanes{shards: shards}
	l.set.Store(&laneSet{})
	return l
}

// find returns the lane, or nil if the store has never seen it.
func (l *lanes) find(key message.Lane) *lane { return l.set.Load().found[key] }

// of returns the lane, making it if need be. It keeps none of key's memory.
func (l *lanes) of(key message.Lane) *lane {
	if found := l.find(key); found != nil {
		return found
	}
	l.adding.Lock()
	defer l.adding.Unlock()
	old := l.set.Load()
	if found := old.found[key]; found != nil {
		return found
	}
	key.Channel = strings.Clone(key.Channel)
	made := &lane{Lane: key, oldest: make([]atomic.Uint64, l.shards)}
	found := maps.Clone(old.found)
	if found == nil {
		found = make(map[message.Lane]*lane)
	}
	found[key] = made
	sorted := append(slices.Clone(old.sorted), made)
	slices.SortFunc(sorted, compareLanes)
	l.set.Store(&laneSet{found, sorted})
	return made
}

// admit is of for a name that a caller made up.
func (l *lanes) admit(key message.Lane) (*lane, error) {
	if found := l.find(key); found != nil {
		return found, nil
	}
	known := len(l.set.Load().sorted)
	if key.Channel == "" || len(key.Channel) > maxChannelName || strings.Contains(key.Channel, "\x00") || known >= maxLanes {
		return nil, errChannel
	}
	return l.of(key), nil
}

func compareLanes(a, b *lane) int {
	return cmp.Or(strings.Compare(a.Channel, b.Channel), cmp.Compare(bit(a.Test), bit(b.Test)))
}

// appendCounts appends the pending count of each lane that has any.
func (l *lanes) appendCounts(dst []byte) []byte {
	n, at := 0, len(dst)
	dst = append(dst, 0, 0)
	for _, lane := range l.set.Load().sorted {
		if count := lane.pending.Load(); count > 0 {
			n++
			dst = append(appendString(dst, lane.Channel), bit(lane.Test))
			dst = binary.AppendUvarint(dst, uint64(count))
		}
	}
	binary.BigEndian.PutUint16(dst[at:], uint16(n))
	return dst
}
