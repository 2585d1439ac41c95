package store

import (
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"messagehub/store/message"
)

// Distribute adds a distribution and returns it, durable. One that was accepted
// before, under the same idempotency key, is returned as it is now. Errors are
// those of [Store.Await].
func (s *Store) Distribute(r *message.DistributionRequest) (message.Distribution, error) {
	if err := s.admits(); err != nil {
		return message.Distribution{}, err
	}
	for i := range r.Plan.Contents {
		if _, err := s.lanes.admit(message.Lane{Channel: r.Plan.Contents[i].Channel, Test: r.Owner.Test}); err != nil {
			return message.Distribution{}, err
		}
	}
	o := newDistributeOp(r)
	w, err := s.submit(o, o.size())
	if err == nil {
		err = s.await(w)
	}
	if err != nil {
		return message.Distribution{}, err
	}
	d, err := s.Distribution(r.Owner, o.id)
	d.Replayed = o.again
	return d, err
}

// Expand makes the next messages of a distribution; durable when it returns.
// Errors are message.ErrVersion where the distribution, or its recipients, have
// changed meanwhile, message.ErrNotFound and those of [Store.Await].
//
// Guarantee: the messages and the place up to which recipients have been taken
// are of one record, so each recipient gets his message once, whatever crashes.
func (s *Store) Expand(d *message.Distribution, e *message.Expansion) error {
	if err := s.admits(); err != nil {
		return err
	}
	from := d.Progress.Cursor.Chunk
	o := &expandOp{Expansion: e, basis: from, chunked: from < d.Plan.Chunks}
	size := 0
	for i := range e.Messages {
		a := new(acceptOp)
		if err := a.prepare(s, &e.Messages[i], &message.Idempotency{}); err != nil {
			return err
		}
		o.accepts = append(o.accepts, a)
		size += len(a.row)
	}
	w, err := s.submitWide(o, size, o.width())
	if err != nil {
		return err
	}
	return s.await(w)
}

// TurnDistribution pauses (message.Paused), resumes (message.Expanding) or
// cancels (message.DistributionCanceled) a distribution. Errors are
// message.ErrNotFound and message.ErrDistributionState.
func (s *Store) TurnDistribution(o message.Owner, id message.ID, to message.DistributionState, at message.Time) (message.Distribution, error) {
	d, err := s.Distribution(o, id)
	if err == nil {
		err = s.commit(&turnOp{o, id, to, at})
	}
	if err != nil {
		return d, err
	}
	return s.Distribution(o, id)
}

// SweepDistribution takes back, of the next run of messages of a canceled
// distribution, those that no provider has.
func (s *Store) SweepDistribution(d *message.Distribution, at message.Time) error {
	span, err := s.span(d, d.Progress.Swept)
	if err != nil {
		return err
	}
	o := &sweepOp{owner: d.Owner, id: d.ID, span: span, at: at, version: d.Version}
	w, err := s.submitWide(o, 512*span.Count, o.width())
	if err != nil {
		return err
	}
	return s.await(w)
}

// Withheld returns those of a run of messages of a distribution that a pause has
// withheld. What is withheld while it is paused is there once it is resumed.
func (s *Store) Withheld(d *message.Distribution, n int) (all []*message.Outbound, err error) {
	err = s.walkSpan(d, n, func(o *message.Outbound, state *message.State) bool {
		if state.Attempts[state.Current()].Withheld() {
			all = append(all, o)
		}
		return true
	})
	return all, err
}

// ReleaseDistribution lets withheld messages go, and moves the distribution on;
// durable when it returns. Errors are those of [Store.Expand].
func (s *Store) ReleaseDistribution(r *message.Release) error {
	o := &releaseOp{r}
	w, err := s.submitWide(o, 512*len(r.Messages), o.width())
	if err != nil {
		return err
	}
	return s.await(w)
}

// CompleteDistribution ends a running distribution, and tells so as an event.
func (s *Store) CompleteDistribution(d *message.Distribution, at message.Time) error {
	return s.commit(&completeOp{d.Owner, d.ID, d.CreatedAt, d.Version, at})
}

