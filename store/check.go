package store

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Finding is something that Check has found to be wrong.
type Finding struct {
	Kind    string `json:"kind"` // of file or row: "table", "message", "pending", …
	Key     string `json:"key"`
	Problem string `json:"problem"`
}

// CheckReport is what Check has seen.
type CheckReport struct {
	Sequence uint64            `json:"sequence"` // of the last record
	Accepted uint64            `json:"accepted"` // messages, since the store was made
	Removed  uint64            `json:"removed"`  // by retention
	Rows     map[string]uint64 `json:"rows"`     // by kind
	Findings []Finding         `json:"findings"` // the first maxFindings
	Total    int               `json:"total"`    // of findings
}

// maxFindings bounds what a report lists.
const maxFindings = 1000

// checkCache is the memory for blocks: rows are looked up all over the tables.
const checkCache = 256 << 20

// Check examines the store in dir, which no process may have open. It writes
// nothing. An error means that it could not look; what it finds is no error.
func Check(dir string, files vfs.FS) (report *CheckReport, err error) {
	files = orDisk(files)
	dir = canonical(files, dir)
	if _, err := files.List(dir); err != nil {
		return nil, fmt.Errorf("check store: %w", err)
	}
	lock, err := lockFrozen(files, dir)
	if err != nil {
		return nil, fmt.Errorf("check store in %s: %w", dir, lockError(err))
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	c := &checker{files: frozen{files}, dir: dir, report: &CheckReport{Rows: map[string]uint64{}}}
	if err := c.run(); err != nil {
		return nil, fmt.Errorf("check store in %s: %w", dir, err)
	}
	return c.report, nil
}

// checker is one run of Check.
type checker struct {
	files  vfs.FS
	dir    string
	report *CheckReport

	db       *pebble.DB
	shards   int
	head     head
	retained retained
	// pending is what the head says of each lane; the rows are taken off.
	pending map[laneKey]int64
}

func (c *checker) run() (err error) {
	slots, err := readSlots(c.files, c.dir)
	if err != nil {
		return err
	}
	c.checkSlots(slots)
	if c.db, err = c.openEngine(); c.db == nil {
		return err
	}
	defer func() { err = errors.Join(err, c.db.Close()) }()
	c.checkTables()
	c.checkMeta()
	if problem := slots.compare(c.head.mark); problem != nil {
		c.find("superblock", "hw", problem)
	}
	for _, part := range []struct {
		kind  string
		check func() error
	}{
		{"message", c.checkMessages},
		{"pending", c.checkPending},
		{"timer", c.checkTimers},
		{"event", c.checkEvents},
		{"provider", c.checkProviders},
		{"receipt", c.checkOrphans},
		{"idempotency", c.checkPromises},
		{"batch", c.checkBatches},
		{"contact", c.checkContacts},
		{"inbound", c.checkReceived},
		{"distribution", c.checkDistributions},
		{"sealed", c.checkSealed},
		{"endpoint", c.checkEndpoints},
		{"workspace", c.checkWorkspaces},
		{"key", c.checkKeys},
		{"audit", c.checkAudit},
		{"row", c.checkUnknown},
	} {
		if err := part.check(); err != nil {
			c.find(part.kind, "", err)
		}
	}
	return nil
}

// find notes a finding.
func (c *checker) find(kind, key string, problem error) {
	c.report.Total++
	if len(c.report.Findings) < maxFindings {
		c.report.Findings = append(c.report.Findings, Finding{kind, key, oneLine(problem.Error())})
	}
}

// fault is find for a problem in words.
func (c *checker) fault(kind, key, problem string, args ...any) {
	c.find(kind, key, fmt.Errorf(problem, args...))
}

func (c *checker) count(kind string) { c.report.Rows[kind]++ }

// checkSlots looks at the superblock and at the files that it vouches for.
func (c *checker) checkSlots(st slotState) {
	for i, fault := range st.faults {
		if fault != nil {
			c.find("superblock", slotNames[i], fault)
		} else if _, err := c.files.Stat(c.files.PathJoin(c.dir, slotNames[i])); errors.Is(err, fs.ErrNotExist) {
			c.fault("superblock", slotNames[i], "slot is missing")
		}
	}
	if err := st.newest.verify(c.files, c.dir); err != nil {
		c.find("file", "", err)
	}
}

// openEngine opens the engine, or notes why it does not open.
func (c *checker) openEngine() (*pebble.DB, error) {
	s := newStore(Options{FS: c.files, CacheSize: checkCache}.EnsureDefaults())
	o := s.engineOptions()
	db, err := openReadOnly(c.dir, o)
	if errors.Is(err, fs.ErrPermission) {
		return nil, err
	}
	if err != nil {
		c.find("engine", "", err)
		return nil, nil
	}
	return db, nil
}

// checkAudit walks the chain of the audit log.
func (c *checker) checkAudit() error {
	proof, err := verifyAudit(c.db)
	c.report.Rows["audit"] = proof.Entries
	return err
}
