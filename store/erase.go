package store

import (
	"errors"
	"slices"
	"time"

	"messagehub/store/message"
)

// EraseContact removes a contact, and begins to erase what else the log holds
// of it: see [message.Erasure]. To ask again is no error; the answer is how far
// it has come. The audit entries are written with the first request alone. The
// error is message.ErrNotFound where there was never such a contact.
func (s *Store) EraseContact(o message.Owner, id message.ID, at message.Time, why ...message.AuditEntry) (message.Erasure, error) {
	e := &eraseContactOp{owner: o, id: id, at: at, why: why}
	if err := s.commit(e); err != nil {
		return message.Erasure{}, err
	}
	s.eraser.rouse()
	return e.erasure, nil
}

// Erasure returns how far an erasure has come, or message.ErrNotFound.
func (s *Store) Erasure(o message.Owner, id message.ID) (message.Erasure, error) {
	if err := s.reading.enter(); err != nil {
		return message.Erasure{}, err
	}
	defer s.reading.leave()
	value, ok, err := s.row(appendContactKey(nil, contactErasure, o, id))
	if err == nil && !ok {
		err = message.ErrNotFound
	}
	var e erasure
	if err == nil {
		err = decodeErasure(&e, o, id, value)
	}
	return e.Erasure, err
}

// Erasures returns every erasure there was, by owner and contact.
func (s *Store) Erasures() ([]message.Erasure, error) {
	all, err := s.erasures()
	out := make([]message.Erasure, len(all))
	for i := range all {
		out[i] = all[i].Erasure
	}
	return out, err
}

func (s *Store) erasures() (all []erasure, err error) {
	if err := s.reading.enter(); err != nil {
		return nil, err
	}
	defer s.reading.leave()
	err = eachRow(s.db, []byte{prefixContact, contactErasure}, func(key, value []byte) error {
		var e erasure
		err := decodeErasure(&e, ownerOf(key), message.ID(key[contactOwner:]), string(value))
		all = append(all, e)
		return err
	})
	return all, err
}

// eraseContactOp removes a contact and notes its erasure. Its opt-outs stay.
type eraseContactOp struct {
	owner   message.Owner
	id      message.ID
	at      message.Time
	why     []message.AuditEntry
	erasure message.Erasure
}

func (o *eraseContactOp) apply(t *txn) error {
	t.tick(o.at)
	key := appendContactKey(nil, contactErasure, o.owner, o.id)
	c := t.contact(o.owner, o.id)
	if c == nil {
		value, ok := t.get(key)
		if !ok {
			return errors.Join(message.ErrNotFound, t.err)
		}
		var e erasure
		err := decodeErasure(&e, o.owner, o.id, string(value))
		o.erasure = e.Erasure
		return err
	}
	t.moveIndex(nil, c)
	t.delete(appendContactKey(nil, contactByID, o.owner, o.id))
	e := erasure{Erasure: message.Erasure{Contact: o.id, Owner: o.owner, RequestedAt: o.at}}
	for _, i := range c.Identities {
		if !slices.Contains(e.addresses, i.Address) {
			e.addresses = append(e.addresses, i.Address)
		}
	}
	t.set(key, appendErasure(nil, &e))
	o.erasure = e.Erasure
	return t.audit(o.why)
}

// erased remembers the messages that a running job has erased, as they are now:
// an operation may come with what its caller has read before.
//
// Ownership: the committer's.
type erased map[message.ID]*message.Outbound

// current returns o, or what is left of it.
func (e erased) current(o *message.Outbound) *message.Outbound {
	if len(e) == 0 || o == nil {
		return o
	}
	if left := e[o.ID]; left != nil {
		return left
	}
	return o
}

// moveErasureOp takes an erasure to its next state.
type moveErasureOp struct {
	at      message.Time
	owner   message.Owner
	contact message.ID
	to      message.ErasureState
}