// Distribution returns a distribution, or message.ErrNotFound.
//
// Guarantee: what it shows is durable.
func (s *Store) Distribution(o message.Owner, id message.ID) (message.Distribution, error) {
	d, err := s.readDistribution(o.Workspace, id)
	switch {
	case err != nil:
		return d, err
	case d.Owner != o:
		return message.Distribution{}, message.ErrNotFound
	case !s.durable.holds(d.Version):
		return d, s.commit(barrier{})
	}
	return d, nil
}

func (s *Store) readDistribution(ws message.WorkspaceID, id message.ID) (d message.Distribution, err error) {
	if err := s.reading.enter(); err != nil {
		return d, err
	}
	defer s.reading.leave()
	plan, ok, err := s.row(appendDistributionKey(nil, distributionPlan, ws, id))
	if err != nil || !ok {
		return d, errors.Join(err, notFound(ok))
	}
	progress, ok, err := s.row(appendDistributionKey(nil, distributionProgress, ws, id))
	if err != nil || !ok {
		return d, errors.Join(err, notFound(ok))
	}
	return decodeDistribution(ws, id, plan, progress)
}

func decodeDistribution(ws message.WorkspaceID, id message.ID, plan, progress string) (message.Distribution, error) {
	d := message.Distribution{ID: id, Owner: message.Owner{Workspace: ws}}
	err := decodePlan(&d, plan)
	if err == nil {
		err = decodeProgress(&d, progress)
	}
	if err != nil {
		return d, errors.Join(ErrCorrupt, err)
	}
	return d, nil
}

// Distributions returns the distributions from before a position (0: the
// newest), newest first, at most limit of them, and where the next page begins;
// 0: there is none.
func (s *Store) Distributions(o message.Owner, before message.Position, limit int) (page []message.Distribution, next message.Position, err error) {
	ids, err := s.distributionIDs(o, before, limit+1)
	if err != nil {
		return nil, 0, err
	}
	for _, id := range ids {
		if len(page) == limit {
			return page, page[limit-1].ID.Position(), nil
		}
		d, err := s.Distribution(o, id)
		if errors.Is(err, message.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, 0, err
		}
		page = append(page, d)
	}
	return page, 0, nil
}

// distributionIDs returns the ids of the newest distributions from before a
// position.
func (s *Store) distributionIDs(o message.Owner, before message.Position, limit int) (ids []message.ID, err error) {
	if err := s.reading.enter(); err != nil {
		return nil, err
	}
	defer s.reading.leave()
	start := appendDistributionOwner(nil, distributionPlan, o.Workspace)
	end := successor(start)
	if before != 0 {
		end = appendDistributionKey(nil, distributionPlan, o.Workspace, message.NewID(before, 0))
	}
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: start, UpperBound: end})
	if err != nil {
		return nil, err
	}
	for ok := it.Last(); ok && len(ids) < limit && err == nil; ok = it.Prev() {
		_, id, _, splitErr := splitDistributionKey(it.Key())
		d := message.Distribution{}
		if err = errors.Join(splitErr, decodePlan(&d, string(it.Value()))); err == nil && d.Owner.Test == o.Test {
			ids = append(ids, id)
		}
	}
	return ids, closeScan(it, err)
}

// OpenDistributions returns the distributions that may still change.
func (s *Store) OpenDistributions() (all []message.Distribution, err error) {
	if err := s.reading.enter(); err != nil {
		return nil, err
	}
	defer s.reading.leave()
	err = eachRow(s.db, []byte{prefixDistribution, distributionProgress}, func(key, value []byte) error {
		ws, id, _, err := splitDistributionKey(key)
		if err != nil {
			return err
		}
		plan, _, err := s.row(appendDistributionKey(nil, distributionPlan, ws, id))
		if err != nil {
			return err
		}
		d, err := decodeDistribution(ws, id, plan, string(value))
		if err == nil && d.Open() {
			all = append(all, d)
		}
		return err
	})
	return all, err
}
