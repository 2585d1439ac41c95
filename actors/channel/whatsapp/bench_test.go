package whatsapp

import (
	"context"
	"net"
	"testing"

	"github.com/valyala/fasthttp"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sim"
	"messagehub/store/message"
)

// BenchmarkSimulator is one send taken, without its receipts.
func BenchmarkSimulator(b *testing.B) {
	w := sim.NewWorld(sim.Options{})
	b.Cleanup(w.Close)
	s := newSimulator(w, channel.Sender{Settings: channel.Sandbox(Spec().Settings)})
	var ctx fasthttp.RequestCtx
	ctx.Init(&fasthttp.Request{}, nil, nil)
	ctx.Request.Header.SetMethod("POST")
	ctx.Request.SetRequestURI("/v26.0/106540352242922/messages")
	ctx.Request.Header.Set("Authorization", "Bearer sandbox-access-token")
	ctx.Request.Header.SetContentType("application/json")
	ctx.Request.SetBodyString(goodText)
	b.ReportAllocs()
	for b.Loop() {
		s.Handle(&ctx)
	}
	if ctx.Response.StatusCode() != 200 {
		b.Fatal(ctx.Response.String())
	}
}

// BenchmarkSend is one send over loopback to the simulator, with two receipts
// coming back and checked.
func BenchmarkSend(b *testing.B) {
	relay, provider := loopback(b), loopback(b)
	w := sim.NewWorld(sim.Options{})
	client := channel.NewClient(nil, 64)
	v := channel.Sandbox(Spec().Settings)
	v[settingBaseURL] = "http://" + provider.Addr().String() + "/whatsapp"
	sender := channel.Sender{Settings: v, HTTP: client, CallbackURL: "http://" + relay.Addr().String() + "/"}
	a, err := newAdapter(sender)
	if err != nil {
		b.Fatal(err)
	}
	mux := sim.NewMux(w)
	mux.Add("/whatsapp", newSimulator(w, sender))
	go func() { _ = fasthttp.Serve(provider, mux.Handle) }()
	go func() { _ = fasthttp.Serve(relay, receive(b, a.(channel.Receiver))) }()
	b.Cleanup(func() { w.Close(); client.Close(); _ = relay.Close(); _ = provider.Close() })
	step := step(message.Step{ContentType: message.Text, Content: "hi"})
	b.ReportAllocs()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := a.Send(context.Background(), &channel.Request{Ref: "r", Step: &step}); err != nil {
				b.Error(err)
			}
		}
	})
	if err := w.Settle(context.Background()); err != nil {
		b.Fatal(err)
	}
}

func loopback(b *testing.B) net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	return l
}

func receive(b *testing.B, r channel.Receiver) fasthttp.RequestHandler {
	return func(ctx *fasthttp.RequestCtx) {
		got, _, err := r.Receipts(&message.Callback{
			Method: "POST", Body: ctx.PostBody(),
			Header: func(name string) string { return string(ctx.Request.Header.Peek(name)) },
		})
		if err != nil || len(got) != 1 {
			b.Errorf("%d receipts, %v", len(got), err)
		}
	}
}
