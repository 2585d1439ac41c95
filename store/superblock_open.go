package store

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"messagehub/store/message"
)

var (
	// ErrLostTail: the log ends before what was known to be durable.
	ErrLostTail = errors.New("the end of the log is lost")
	// ErrNoSuperblock: the log holds records, but neither slot of the
	// superblock is whole.
	ErrNoSuperblock = errors.New("superblock is lost")
)

// lossMargin is how far the sequence jumps over what was lost: further than
// the log can have come since the superblock was written, so that no position
// is given twice.
const lossMargin = 1 << 20

// admission is what the store knows from outside of the engine when it opens.
type admission struct {
	slots *slots
	// torn names the slots that were not whole, for the log.
	torn []string
	// loss is not nil if something is missing and the operator has accepted
	// it. The slots still say so: they are written after the audit entry.
	loss *loss
}

// loss is what the operator has accepted to be without.
type loss struct {
	cause            error
	known, recovered mark
}

// admit decides whether the engine may open dir for writing: it would then
// replace or delete the very files that show a loss. The caller holds the lock
// of dir. Where admit refuses, it has written nothing.
//
// probe opens the engine for reading alone, and says how far its log has come.
func admit(files vfs.FS, dir string, accept bool, probe func() (mark, error)) (*admission, error) {
	st, err := readSlots(files, dir)
	if err != nil {
		return nil, err
	}
	known := st.newest
	cause := known.verify(files, dir)
	if cause != nil && !accept {
		return nil, cause
	}
	recovered, err := probe()
	if err != nil {
		return nil, errors.Join(cause, err)
	}
	if cause == nil {
		cause = st.compare(recovered)
	}
	a := &admission{slots: newSlots(files, dir, known), torn: st.torn()}
	switch {
	case cause == nil:
		known.sealed = false
		return a, a.slots.writeBoth(known)
	case !accept:
		return nil, cause
	}
	a.loss = &loss{cause, known.mark, recovered}
	return a, nil
}

// compare says what is wrong with a log that ends at recovered.
func (st *slotState) compare(recovered mark) error {
	switch {
	case st.whole == 0 && recovered.sequence > 0:
		return fmt.Errorf("%w: log ends at sequence %d", ErrNoSuperblock, recovered.sequence)
	case recovered.sequence < st.newest.sequence:
		return fmt.Errorf("%w: it ends at sequence %d with %d messages accepted, but sequence %d with %d was durable",
			ErrLostTail, recovered.sequence, recovered.accepted, st.newest.sequence, st.newest.accepted)
	}
	return nil
}

func (st *slotState) torn() []string {
	var names []string
	for i, fault := range st.faults {
		if fault != nil {
			names = append(names, slotNames[i])
		}
	}
	return names
}

// floor returns the sequence that the next record must be above.
func (a *admission) floor() uint64 {
	if a.loss == nil {
		return 0
	}
	return max(a.loss.known.sequence, a.loss.recovered.sequence) + lossMargin
}

// probeEngine opens the engine in dir for reading alone, reads all that Open is
// going to rely on, and says how far the log has come. It writes nothing.
func probeEngine(dir string, o *pebble.Options) (m mark, err error) {
	db, err := openReadOnly(dir, o)
	if errors.Is(err, pebble.ErrDBDoesNotExist) {
		return mark{}, nil
	}
	if err != nil {
		return mark{}, markCorrupt(err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, key := range []string{keySchema, keyHead} {
		value, err := readRow(db, []byte(key))
		if errors.Is(err, pebble.ErrNotFound) {
			return mark{}, nil
		}
		if err != nil {
			return mark{}, markCorrupt(err)
		}
		if key == keyHead {
			h, err := readHead(value, func(message.Lane, int64) {})
			if err != nil {
				return mark{}, errors.Join(ErrCorrupt, err)
			}
			m = h.mark
		}
	}
	_, err = readRetained(db)
	if err == nil {
		err = countRare(db, newEarly(), new(optOuts))
	}
	return m, markCorrupt(err)
}

// openReadOnly opens the engine for reading alone, and nobody hears of what it
// finds but the caller.
func openReadOnly(dir string, o *pebble.Options) (*pebble.DB, error) {
	o.ReadOnly = true
	o.Logger = mute{}
	o.EventListener = &pebble.EventListener{DataCorruption: func(pebble.DataCorruptionInfo) {}}
	return pebble.Open(dir, o)
}

// mute is the logger of an engine that is only read.
type mute struct{}

func (mute) Infof(string, ...any)  {}
func (mute) Errorf(string, ...any) {}

// Fatalf does not return, as the engine expects. It is for writes that failed,
// so it isn't called.
func (mute) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
