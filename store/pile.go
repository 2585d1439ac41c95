package store

import (
	"sync"

	"messagehub/store/message"
)

// pile is some completions of one record and what they are to be told. It is
// told by a goroutine of its own, so that the committer goes on with the next
// record: to complete one may mean to write an answer to a client.
type pile []completion

type completion struct {
	told       message.Completion
	acceptance message.Acceptance
	err        error
}

// pileSize is how many completions one goroutine tells: few enough for all CPUs
// to share a record, enough for the goroutine to cost nothing beside them.
const pileSize = 32

// piles keeps the memory of piles that are told.
type piles struct{ pool sync.Pool }

// add puts a completion onto p, and returns the pile for the next one.
func (f *piles) add(p *pile, done completion) *pile {
	if p == nil {
		p, _ = f.pool.Get().(*pile)
		if p == nil {
			p = new(make(pile, 0, pileSize))
		}
	}
	*p = append(*p, done)
	if len(*p) < pileSize {
		return p
	}
	f.tell(p)
	return nil
}

// tell begins to tell the completions on p, which may be nil.
func (f *piles) tell(p *pile) {
	if p == nil {
		return
	}
	go func() {
		for _, c := range *p {
			c.told.Complete(c.acceptance, c.err)
		}
		clear(*p)
		*p = (*p)[:0]
		f.pool.Put(p)
	}()
}
