package relay

import (
	"bytes"
	"errors"
	"strings"
	"sync"

	"github.com/valyala/fasthttp"

	"messagehub/store/message"
)

// Receipts understands what providers report.
type Receipts interface {
	// Receive checks the signature before it reads anything. Its error is, or
	// wraps, one of the errors of a callback.
	Receive(*message.Callback) ([]message.Receipt, message.Reply, error)
}

// Reports is where receipts go; durable when it returns.
type Reports interface {
	Report(rs []message.Receipt, at message.Time) error
	// SubmitReport is Report for one receipt and who does not wait for it. After
	// an error the Completion is told nothing.
	SubmitReport(r *message.Receipt, at message.Time, c message.Completion) error
}

const (
	deliveryPath = "/api/v1/webhooks/delivery"
	// named is what follows it where the address names the sender.
	named = "/{channel}/{sender}"
	// maxReceiptBytes is the largest batch of receipts that a provider posts.
	maxReceiptBytes = 3 << 20
	// maxLargeReceipts bounds the bodies beyond the API's limit that are held
	// at once: they are read before anybody knows who sent them.
	maxLargeReceipts = 32
)

// receive is POST and GET /api/v1/webhooks/delivery, for all providers, and
// with /{channel}/{sender} behind it for one.
//
// Guarantee: a receipt is answered 200 only after it is durable.
func (s *Server) receive(c *call) {
	body := c.http.Request.Body()
	defer s.large.done(len(body), s.o.Limits.BodyBytes)
	if s.o.Receipts == nil {
		c.fail(NotFound)
		return
	}
	receipts, reply, err := s.o.Receipts.Receive(c.received(body))
	if err != nil {
		c.failCallback(err)
		return
	}
	if c.turn != nil && !c.reportBeside(receipts) || c.turn == nil && !c.report(receipts) {
		return
	}
	c.set("X-Content-Type-Options", []byte("nosniff"))
	if reply.ContentType == "" {
		reply.ContentType = "text/plain; charset=utf-8"
	}
	c.raw(fasthttp.StatusOK, reply.ContentType, reply.Body)
}

// received is the request as its provider sent it.
//
// Ownership: borrows the request's memory, and the call's.
func (c *call) received(body []byte) *message.Callback {
	uri := c.http.URI()
	query := uri.QueryString()
	c.buf = append(append(c.buf[:0], c.publicURL()...), uri.PathOriginal()...)
	if len(query) > 0 {
		c.buf = append(append(c.buf, '?'), query...)
	}
	cb := &c.callback
	cb.Channel, cb.Sender = senderIn(uri.PathOriginal())
	if c.turn != nil {
		cb.Later = c.postpone
	}
	cb.Method, cb.URL, cb.Query, cb.Body = borrow(c.http.Method()), borrow(c.buf), borrow(query), body
	return cb
}

// senderIn returns the channel and the sender that the path of a receipt names.
//
// Ownership: borrows the path.
func senderIn(path []byte) (channel, sender string) {
	if rest, ok := strings.CutPrefix(borrow(path), deliveryPath+"/"); ok {
		channel, sender, _ = strings.Cut(rest, "/")
	}
	return channel, sender
}

// namesSender reports whether a path is deliveryPath with what is called named
// behind it.
func namesSender(path []byte) bool {
	channel, sender := senderIn(path)
	return channel != "" && sender != "" && !strings.Contains(sender, "/")
}

// publicURL is the configured address of the server, else what the client
// itself asked for.
func (c *call) publicURL() string {
	if configured := c.server.o.PublicURL; configured != "" {
		return configured
	}
	scheme := "http://"
	if c.http.IsTLS() {
		scheme = "https://"
	}
	return scheme + borrow(c.http.Host())
}

// report makes the receipts durable. If it reports false it has answered, so
// that the provider delivers them again.
func (c *call) report(receipts []message.Receipt) bool {
	if len(receipts) == 0 {
		return true
	}
	c.inLog = true
	err := c.server.o.Reports.Report(receipts, c.at)
	c.inLog = false
	if err != nil {
		c.failLog(err)
		return false
	}
	c.server.told(receipts)
	return true
}

// reportBeside is report on a loop, which waits for nothing: the connection
// holds the answer back until what it says is true. If that fails, it is a 503,
// and the provider delivers again. If it reports false it has answered.
func (c *call) reportBeside(receipts []message.Receipt) bool {
	if len(receipts) == 0 && c.later == nil {
		return true
	}
	s, h, at, later := c.server, &c.conn.hold, c.at, c.later
	h.place(c)
	if len(receipts) != 1 || later != nil {
		go func() { h.Complete(message.Acceptance{}, s.reportAfter(later, receipts, at)) }()
		return true
	}
	h.receipts = receipts
	c.inLog = true
	err := s.o.Reports.SubmitReport(&receipts[0], at, h)
	c.inLog = false
	if err != nil {
		h.lift(c)
		c.failLog(err)
	}
	return err == nil
}

