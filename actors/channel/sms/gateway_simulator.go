package sms

import (
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sim"
	"messagehub/store/message"
)

// gatewaySimulator plays one of four gateways for an account: Kannel's smsbox,
// Infobip, one that speaks forms and lines of text, and one that speaks JSON.
// The page sms-http has the settings that fit the last two.
type gatewaySimulator struct {
	world              *sim.World
	username, secret   string
	receiptKey, inForm string
	callback           string // where the request names none
}

func newGatewaySimulator(w *sim.World, s channel.Sender) sim.Provider {
	v := s.Settings
	g := &gatewaySimulator{
		world: w, username: v.Text("username"), secret: v.Text("secret"), receiptKey: v.Text("receiptSecret"),
		inForm: v.Text("receiptFormat"), callback: s.CallbackURL,
	}
	switch {
	case v.Text("preset") == "kannel":
		return &simulatedKannel{g}
	case v.Text("preset") == "infobip":
		return &simulatedInfobip{g}
	case v.Text("json") != "":
		return &simulatedJSON{g}
	}
	return &simulatedForm{g}
}

// order is a message as a simulated gateway was asked to send it.
type order struct{ to, from, text, ref, callback string }

// script says what happens to the message.
func (g *gatewaySimulator) script(o order) sim.Script {
	tries := 0
	if strings.HasPrefix(o.to, sim.Reserved) {
		tries = g.world.Tries("sms gateway " + o.ref)
	}
	return g.world.Script(o.to, tries)
}

// take accepts the message under an id, and reports what becomes of it. It
// says whether to answer.
func (g *gatewaySimulator) take(ctx *fasthttp.RequestCtx, o order, id string, script sim.Script, post func(stage sim.Stage) sim.Post) bool {
	answered := script.Answer != sim.NoAnswer
	g.world.Ledger.Add(sim.Received{
		At: message.TimeOf(time.Now()), Channel: "sms", Account: g.username, To: o.to, Text: o.text, Ref: o.ref,
		ProviderID: id, Answered: answered,
	})
	for _, stage := range script.Receipts {
		p := post(stage)
		if p.URL == "" {
			p.URL = g.callback
		}
		if p.After = stage.After; p.URL != "" && stage.Status != message.Read { // an SMS has no "read"
			g.world.Post(p)
		}
	}
	g.world.Wait(script.Delay)
	if !answered {
		sim.Withhold(ctx)
	}
	return answered
}

// throttled asks to come again.
func throttled(ctx *fasthttp.RequestCtx) { ctx.Response.Header.Set("Retry-After", "1") }

// isNumber reports whether text is a phone number after the sign, or a reserved
// recipient.
func isNumber(text, sign string) bool {
	digits, ok := strings.CutPrefix(text, sign)
	return strings.HasPrefix(text, sim.Reserved) ||
		ok && len(digits) >= 7 && len(digits) <= 15 && digits[0] != '0' && strings.Trim(digits, "0123456789") == ""
}

// plainly answers with a line of text.
func plainly(ctx *fasthttp.RequestCtx, status int, text string) {
	ctx.SetStatusCode(status)
	ctx.SetContentType("text/plain; charset=utf-8")
	ctx.SetBodyString(text)
}

// isWeb reports whether text is an http(s) address.
func isWeb(text string) bool {
	return strings.HasPrefix(text, "http://") || strings.HasPrefix(text, "https://")
}

// posted is a receipt as a form or JSON.
func posted(url, kind string, body []byte, header map[string]string) sim.Post {
	if header == nil {
		header = map[string]string{}
	}
	header["Content-Type"] = kind
	return sim.Post{URL: url, Header: header, Body: body}
}
