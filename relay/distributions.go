package relay

import (
	"errors"

	"messagehub/relay/distribute"
	"messagehub/store/message"
)

// Distributions is what the front door needs for distributions.
type Distributions struct {
	Log     DistributionLog
	Book    DistributionBook
	Census  Census
	OptOuts distribute.OptOuts
	// Changed is told after a distribution has been made or changed. It must not
	// block.
	Changed func()
}

// DistributionLog is where distributions go; durable when it returns.
type DistributionLog interface {
	Distribute(*message.DistributionRequest) (message.Distribution, error)
	TurnDistribution(o message.Owner, id message.ID, to message.DistributionState, at message.Time) (message.Distribution, error)
}

// DistributionBook finds distributions, newest first.
type DistributionBook interface {
	Distribution(o message.Owner, id message.ID) (message.Distribution, error)
	Distributions(o message.Owner, before message.Position, limit int) (page []message.Distribution, next message.Position, err error)
}

// Census counts contacts and messages.
type Census interface {
	// CountTagged counts the contacts that have a tag, up to limit.
	CountTagged(o message.Owner, tag string, limit int) (int, error)
	DistributionCensus(*message.Distribution) (message.Census, error)
}

const (
	distributePath    = "/api/v1/content/distribute"
	distributionsPath = "/api/v1/content/distributions"
	distributionPath  = distributionsPath + "/{distributionId}"
	// maxCensuses bounds the distributions whose messages are counted at once.
	maxCensuses = 4
	// maxDistributeBytes is the largest request.
	maxDistributeBytes = 8 << 20
)

// distribute is POST /api/v1/content/distribute.
//
// Guarantee: it is answered 202 once the whole request is durable.
func (s *Server) distribute(c *call) {
	body := c.http.Request.Body()
	defer s.batches.done(len(body), s.o.Limits.BodyBytes)
	if s.o.Distributions == nil || s.o.ContactBook == nil {
		c.fail(NotFound)
		return
	}
	dry, key, ok := c.preconditions(message.DistributionRoute, body)
	if !ok {
		return
	}
	if !s.waiters.hold(c.key.Workspace, key) {
		c.failAs(Fault{Code: InProgress, Param: idempotencyHeader})
		return
	}
	defer s.waiters.release(c.key.Workspace, key)
	d := s.reader.readDistribution(body, c.key, c.at)
	if len(d.faults) > 0 {
		s.refuseDistribution(c, d, key)
		return
	}
	if fault := c.survey(d); fault != nil {
		c.refuse(fault)
		return
	}
	if dry {
		c.writeDryDistribution(d)
		return
	}
	c.takeDistribution(d, key)
}

// takeDistribution puts a good request into the log and answers.
func (c *call) takeDistribution(d *distributionDraft, key message.Idempotency) {
	d.request.Key = key
	c.inLog = true
	made, err := c.server.o.Distributions.Log.Distribute(&d.request)
	c.inLog = false
	c.leaveGate()
	if err != nil {
		c.failAccept(err)
		return
	}
	c.server.o.Distributions.Changed()
	c.writeAcceptedDistribution(&made, d.warnings)
}

// refuseDistribution answers for a bad body, unless it was good when it first
// came: its time may have passed since, or a sender have gone.
func (s *Server) refuseDistribution(c *call, d *distributionDraft, key message.Idempotency) {
	if key.Key != "" && s.o.Replays != nil {
		c.inLog = true
		a, found, err := s.o.Replays.Replay(c.key.Workspace, key)
		var first message.Distribution
		if found && err == nil {
			first, err = s.o.Distributions.Book.Distribution(c.owner(), a.ID)
		}
		c.inLog = false
		if found && err == nil {
			first.Replayed = true
			c.writeAcceptedDistribution(&first, d.warnings)
			return
		}
	}
	c.refuse(d.faults)
}

// findDistribution reads the distribution that the path names. If it reports
// false it has answered.
func (c *call) findDistribution() (message.Distribution, bool) {
	id, err := message.ParseID(message.PrefixDistribution, c.param("distributionId"))
	if err != nil || c.server.o.Distributions == nil {
		c.fail(NotFound)
		return message.Distribution{}, false
	}
	c.inLog = true
	d, err := c.server.o.Distributions.Book.Distribution(c.owner(), id)
	c.inLog = false
	if err != nil {
		c.failLog(err)
	}
	return d, err == nil
}

// distribution is GET /api/v1/content/distributions/{distributionId}.
func (s *Server) distribution(c *call) {
	d, ok := c.findDistribution()
	if !ok {
		return
	}
	c.writeDistribution(&d)
}

func (s *Server) pauseDistribution(c *call)  { s.turnDistribution(c, message.Paused) }
func (s *Server) resumeDistribution(c *call) { s.turnDistribution(c, message.Expanding) }

func (s *Server) cancelDistribution(c *call) {
	s.turnDistribution(c, message.DistributionCanceled)
}

// turnDistribution changes the state of a distribution. To ask for the state
// that it is in is no error: the answer to the first request may have been lost.
func (s *Server) turnDistribution(c *call, to message.DistributionState) {
	d, ok := c.findDistribution()
	if !ok {
		return
	}
	c.inLog = true
	d, err := s.o.Distributions.Log.TurnDistribution(c.owner(), d.ID, to, c.at)
	c.inLog = false
	switch {
	case errors.Is(err, message.ErrDistributionState):
		c.failAs(Fault{Code: DistributionState, Param: "distributionId", Message: "The distribution is " + d.Progress.State.String() + "."})
		return
	case err != nil:
		c.failLog(err)
		return
	}
	s.o.Distributions.Changed()
	c.writeDistribution(&d)
}

// listDistributions is GET /api/v1/content/distributions, newest first.
func (s *Server) listDistributions(c *call) {
	if s.o.Distributions == nil {
		c.fail(NotFound)
		return
	}
	q := message.Query{Limit: defaultLimit}
	faults := readQuery(c, []parameter[message.Query]{{"limit", readLimit}, {"after", readAfter}}, &q)
	if len(faults) > 0 {
		c.refuse(faults)
		return
	}
	c.inLog = true
	page, next, err := s.o.Distributions.Book.Distributions(c.owner(), q.After, q.Limit)
	c.inLog = false
	if err != nil {
		c.failLog(err)
		return
	}
	out := append(c.buf[:0], `{"data":[`...)
	for i := range page {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(appendDistribution(out, &page[i]), '}')
	}
	c.buf = appendNext(append(out, ']'), next)
	c.write(200, c.buf)
}
