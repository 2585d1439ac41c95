package relay

import (
	"time"

	"github.com/valyala/fasthttp"

	"messagehub/store/message"
)

// turn is the request that a loop is serving, from its bytes to its answer. To
// its handler it looks as if the HTTP server had read it.
//
// Ownership: the loop's, and the call's while its handler runs.
type turn struct {
	*conn // whose request it is
	plain plainRequest
	key   *Key // of a send, if it is known
	// began and at are when it was read.
	began time.Time
	at    message.Time

	http          fasthttp.RequestCtx
	send, receive fasthttp.RequestHandler
	// answer is the whole one, if it is not made by way of http.
	answer []byte
}

// prepare makes a turn ready for all that are to come.
func (t *turn) prepare(s *Server) {
	t.send, t.receive = s.bind(routeOf(sendPath)), s.bind(routeOf(deliveryPath+named))
	t.http.Init2(t, silent{}, false)
	t.http.Request.Header.SetMethod(fasthttp.MethodPost)
}

// begin takes a request that has just been read.
func (t *turn) begin(c *conn, p plainRequest) {
	t.conn, t.plain, t.key, t.answer = c, p, nil, t.answer[:0]
	t.began, t.at = time.Now(), c.listener.server.o.Now()
}

// serve has the request answered. It reports false if the connection ends with
// the answer.
func (t *turn) serve() bool {
	t.ask()(&t.http)
	last := false
	if len(t.answer) == 0 {
		r := &t.http.Response
		r.Header.SetContentLength(len(r.Body()))
		t.answer = append(r.Header.AppendBytes(t.answer), r.Body()...)
		last = r.Header.ConnectionClose()
		r.Reset()
	}
	t.phase = phaseIdle
	return t.hold.send(t.answer) == nil && !last
}

// accept makes the answer to a call whose message the log has, after
// prepareAccepted.
func (t *turn) accept(c *call, status string) {
	h := heading{status: fasthttp.StatusAccepted, length: len(c.buf) + len(status), id: c.id, quota: c.quota}
	t.answer = append(h.append(t.answer, t.began), c.buf[:c.gap]...)
	t.answer = append(append(t.answer, status...), c.buf[c.gap:]...)
}

// ask gives the handler of the request what it reads of it.
func (t *turn) ask() fasthttp.RequestHandler {
	r := &t.http.Request
	r.SetBodyRaw(t.plain.body)
	if t.plain.isSend() {
		if string(r.Header.RequestURI()) != sendPath { // what is parsed of it stays
			r.SetRequestURI(sendPath)
		}
		return t.send
	}
	r.Header.SetHostBytes(t.plain.head.host)
	r.SetRequestURIBytes(t.plain.path)
	return t.receive
}

// refuse answers a send for which its key has no tokens left: what a flood is
// refused with must cost little. It reports false if the request is to be
// served; then its key, if that is known, is in t.key.
func (t *turn) refuse() bool {
	s, at := t.listener.server, t.at
	t.key = t.keyOf(t.plain.head.authorization)
	if t.key == nil || len(t.key.Allow) > 0 || t.key.refusal(at) != "" {
		return false
	}
	q, spent := t.key.spent(at)
	if !spent {
		return false
	}
	r := refusal{row: s.problem(RateLimited), id: requestID(at), quota: q, after: q.wait}
	t.answer = r.append(t.answer, t.began)
	t.refused(at)
	t.phase = phaseIdle
	_ = t.hold.send(t.answer) // a broken connection is told of by its end
	s.observe(Answer{sendPath, r.row.Status, RateLimited, time.Since(t.began)})
	return true
}
