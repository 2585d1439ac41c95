package store

import (
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// diskWatch looks at the free space, well before the engine would notice: a
// full disk ends the process while it makes its next log.
type diskWatch struct {
	store *Store
	dir   string
	isLow atomic.Bool
	begun bool
	quit  chan struct{}
	done  chan struct{}
}

func newDiskWatch(s *Store, dir string) *diskWatch {
	return &diskWatch{store: s, dir: dir, quit: make(chan struct{}), done: make(chan struct{})}
}

// low reports whether free space is below the low water.
func (d *diskWatch) low() bool { return d.isLow.Load() }

func (d *diskWatch) start() {
	d.begun = true
	d.look()
	go d.run()
}

func (d *diskWatch) stop() {
	close(d.quit)
	if d.begun {
		<-d.done
	}
}

func (d *diskWatch) run() {
	defer close(d.done)
	ticker := time.NewTicker(d.store.options.DiskPoll)
	defer ticker.Stop()
	for {
		select {
		case <-d.quit:
			return
		case <-ticker.C:
			d.look()
		}
	}
}

func (d *diskWatch) look() {
	o := &d.store.options
	usage, err := o.FS.GetDiskUsage(d.dir)
	if err != nil {
		return // not every file system can say
	}
	low := usage.AvailBytes < lowWater(o.LowWater, usage)
	if d.isLow.Swap(low) != low {
		o.Logger.Warn("free disk space", "low", low, "bytes", usage.AvailBytes)
	}
}

// lowWater returns how much must be free.
func lowWater(asked int64, usage vfs.DiskUsage) uint64 {
	switch {
	case asked < 0:
		return 0
	case asked > 0:
		return uint64(asked)
	}
	return max(lowWaterBytes, usage.TotalBytes/lowWaterShare)
}
