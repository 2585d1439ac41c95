package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/cockroachdb/pebble/v2/vfs"

	"messagehub/store/message"
)

// canonical returns the one name of a directory on disk, so that the lock of
// it is one lock within this process too.
func canonical(files vfs.FS, dir string) string {
	if files != vfs.Default {
		return dir
	}
	whole, err := filepath.Abs(dir)
	if err != nil {
		return dir
	}
	if real, err := filepath.EvalSymlinks(whole); err == nil {
		return real
	}
	return whole
}

// admit asks the superblock whether the engine may open dir, which is locked.
func (s *Store) admit(dir string) (*admission, error) {
	a, err := admit(s.options.FS, dir, s.options.AcceptLoss, func() (mark, error) {
		return probeEngine(dir, s.engineOptions())
	})
	if err != nil {
		return nil, err
	}
	for _, name := range a.torn {
		s.options.Logger.Warn("store superblock has a torn slot; the other one is whole", "slot", name)
	}
	return a, nil
}

// watch begins the work beside the log: the superblock and the late audit
// entries. A loss that the operator has accepted is audited before the
// superblock forgets it.
func (s *Store) watch(dir string, a *admission) error {
	s.audits = newAuditQueue(func(entries []message.AuditEntry) error { return s.commit(&auditOp{entries}) })
	s.keeper = &keeper{
		slots: a.slots,
		guard: guard{fs: s.options.FS, dir: dir},
		mark:  s.durable.mark,
		fail:  func(err error) { s.poison(fmt.Errorf("superblock: %w", err)) },
	}
	go s.audits.run()
	defer s.keeper.start()
	if a.loss != nil {
		s.options.Logger.Error("store has lost records, which was accepted", "cause", a.loss.cause)
		if err := s.Audit(a.loss.entry(message.TimeOf(s.options.Now()))); err != nil {
			return err
		}
	}
	return s.keeper.note()
}

// entry is the audit entry of an accepted loss.
func (l *loss) entry(at message.Time) message.AuditEntry {
	return message.AuditEntry{
		At:     at,
		Actor:  "system",
		Action: "store.loss_accepted",
		Object: l.cause.Error(),
		Before: l.known.String(),
		After:  l.recovered.String(),
	}
}

// String returns the mark as the audit log shows it.
func (m mark) String() string {
	return "sequence " + strconv.FormatUint(m.sequence, 10) + ", " + strconv.FormatUint(m.accepted, 10) + " messages accepted"
}

// seal closes the engine and writes the last superblock. Nobody uses the store
// any more.
func (s *Store) seal() error {
	if err := s.engine.closeDB(); err != nil {
		return errors.Join(fmt.Errorf("close engine: %w", err), s.engine.close())
	}
	err := s.keeper.seal(s.durable.mark())
	return errors.Join(err, s.engine.close())
}
