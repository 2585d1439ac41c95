package relay

import (
	"hash/maphash"
	"net/netip"
	"sync"

	"messagehub/store/message"
)

const (
	failureSets = 1024
	failureWays = 8
)

// failures gives every client address a budget of requests without a valid
// key. A whole /64 of IPv6 is one address. Memory is fixed: when more
// addresses fail at once than there is room for, the one whose budget is
// fullest is forgotten.
type failures struct {
	seed maphash.Seed
	sets [failureSets]failureSet
}

type failureSet struct {
	mu   sync.Mutex
	ways [failureWays]struct {
		address uint64
		bucket  bucket
	}
}

func newFailures(perMinute int) *failures {
	f := &failures{seed: maphash.MakeSeed()}
	f.setLimit(int64(perMinute))
	return f
}

// setLimit changes the budget of every address.
func (f *failures) setLimit(perMinute int64) {
	for i := range f.sets {
		for k := range f.sets[i].ways {
			f.sets[i].ways[k].bucket.limit.Store(perMinute)
		}
	}
}

// take charges one failure to an address.
func (f *failures) take(addr netip.Addr, now message.Time) quota {
	address := f.hash(addr)
	set := &f.sets[address%failureSets]
	set.mu.Lock()
	defer set.mu.Unlock()
	victim := 0
	for i := range set.ways {
		w := &set.ways[i]
		if w.address == address {
			return w.bucket.take(now)
		}
		if w.bucket.full.Load() < set.ways[victim].bucket.full.Load() {
			victim = i
		}
	}
	w := &set.ways[victim]
	w.address = address
	w.bucket.full.Store(0)
	return w.bucket.take(now)
}

func (f *failures) hash(addr netip.Addr) uint64 {
	if addr.Is6() {
		prefix, _ := addr.Prefix(64) // never fails: an IPv6 address has 64 bits
		addr = prefix.Addr()
	}
	return maphash.Comparable(f.seed, addr)
}