// reportAfter does what has to be waited for before the receipts are reported,
// if there is any, and reports them.
func (s *Server) reportAfter(later func() error, receipts []message.Receipt, at message.Time) error {
	if later != nil {
		if err := later(); err != nil {
			return err
		}
	}
	if len(receipts) == 0 {
		return nil
	}
	if err := s.o.Reports.Report(receipts, at); err != nil {
		return err
	}
	s.told(receipts)
	return nil
}

// told tells the observer of durable receipts.
func (s *Server) told(receipts []message.Receipt) {
	if s.o.Received != nil && len(receipts) > 0 {
		s.o.Received(receipts)
	}
}

// failCallback answers a callback that is not taken. A flood of forgeries
// costs its address the same budget as requests without a key.
func (c *call) failCallback(err error) {
	switch {
	case errors.Is(err, message.ErrUnsigned):
		c.deny(Unsigned)
	case errors.Is(err, message.ErrUnknownSender):
		c.fail(NotFound)
	case errors.Is(err, message.ErrBadCallback):
		c.fail(InvalidCallback)
	case errors.Is(err, message.ErrUnavailable):
		c.fail(Unavailable)
	default:
		c.server.o.Logger.Error("read callback", "requestId", c.requestName(), "error", err)
		c.fail(Internal)
	}
}

// bodyLimit is the largest body that the route of a request may have.
func (s *Server) bodyLimit(h *fasthttp.RequestHeader) int {
	switch {
	case isBelow(h, deliveryPath):
		return max(maxReceiptBytes, s.o.Limits.BodyBytes)
	case isBelow(h, batchPath):
		return max(maxBatchBytes, s.o.Limits.BodyBytes)
	case isBelow(h, distributePath):
		return max(maxDistributeBytes, s.o.Limits.BodyBytes)
	}
	return s.o.Limits.BodyBytes
}

// admitBody returns the limit for a body about to be read. A large one takes
// a place; where there is none left, it is refused as too large and its
// provider comes again.
func (s *Server) admitBody(h *fasthttp.RequestHeader) int {
	limit := s.o.Limits.BodyBytes
	n := h.ContentLength()
	places, batch := &s.large, isBelow(h, batchPath)
	client := batch || isBelow(h, distributePath)
	if client {
		places = &s.batches
	}
	switch {
	case n == chunked && !batch, n >= 0 && n <= limit, n > s.bodyLimit(h), client && !s.knows(h):
		return limit
	}
	if !places.take(s.o.Now(), s.o.Limits.Read.Milliseconds()) {
		return limit
	}
	return s.bodyLimit(h)
}

// chunked is the length of a body that does not say its length.
const chunked = -1

// knows reports whether the request shows a key that there is: only its owner
// may fill the memory.
func (s *Server) knows(h *fasthttp.RequestHeader) bool {
	_, token, _ := bytes.Cut(h.Peek(fasthttp.HeaderAuthorization), []byte{' '})
	_, err := s.o.Keys.Lookup(token)
	return err == nil
}

// isBelow reports whether a request is for a path or one below it. The router
// matches the path as it was sent, and so does this.
func isBelow(h *fasthttp.RequestHeader, path string) bool {
	rest, ok := bytes.CutPrefix(h.RequestURI(), bytesOf(path))
	return ok && (len(rest) == 0 || rest[0] == '/' || rest[0] == '?')
}

// largeBodies counts the large bodies in memory. One whose connection breaks
// is never done; it counts until it must have arrived.
type largeBodies struct {
	mu     sync.Mutex
	since  [maxLargeReceipts]message.Time
	n      int // of since in use, oldest first
	places int // at most as many as since has
}

// take takes a place; false: there is none. A body takes at most life
// milliseconds to arrive.
func (l *largeBodies) take(now message.Time, life int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.n > 0 && int64(now-l.since[0]) > 2*life {
		l.dropLocked()
	}
	if l.n == l.places {
		return false
	}
	l.since[l.n] = now
	l.n++
	return true
}

// done gives a place back, if the body was a large one.
func (l *largeBodies) done(size, limit int) {
	if size <= limit {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.n > 0 {
		l.dropLocked()
	}
}

func (l *largeBodies) dropLocked() {
	copy(l.since[:], l.since[1:l.n])
	l.n--
}
