package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"messagehub/store/message"
)

// mustCheck checks a directory, which must not change by it.
func mustCheck(t testing.TB, files vfs.FS) *CheckReport {
	t.Helper()
	before := dirHash(t, files, "data")
	report, err := Check("data", files)
	if err != nil {
		t.Fatal(err)
	}
	if dirHash(t, files, "data") != before {
		t.Fatal("Check has changed the directory")
	}
	return report
}

// clean fails if there is a finding.
func clean(t testing.TB, files vfs.FS) *CheckReport {
	t.Helper()
	report := mustCheck(t, files)
	for _, f := range report.Findings {
		t.Errorf("%+v", f)
	}
	if report.Total != len(report.Findings) {
		t.Errorf("%d findings", report.Total)
	}
	return report
}

func TestCheckOfAGoodStore(t *testing.T) {
	files := vfs.NewCrashableMem()
	s := begun(onDir(t, files))
	p := populate(t, s, 4)
	if err := s.db.Flush(); err != nil {
		t.Fatal(err)
	}
	p.round(t, s, 4)
	clean(t, files.CrashClone(vfs.CrashCloneCfg{})) // after a power cut
	mark := s.durable.mark()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	report := clean(t, files) // after an orderly end
	if report.Sequence != mark.sequence || report.Accepted != mark.accepted {
		t.Errorf("%+v, want %v", report, mark)
	}
	for _, kind := range []string{
		"table", "message", "state", "pending", "timer", "event", "provider", "receipt", "idempotency", "workspace", "key", "endpoint", "audit",
	} {
		if report.Rows[kind] == 0 {
			t.Errorf("no %s was looked at: %v", kind, report.Rows)
		}
	}
	if n := uint64(len(p.messages)); report.Rows["message"] != n || report.Rows["audit"] != p.audits {
		t.Errorf("%v; want %d messages, %d audit entries", report.Rows, n, p.audits)
	}
	if _, err := files.Stat("data/LOCK"); err != nil {
		t.Error(err)
	}
}

func TestCheckOfANewStore(t *testing.T) {
	files := vfs.NewCrashableMem()
	s := onDir(t, files)
	clean(t, files.CrashClone(vfs.CrashCloneCfg{}))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	clean(t, files)
}

func TestCheckOfABackup(t *testing.T) {
	files, _ := backedUp(t)
	if err := files.Rename("backup", "copy"); err != nil {
		t.Fatal(err)
	}
	report, err := Check("copy", files)
	if err != nil || report.Total != 0 {
		t.Fatalf("%+v, %v", report, err)
	}
	if _, err := files.Stat("copy/LOCK"); !errors.Is(err, fs.ErrNotExist) {
		t.Fatal("Check has made a lock file")
	}
}

func TestCheckAfterRetention(t *testing.T) {
	files := vfs.NewCrashableMem()
	h := newHistory(t, files)
	for range 5 {
		h.deliver(h.accept(1))
		h.accept(2)
	}
	h.pass(3 * time.Hour)
	h.accept(3)
	h.retain(h.time(), Retained{Removed: 5, Kept: 5})
	report := clean(t, files.CrashClone(vfs.CrashCloneCfg{}))
	if report.Removed != 5 || report.Accepted != 11 || report.Rows["message"] != 6 {
		t.Fatalf("%+v", report)
	}
}

func TestCheckCannotLook(t *testing.T) {
	files := vfs.NewCrashableMem()
	if _, err := Check("nowhere", files); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing directory: %v", err)
	}
	if _, err := files.Stat("nowhere"); !errors.Is(err, fs.ErrNotExist) {
		t.Error("Check has made a directory")
	}
	s := begun(onDir(t, files))
	if _, err := Check("data", files); !errors.Is(err, ErrLocked) {
		t.Errorf("of a running store: %v", err)
	}
	if err := s.Audit(someEntry(1)); err != nil {
		t.Error(err)
	}
}

// planted is a store with known messages, to plant a fault into.
type planted struct {
	*population
	db    *pebble.DB
	batch *pebble.Batch
}

// at returns the message of a stage of the first round.
func (p *planted) at(stage int) place { return p.messages[stage] }

func (p *planted) key(prefix byte, stage int) []byte {
	m := p.at(stage)
	return appendRowKey(nil, prefix, m.ws, m.id)
}

// first returns the first row that starts with prefix.
func (p *planted) first(prefix ...byte) (key, value []byte) {
	err := eachRow(p.db, prefix, func(k, v []byte) error {
		if key == nil {
			key, value = bytes.Clone(k), bytes.Clone(v)
		}
		return nil
	})
	if err != nil || key == nil {
		panic(fmt.Sprint("no row ", prefix, err))
	}
	return key, value
}

