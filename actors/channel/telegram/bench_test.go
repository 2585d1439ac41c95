package telegram

import (
	"testing"

	"github.com/valyala/fasthttp"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sim"
)

func BenchmarkSimulator(b *testing.B) {
	w := sim.NewWorld(sim.Options{})
	defer w.Close()
	p := newSimulator(w, channel.Sender{Settings: sandbox()})
	b.ReportAllocs()
	for b.Loop() {
		var ctx fasthttp.RequestCtx
		ctx.Request.Header.SetMethod("POST")
		ctx.Request.SetRequestURI("http://api.example.com" + bot + "sendMessage")
		ctx.Request.Header.SetContentType("application/json")
		ctx.Request.SetBodyString(`{"chat_id":123456789,"text":"Order 1234 shipped"}`)
		if p.Handle(&ctx); ctx.Response.StatusCode() != 200 {
			b.Fatal(ctx.Response.String())
		}
	}
}
