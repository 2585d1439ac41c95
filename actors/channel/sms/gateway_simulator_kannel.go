package sms

import (
	"strings"

	"github.com/valyala/fasthttp"

	"messagehub/actors/channel/sim"
	"messagehub/store/message"
)

// simulatedKannel is Kannel's smsbox. It gives no ids: where a report belongs
// is the address's to say.
type simulatedKannel struct{ *gatewaySimulator }

// Handle implements [sim.Provider].
func (g *simulatedKannel) Handle(ctx *fasthttp.RequestCtx) {
	args := ctx.QueryArgs()
	o := order{
		to: string(args.Peek("to")), from: string(args.Peek("from")), text: string(args.Peek("text")), callback: string(args.Peek("dlr-url")),
	}
	coding, mask := string(args.Peek("coding")), string(args.Peek("dlr-mask"))
	switch {
	case string(ctx.Path()) != "/cgi-bin/sendsms" || !ctx.IsGet():
		plainly(ctx, 404, "Unknown request.")
	case string(args.Peek("username")) != g.username || string(args.Peek("password")) != g.secret:
		plainly(ctx, 403, "Authorization failed for sendsms")
	case o.to == "":
		plainly(ctx, 400, "Missing receiver number, rejected")
	case o.from == "":
		plainly(ctx, 400, "Sender missing and no global set, rejected")
	case coding != "0" && coding != "1" && coding != "2":
		plainly(ctx, 400, "Coding field misformed, rejected")
	case mask != "31":
		plainly(ctx, 400, "DLR-Mask field misformed, rejected")
	case o.callback != "" && !isWeb(o.callback):
		plainly(ctx, 400, "DLR-URL field misformed, rejected")
	case string(args.Peek("charset")) != "UTF-8":
		plainly(ctx, 400, "Charset or body misformed, rejected")
	default:
		g.send(ctx, o)
	}
}

func (g *simulatedKannel) send(ctx *fasthttp.RequestCtx, o order) {
	var asked fasthttp.Args
	_, query, _ := strings.Cut(o.callback, "?")
	asked.Parse(query)
	o.ref = string(asked.Peek("id"))
	script := g.script(o)
	switch script.Answer {
	case sim.NotOnChannel, sim.OptedOut:
		plainly(ctx, 400, "Number(s) has/have been denied by white- and/or black-lists.")
	case sim.Throttled, sim.ServerError:
		plainly(ctx, 503, "Temporal failure, try again later.")
	default:
		if g.take(ctx, o, o.ref, script, func(s sim.Stage) sim.Post { return asks(o, s) }) {
			plainly(ctx, 202, "0: Accepted for delivery")
		}
	}
}

// asks fills in the escapes of the address, which Kannel gets.
func asks(o order, stage sim.Stage) sim.Post {
	bit := map[message.Status]string{message.Sent: "8", message.Delivered: "1", message.Failed: "2"}[stage.Status]
	return sim.Post{Method: "GET", URL: strings.NewReplacer("%d", bit, "%A", "ACK%2F").Replace(o.callback)}
}
