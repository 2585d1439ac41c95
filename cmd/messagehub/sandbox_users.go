package main

import (
	"errors"

	"messagehub/actors/channel/sim"
	"messagehub/relay"
	"messagehub/store/message"
)

// sandboxUsers are the users of the simulated providers. They write to the
// workspace that asks for it, and to no other.
type sandboxUsers struct {
	sandbox *sandbox
	inbox   *inbox
}

// Write implements [relay.Sandbox].
func (u sandboxUsers) Write(ws message.WorkspaceID, w relay.Writing) error {
	about := message.Inbound{Channel: w.Channel, Test: true, ReplyTo: w.ReplyTo, ReceivedAt: now()}
	owner, found, err := u.inbox.workspace(&about)
	switch {
	case err != nil:
		return err
	case !found || owner != ws:
		return errors.New("it would go to another workspace; answer a message of your own with replyTo")
	}
	return u.sandbox.mux.Write(w.Channel+"/"+w.Sender, sim.Written{From: w.From, Kind: w.Kind, Text: w.Text, MediaURL: w.MediaURL, ReplyTo: w.ReplyTo})
}
