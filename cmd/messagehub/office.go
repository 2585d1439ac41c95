package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"messagehub/relay/access"
	"messagehub/store"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

// ring is where a running server looks limits up.
type ring interface{ PutWorkspace(message.Workspace) }

// office is administration: the same for a running server, behind its admin
// socket, and for a directory that no server has open.
type office struct {
	store *store.Store
	keys  *access.Book
	ring  ring // nil where no server runs
	tiers func() map[string]int
	now   func() message.Time
	// delivery and pauses are those of a running server; nil where none runs.
	delivery delivery
	pauses   *pauses
	// vault opens the vault; keyFile is for where no server has it open.
	vault func(keyFile string) (*vault, error)
}

// verb does one administrative thing for actor and returns what to show.
type verb func(o *office, actor string, args []byte) (any, error)

// verbs is the table of all that administration can do.
func verbs() map[string]verb {
	return map[string]verb{
		"workspaces.create": verbOf((*office).createWorkspace),
		"workspaces.list":   verbOf((*office).listWorkspaces),
		"keys.create":       verbOf((*office).createKey),
		"keys.list":         verbOf((*office).listKeys),
		"keys.revoke":       verbOf((*office).revokeKey),
		"keys.rotate":       verbOf((*office).rotateKey),
		"backup":            verbOf((*office).backup),
		"audit.verify":      verbOf((*office).verifyAudit),
		"audit.list":        verbOf((*office).listAudit),
		"contacts.erasures": verbOf((*office).listErasures),
		"channels.list":     verbOf((*office).listSenders),
		"channels.test":     verbOf((*office).testSenders),
		"channels.pause":    verbOf((*office).pauseSenders),
		"channels.resume":   verbOf((*office).resumeSenders),
		"vault.rekey":       verbOf((*office).rekey),
		"sandbox.advance":   verbOf((*office).advanceSandbox),
	}
}

func verbOf[In, Out any](do func(o *office, actor string, in In) (Out, error)) verb {
	return func(o *office, actor string, args []byte) (any, error) {
		var in In
		if err := json.UnmarshalStrict(args, &in); err != nil {
			return nil, fmt.Errorf("read arguments: %w", err)
		}
		return do(o, actor, in)
	}
}

// enact runs one verb.
func (o *office) enact(actor, name string, args []byte) (any, error) {
	do := verbs()[name]
	if do == nil {
		return nil, fail(exitUsage, "client and server are of different versions", "no administrative command %q", name)
	}
	return do(o, actor, args)
}

type nothing struct{}

// newWorkspace asks for a workspace, or changes the limit of one that exists.
type newWorkspace struct {
	Name      string `json:"name"`
	Tier      string `json:"tier"`
	PerMinute int    `json:"perMinute"` // where there is no tier
}

func (o *office) createWorkspace(actor string, in newWorkspace) (workspaceView, error) {
	if !plainName(in.Name) {
		return workspaceView{}, usage("workspace name %q: use 1 to 64 letters, digits, dashes, dots and underscores", in.Name)
	}
	perMinute, err := o.limit(in)
	if err != nil {
		return workspaceView{}, err
	}
	w := message.Workspace{Name: in.Name, Tier: in.Tier, PerMinute: perMinute, CreatedAt: o.now()}
	why := o.entry(actor, "workspace.create", in.Name)
	why.After = describeLimit(w)
	if w, err = o.store.PutWorkspace(w, why); err != nil {
		if errors.Is(err, store.ErrNameTaken) {
			return workspaceView{}, fail(exitFailure, `see "messagehub workspaces list"`, "there is a workspace %q already", in.Name)
		}
		return workspaceView{}, err
	}
	if o.ring != nil {
		o.ring.PutWorkspace(w)
	}
	return viewWorkspace(w), nil
}

// limit is what the tier means, or the limit of its own.
func (o *office) limit(in newWorkspace) (int, error) {
	if in.Tier == "" {
		if in.PerMinute < 1 || in.PerMinute > access.MaxPerMinute {
			return 0, usage("--per-minute must be 1 to %d", access.MaxPerMinute)
		}
		return in.PerMinute, nil
	}
	tiers := o.tiers()
	if n, ok := tiers[in.Tier]; ok {
		return n, nil
	}
	var known []string
	for name := range tiers {
		known = append(known, name)
	}
	slices.Sort(known)
	return 0, fail(exitUsage, "known are "+strings.Join(known, ", ")+"; others come from the section tiers of the configuration", "no tier %q", in.Tier)
}

func describeLimit(w message.Workspace) string {
	if w.Tier == "" {
		return fmt.Sprintf("perMinute=%d", w.PerMinute)
	}
	return fmt.Sprintf("tier=%s perMinute=%d", w.Tier, w.PerMinute)
}

func (o *office) listWorkspaces(string, nothing) ([]workspaceView, error) {
	all, err := o.store.Workspaces()
	views := make([]workspaceView, len(all))
	for i, w := range all {
		views[i] = viewWorkspace(w)
	}
	return views, err
}

// workspace finds one by name.
func (o *office) workspace(name string) (message.Workspace, error) {
	w, err := o.store.WorkspaceByName(name)
	if errors.Is(err, store.ErrNoWorkspace) {
		return w, fail(exitFailure, `make it with "messagehub workspaces create `+name+`"`, "there is no workspace %q", name)
	}
	return w, err
}

func (o *office) entry(actor, action, object string) message.AuditEntry {
	return message.AuditEntry{At: o.now(), Actor: actor, Action: action, Object: object}
}

type backupTo struct {
	Dir string `json:"dir"` // absolute
}

func (o *office) backup(actor string, in backupTo) (backupView, error) {
	begun := time.Now()
	m, err := o.store.Backup(in.Dir)
	if err != nil {
		return backupView{}, err
	}
	why := o.entry(actor, "backup.create", in.Dir)
	why.After = fmt.Sprintf("sequence=%d messages=%d", m.Sequence, m.Accepted)
	if err := o.store.Audit(why); err != nil {
		return backupView{}, err
	}
	return viewBackup(in.Dir, m, time.Since(begun)), nil
}

func (o *office) verifyAudit(string, nothing) (auditProofView, error) {
	proof, err := o.store.VerifyAudit()
	var fault *store.AuditFault
	if errors.As(err, &fault) {
		return auditProofView{}, fail(exitCorrupt, "the log was changed by something other than this program, or the disk is damaged: keep the directory as it is", "%w", err)
	}
	return auditProofView{proof.Entries, proof.Hash.String()}, err
}

type auditRange struct {
	From  uint64 `json:"from"`
	Limit int    `json:"limit"`
}

func (o *office) listAudit(_ string, in auditRange) ([]auditView, error) {
	if in.Limit < 1 || in.Limit > maxAuditList {
		return nil, usage("--limit must be 1 to %d", maxAuditList)
	}
	from := in.From
	if from == 0 { // the newest
		proof, err := o.store.VerifyAudit()
		if err != nil {
			return nil, err
		}
		from = proof.Entries - min(proof.Entries, uint64(in.Limit)) + 1
	}
	lines, err := o.store.AuditLog(from, in.Limit)
	views := make([]auditView, len(lines))
	for i := range lines {
		views[i] = viewAudit(&lines[i])
	}
	return views, err
}

// maxAuditList bounds what one answer holds.
const maxAuditList = 10_000
