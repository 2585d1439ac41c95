package kakao

import (
	"context"
	"slices"
	"sync"
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

// poller asks NHN what became of messages.
//
// What is to be asked for outlives the process in the vault, as an agenda for
// each of NHN's two products. The agenda is there before the first message of
// its product goes out; from then on time itself says what to ask for. A
// window of time leaves it only when every result in it is durable:
//
//	list ─▶ report, durable ─▶ window closed ─▶ agenda saved
//
// Invariant: a crash at any point loses no result; it may have some reported
// twice.
type poller struct {
	adapter *adapter
	vault   channel.Vault // nil: nothing outlives the process
	report  func([]message.Receipt) error
	timing  timing

	mu      sync.Mutex // guards agendas; never held while NHN is asked
	agendas map[family]*agenda

	told memory // of run alone
}

// vaultName is where a product's agenda is kept.
func (f family) vaultName() string {
	if f == brand {
		return "results-brand"
	}
	return "results-alimtalk"
}

// begin makes sure that the messages of a product will be asked for.
func (p *poller) begin(f family) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept, err := p.load(f)
	if err != nil || kept != nil {
		return err
	}
	return p.save(f, newAgenda(p.adapter.now()))
}

// load returns a product's agenda; nil if none has begun. p.mu is held.
func (p *poller) load(f family) (*agenda, error) {
	if kept := p.agendas[f]; kept != nil || p.vault == nil {
		return kept, nil
	}
	sealed, err := p.vault.Load(f.vaultName())
	if err != nil || len(sealed) == 0 {
		return nil, err
	}
	kept := &agenda{}
	if json.Unmarshal(sealed, kept) != nil {
		kept = newAgenda(p.adapter.now().Add(-horizon)) // ask for all there may be
	}
	p.keep(f, kept)
	return kept, nil
}

// save makes g the product's agenda, once it is durable. p.mu is held.
func (p *poller) save(f family, g *agenda) error {
	if p.vault != nil {
		sealed, err := json.Marshal(g)
		if err != nil {
			return err
		}
		if err := p.vault.Save(f.vaultName(), sealed); err != nil {
			return err
		}
	}
	p.keep(f, g)
	return nil
}

func (p *poller) keep(f family, g *agenda) {
	if p.agendas == nil {
		p.agendas = make(map[family]*agenda)
	}
	p.agendas[f] = g
}

// run asks until ctx ends.
func (p *poller) run(ctx context.Context) {
	ticker := time.NewTicker(p.timing.every)
	defer ticker.Stop()
	for {
		for _, f := range []family{alimtalk, brand} {
			p.round(ctx, f)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// round asks for what is due of a product. What fails stays on the agenda, for
// later, and ends the round: what ails one question ails most.
func (p *poller) round(ctx context.Context, f family) {
	var due []window
	p.change(f, func(g *agenda, now time.Time) {
		g.cut(now, p.timing)
		due = g.due(now)
	})
	for _, w := range due {
		pending, err := p.ask(ctx, f, w)
		p.change(f, func(g *agenda, now time.Time) { g.asked(w, pending || err != nil, now, p.timing) })
		if err != nil {
			return
		}
	}
}

// change applies one step to a product's agenda, if it has one. A step that
// can't be saved is not taken.
func (p *poller) change(f family, step func(*agenda, time.Time)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept, err := p.load(f)
	if err != nil || kept == nil {
		return
	}
	next := &agenda{kept.Next, slices.Clone(kept.Open)}
	step(next, p.adapter.now())
	if next.Next != kept.Next || !slices.Equal(next.Open, kept.Open) {
		_ = p.save(f, next) // the next round tries again
	}
}

// ask reports all results of a window, and says whether some are to come.
func (p *poller) ask(ctx context.Context, f family, w window) (pending bool, err error) {
	q := query{from: time.Unix(w.From*60, 0), to: time.Unix(w.To*60, 0)}
	for page := 1; page <= maxPages; page++ {
		items, more, err := p.page(ctx, f, q, page)
		if err != nil {
			return false, err
		}
		unsettled, err := p.take(items)
		if err != nil {
			return false, err
		}
		pending = pending || unsettled
		if !more {
			return pending, nil
		}
	}
	return true, nil
}

// askTimeout bounds one question.
const askTimeout = 30 * time.Second

func (p *poller) page(ctx context.Context, f family, q query, page int) ([]item, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	return p.adapter.search(ctx, f, q, page)
}

// take reports what the items tell and has not been told before.
func (p *poller) take(items []item) (pending bool, err error) {
	var receipts []message.Receipt
	var about []*item
	for i := range items {
		it := &items[i]
		r, told, final := p.adapter.receipt(it)
		pending = pending || !final
		if told && p.told.of(it.id()) != it.Status+it.Code {
			receipts, about = append(receipts, r), append(about, it)
		}
	}
	if len(receipts) == 0 {
		return pending, nil
	}
	if err := p.report(receipts); err != nil {
		return false, err
	}
	for _, it := range about {
		p.told.put(it.id(), it.Status+it.Code)
	}
	return pending, nil
}

// memory keeps what was told of messages; of the oldest ones it forgets it.
type memory struct{ now, old map[string]string }

const maxTold = 1 << 15

func (m *memory) of(id string) string {
	if text, ok := m.now[id]; ok {
		return text
	}
	return m.old[id]
}

func (m *memory) put(id, text string) {
	if m.now == nil || len(m.now) >= maxTold {
		m.old, m.now = m.now, make(map[string]string)
	}
	m.now[id] = text
}
