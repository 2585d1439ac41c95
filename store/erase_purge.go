package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"messagehub/store/message"
)

// purged returns the ranges of rows that erasures change: the engine keeps what
// they were in its logs and tables until those are gone.
func purged(rows []erasure) (ranges [][]byte) {
	ranges = [][]byte{{prefixIdempotency}, {prefixOrphan}, {prefixProvider}, {prefixPending}, {prefixTimer}}
	seen := map[message.WorkspaceID]bool{}
	for i := range rows {
		o := rows[i].Owner
		if seen[o.Workspace] {
			continue
		}
		seen[o.Workspace] = true
		for _, prefix := range []byte{prefixOutbound, prefixState, prefixBatch, prefixReceived} {
			ranges = append(ranges, appendOwnerKey(nil, prefix, o.Workspace))
		}
		for _, kind := range []byte{distributionPlan, distributionRecipients} {
			ranges = append(ranges, appendDistributionOwner(nil, kind, o.Workspace))
		}
		for _, kind := range []byte{contactByID, contactErasure} {
			ranges = append(ranges, appendOwnerKey([]byte{prefixContact}, kind, o.Workspace))
		}
	}
	return ranges
}

// purge removes from the files what rows no longer hold.
//
// The current log may be an old one that is used again, with its old contents
// behind its end: so the logs are changed twice.
func (e *eraser) purge(rows []erasure) error {
	if err := e.store.reading.enter(); err != nil {
		return err
	}
	defer e.store.reading.leave()
	for range 2 {
		if err := e.changeLogs(); err != nil {
			return fmt.Errorf("remove old logs: %w", err)
		}
	}
	newest, err := e.tables()
	if err != nil {
		return fmt.Errorf("list tables: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	defer context.AfterFunc(e.quitting(ctx), cancel)()
	for _, start := range purged(rows) {
		err := e.store.db.Compact(ctx, start, successor(start), false)
		if err != nil && !e.stopped() {
			return fmt.Errorf("compact tables: %w", err)
		}
	}
	if err := e.awaitRemoval(slices.Max(append(newest, 0))); err != nil {
		return err
	}
	if err := e.changeManifests(); err != nil {
		return fmt.Errorf("remove old manifests: %w", err)
	}
	return nil
}

// changeManifests makes the engine write a new manifest and remove those that
// there are: they name the first and the last row of each table there was. A new
// one comes after as many changes as there are tables, so a large store takes some
// seconds.
func (e *eraser) changeManifests() error {
	old, err := e.manifests()
	if err != nil {
		return err
	}
	for !e.stopped() {
		there, err := e.manifests()
		if err != nil || !slices.ContainsFunc(there, func(name string) bool { return slices.Contains(old, name) }) {
			return err
		}
		if err := e.store.commit(barrier{}); err != nil {
			return err
		}
		if err := e.store.db.Flush(); err != nil {
			return err
		}
	}
	return nil
}

func (e *eraser) manifests() ([]string, error) {
	names, err := e.store.options.FS.List(e.dir)
	return slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, "MANIFEST-") }), err
}

// quitting returns a context that ends when the eraser is to end, or ctx ends.
func (e *eraser) quitting(ctx context.Context) context.Context {
	quitting, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		select {
		case <-e.quit:
		case <-ctx.Done():
		}
	}()
	return quitting
}

// changeLogs makes the engine write its logs out into tables and begin a new
// one, and removes those from before.
func (e *eraser) changeLogs() error {
	s := e.store
	if err := s.commit(barrier{}); err != nil { // an empty log is not changed
		return err
	}
	files := s.options.FS
	old, err := logNumbers(files, e.dir)
	if err != nil {
		return err
	}
	if err := s.db.Flush(); err != nil {
		return err
	}
	if err := s.keeper.note(); err != nil { // it does not vouch for them any more
		s.poison(err)
		return err
	}
	// Whatever was the newest log before the flush, it and all before it are
	// needed no more. The engine may use one again or remove it meanwhile.
	for _, n := range old {
		if err := files.Remove(files.PathJoin(e.dir, logName(n))); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return syncDir(files, e.dir)
}

const tableSuffix = ".sst"

// tables returns the numbers of the tables in the directory.
func (e *eraser) tables() (numbers []uint64, err error) {
	names, err := e.store.options.FS.List(e.dir)
	for _, name := range names {
		if digits, ok := strings.CutSuffix(name, tableSuffix); ok {
			if n, err := strconv.ParseUint(digits, 10, 64); err == nil {
				numbers = append(numbers, n)
			}
		}
	}
	return numbers, err
}

// awaitRemoval returns when the engine has removed the tables that it has
// replaced, of those up to the number newest.
func (e *eraser) awaitRemoval(newest uint64) error {
	const pause = 20 * time.Millisecond
	for {
		there, err := e.tables()
		if err != nil {
			return err
		}
		levels, err := e.store.db.SSTables()
		if err != nil {
			return err
		}
		live := map[uint64]bool{}
		for _, level := range levels {
			for i := range level {
				live[uint64(level[i].BackingSSTNum)] = true
			}
		}
		if !slices.ContainsFunc(there, func(n uint64) bool { return n <= newest && !live[n] }) || !e.sleep(pause) {
			return nil
		}
	}
}
