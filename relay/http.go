package relay

import (
	"errors"
	"net"

	"github.com/valyala/fasthttp"
)

// newHTTP makes the HTTP server, with the limits set and every answer of its
// own in the form of the contract.
func (s *Server) newHTTP(handler fasthttp.RequestHandler) *fasthttp.Server {
	l := &s.o.Limits
	return &fasthttp.Server{
		Handler:                      handler,
		ErrorHandler:                 s.answerFault,
		HeaderReceived:               s.headerReceived,
		ExpectHandler:                s.answerExpect,
		Concurrency:                  l.Connections + maxRejects,
		ReadBufferSize:               l.HeaderBytes,
		WriteBufferSize:              maxSendAnswer,
		MaxRequestBodySize:           l.BodyBytes,
		LazyRequestTime:              true, // calls have a clock of their own; timeouts are the connection's
		DisablePreParseMultipartForm: true,
		NoDefaultServerHeader:        true,
		SecureErrorLogMessage:        true,
		CloseOnShutdown:              true,
		Logger:                       silent{},
	}
}

// silent drops what the HTTP server would log: it quotes what clients send.
type silent struct{}

func (silent) Printf(string, ...any) {}

// headerReceived says how a request's body is to be read.
func (s *Server) headerReceived(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
	skipChunks(h)
	return fasthttp.RequestConfig{MaxRequestBodySize: s.admitBody(h)}
}

// skipChunks makes the HTTP server leave a chunked body alone, except on the
// batch route: such a request is refused, and the connection closed, whatever
// the body says. The body of an import is left to its handler. The header lines
// as they came still tell the handler what it was.
func skipChunks(h *fasthttp.RequestHeader) {
	if h.ContentLength() == -1 && !isBelow(h, batchPath) || isBelow(h, importPath) {
		h.SetContentLength(0)
		h.SetConnectionClose()
	}
}

// answerExpect answers "Expect: 100-continue": it asks for the body only if
// it would be read.
func (s *Server) answerExpect(ctx *fasthttp.RequestCtx) int {
	code := Code("")
	switch h := scanHead(ctx.Request.Header.RawHeaders()); {
	case h.coding && h.length:
		code = AmbiguousFraming
	case h.coding && !isBelow(&ctx.Request.Header, batchPath) && !isBelow(&ctx.Request.Header, importPath):
		code = LengthRequired
	case ctx.Request.Header.ContentLength() > s.bodyLimit(&ctx.Request.Header):
		code = BodyTooLarge
	default:
		return fasthttp.StatusContinue
	}
	s.fault(ctx, code)
	return ctx.Response.StatusCode()
}

// answerFault answers a request that the HTTP server could not read.
func (s *Server) answerFault(ctx *fasthttp.RequestCtx, err error) { s.fault(ctx, faultOf(err)) }

// faultOf gives an error of the HTTP server its code.
func faultOf(err error) Code {
	var small *fasthttp.ErrSmallBuffer
	var netErr net.Error
	switch {
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		return BodyTooLarge
	case errors.As(err, &small):
		return HeaderTooLarge
	case errors.As(err, &netErr) && netErr.Timeout():
		return RequestTimeout
	}
	return BadRequest
}

// fault answers a request that never reaches its handler.
func (s *Server) fault(ctx *fasthttp.RequestCtx, code Code) {
	c := s.calls.get(s, ctx, &route{nowhere: true})
	c.head = scanHead(ctx.Request.Header.RawHeaders())
	c.peek()
	c.fail(code)
	c.hangUp()
	c.label()
	s.observe(Answer{"", ctx.Response.StatusCode(), code, 0})
	s.calls.put(c)
}
