package store

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/cockroachdb/pebble/v2"

	"messagehub/store/message"
)

// laneKey is a lane as the keys of the rows hold it.
type laneKey = message.Lane

// rowName returns a key as a finding shows it: foreign bytes in hex.
func rowName(key []byte) string {
	const shown = 64
	if len(key) == 0 {
		return ""
	}
	ws, id, err := splitRowKey(key)
	if err == nil && (key[0] == prefixOutbound || key[0] == prefixState) {
		return fmt.Sprintf("%c/%d/%s", key[0], ws, id)
	}
	name := hex.EncodeToString(key[1:min(len(key), shown)])
	if key[0] <= ' ' || key[0] > '~' {
		return hex.EncodeToString(key[:1]) + "/" + name
	}
	return string(key[:1]) + "/" + name
}

// checkPending goes through the backlog: each row must be where its message
// says that it waits.
func (c *checker) checkPending() error {
	err := eachRow(c.db, []byte{prefixPending}, func(key, value []byte) error {
		c.count("pending")
		if problem := c.checkJob(key, string(value)); problem != nil {
			c.find("pending", rowName(key), problem)
		}
		return nil
	})
	for lane, left := range c.pending {
		if left != 0 && err == nil {
			c.fault("pending", lane.String(), "head of the log counts %d more than there are", left)
		}
	}
	return err
}

func (c *checker) checkJob(key []byte, value string) error {
	lane, _, position, err := splitPending(key)
	if err != nil {
		return err
	}
	c.pending[lane]--
	var j message.Job
	if _, err := decodeJob(&j, value); err != nil {
		return err
	}
	o, s, ok := c.load(j.Workspace, j.ID)
	switch {
	case !ok:
		return errors.New("there is no message that it is of")
	case s.Waiting != position || j.Attempt != s.Current():
		return fmt.Errorf("its message waits elsewhere, at sequence %d", s.Waiting.Sequence())
	case string(pendingKey(o, s, c.shards)) != string(key):
		return errors.New("its message waits in another lane or shard")
	}
	return nil
}

// splitPending reads the key of a pending row.
func splitPending(key []byte) (lane laneKey, shard int, p message.Position, err error) {
	end := len(key) - positionSize - shardSize
	if end < 3 {
		return lane, 0, 0, ErrBadRow
	}
	lane, rest, err := splitLane(key[1:end])
	if err != nil || len(rest) != 0 {
		return lane, 0, 0, ErrBadRow
	}
	shard = int(binary.BigEndian.Uint16(key[end:]))
	return lane, shard, message.Position(binary.BigEndian.Uint64(key[end+shardSize:])), nil
}

// splitLane reads a lane and returns what is behind it.
func splitLane(b []byte) (lane laneKey, rest []byte, err error) {
	channel, rest, ok := bytes.Cut(b, []byte{0})
	if !ok || len(channel) == 0 || len(rest) == 0 || rest[0] > 1 {
		return lane, nil, ErrBadRow
	}
	return laneKey{Channel: string(channel), Test: rest[0] == 1}, rest[1:], nil
}

// checkTimers goes through the timers: each must be about something.
func (c *checker) checkTimers() error {
	return eachRow(c.db, []byte{prefixTimer}, func(key, _ []byte) error {
		c.count("timer")
		if problem := c.checkTimer(key); problem != nil {
			c.find("timer", rowName(key), problem)
		}
		return nil
	})
}

func (c *checker) checkTimer(key []byte) error {
	if len(key) > timerHead && key[timerHead-1] == timerOrphans {
		_, err := readRow(c.db, append([]byte{prefixOrphan}, key[timerHead:]...))
		if errors.Is(err, pebble.ErrNotFound) {
			err = errors.New("there are no early receipts that it is of")
		}
		return err
	}
	t, err := parseTimer(key)
	if err != nil {
		return err
	}
	_, s, ok := c.load(t.workspace, t.id)
	if !ok {
		return errors.New("there is no message that it is of")
	}
	if t.attempt >= len(s.Attempts) {
		return fmt.Errorf("its message has no attempt %d", t.attempt)
	}
	return nil
}

// checkEvents goes through the feeds: each event must be readable, behind the
// acceptance of its message, and numbered without a gap within its position.
func (c *checker) checkEvents() error {
	var last []byte
	return eachRow(c.db, []byte{prefixEvent}, func(key, value []byte) error {
		c.count("event")
		if problem := c.checkEvent(key, string(value), last); problem != nil {
			c.find("event", rowName(key), problem)
		}
		last = append(last[:0], key...)
		return nil
	})
}

