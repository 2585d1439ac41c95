package store

import (
	"errors"
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Options configure a store. The zero value is a good one.
type Options struct {
	// FS is where the directory lies; default: the disk.
	FS vfs.FS
	// Shards is how many shards each lane has, 1 to 1024. It is fixed when a
	// directory is made; default: what the directory has, 8 for a new one.
	Shards int
	Logger *slog.Logger     // default: discards
	Now    func() time.Time // wall clock; default time.Now
	// OnPoison is called once, when the store stops for good. The process
	// should end: what it holds in memory can't be written any more. Any
	// goroutine may call it, and it must not call the store.
	OnPoison func(error)
	// LowWater is how much disk space must be free for Accept to take a
	// message; default: 2 GiB or 5 % of the disk, whichever is more. Negative: off.
	LowWater int64
	// DiskPoll is how often free space is looked at; default 1 s.
	DiskPoll time.Duration
	// StallLimit is how long a write to the disk may take before the store is
	// poisoned; default 20 s.
	StallLimit time.Duration
	// AcceptLoss opens a store that has lost records (ErrLostTail and the like).
	// What is lost is written to the audit log.
	AcceptLoss bool
	// CacheSize is the memory for blocks read back, in bytes; default 64 MiB.
	CacheSize int64
}

const (
	defaultShards = 8
	maxShards     = 1024
	lowWaterBytes = 2 << 30
	lowWaterShare = 20 // one part in
)

// EnsureDefaults fills what is not set.
func (o Options) EnsureDefaults() Options {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.DiskPoll == 0 {
		o.DiskPoll = time.Second
	}
	if o.StallLimit == 0 {
		o.StallLimit = 20 * time.Second
	}
	if o.CacheSize == 0 {
		o.CacheSize = 64 << 20
	}
	return o
}

// Validate says everything that is wrong with o.
func (o Options) Validate() error {
	var faults []error
	if o.Shards < 0 || o.Shards > maxShards {
		faults = append(faults, errors.New("shards: must be 1 to 1024"))
	}
	if o.DiskPoll < 0 {
		faults = append(faults, errors.New("disk poll: must not be negative"))
	}
	if o.StallLimit < 0 {
		faults = append(faults, errors.New("stall limit: must not be negative"))
	}
	if o.CacheSize < 0 {
		faults = append(faults, errors.New("cache size: must not be negative"))
	}
	return errors.Join(faults...)
}
