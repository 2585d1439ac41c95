package bench

import (
	"net"

	"github.com/valyala/fasthttp"
)

// ServeBare serves what the accept figures are compared with: a fasthttp
// server that reads the same request and answers the same bytes, and does
// nothing else.
func ServeBare(ln net.Listener) error {
	body := []byte(`{"data":{"messageId":"msg_10000000000000000000000000","channel":"whatsapp","status":"queued","test":true}}`)
	server := &fasthttp.Server{
		NoDefaultServerHeader: true, NoDefaultDate: false,
		Handler: func(ctx *fasthttp.RequestCtx) {
			if len(ctx.PostBody()) == 0 {
				ctx.SetStatusCode(fasthttp.StatusBadRequest)
				return
			}
			h := &ctx.Response.Header
			h.Set("Request-Id", "req_10000000000000000000000000")
			h.Set("X-RateLimit-Limit", "100000000")
			h.Set("X-RateLimit-Remaining", "99999999")
			h.Set("X-RateLimit-Reset", "1790000000")
			ctx.SetStatusCode(fasthttp.StatusAccepted)
			ctx.SetContentType("application/json")
			ctx.SetBody(body)
		},
	}
	return server.Serve(ln)
}
