package relay

import "messagehub/store/message"

// Folder changes a message by a fact; durable when it returns.
type Folder interface {
	Fold(ws message.WorkspaceID, id message.ID, f message.Fact) (message.Folded, error)
}

// cancel is POST /api/v1/messages/{messageId}/cancel. Canceling twice is no
// error: the answer to the first may have been lost.
func (s *Server) cancel(c *call) {
	o, _, ok := c.find()
	if !ok {
		return
	}
	c.inLog = true
	folded, err := s.o.Folder.Fold(c.key.Workspace, o.ID, message.Fact{Kind: message.Cancel, At: c.at})
	c.inLog = false
	if err != nil {
		c.failLog(err)
		return
	}
	if state := folded.State; folded.Refused && state.Status != message.Canceled {
		c.failAs(Fault{Code: NotCancelable, Param: "messageId", Message: notCancelable(state)})
		return
	}
	c.message(200, folded.Outbound, folded.State)
}

// notCancelable names the state that the message is in.
func notCancelable(s *message.State) string {
	switch s.Status {
	case message.Failed, message.Expired:
		return "The message is over: it is " + s.Status.String() + "."
	case message.Queued:
		return "The message is queued for its next channel, but an earlier one has been handed to a provider and may still arrive."
	}
	return "The message is " + s.Status.String() + ": it has been handed to a provider and can no longer be canceled."
}
