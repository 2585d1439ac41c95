package relay

import (
	"strconv"

	"messagehub/relay/webhook"
	"messagehub/store/message"
)

// Workspaces knows what a workspace is called.
type Workspaces interface {
	Workspace(id message.WorkspaceID) (message.Workspace, error)
}

// workspace is GET /api/v1/workspace: the key's own.
func (s *Server) workspace(c *call) {
	c.inLog = true
	w, err := s.o.Workspaces.Workspace(c.key.Workspace)
	c.inLog = false
	if err != nil {
		c.failLog(err)
		return
	}
	b := append(c.buf[:0], `{"data":{"name":`...)
	b = appendString(b, w.Name)
	b = appendOptionalMember(b, "tier", w.Tier)
	b = appendTimeMember(b, "createdAt", w.CreatedAt)
	b = append(b, `,"limits":{"requestsPerMinute":`...)
	b = strconv.AppendInt(b, c.key.bucket().limit.Load(), 10)
	b = appendIntMember(b, "bodyBytes", s.o.Limits.BodyBytes)
	b = appendIntMember(b, "batchMessages", maxBatchJSON)
	b = appendIntMember(b, "batchLines", maxBatchLines)
	b = appendIntMember(b, "webhookEndpoints", webhook.MaxEndpoints)
	c.buf = append(b, "}}}"...)
	c.write(200, c.buf)
}
