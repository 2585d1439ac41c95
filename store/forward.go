package store

import (
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"messagehub/store/message"
)

// Forward moves the clock of the sandbox forward, for the messages of one
// workspace, or of all where ws is 0: what its messages wait for now comes by
// that much sooner. It returns how many messages that were. at is the moment
// of the call; what the messages come to then is stamped by the real clock.
func (s *Store) Forward(ws message.WorkspaceID, by time.Duration, at message.Time) (moved int, err error) {
	targets, err := s.waitingTests(ws)
	if err != nil {
		return 0, fmt.Errorf("read what waits: %w", err)
	}
	for len(targets) > 0 {
		n := min(len(targets), maxFired)
		folds := make([]op, 0, n)
		for _, t := range targets[:n] {
			o, err := s.find(t.workspace, t.id)
			if errors.Is(err, message.ErrNotFound) {
				continue
			}
			if err != nil {
				return moved, err
			}
			if o.Test {
				folds = append(folds, &forwardOp{outbound: o, by: by, at: at})
			}
		}
		if err := s.commitAll(folds); err != nil {
			return moved, err
		}
		for _, f := range folds {
			if f.(*forwardOp).moved {
				moved++
			}
		}
		targets = targets[n:]
	}
	return moved, nil
}

// forwardOp is a foldOp for the attempt that a message is at when it is
// applied.
type forwardOp struct {
	outbound *message.Outbound
	by       time.Duration
	at       message.Time
	moved    bool
}

func (f *forwardOp) apply(t *txn) error {
	t.tick(f.at)
	s := t.state(f.outbound)
	if s == nil {
		return nil
	}
	f.moved = !t.foldInto(f.outbound, s, message.Fact{Kind: message.Forwarded, At: f.at, Attempt: s.Current(), By: f.by})
	return nil
}

// waitingTests returns the messages that have a timer, and those that wait in
// a lane of the sandbox, each once.
func (s *Store) waitingTests(ws message.WorkspaceID) ([]target, error) {
	if err := s.reading.enter(); err != nil {
		return nil, err
	}
	defer s.reading.leave()
	var all []target
	seen := map[target]bool{}
	add := func(workspace message.WorkspaceID, id message.ID) {
		t := target{workspace: workspace, id: id}
		if (ws == 0 || t.workspace == ws) && !seen[t] {
			seen[t] = true
			all = append(all, t)
		}
	}
	err := s.eachTimer(func(t messageTimer) { add(t.workspace, t.id) })
	if err != nil {
		return nil, err
	}
	for _, l := range s.lanes.set.Load().sorted {
		for shard := range s.lanes.shards {
			if !l.Test {
				continue
			}
			scan, err := s.scanShard(l, shard, 0)
			if err != nil {
				return nil, err
			}
			for scan.next() {
				add(scan.job.Workspace, scan.job.ID)
			}
			if err := scan.close(); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// eachTimer calls f with every timer of a message, the first due first.
func (s *Store) eachTimer(f func(messageTimer)) (err error) {
	rows, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{prefixTimer}, UpperBound: successor([]byte{prefixTimer})})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Error(), rows.Close()) }()
	for ok := rows.First(); ok; ok = rows.Next() {
		key := rows.Key()
		if len(key) > timerHead && key[timerHead-1] == timerOrphans {
			continue // of early receipts
		}
		t, err := parseTimer(key)
		if err != nil {
			return err
		}
		f(t)
	}
	return nil
}
