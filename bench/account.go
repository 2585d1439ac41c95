package bench

import (
	"bytes"
	"fmt"
	"sort"

	"messagehub/bench/load"
	"messagehub/bench/result"
)

// Account audits a run of any length message by message: what clients were
// promised, what the relay says, what the providers received. It keeps a few
// bytes of each message.
type Account struct {
	// MayWait: a message that has come to no end is no fault.
	MayWait bool
	// MayHold: nor is one whose last attempt is unknown, as after a crash: by
	// onUnknown it waits for a receipt.
	MayHold bool
	// Unanswered is how many messages clients sent without seeing an answer: so
	// many may be there that nobody was promised.
	Unanswered int64

	promised []load.Promise // by id
	seen     []bool
	received map[uint64]int // by number; nil: providers were not asked
	disorder map[uint64]bool
	counts   result.Audit
	broken   map[string]int // violations, and how often
	first    map[string]string
	unasked  int64
}

// NewAccount begins an audit of what was promised.
func NewAccount(of string, promised []load.Promise) *Account {
	a := &Account{
		promised: append([]load.Promise(nil), promised...), seen: make([]bool, len(promised)),
		counts: result.Audit{Of: of, Accepted: len(promised)}, broken: map[string]int{}, first: map[string]string{},
	}
	sort.Slice(a.promised, func(i, j int) bool { return bytes.Compare(a.promised[i].ID[:], a.promised[j].ID[:]) < 0 })
	for i := 1; i < len(a.promised); i++ {
		if a.promised[i].ID == a.promised[i-1].ID {
			a.fault("promised twice under one id", a.promised[i].ID.String())
		}
	}
	return a
}

func (a *Account) fault(what, id string) {
	if a.broken[what]++; a.broken[what] == 1 {
		a.first[what] = id
	}
}

// Receipt is a line of a provider's ledger: the number of a message that it
// took, and for whom.
type Receipt struct {
	N  uint64
	To string
}

// Received takes the providers' ledgers, each in its order. A recipient's
// messages are numbered in the order in which they were accepted.
func (a *Account) Received(ledgers ...[]Receipt) {
	a.received, a.disorder = map[uint64]int{}, map[uint64]bool{}
	for _, ledger := range ledgers {
		last := map[string]uint64{}
		for _, r := range ledger {
			if a.received[r.N]++; a.received[r.N] > 1 {
				continue
			}
			if r.N < last[r.To] {
				a.disorder[r.N] = true
			}
			last[r.To] = max(last[r.To], r.N)
		}
	}
}

// Told takes the relay's word about one message.
func (a *Account) Told(t Told) {
	var id load.ID
	copy(id[:], bytes.TrimPrefix([]byte(t.ID), []byte("msg_")))
	at := sort.Search(len(a.promised), func(i int) bool { return bytes.Compare(a.promised[i].ID[:], id[:]) >= 0 })
	if at == len(a.promised) || a.promised[at].ID != id {
		a.unasked++
		return
	}
	if a.seen[at] {
		a.fault("listed twice", t.ID)
		return
	}
	a.seen[at] = true
	a.settle(a.promised[at].N, t)
}

func (a *Account) settle(n uint64, t Told) {
	switch {
	case a.MayHold && t.held():
		a.counts.Pending++
	case !t.ended():
		a.counts.Pending++
		if !a.MayWait {
			a.fault("still waiting", t.ID)
		}
		return
	case t.Status == "failed" || t.Status == "expired" || t.Status == "canceled":
		a.counts.Failed++
	default:
		a.counts.Delivered++
	}
	if a.received == nil {
		return
	}
	got := a.received[n]
	delete(a.received, n)
	switch has, unknown := t.sends(); {
	case got < has:
		a.fault("not received by the provider that is said to have it", t.ID)
	case got > has+unknown:
		a.fault("received more often than attempts explain", t.ID)
	case got > 1:
		a.counts.Duplicates++
	case a.disorder[n] && len(t.Attempts) == 1:
		a.fault("received after a later message for the same recipient", t.ID)
	}
}

// Finish returns the audit.
func (a *Account) Finish() result.Audit {
	for i, seen := range a.seen {
		if !seen {
			a.fault("lost", a.promised[i].ID.String())
		}
	}
	if over := a.unasked - a.Unanswered; over > 0 {
		a.broken["there, but promised to nobody"] = int(over)
	}
	if over := int64(len(a.received)) - a.Unanswered; over > 0 && !a.MayWait {
		a.broken["received, but promised to nobody"] = int(over)
	}
	for what, n := range a.broken {
		text := fmt.Sprintf("%d %s", n, what)
		if id := a.first[what]; id != "" {
			text += ", first " + id
		}
		a.counts.Violations = append(a.counts.Violations, text)
	}
	sort.Strings(a.counts.Violations)
	return a.counts
}
