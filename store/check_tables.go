package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/sstable"
)

// checkTables reads every block of every table and compares its checksum:
// also of blocks that no row is read from, such as filters.
func (c *checker) checkTables() {
	levels, err := c.db.SSTables()
	if err != nil {
		c.find("engine", "", err)
		return
	}
	seen := map[string]bool{}
	for _, level := range levels {
		for i := range level {
			name := fmt.Sprintf("%06d.sst", uint64(level[i].BackingSSTNum))
			if seen[name] {
				continue
			}
			seen[name] = true
			c.count("table")
			if err := c.checkTable(name); err != nil {
				c.find("table", name, err)
			}
		}
	}
}

func (c *checker) checkTable(name string) (err error) {
	f, err := c.files.Open(c.files.PathJoin(c.dir, name))
	if err != nil {
		return err
	}
	readable, err := sstable.NewSimpleReadable(f)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	o := new(pebble.Options)
	o.EnsureDefaults()
	r, err := sstable.NewReader(context.Background(), readable, o.MakeReaderOptions())
	if err != nil {
		return errors.Join(err, readable.Close())
	}
	return errors.Join(r.ValidateBlockChecksums(), r.Close())
}
