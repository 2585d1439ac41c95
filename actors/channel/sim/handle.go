package sim

import (
	"net"
	"time"

	"github.com/valyala/fasthttp"
)

// Wait sleeps for d, or until the World is closed.
func (w *World) Wait(d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-w.closed:
	}
}

// Withhold closes the connection of ctx without an answer.
func Withhold(ctx *fasthttp.RequestCtx) {
	ctx.HijackSetNoResponse(true)
	ctx.Hijack(func(net.Conn) {})
}