func (c *checker) checkEvent(key []byte, value string, last []byte) error {
	const size = eventPosition + positionSize + 1
	if len(key) != size {
		return ErrBadRow
	}
	var e message.Event
	if err := decodeEvent(&e, value); err != nil {
		return err
	}
	ws := message.WorkspaceID(binary.BigEndian.Uint32(key[1:]))
	p, ordinal := positionOfEvent(key), key[size-1]
	follows := len(last) == size && string(last[:size-1]) == string(key[:size-1]) && last[size-1] == ordinal-1
	switch {
	case p.Sequence() > c.head.sequence:
		return fmt.Errorf("it is from sequence %d, behind the end of the log", p.Sequence())
	case p < e.Message.Position():
		return errors.New("it is from before its message")
	case ordinal > 0 && !follows:
		return errors.New("the one before it is missing")
	case e.Entry.Type.OfMessage() && !c.exists(ws, e.Message):
		return errors.New("there is no message that it is of")
	}
	return nil
}

// checkProviders goes through the provider ids: each must be that of an
// attempt.
func (c *checker) checkProviders() error {
	return eachRow(c.db, []byte{prefixProvider}, func(key, value []byte) error {
		c.count("provider")
		if problem := c.checkProvider(key, string(value)); problem != nil {
			c.find("provider", rowName(key), problem)
		}
		return nil
	})
}

func (c *checker) checkProvider(key []byte, value string) error {
	if len(key) < 5 {
		return ErrBadRow
	}
	lane, id, err := splitLane(key[5:])
	if err != nil {
		return err
	}
	var t target
	if err := decodeTarget(&t, value); err != nil {
		return err
	}
	o, s, ok := c.load(t.workspace, t.id)
	switch {
	case !ok && c.exists(t.workspace, t.id):
		return nil // removed by retention, or found already
	case !ok:
		return errors.New("there is no message that it is of")
	case t.attempt >= len(s.Attempts) || s.Attempts[t.attempt].ProviderID != string(id):
		return fmt.Errorf("attempt %d of its message has another provider id", t.attempt)
	case o.Lane(s.Attempts[t.attempt].Step) != lane:
		return errors.New("its attempt went another way")
	}
	return nil
}

// checkOrphans goes through the early receipts: each set must have a timer.
func (c *checker) checkOrphans() error {
	return eachRow(c.db, []byte{prefixOrphan}, func(key, value []byte) error {
		c.count("receipt")
		var early orphans
		lane, id, err := splitLane(key[1:])
		if err == nil {
			err = decodeOrphans(&early, string(value))
		}
		if err == nil {
			_, err = readRow(c.db, appendOrphansTimer(nil, early.expires, lane, string(id)))
			if errors.Is(err, pebble.ErrNotFound) {
				err = errors.New("it has no timer")
			}
		}
		if err != nil {
			c.find("receipt", rowName(key), err)
		}
		return nil
	})
}

// checkPromises goes through the idempotency keys.
func (c *checker) checkPromises() error {
	return eachRow(c.db, []byte{prefixIdempotency}, func(key, value []byte) error {
		c.count("idempotency")
		p, err := decodePromise(string(value))
		switch {
		case err != nil:
		case len(key) < 9 || !strings.Contains(string(key[9:]), "\x00"):
			err = ErrBadRow
		case !c.promised(message.WorkspaceID(binary.BigEndian.Uint32(key[5:])), string(key[9:]), p.id):
			err = errors.New("there is no message that it is of")
		}
		if err != nil {
			c.find("idempotency", rowName(key), err)
		}
		return nil
	})
}

// promised reports whether what an idempotency key stands for is there: a
// message, or a batch.
func (c *checker) promised(ws message.WorkspaceID, name string, id message.ID) bool {
	route, _, _ := strings.Cut(name, "\x00")
	prefix := byte(prefixBatch)
	switch {
	case strings.HasPrefix(route, inboundRoute):
		prefix = prefixReceived
	case route == message.DistributionRoute:
		_, err := readRow(c.db, appendDistributionKey(nil, distributionPlan, ws, id))
		return err == nil || id.Position().Sequence() < c.retained.sequence
	case route != message.BatchRoute:
		return c.exists(ws, id)
	}
	_, err := readRow(c.db, appendRowKey(nil, prefix, ws, id))
	return err == nil || id.Position().Sequence() < c.retained.sequence
}

// checkBatches goes through the batches: their messages must be there.
func (c *checker) checkBatches() error {
	return eachRow(c.db, []byte{prefixBatch}, func(key, value []byte) error {
		c.count("batch")
		ws, id, err := splitRowKey(key)
		b := message.Batch{ID: id, Workspace: ws}
		if err == nil {
			err = decodeBatch(&b, string(value))
		}
		if err == nil {
			err = c.checkBatch(&b)
		}
		if err != nil {
			c.find("batch", rowName(key), err)
		}
		return nil
	})
}

func (c *checker) checkBatch(b *message.Batch) error {
	for i := range b.Items {
		item := &b.Items[i]
		if item.Kind != message.BatchRejected && !c.exists(b.Workspace, item.ID) {
			return fmt.Errorf("there is no message %d", i)
		}
	}
	return nil
}