func (o *moveErasureOp) apply(t *txn) error {
	t.tick(o.at)
	if o.to == message.ErasureDone {
		clear(t.erased)
	}
	t.changeErasure(o.owner, o.contact, func(e *erasure) {
		if e.State, e.addresses = o.to, nil; o.to == message.ErasureDone {
			e.DoneAt = o.at
		}
	})
	return t.err
}

// changeErasure changes the row of an erasure, if it is there.
func (t *txn) changeErasure(o message.Owner, contact message.ID, change func(*erasure)) {
	key := appendContactKey(nil, contactErasure, o, contact)
	value, ok := t.get(key)
	if !ok {
		return
	}
	var e erasure
	if err := decodeErasure(&e, o, contact, string(value)); err != nil {
		t.fail(errors.Join(ErrCorrupt, err))
		return
	}
	change(&e)
	t.set(key, appendErasure(nil, &e))
}

// eraser is the goroutine that erases. It goes on after a restart where it was
// stopped: what there is to do is in the rows.
type eraser struct {
	store *Store
	dir   string
	// wake tells it of a new erasure. Capacity 1.
	wake  chan struct{}
	begun bool
	quit  chan struct{}
	done  chan struct{}
}

func newEraser(s *Store, dir string) *eraser {
	return &eraser{store: s, dir: dir, wake: make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{})}
}

// start begins to erase. halt ends it and waits.
func (e *eraser) start() {
	e.begun = true
	e.rouse()
	go e.run()
}

func (e *eraser) halt() {
	close(e.quit)
	if e.begun {
		<-e.done
	}
}

func (e *eraser) rouse() {
	select {
	case e.wake <- struct{}{}:
	default: // it is awake already
	}
}

// retryErasure is how long it waits for messages that are being sent, and
// after an error.
const retryErasure = time.Second

func (e *eraser) run() {
	defer close(e.done)
	for {
		select {
		case <-e.quit:
			return
		case <-e.wake:
		}
		for {
			more, err := e.erase()
			if errors.Is(err, message.ErrUnavailable) || !more && err == nil {
				break
			}
			if err != nil {
				e.store.options.Logger.Error("erase contacts", "error", err)
			}
			if !e.sleep(retryErasure) {
				return
			}
		}
	}
}

// sleep reports false if the eraser is to end.
func (e *eraser) sleep(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-e.quit:
		return false
	case <-timer.C:
		return true
	}
}

func (e *eraser) stopped() bool {
	select {
	case <-e.quit:
		return true
	default:
		return false
	}
}

// erase does what there is to do. more: it is not done, since messages are
// being sent right now.
func (e *eraser) erase() (more bool, err error) {
	open, err := e.store.erasures()
	open = slices.DeleteFunc(open, func(r erasure) bool { return r.State == message.ErasureDone })
	if err != nil || len(open) == 0 {
		return false, err
	}
	var ready []erasure
	for i := range open {
		busy := false
		if open[i].State == message.ErasurePending {
			busy, err = e.rows(&open[i])
		}
		switch {
		case err != nil || e.stopped():
			return true, err
		case busy:
			more = true
		default:
			ready = append(ready, open[i])
		}
	}
	if len(ready) == 0 {
		return more, nil
	}
	return more, e.conclude(ready)
}

// conclude takes erasures whose rows are gone through the files.
func (e *eraser) conclude(ready []erasure) error {
	if err := e.move(ready, message.ErasurePurging); err != nil {
		return err
	}
	if err := e.purge(ready); err != nil || e.stopped() {
		return err
	}
	return e.move(ready, message.ErasureDone)
}

func (e *eraser) now() message.Time { return message.TimeOf(e.store.options.Now()) }

func (e *eraser) move(rows []erasure, to message.ErasureState) error {
	var ops []op
	for i := range rows {
		ops = append(ops, &moveErasureOp{e.now(), rows[i].Owner, rows[i].Contact, to})
	}
	return e.store.commitAll(ops)
}
