package relay

import (
	"context"
	"errors"

	"messagehub/relay/webhook"
	"messagehub/store/message"
)

const (
	endpointsPath = "/api/v1/webhooks/endpoints"
	endpointPath  = endpointsPath + "/{endpointId}"
)

// who says on whose behalf a call changes endpoints.
func (c *call) who() webhook.Who {
	w := webhook.Who{
		Workspace: c.key.Workspace, Test: c.key.Test, At: c.at, RequestID: c.requestName(),
		Actor: string(message.AppendID(nil, message.PrefixKey, c.key.ID)),
	}
	if addr := c.clientAddress(); addr.IsValid() {
		w.Address = addr.String()
	}
	return w
}

// endpointID reads the id that the path names. An id of no form is as unknown
// as any other.
func (c *call) endpointID() (message.ID, bool) {
	id, err := message.ParseID(message.PrefixEndpoint, c.param("endpointId"))
	if err != nil || c.server.o.Webhooks == nil {
		c.fail(NotFound)
		return id, false
	}
	return id, true
}

// failWebhook answers for an error of the deliverer.
func (c *call) failWebhook(err error) {
	switch {
	case errors.Is(err, webhook.ErrTooMany):
		c.fail(EndpointLimit)
	case errors.Is(err, webhook.ErrReplaying):
		c.fail(ReplayRunning)
	case errors.Is(err, webhook.ErrFull):
		c.fail(EndpointFull)
	case errors.Is(err, webhook.ErrBusy):
		c.fail(Overloaded)
	default:
		c.failLog(err)
	}
}

// createEndpoint is POST /api/v1/webhooks/endpoints.
func (s *Server) createEndpoint(c *call) {
	if s.o.Webhooks == nil {
		c.fail(NotFound)
		return
	}
	change, faults := c.readChange(true)
	if len(faults) > 0 {
		c.refuse(faults)
		return
	}
	c.inLog = true
	e, secret, err := s.o.Webhooks.Create(c.who(), change)
	c.inLog = false
	if err != nil {
		c.failWebhook(err)
		return
	}
	c.endpoint(201, &e, secret)
}

// listEndpoints is GET /api/v1/webhooks/endpoints.
func (s *Server) listEndpoints(c *call) {
	if s.o.Webhooks == nil {
		c.fail(NotFound)
		return
	}
	c.inLog = true
	all, err := s.o.Webhooks.List(c.who())
	c.inLog = false
	if err != nil {
		c.failLog(err)
		return
	}
	c.buf = append(c.buf[:0], `{"data":[`...)
	for i := range all {
		if i > 0 {
			c.buf = append(c.buf, ',')
		}
		c.buf = append(appendEndpoint(c.buf, &all[i], ""), '}')
	}
	c.buf = append(c.buf, `],"page":{"next":null}}`...)
	c.write(200, c.buf)
}

// endpointStatus is GET /api/v1/webhooks/endpoints/{endpointId}.
func (s *Server) endpointStatus(c *call) {
	c.withEndpoint(func(id message.ID) (message.Endpoint, string, error) {
		e, err := s.o.Webhooks.Get(c.who(), id)
		return e, "", err
	})
}

// withEndpoint does something with the endpoint of the path and answers with
// what it is then.
func (c *call) withEndpoint(do func(id message.ID) (message.Endpoint, string, error)) {
	id, ok := c.endpointID()
	if !ok {
		return
	}
	c.inLog = true
	e, secret, err := do(id)
	c.inLog = false
	if err != nil {
		c.failWebhook(err)
		return
	}
	c.endpoint(200, &e, secret)
}

// updateEndpoint is PATCH /api/v1/webhooks/endpoints/{endpointId}.
func (s *Server) updateEndpoint(c *call) {
	change, faults := c.readChange(false)
	if len(faults) > 0 {
		c.refuse(faults)
		return
	}
	c.withEndpoint(func(id message.ID) (message.Endpoint, string, error) {
		e, err := s.o.Webhooks.Update(c.who(), id, change)
		return e, "", err
	})
}

// rotateEndpoint is POST /api/v1/webhooks/endpoints/{endpointId}/rotate.
func (s *Server) rotateEndpoint(c *call) {
	overlap, faults := c.readOverlap(maxOverlap)
	if len(faults) > 0 {
		c.refuse(faults)
		return
	}
	c.withEndpoint(func(id message.ID) (message.Endpoint, string, error) {
		return s.o.Webhooks.Rotate(c.who(), id, overlap)
	})
}

// deleteEndpoint is DELETE /api/v1/webhooks/endpoints/{endpointId}.
func (s *Server) deleteEndpoint(c *call) {
	id, ok := c.endpointID()
	if !ok {
		return
	}
	c.inLog = true
	err := s.o.Webhooks.Delete(c.who(), id)
	c.inLog = false
	if err != nil {
		c.failWebhook(err)
		return
	}
	c.buf = append(c.buf[:0], `{"data":{"id":"`...)
	c.buf = message.AppendID(c.buf, message.PrefixEndpoint, id)
	c.buf = append(c.buf, `","deleted":true}}`...)
	c.write(200, c.buf)
}

// testEndpoint is POST /api/v1/webhooks/endpoints/{endpointId}/test.
func (s *Server) testEndpoint(c *call) {
	id, ok := c.endpointID()
	if !ok {
		return
	}
	if faults := readObject(c.http.Request.Body(), nil); len(faults) > 0 {
		c.refuse(faults)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { // a server that drains does not wait for a stranger
		select {
		case <-s.draining:
			cancel()
		case <-ctx.Done():
		}
	}()
	c.inLog = true
	t, err := s.o.Webhooks.Test(ctx, c.who(), id)
	c.inLog = false
	if err != nil {
		c.failWebhook(err)
		return
	}
	c.buf = append(c.buf[:0], `{"data":{"eventId":`...)
	c.buf = appendString(c.buf, t.EventID)
	c.buf = appendStringMember(c.buf, "outcome", t.Outcome.String())
	c.buf = appendStatusMember(c.buf, t.Status)
	c.buf = appendIntMember(c.buf, "latencyMs", int(t.Took.Milliseconds()))
	c.buf = append(c.buf, "}}"...)
	c.write(200, c.buf)
}

// replayEndpoint is POST /api/v1/webhooks/endpoints/{endpointId}/replay.
func (s *Server) replayEndpoint(c *call) {
	id, ok := c.endpointID()
	if !ok {
		return
	}
	r, faults := c.readReplay()
	if len(faults) > 0 {
		c.refuse(faults)
		return
	}
	c.inLog = true
	var err error
	if r.event.Position != 0 {
		err = s.o.Webhooks.ReplayEvent(c.who(), id, r.event)
	} else {
		err = s.o.Webhooks.ReplayRange(c.who(), id, r.since, r.until)
	}
	c.inLog = false
	if err != nil {
		c.failWebhook(err)
		return
	}
	c.buf = append(c.buf[:0], `{"data":{"endpointId":"`...)
	c.buf = message.AppendID(c.buf, message.PrefixEndpoint, id)
	c.buf = append(c.buf, `","status":"replaying"}}`...)
	c.write(202, c.buf)
}
