package relay

import (
	"errors"

	"messagehub/store/message"
)

// Messages reads what the log holds. An id that is not the workspace's own is
// not found, whoever else may own it.
type Messages interface {
	Message(ws message.WorkspaceID, id message.ID) (*message.Outbound, *message.State, error)
	List(ws message.WorkspaceID, q message.Query) (message.Page, error)
}

// status is GET /api/v1/messages/{messageId}.
func (s *Server) status(c *call) {
	o, state, ok := c.find()
	if !ok {
		return
	}
	c.message(200, o, state)
}

// find reads the message that the path names. Where there is none that the
// key may see it has answered, always in the same way: an id of another
// workspace, of the other of live and test, or of no form at all.
func (c *call) find() (*message.Outbound, *message.State, bool) {
	id, err := message.ParseID(message.PrefixMessage, c.param("messageId"))
	if err != nil {
		c.fail(NotFound)
		return nil, nil, false
	}
	c.inLog = true
	o, state, err := c.server.o.Messages.Message(c.key.Workspace, id)
	c.inLog = false
	if err == nil && o.Test != c.key.Test {
		err = message.ErrNotFound
	}
	if err != nil {
		c.failLog(err)
		return nil, nil, false
	}
	return o, state, true
}

// message answers with one message.
func (c *call) message(status int, o *message.Outbound, s *message.State) {
	c.buf = append(c.buf[:0], `{"data":`...)
	c.buf = append(AppendMessage(c.buf, o, s), '}')
	c.write(status, c.buf)
}

// failLog answers for an error of the log.
func (c *call) failLog(err error) {
	switch {
	case errors.Is(err, message.ErrNotFound):
		c.fail(NotFound)
	case errors.Is(err, message.ErrUnavailable):
		c.fail(Unavailable)
	default:
		c.server.o.Logger.Error("read or write of the log", "requestId", c.requestName(), "error", err)
		c.fail(Internal)
	}
}
