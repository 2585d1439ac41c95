package sms

import (
	"net/url"
	"strconv"

	"github.com/valyala/fasthttp"

	"messagehub/actors/channel/sim"
	"messagehub/store/message"
)

// simulatedForm takes forms, answers with "ID: …" or "ERR: code, text", and
// reports by forms with the token in a header.
type simulatedForm struct{ *gatewaySimulator }

// Handle implements [sim.Provider].
func (g *simulatedForm) Handle(ctx *fasthttp.RequestCtx) {
	args := ctx.PostArgs()
	o := order{
		string(args.Peek("msisdn")), string(args.Peek("source")), string(args.Peek("message")),
		string(args.Peek("reference")), string(args.Peek("dlr")),
	}
	charset := string(args.Peek("charset"))
	switch {
	case string(ctx.Request.Header.Peek("Authorization")) != login(g.username, g.secret):
		plainly(ctx, 401, "ERR: 100, Authentication failed")
	case string(ctx.Path()) != "/send" || !ctx.IsPost():
		plainly(ctx, 404, "ERR: 404, No such command")
	case !isNumber(o.to, ""):
		plainly(ctx, 200, "ERR: 105, Invalid number")
	case o.text == "" || o.from == "" || o.ref == "" || (charset != "7bit" && charset != "16bit"):
		plainly(ctx, 200, "ERR: 101, Missing or invalid parameter")
	case o.callback != "" && !isWeb(o.callback):
		plainly(ctx, 200, "ERR: 102, Invalid dlr address")
	default:
		g.send(ctx, o)
	}
}

func (g *simulatedForm) send(ctx *fasthttp.RequestCtx, o order) {
	script := g.script(o)
	switch script.Answer {
	case sim.NotOnChannel:
		plainly(ctx, 200, "ERR: 114, No route")
	case sim.OptedOut:
		plainly(ctx, 200, "ERR: 121, Recipient has opted out")
	case sim.Throttled:
		throttled(ctx)
		plainly(ctx, 429, "ERR: 130, Too fast")
	case sim.ServerError:
		plainly(ctx, 500, "ERR: 900, Internal error")
	default:
		id := strconv.FormatUint(g.world.Serial(), 16)
		if g.take(ctx, o, id, script, func(s sim.Stage) sim.Post { return g.receipt(o, id, s) }) {
			plainly(ctx, 200, "ID: "+id)
		}
	}
}

func (g *simulatedForm) receipt(o order, id string, stage sim.Stage) sim.Post {
	form := url.Values{"id": {id}, "state": {"ACCEPTD"}, "err": {"000"}, "added": {"without notice"}}
	switch stage.Status {
	case message.Delivered:
		form.Set("state", "DELIVRD")
	case message.Failed:
		form.Set("state", "UNDELIV")
		form.Set("err", "114")
	}
	return posted(o.callback, "application/x-www-form-urlencoded", []byte(form.Encode()), map[string]string{"X-Callback-Token": g.receiptKey})
}
