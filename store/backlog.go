package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"messagehub/store/message"
)

// Pending returns how many jobs wait in the lane.
func (s *Store) Pending(key message.Lane) int64 {
	if l := s.lanes.find(key); l != nil {
		return l.pending.Load()
	}
	return 0
}

// Lanes returns the lanes that have ever had a message.
func (s *Store) Lanes() []message.Lane {
	var all []message.Lane
	for _, l := range s.lanes.set.Load().sorted {
		all = append(all, l.Lane)
	}
	return all
}

// Backlog appends the jobs of a shard that lie behind after to dst, in log
// order, until dst is full. It appends nothing only if there is nothing.
func (s *Store) Backlog(key message.Lane, shard int, after message.Position, dst []message.Job) ([]message.Job, error) {
	l := s.lanes.find(key)
	if l == nil || len(dst) == cap(dst) {
		return dst, nil
	}
	if err := s.reading.enter(); err != nil {
		return dst, err
	}
	defer s.reading.leave()
	scan, err := s.scanShard(l, shard, after+1)
	if err != nil {
		return dst, err
	}
	for scan.next() && len(dst) < cap(dst) {
		dst = append(dst, scan.job)
	}
	return dst, scan.close()
}

// OldestPending returns since when the lane's oldest job waits.
func (s *Store) OldestPending(key message.Lane) (message.Time, bool) {
	l := s.lanes.find(key)
	if l == nil || l.pending.Load() == 0 {
		return 0, false
	}
	if s.reading.enter() != nil {
		return 0, false
	}
	defer s.reading.leave()
	oldest, found := message.Time(0), false
	for shard := range s.options.Shards {
		scan, err := s.scanShard(l, shard, 0)
		if err != nil {
			continue
		}
		if scan.next() && (!found || scan.since < oldest) {
			oldest, found = scan.since, true
		}
		scan.settle()
		_ = scan.close() // what was read stands
	}
	return oldest, found
}

// shardScan goes through the durable pending rows of one shard.
type shardScan struct {
	store *Store
	lane  *lane
	shard int
	rows  *pebble.Iterator
	begun bool
	// end is a position before which the scan sees every row that there is.
	end   message.Position
	err   error
	job   message.Job
	since message.Time
}

// scanShard starts at from. Rows that are gone cost time until the engine has
// merged them away, so it skips those that are known to be.
func (s *Store) scanShard(l *lane, shard int, from message.Position) (*shardScan, error) {
	from = max(from, message.Position(l.oldest[shard].Load()))
	end := message.At(s.durable.sequence.Load()+1, 0)
	shardKey := appendShardKey(nil, l.Lane, shard)
	rows, err := s.db.NewIter(&pebble.IterOptions{
		LowerBound: appendPosition(shardKey, min(from, end)),
		UpperBound: appendPosition(bytes.Clone(shardKey), end),
	})
	if err != nil {
		return nil, fmt.Errorf("read backlog: %w", err)
	}
	return &shardScan{store: s, lane: l, shard: shard, rows: rows, end: end}, nil
}

// next reads the next job.
func (c *shardScan) next() bool {
	ok := false
	if c.begun {
		ok = c.rows.Next()
	} else {
		c.begun, ok = true, c.rows.First()
	}
	if !ok {
		return false
	}
	key := c.rows.Key()
	c.job.Position = message.Position(binary.BigEndian.Uint64(key[len(key)-positionSize:]))
	var err error
	if c.since, err = decodeJob(&c.job, borrow(c.rows.Value())); err != nil {
		c.err = errors.Join(ErrCorrupt, err)
		return false
	}
	c.job.From = c.store.names.of(c.job.From)
	return true
}

// settle remembers, after the first next of a scan from the start, that no row
// lies before what it found.
func (c *shardScan) settle() {
	first := c.end
	if c.job.Position != 0 {
		first = min(first, c.job.Position)
	}
	if c.rows.Error() == nil && c.err == nil {
		c.lane.oldest[c.shard].Store(uint64(first))
	}
}

func (c *shardScan) close() error { return errors.Join(c.err, c.rows.Error(), c.rows.Close()) }