func (p *planted) set(key, value []byte) { p.batch.Set(key, value, nil) }
func (p *planted) del(key []byte)        { p.batch.Delete(key, nil) }
func (p *planted) load(key []byte) (text []byte) {
	value, err := readRow(p.db, key)
	if err != nil {
		panic(err)
	}
	return []byte(value)
}

// The stages of a round, in the order of round.
const (
	atQueued = iota
	atSending
	atSent
	atDelivered
	atRetrying
	atFallenBack
	atCanceled
	atScheduled
)

// alter writes the state of a stage, changed.
func (p *planted) alter(stage int, change func(*message.State)) {
	m := p.at(stage)
	s := *m.state
	s.Attempts = append([]message.Attempt(nil), s.Attempts...)
	change(&s)
	p.set(p.key(prefixState, stage), appendState(nil, &s, m.id.Position()))
}

func TestCheckFindsPlantedFaults(t *testing.T) {
	junk := []byte("\xffjunk")
	for name, c := range map[string]struct {
		kind, word string
		plant      func(p *planted)
	}{
		"unreadable message":  {"message", "not readable", func(p *planted) { p.set(p.key(prefixOutbound, atQueued), junk) }},
		"message cut short":   {"message", "not readable", func(p *planted) { k := p.key(prefixOutbound, atQueued); v := p.load(k); p.set(k, v[:len(v)-1]) }},
		"odd message key":     {"message", "not readable", func(p *planted) { p.set([]byte("m\x00"), junk) }},
		"lost message":        {"state", "no message", func(p *planted) { p.del(p.key(prefixOutbound, atDelivered)) }},
		"lost queued message": {"pending", "no message", func(p *planted) { p.del(p.key(prefixOutbound, atQueued)) }},
		"lost message shows in the count": {"message", "were accepted", func(p *planted) {
			p.del(p.key(prefixOutbound, atDelivered))
			p.del(p.key(prefixState, atDelivered))
		}},
		"lost message shows in its events": {"event", "no message", func(p *planted) { p.del(p.key(prefixOutbound, atDelivered)) }},
		"message from the future": {"message", "ends at", func(p *planted) {
			v := p.load(p.key(prefixOutbound, atQueued))
			p.set(appendRowKey(nil, prefixOutbound, 1, message.NewID(message.At(1<<40, 0), 1)), v)
		}},
		"unreadable state":                   {"state", "not readable", func(p *planted) { p.set(p.key(prefixState, atSent), junk) }},
		"lost state":                         {"state", "no pending row", func(p *planted) { p.del(p.key(prefixState, atFallenBack)) }},
		"state that forgot a send":           {"provider", "another provider id", func(p *planted) { p.del(p.key(prefixState, atSent)) }},
		"state that waits nowhere":           {"state", "no pending row", func(p *planted) { p.alter(atQueued, func(s *message.State) { s.Waiting += 1 << 12 }) }},
		"state that waits though it is over": {"state", "while its attempt is", func(p *planted) { p.alter(atDelivered, func(s *message.State) { s.Waiting = 1 << 12 }) }},
		"state that waits no more":           {"pending", "waits elsewhere", func(p *planted) { p.alter(atSending, func(s *message.State) { s.Waiting = 0 }) }},
		"state of another attempt": {"pending", "waits elsewhere", func(p *planted) {
			p.alter(atSending, func(s *message.State) { s.Attempts = append(s.Attempts, s.Attempts[0]) })
		}},
		"lost pending row":                    {"state", "no pending row", func(p *planted) { k, _ := p.first(prefixPending); p.del(k) }},
		"lost pending row shows in the count": {"pending", "more than there are", func(p *planted) { k, _ := p.first(prefixPending); p.del(k) }},
		"unreadable pending row":              {"pending", "not readable", func(p *planted) { k, _ := p.first(prefixPending); p.set(k, junk) }},
		"odd pending key":                     {"pending", "not readable", func(p *planted) { p.set([]byte("p\x00"), junk) }},
		"pending row of another": {"state", "of another message", func(p *planted) {
			k, v := p.first(prefixPending)
			v[jobID+3] ^= 1
			p.set(k, v)
		}},
		"pending row twice": {"pending", "waits elsewhere", func(p *planted) {
			k, v := p.first(prefixPending)
			k[len(k)-1]++
			p.set(k, v)
		}},
		"pending row in the wrong shard": {"pending", "another lane or shard", func(p *planted) {
			k, v := p.first(prefixPending)
			k[len(k)-positionSize-1] ^= 1
			p.set(k, v)
		}},
		"timer of nothing": {"timer", "no message", func(p *planted) {
			p.set(appendTimerKey(nil, message.Timer{At: 1 << 41, Kind: message.TimerDue}, 1, message.NewID(9<<12, 9)), nil)
		}},
		"timer of no attempt": {"timer", "no attempt 5", func(p *planted) {
			m := p.at(atQueued)
			p.set(appendTimerKey(nil, message.Timer{At: 1 << 41, Kind: message.TimerDue, Attempt: 5}, m.ws, m.id), nil)
		}},
		"odd timer": {"timer", "timer of", func(p *planted) { p.set([]byte("t\x00\x00"), nil) }},
		"lost success timer": {"state", "relies on a timer", func(p *planted) {
			m := p.at(atSent)
			p.del(appendTimerKey(nil, message.Timer{At: m.state.Attempts[0].Due, Kind: message.TimerSuccess}, m.ws, m.id))
		}},
		"lost retry timer": {"state", "relies on a timer", func(p *planted) {
			m := p.at(atRetrying)
			p.del(appendTimerKey(nil, message.Timer{At: m.state.Attempts[0].NotBefore, Kind: message.TimerDue}, m.ws, m.id))
		}},
		"lost schedule": {"state", "relies on a timer", func(p *planted) {
			m := p.at(atScheduled)
			p.del(appendTimerKey(nil, message.Timer{At: m.state.Attempts[0].NotBefore, Kind: message.TimerDue}, m.ws, m.id))
		}},
		"lost deadline": {"state", "relies on a timer", func(p *planted) {
			m := p.at(atScheduled)
			p.del(appendTimerKey(nil, message.Timer{At: m.state.Attempts[0].Deadline, Kind: message.TimerDeadline}, m.ws, m.id))
		}},
		"unreadable event": {"event", "not readable", func(p *planted) { k, _ := p.first(prefixEvent); p.set(k, junk) }},
		"odd event key":    {"event", "not readable", func(p *planted) { p.set([]byte("e\x00"), junk) }},
		"event of nothing": {"event", "no message", func(p *planted) {
			e := message.Event{Message: message.NewID(9<<12, 9), Entry: message.Entry{Type: message.MessageSent}, Status: message.Sent}
			p.set(appendEventKey(nil, 1, 10<<12, 0), appendEvent(nil, &e))
		}},
		"event before its message": {"event", "before its message", func(p *planted) {
			_, v := p.first(prefixEvent)
			p.set(appendEventKey(nil, 1, 1, 0), v)
		}},
		"event from the future": {"event", "end of the log", func(p *planted) {
			_, v := p.first(prefixEvent)
			p.set(appendEventKey(nil, 1, message.At(1<<40, 0), 0), v)
		}},
		"lost event of a pair": {"event", "the one before", func(p *planted) {
			k, v := p.first(prefixEvent)
			k[len(k)-1] = 2
			p.set(k, v)
		}},
		"provider id of nothing": {"provider", "no message", func(p *planted) {
			k, _ := p.first(prefixProvider)
			p.set(k, appendTarget(nil, target{1, message.NewID(9<<12, 9), 0}))
		}},
		"provider id of another": {"provider", "another provider id", func(p *planted) {
			k, v := p.first(prefixProvider)
			p.set(append(k, 'x'), v)
		}},
		"provider id of another lane": {"provider", "another way", func(p *planted) {
			k, v := p.first(prefixProvider)
			p.set(bytes.Replace(k, []byte("whatsapp\x00\x00"), []byte("whatsapp\x00\x01"), 1), v)
		}},
		"unreadable provider id":    {"provider", "not readable", func(p *planted) { k, _ := p.first(prefixProvider); p.set(k, junk) }},
		"odd provider key":          {"provider", "not readable", func(p *planted) { p.set([]byte("x\x00"), junk) }},
		"early receipts, no timer":  {"receipt", "no timer", func(p *planted) { k, v := p.first(prefixOrphan); p.set(append(k, 'x'), v) }},
		"unreadable early receipts": {"receipt", "not readable", func(p *planted) { k, _ := p.first(prefixOrphan); p.set(k, junk) }},
		"lost early receipts":       {"timer", "no early receipts", func(p *planted) { k, _ := p.first(prefixOrphan); p.del(k) }},
		"unreadable promise":        {"idempotency", "not readable", func(p *planted) { k, _ := p.first(prefixIdempotency); p.set(k, junk) }},
		"promise of nothing": {"idempotency", "no message", func(p *planted) {
			k, v := p.first(prefixIdempotency)
			id := message.NewID(9<<12, 9)
			copy(v[1:], id[:])
			p.set(k, v)
		}},
		"odd promise key":         {"idempotency", "not readable", func(p *planted) { _, v := p.first(prefixIdempotency); p.set([]byte("i\x00"), v) }},
		"unreadable workspace":    {"workspace", "not readable", func(p *planted) { k, _ := p.first(prefixWorkspace, byID); p.set(k, junk) }},
		"lost workspace":          {"workspace", "which is not there", func(p *planted) { k, _ := p.first(prefixWorkspace, byID); p.del(k) }},
		"lost workspace of a key": {"key", "workspace 1 is not there", func(p *planted) { k, _ := p.first(prefixWorkspace, byID); p.del(k) }},
		"lost name":               {"workspace", "not found by its name", func(p *planted) { k, _ := p.first(prefixWorkspace, byName); p.del(k) }},
		"exchanged name":          {"workspace", "is found by its name", func(p *planted) { k, _ := p.first(prefixWorkspace, byName); p.set(k, []byte{2}) }},
		"stray name":              {"workspace", "which has another one", func(p *planted) { p.set(appendNameKey(nil, "stray"), []byte{1}) }},
		"workspace never given": {"workspace", "never given", func(p *planted) {
			p.set(appendWorkspaceKey(nil, 77), appendWorkspace(nil, &message.Workspace{ID: 77, Name: "x"}))
		}},
		"odd workspace key": {"workspace", "not readable", func(p *planted) { p.set([]byte("w?"), junk) }},
		"unreadable key":    {"key", "not readable", func(p *planted) { k, _ := p.first(prefixKey, byID); p.set(k, junk) }},
		"unreadable use":    {"key", "not readable", func(p *planted) { k, _ := p.first(prefixKey, byUse); p.set(k, nil) }},
		"odd key key":       {"key", "not readable", func(p *planted) { p.set([]byte("k?"), junk) }},
		"two keys of a hash": {"key", "same hash", func(p *planted) {
			k, v := p.first(prefixKey, byID)
			k[len(k)-1] ^= 1
			p.set(k, v)
		}},
		"changed audit entry": {"audit", "entry 2: hash", func(p *planted) {
			k := appendAuditKey(nil, 2)
			v := p.load(k)
			v[len(v)-1] ^= 1
			p.set(k, v)
		}},
		"unreadable head":       {"meta", "not readable", func(p *planted) { p.set([]byte(keyHead), junk) }},
		"unreadable schema":     {"meta", "not readable", func(p *planted) { p.set([]byte(keySchema), nil) }},
		"newer schema":          {"meta", "newer", func(p *planted) { p.set([]byte(keySchema), []byte{99, 8}) }},
		"unreadable sum":        {"meta", "not readable", func(p *planted) { p.set([]byte(keyRetained), junk) }},
		"hours in disorder":     {"meta", "an hour begins", func(p *planted) { p.set(appendHourKey(nil, 1<<31), []byte{0}) }},
		"log behind superblock": {"superblock", "end of the log is lost", func(p *planted) { p.set([]byte(keyHead), binary.AppendUvarint([]byte{headVersion}, 1)) }},
		"stray row":             {"row", "no version", func(p *planted) { p.set([]byte("?stray"), nil) }},
		"stray meta row":        {"row", "no version", func(p *planted) { p.set([]byte("z/stray"), nil) }},
	} {
		t.Run(name, func(t *testing.T) {
			files := vfs.NewCrashableMem()
			s := begun(onDir(t, files))
			p := &planted{population: populate(t, s, 1), db: s.db, batch: s.db.NewBatch()}
			if err := s.keeper.note(); err != nil {
				t.Fatal(err)
			}
			c.plant(p)
			if err := p.batch.Commit(pebble.Sync); err != nil {
				t.Fatal(err)
			}
			report := mustCheck(t, files.CrashClone(vfs.CrashCloneCfg{}))
			for _, f := range report.Findings {
				if f.Kind == c.kind && strings.Contains(f.Problem, c.word) {
					return
				}
			}
			t.Errorf("not found; findings: %+v", report.Findings)
		})
	}
}

func TestCheckBoundsItsFindings(t *testing.T) {
	files := vfs.NewCrashableMem()
	s := onDir(t, files)
	b := s.db.NewBatch()
	for i := range maxFindings + 10 {
		b.Set(fmt.Appendf(nil, "?%06d", i), nil, nil)
	}
	if err := b.Commit(pebble.Sync); err != nil {
		t.Fatal(err)
	}
	report := mustCheck(t, files.CrashClone(vfs.CrashCloneCfg{}))
	if len(report.Findings) != maxFindings || report.Total != maxFindings+10 {
		t.Fatalf("%d of %d", len(report.Findings), report.Total)
	}
}
