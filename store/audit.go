package store

import (
	"fmt"

	"messagehub/store/message"
)

// AuditLine is an entry of the audit log, in its place.
type AuditLine struct {
	Number uint64 // from 1, without gaps
	Hash   AuditHash
	message.AuditEntry
}

// Audit appends an entry to the audit log. It is durable when Audit returns.
func (s *Store) Audit(e message.AuditEntry) error {
	if err := s.commit(&auditOp{[]message.AuditEntry{e}}); err != nil {
		return fmt.Errorf("write audit log: %w", err)
	}
	return nil
}

// AuditLater appends an entry soon, and never waits. It is for what strangers
// can cause: where more come than can be written, the rest is counted, and the
// count is an entry. A crash may lose the last fraction of a second.
func (s *Store) AuditLater(e message.AuditEntry) { s.audits.add(e) }

// AuditLog returns entries from number on, in order, at most limit of them.
func (s *Store) AuditLog(from uint64, limit int) ([]AuditLine, error) {
	if err := s.reading.enter(); err != nil {
		return nil, err
	}
	defer s.reading.leave()
	it, err := openScan(s.db, []byte{prefixAudit})
	if err != nil {
		return nil, fmt.Errorf("read audit log: %w", err)
	}
	var lines []AuditLine
	for ok := it.SeekGE(appendAuditKey(nil, from)); ok && len(lines) < limit; ok = it.Next() {
		var line AuditLine
		if line, err = auditLineAt(it); err != nil {
			break
		}
		lines = append(lines, line)
	}
	if err = closeScan(it, err); err != nil {
		return nil, fmt.Errorf("read audit log: %w", err)
	}
	return lines, nil
}

// AuditProof is the end of a chain that holds. Whoever keeps one elsewhere can
// later tell whether the log up to it is still the same.
type AuditProof struct {
	Entries uint64
	Hash    AuditHash // of the last entry; covers all before it
}

// AuditFault says where the chain of the audit log breaks.
type AuditFault struct {
	Number  uint64 // of the first bad entry
	Problem string
}

func (f *AuditFault) Error() string {
	return fmt.Sprintf("audit log breaks at entry %d: %s", f.Number, f.Problem)
}

// VerifyAudit walks the whole chain. A break is an *AuditFault.
func (s *Store) VerifyAudit() (AuditProof, error) {
	if err := s.reading.enter(); err != nil {
		return AuditProof{}, err
	}
	defer s.reading.leave()
	snapshot := s.db.NewSnapshot()
	proof, err := verifyAudit(snapshot)
	if closed := snapshot.Close(); err == nil {
		err = closed
	}
	return proof, err
}
