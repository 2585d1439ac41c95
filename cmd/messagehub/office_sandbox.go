package main

import (
	"time"

	"messagehub/store/message"
)

// maxAdvance bounds one step of the sandbox's clock: nothing waits longer than
// the longest schedule.
const maxAdvance = 31 * 24 * time.Hour

// advance asks for the sandbox's clock to be moved.
type advance struct {
	Workspace string        `json:"workspace"` // empty: all
	By        time.Duration `json:"by"`
}

// advanced is what came of it.
type advanced struct {
	By       string `json:"by"`
	Messages int    `json:"messages"` // that waited for something
}

func (o *office) advanceSandbox(actor string, in advance) (advanced, error) {
	if in.By <= 0 || in.By > maxAdvance {
		return advanced{}, usage("the clock moves forward, by at most %s, not by %s", maxAdvance, in.By)
	}
	var ws message.WorkspaceID
	if in.Workspace != "" {
		w, err := o.workspace(in.Workspace)
		if err != nil {
			return advanced{}, err
		}
		ws = w.ID
	}
	entry := o.entry(actor, "sandbox.advance", in.Workspace)
	entry.After = in.By.String()
	if err := o.store.Audit(entry); err != nil {
		return advanced{}, err
	}
	n, err := o.store.Forward(ws, in.By, o.now())
	return advanced{in.By.String(), n}, err
}
