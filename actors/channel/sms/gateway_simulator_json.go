package sms

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"messagehub/actors/channel/sim"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

// simulatedJSON takes JSON and answers with it. Its ids are numbers, larger
// than a float keeps. It reports by lists of events, signed with a timestamp,
// or, told so, in the relay's own form, signed as Standard Webhooks has it.
type simulatedJSON struct{ *gatewaySimulator }

// Handle implements [sim.Provider].
func (g *simulatedJSON) Handle(ctx *fasthttp.RequestCtx) {
	var in struct {
		Messages []struct {
			Recipient, Sender, Body, Reference, Alphabet string
		}
		Callback string
	}
	switch {
	case string(ctx.Request.Header.Peek("Authorization")) != "Bearer "+g.secret:
		refuseJSON(ctx, 401, "UNAUTHORIZED", "the token is not valid")
	case string(ctx.Path()) != "/v1/messages" || !ctx.IsPost():
		refuseJSON(ctx, 404, "NOT_FOUND", "no such resource")
	case string(ctx.Request.Header.ContentType()) != "application/json" || json.UnmarshalStrict(ctx.PostBody(), &in) != nil:
		refuseJSON(ctx, 400, "MALFORMED", "the body is not valid")
	case len(in.Messages) != 1 || in.Messages[0].Body == "" || in.Messages[0].Reference == "" || in.Messages[0].Alphabet == "":
		refuseJSON(ctx, 400, "INCOMPLETE", "a member is missing")
	case !isNumber(in.Messages[0].Recipient, "+"):
		refuseJSON(ctx, 422, "INVALID_RECIPIENT", "the recipient is no number")
	case in.Callback != "" && !isWeb(in.Callback):
		refuseJSON(ctx, 422, "INVALID_CALLBACK", "the callback is no address")
	default:
		m := in.Messages[0]
		g.send(ctx, order{m.Recipient, m.Sender, m.Body, m.Reference, in.Callback})
	}
}

func (g *simulatedJSON) send(ctx *fasthttp.RequestCtx, o order) {
	script := g.script(o)
	switch script.Answer {
	case sim.NotOnChannel:
		refuseJSON(ctx, 422, "UNROUTABLE", "no operator has the number")
	case sim.OptedOut:
		refuseJSON(ctx, 422, "OPTED_OUT", "the recipient has opted out")
	case sim.Throttled:
		throttled(ctx)
		refuseJSON(ctx, 429, "TOO_MANY_REQUESTS", "slow down")
	case sim.ServerError:
		refuseJSON(ctx, 500, "INTERNAL", "something broke")
	default:
		id := strconv.FormatUint(g.world.Serial(), 10)
		if g.take(ctx, o, id, script, func(s sim.Stage) sim.Post { return g.receipt(o, id, s) }) {
			ctx.SetStatusCode(201)
			ctx.SetContentType("application/json")
			fmt.Fprintf(ctx, `{"state":"accepted","results":[{"messageId":%s,"parts":1}]}`, id)
		}
	}
}

func refuseJSON(ctx *fasthttp.RequestCtx, status int, code, text string) {
	replyJSON(ctx, status, map[string]any{"state": "refused", "error": map[string]string{"code": code, "detail": text}})
}

func (g *simulatedJSON) receipt(o order, id string, stage sim.Stage) sim.Post {
	if g.inForm == "messagehub" {
		return g.ownReceipt(o, id, stage)
	}
	state, reason := "SENT", ""
	switch stage.Status {
	case message.Delivered:
		state = "DELIVERED"
	case message.Failed:
		state, reason = "UNDELIVERABLE", "UNROUTABLE"
	}
	body := fmt.Appendf(nil, `{"events":[{"message":{"id":%s},"state":%q,"reason":%q}]}`, id, state, reason)
	return posted(o.callback, "application/json", body, g.signStamped(body))
}

func (g *simulatedJSON) ownReceipt(o order, id string, stage sim.Stage) sim.Post {
	body := fmt.Appendf(nil, `{"id":%q,"messageId":%q,"status":%q,"at":%q}`, id, o.ref, stage.Status, time.Now().UTC().Format(time.RFC3339))
	if stage.Status == message.Failed {
		body = fmt.Appendf(nil, `{"id":%q,"messageId":%q,"status":"failed","error":{"code":"UNROUTABLE","message":"no operator has the number"}}`, id, o.ref)
	}
	return posted(o.callback, "application/json", body, g.signOwn(body))
}

// signOwn signs a body as Standard Webhooks has it.
func (g *gatewaySimulator) signOwn(body []byte) map[string]string {
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(g.receiptKey, "whsec_"))
	event, stamp := "evt_"+strconv.FormatUint(g.world.Serial(), 36), strconv.FormatInt(time.Now().Unix(), 10)
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", event, stamp, body)
	return map[string]string{
		"webhook-id": event, "webhook-timestamp": stamp, "webhook-signature": "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)),
	}
}
