package main

import (
	"strings"
	"time"

	"messagehub/relay/access"
	"messagehub/store"
	"messagehub/store/message"
)

// The forms in which administration is shown: members of the -o json output,
// which are stable.

type workspaceView struct {
	ID        uint32 `json:"id"`
	Name      string `json:"name"`
	Tier      string `json:"tier,omitempty"`
	PerMinute int    `json:"perMinute"`
	CreatedAt string `json:"createdAt"`
}

func viewWorkspace(w message.Workspace) workspaceView {
	return workspaceView{uint32(w.ID), w.Name, w.Tier, w.PerMinute, stamp(w.CreatedAt)}
}

type keyView struct {
	ID        string   `json:"id"`
	Workspace string   `json:"workspace"`
	Name      string   `json:"name,omitempty"`
	Shown     string   `json:"shown"` // prefix and last four
	Test      bool     `json:"test"`
	Scopes    []string `json:"scopes"`
	Allow     []string `json:"allow,omitempty"`
	PerMinute int      `json:"perMinute,omitempty"`
	CreatedAt string   `json:"createdAt"`
	ExpiresAt string   `json:"expiresAt,omitempty"`
	RevokedAt string   `json:"revokedAt,omitempty"`
	LastUsed  string   `json:"lastUsed,omitempty"`
	Successor string   `json:"successor,omitempty"`
}

// createdKey is a key with its secret, which is shown this once.
type createdKey struct {
	Key string `json:"key"`
	keyView
}

type rotatedKey struct {
	createdKey
	Old keyView `json:"old"`
}

func viewKey(k *message.Key, workspace string) keyView {
	v := keyView{
		ID: access.Name(k.ID), Workspace: workspace, Name: k.Name, Shown: access.Shown(k), Test: k.Test,
		Scopes: k.Scopes.Names(), PerMinute: k.PerMinute, CreatedAt: stamp(k.CreatedAt), ExpiresAt: stamp(k.ExpiresAt),
		RevokedAt: stamp(k.RevokedAt), LastUsed: stamp(k.LastUsed),
	}
	for _, p := range k.Allow {
		v.Allow = append(v.Allow, p.String())
	}
	if !k.Successor.IsZero() {
		v.Successor = access.Name(k.Successor)
	}
	return v
}

// state sums a key's validity up in one word for a table.
func (v *keyView) state(now time.Time) string {
	switch {
	case v.RevokedAt != "":
		return "revoked"
	case v.ExpiresAt != "" && v.ExpiresAt <= stamp(message.TimeOf(now)):
		return "expired"
	case v.Successor != "":
		return "rotated"
	}
	return "valid"
}

// stampForm is how times are shown; texts of it sort as the times do.
const stampForm = "2006-01-02T15:04:05.000Z"

// stamp shows a time, "" for none.
func stamp(t message.Time) string {
	if t == 0 {
		return ""
	}
	return t.Std().Format(stampForm)
}

type backupView struct {
	Dir      string  `json:"dir"`
	Sequence uint64  `json:"sequence"`
	Messages uint64  `json:"messages"` // accepted since the store was made
	Files    int     `json:"files"`
	Bytes    int64   `json:"bytes"`
	Seconds  float64 `json:"seconds"`
}

func viewBackup(dir string, m *store.BackupManifest, took time.Duration) backupView {
	return backupView{dir, m.Sequence, m.Accepted, len(m.Files), m.Bytes(), took.Round(time.Millisecond).Seconds()}
}

type auditProofView struct {
	Entries uint64 `json:"entries"`
	Hash    string `json:"hash"`
}

type auditView struct {
	Number    uint64 `json:"number"`
	At        string `json:"at"`
	Actor     string `json:"actor"`
	Action    string `json:"action"`
	Object    string `json:"object,omitempty"`
	Address   string `json:"address,omitempty"`
	RequestID string `json:"requestId,omitempty"`
	Before    string `json:"before,omitempty"`
	After     string `json:"after,omitempty"`
	Hash      string `json:"hash"`
}

func viewAudit(l *store.AuditLine) auditView {
	return auditView{
		l.Number, stamp(l.At), l.Actor, l.Action, l.Object, l.Address, l.RequestID, l.Before, l.After, l.Hash.String(),
	}
}

// plainName reports whether a name can be part of an address or a log line.
func plainName(s string) bool {
	const allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
	return len(s) >= 1 && len(s) <= 64 && strings.Trim(s, allowed) == "" && s != "." && s != ".."
}
