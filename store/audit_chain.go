package store

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"unicode"

	"github.com/cockroachdb/pebble/v2"

	"messagehub/store/message"
)

// The audit log is a chain. Entry n has the key 'a' n, and the value
//
//	hash 32 | encoded entry
//
// where hash = SHA-256(hash of entry n-1 | n, 8 bytes | encoded entry), and
// the entry before the first has a hash of zeros. The row keyAuditHead holds
// the number and the hash of the last one, so a missing end shows too.
const (
	keyAuditHead = "z/audit"

	auditVersion = 1
	// maxAuditText bounds each member of an entry.
	maxAuditText = 4096
)

// AuditHash is a link of the chain.
type AuditHash [sha256.Size]byte

// String returns the hash in hex.
func (h AuditHash) String() string { return hex.EncodeToString(h[:]) }

// auditOp is the operation of Audit.
type auditOp struct{ entries []message.AuditEntry }

func (o *auditOp) apply(t *txn) error { return t.audit(o.entries) }

// audit appends entries to the chain, as a part of the running op. Only an
// error of the engine stops it.
func (t *txn) audit(entries []message.AuditEntry) error {
	if len(entries) == 0 {
		return nil
	}
	var last AuditProof
	if value, ok := t.get([]byte(keyAuditHead)); ok {
		var err error
		if last, err = decodeAuditHead(string(value)); err != nil {
			t.fail(err)
			return err
		}
	}
	for i := range entries {
		text := appendAuditEntry(nil, &entries[i])
		last = last.next(text)
		t.set(appendAuditKey(nil, last.Entries), append(last.Hash[:], text...))
	}
	t.set([]byte(keyAuditHead), appendAuditHead(nil, last))
	return t.err
}

// next returns the proof after one more entry.
func (p AuditProof) next(entry []byte) AuditProof {
	p.Entries++
	b := binary.BigEndian.AppendUint64(p.Hash[:], p.Entries)
	p.Hash = sha256.Sum256(append(b, entry...))
	return p
}

// verifyAudit walks the chain.
func verifyAudit(db pebble.Reader) (AuditProof, error) {
	var last AuditProof
	err := eachRow(db, []byte{prefixAudit}, func(key, value []byte) error {
		fault := func(problem string) error { return &AuditFault{last.Entries + 1, problem} }
		number, ok := auditNumber(key)
		if !ok || len(value) < sha256.Size {
			return fault("row is not readable")
		}
		if number != last.Entries+1 {
			return fault("entry is missing, the next one is " + strconv.FormatUint(number, 10))
		}
		text := value[sha256.Size:]
		if _, err := decodeAuditEntry(string(text)); err != nil {
			return fault("entry is not readable")
		}
		next := last.next(text)
		if next.Hash != AuditHash(value[:sha256.Size]) {
			return fault("hash does not match")
		}
		last = next
		return nil
	})
	if err != nil {
		return last, err
	}
	return last, verifyAuditHead(db, last)
}

// verifyAuditHead compares the end of the chain with what the head says.
func verifyAuditHead(db pebble.Reader, last AuditProof) error {
	value, err := readRow(db, []byte(keyAuditHead))
	if errors.Is(err, pebble.ErrNotFound) && last.Entries == 0 {
		return nil
	}
	head, decodeErr := decodeAuditHead(value)
	switch {
	case errors.Is(err, pebble.ErrNotFound):
		return &AuditFault{last.Entries + 1, "head of the chain is missing"}
	case err != nil:
		return err
	case decodeErr != nil:
		return &AuditFault{last.Entries + 1, "head of the chain is not readable"}
	case head.Entries > last.Entries:
		return &AuditFault{last.Entries + 1, "entries are missing up to " + strconv.FormatUint(head.Entries, 10)}
	case head != last:
		return &AuditFault{min(head.Entries+1, last.Entries), "head of the chain does not match"}
	}
	return nil
}

func appendAuditKey(dst []byte, number uint64) []byte {
	return binary.BigEndian.AppendUint64(append(dst, prefixAudit), number)
}

func auditNumber(key []byte) (uint64, bool) {
	if len(key) != 9 {
		return 0, false
	}
	return binary.BigEndian.Uint64(key[1:]), true
}

func appendAuditHead(dst []byte, p AuditProof) []byte {
	return append(binary.BigEndian.AppendUint64(dst, p.Entries), p.Hash[:]...)
}

func decodeAuditHead(value string) (AuditProof, error) {
	r := reader{text: value}
	p := AuditProof{Entries: r.fixed64()}
	r.bytes(p.Hash[:])
	return p, r.done("head of the audit log")
}

// appendAuditEntry appends the canonical form: equal entries, equal bytes.
func appendAuditEntry(dst []byte, e *message.AuditEntry) []byte {
	dst = appendTime(append(dst, auditVersion), e.At)
	for _, text := range []string{e.Actor, e.Action, e.Object, e.Address, e.RequestID, e.Before, e.After} {
		dst = appendString(dst, auditText(text))
	}
	return dst
}

func decodeAuditEntry(value string) (message.AuditEntry, error) {
	r := openValue(value, auditVersion)
	e := message.AuditEntry{
		At: r.time(), Actor: r.string(), Action: r.string(), Object: r.string(),
		Address: r.string(), RequestID: r.string(), Before: r.string(), After: r.string(),
	}
	return e, r.done("audit entry")
}

// auditText makes a member of an entry safe to show and bounds it.
func auditText(s string) string {
	const cut = "…"
	if len(s) > maxAuditText {
		s = s[:maxAuditText-len(cut)] + cut
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// auditLineAt reads the entry that it stands at.
func auditLineAt(it *pebble.Iterator) (AuditLine, error) {
	value, err := it.ValueAndErr()
	if err != nil {
		return AuditLine{}, err
	}
	number, ok := auditNumber(it.Key())
	if !ok || len(value) < sha256.Size {
		return AuditLine{}, &AuditFault{number, "row is not readable"}
	}
	entry, err := decodeAuditEntry(string(value[sha256.Size:]))
	return AuditLine{number, AuditHash(value[:sha256.Size]), entry}, err
}

// closeScan ends an iteration that stopped with err.
func closeScan(it *pebble.Iterator, err error) error {
	return errors.Join(err, it.Error(), it.Close())
}
