package sms

import (
	"testing"

	"github.com/valyala/fasthttp"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sim"
)

func BenchmarkTwilioSimulator(b *testing.B) {
	w := sim.NewWorld(sim.Options{})
	defer w.Close()
	p := newTwilioSimulator(w, channel.Sender{Settings: sandbox()})
	form := twilioOrder("ValidityPeriod", "36000").Encode()
	b.ReportAllocs()
	for b.Loop() {
		var ctx fasthttp.RequestCtx
		ctx.Request.Header.SetMethod("POST")
		ctx.Request.SetRequestURI("http://api.example.com" + path)
		ctx.Request.Header.SetContentType("application/x-www-form-urlencoded")
		ctx.Request.Header.Set("Authorization", login(account, "sandbox-auth-token"))
		ctx.Request.SetBodyString(form)
		if p.Handle(&ctx); ctx.Response.StatusCode() != 201 {
			b.Fatal(ctx.Response.String())
		}
	}
}

func BenchmarkTwilioEncode(b *testing.B) {
	a := twilioSandbox(b)
	step := text("Order 1234 shipped")
	r := &channel.Request{Step: &step, Expires: 1 << 50}
	b.ReportAllocs()
	var form []byte
	for b.Loop() {
		var err error
		if form, err = a.encode(form[:0], r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheckRecipient(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if err := checkRecipient("+15558675310"); err != nil {
			b.Fatal(err)
		}
	}
}
