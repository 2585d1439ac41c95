package store

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"
)

// superblockEvery is how often the superblock is written while the log moves
// on. What is lost of the log within this time of a crash can go unnoticed.
const superblockEvery = time.Second

// keeper writes the superblock while the store runs, off the way of messages.
type keeper struct {
	slots *slots
	guard guard
	// mark is asked for what is durable.
	mark func() mark
	// fail is told once if the superblock can't be written any more.
	fail       func(error)
	stop, done chan struct{}
	// noting is held by note: the superblock never goes back, and guard is used
	// by one at a time.
	noting sync.Mutex
}

// start begins to write, until halt.
func (k *keeper) start() {
	k.stop, k.done = make(chan struct{}), make(chan struct{})
	go k.run()
}

func (k *keeper) run() {
	defer close(k.done)
	ticker := time.NewTicker(superblockEvery)
	defer ticker.Stop()
	for {
		select {
		case <-k.stop:
			return
		case <-ticker.C:
		}
		if k.mark() == k.slots.current().mark {
			continue
		}
		if err := k.note(); err != nil {
			k.fail(err)
			return
		}
	}
}

// halt ends the writing; done is closed when it has ended.
func (k *keeper) halt() { close(k.stop) }

// note writes what is durable now.
func (k *keeper) note() error {
	k.noting.Lock()
	defer k.noting.Unlock()
	next := superblock{mark: k.mark()}
	marks, err := k.guard.survey()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		// A file went away between being listed and being read. What was
		// known before is still true.
		marks = k.slots.current().files
	case err != nil:
		return fmt.Errorf("survey files: %w", err)
	}
	next.files = marks
	return k.slots.write(next)
}

// seal writes the last word about a store whose engine is closed. From now on
// every bit of the manifest and of the needed logs counts.
func (k *keeper) seal(last mark) error {
	marks, err := seal(k.guard.fs, k.guard.dir)
	if err != nil {
		return fmt.Errorf("survey files: %w", err)
	}
	return k.slots.writeBoth(superblock{mark: last, sealed: true, files: marks})
}
