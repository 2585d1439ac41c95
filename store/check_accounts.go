package store

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/cockroachdb/pebble/v2"

	"messagehub/store/message"
)

// checkMeta reads what the other parts are compared with.
func (c *checker) checkMeta() {
	c.pending = map[laneKey]int64{}
	c.shards = defaultShards
	c.meta(keySchema, func(value string) error {
		r := reader{text: value}
		version := r.uint32()
		c.shards = max(1, r.int(maxShards))
		if version > schemaVersion {
			return ErrNewer
		}
		return r.done("schema")
	})
	c.meta(keyHead, func(value string) (err error) {
		c.head, err = readHead(value, func(lane message.Lane, n int64) { c.pending[lane] = n })
		return err
	})
	c.meta(keyRetained, func(value string) (err error) {
		c.retained, err = decodeRetained(value)
		return err
	})
	c.report.Sequence, c.report.Accepted, c.report.Removed = c.head.sequence, c.head.accepted, c.retained.messages
	if err := c.checkHours(); err != nil {
		c.find("meta", hourIndex, err)
	}
}

// meta reads one row, if it is there.
func (c *checker) meta(key string, read func(value string) error) {
	value, err := readRow(c.db, []byte(key))
	if errors.Is(err, pebble.ErrNotFound) {
		return
	}
	if err == nil {
		err = read(value)
	}
	if err != nil {
		c.find("meta", key, err)
	}
}

// checkHours reads the hour index: later hours begin at later sequences.
func (c *checker) checkHours() error {
	var last uint64
	return eachRow(c.db, []byte(hourIndex), func(key, value []byte) error {
		r := reader{text: string(value)}
		sequence := r.uint64()
		if err := r.done("hour index"); err != nil {
			return err
		}
		if sequence < last || sequence > c.head.sequence || len(key) != len(hourIndex)+4 {
			return fmt.Errorf("an hour begins at sequence %d, after %d", sequence, last)
		}
		last = sequence
		return nil
	})
}

// checkWorkspaces goes through the workspaces and the index of their names.
func (c *checker) checkWorkspaces() error {
	highest := message.WorkspaceID(math.MaxUint32)
	c.meta(keyWorkspaces, func(value string) (err error) {
		highest, err = decodeWorkspaceID(value)
		return err
	})
	return eachRow(c.db, []byte{prefixWorkspace}, func(key, value []byte) error {
		var err error
		switch {
		case len(key) == 6 && key[1] == byID:
			c.count("workspace")
			err = c.checkWorkspace(key, string(value), highest)
		case len(key) > 2 && key[1] == byName:
			err = c.checkName(string(key[2:]), string(value))
		default:
			err = ErrBadRow
		}
		if err != nil {
			c.find("workspace", rowName(key), err)
		}
		return nil
	})
}

func (c *checker) checkWorkspace(key []byte, value string, highest message.WorkspaceID) error {
	w, err := decodeWorkspace(value)
	if err != nil {
		return err
	}
	if string(appendWorkspaceKey(nil, w.ID)) != string(key) || w.ID == 0 || w.ID > highest {
		return fmt.Errorf("id %d is not its own, or was never given", w.ID)
	}
	named, err := readRow(c.db, appendNameKey(nil, w.Name))
	if errors.Is(err, pebble.ErrNotFound) {
		return errors.New("it is not found by its name")
	}
	if id, bad := decodeWorkspaceID(named); err == nil && bad == nil && id != w.ID {
		return fmt.Errorf("workspace %d is found by its name", id)
	}
	return err
}

func (c *checker) checkName(name, value string) error {
	id, err := decodeWorkspaceID(value)
	if err != nil {
		return err
	}
	row, err := readRow(c.db, appendWorkspaceKey(nil, id))
	if err != nil {
		return fmt.Errorf("name of workspace %d, which is not there", id)
	}
	if w, err := decodeWorkspace(row); err == nil && w.Name != name {
		return fmt.Errorf("name of workspace %d, which has another one", id)
	}
	return nil
}

// checkKeys goes through the keys.
func (c *checker) checkKeys() error {
	holder := map[[32]byte]message.ID{}
	return eachRow(c.db, []byte{prefixKey}, func(key, value []byte) error {
		var err error
		switch {
		case len(key) != 2+idSize:
			err = ErrBadRow
		case key[1] == byID:
			c.count("key")
			err = c.checkKey(message.ID(key[2:]), string(value), holder)
		case key[1] == byUse:
			_, err = decodeUse(string(value))
		default:
			err = ErrBadRow
		}
		if err != nil {
			c.find("key", rowName(key), err)
		}
		return nil
	})
}

func (c *checker) checkKey(id message.ID, value string, holder map[[32]byte]message.ID) error {
	k, err := decodeKey(id, value)
	if err != nil {
		return err
	}
	if _, taken := holder[k.Hash]; taken {
		return errors.New("another key has the same hash")
	}
	holder[k.Hash] = id
	if _, err := readRow(c.db, appendWorkspaceKey(nil, k.Workspace)); err != nil {
		return fmt.Errorf("its workspace %d is not there", k.Workspace)
	}
	return nil
}

// knownMeta are the rows of prefixMeta beside the hour index.
var knownMeta = [...]string{keyHead, keySchema, keyRetained, keyWorkspaces, keyAuditHead}

// checkUnknown looks for rows that no version of the program has written.
func (c *checker) checkUnknown() error {
	const known = string(prefixOutbound) + string(prefixState) + string(prefixPending) + string(prefixTimer) +
		string(prefixEvent) + string(prefixProvider) + string(prefixOrphan) + string(prefixIdempotency) + string(prefixBatch) +
		string(prefixWorkspace) + string(prefixKey) + string(prefixAudit) + string(prefixSealed) + string(prefixEndpoint) +
		string(prefixContact) + string(prefixReceived) + string(prefixDistribution)
	it, err := c.db.NewIter(nil)
	if err != nil {
		return err
	}
	for ok := it.First(); ok; {
		key := it.Key()
		if len(key) > 0 && strings.IndexByte(known, key[0]) >= 0 {
			ok = it.SeekGE([]byte{key[0] + 1})
			continue
		}
		if !isMeta(string(key)) {
			c.fault("row", rowName(key), "no version of this program has written it")
		}
		ok = it.Next()
	}
	return closeScan(it, nil)
}

func isMeta(key string) bool {
	if strings.HasPrefix(key, hourIndex) {
		return true
	}
	for _, k := range knownMeta {
		if key == k {
			return true
		}
	}
	return false
}
