package sms

import (
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"messagehub/actors/channel/sim"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

// simulatedInfobip is Infobip's SMS API, version 3. Reports go to the address
// that the message names, messages of handsets to the account's.
type simulatedInfobip struct{ *gatewaySimulator }

// Handle implements [sim.Provider].
func (g *simulatedInfobip) Handle(ctx *fasthttp.RequestCtx) {
	var in struct {
		Messages []struct {
			Sender       string
			Destinations []struct{ To, MessageID string }
			Content      struct{ Text string }
			Webhooks     struct {
				Delivery    struct{ URL string }
				ContentType string
			}
		}
	}
	switch {
	case string(ctx.Request.Header.Peek("Authorization")) != "App "+g.secret:
		infobipNo(ctx, 401, "E401", "Unauthorized")
	case string(ctx.Path()) != "/sms/3/messages" || !ctx.IsPost():
		infobipNo(ctx, 404, "E404", "Not found")
	case json.UnmarshalStrict(ctx.PostBody(), &in) != nil || len(in.Messages) != 1 || len(in.Messages[0].Destinations) != 1:
		infobipNo(ctx, 400, "E400", "Request cannot be processed.")
	case in.Messages[0].Content.Text == "" || len(in.Messages[0].Destinations[0].MessageID) > 200:
		infobipNo(ctx, 400, "E400", "Request cannot be processed.")
	default:
		m := in.Messages[0]
		to, callback := m.Destinations[0], m.Webhooks.Delivery.URL
		g.send(ctx, order{to.To, m.Sender, m.Content.Text, to.MessageID, callback})
	}
}

func (g *simulatedInfobip) send(ctx *fasthttp.RequestCtx, o order) {
	script := g.script(o)
	switch {
	case !isNumber(o.to, ""):
		infobipTaken(ctx, o, 5, "REJECTED", "REJECTED_PREFIX_MISSING")
	case script.Answer == sim.NotOnChannel:
		infobipTaken(ctx, o, 5, "REJECTED", "REJECTED_NETWORK")
	case script.Answer == sim.OptedOut:
		infobipTaken(ctx, o, 5, "REJECTED", "REJECTED_DESTINATION")
	case script.Answer == sim.Throttled:
		throttled(ctx)
		infobipNo(ctx, 429, "E429", "Too many requests")
	case script.Answer == sim.ServerError:
		infobipNo(ctx, 500, "E500", "Something went wrong")
	default:
		if g.take(ctx, o, o.ref, script, func(s sim.Stage) sim.Post { return g.receipt(o, s) }) {
			infobipTaken(ctx, o, 1, "PENDING", "PENDING_ACCEPTED")
		}
	}
}

func infobipNo(ctx *fasthttp.RequestCtx, status int, code, text string) {
	replyJSON(ctx, status, map[string]any{"errorCode": code, "description": text, "action": "", "violations": []any{}, "resources": []any{}})
}

func infobipTaken(ctx *fasthttp.RequestCtx, o order, group int, groupName, name string) {
	replyJSON(ctx, 200, map[string]any{"bulkId": "b1", "messages": []any{map[string]any{
		"messageId": o.ref, "destination": o.to, "status": infobipStatus(group, groupName, name), "details": map[string]int{"messageCount": 1},
	}}})
}

func infobipStatus(group int, groupName, name string) map[string]any {
	return map[string]any{"groupId": group, "groupName": groupName, "id": group, "name": name, "description": name}
}

func (g *simulatedInfobip) receipt(o order, stage sim.Stage) sim.Post {
	status := infobipStatus(1, "PENDING", "PENDING_ENROUTE")
	switch stage.Status {
	case message.Delivered:
		status = infobipStatus(3, "DELIVERED", "DELIVERED_TO_HANDSET")
	case message.Failed:
		status = infobipStatus(2, "UNDELIVERABLE", "UNDELIVERABLE_NOT_DELIVERED")
	}
	return posted(o.callback, "application/json", infobipResults(map[string]any{
		"bulkId": "b1", "messageId": o.ref, "to": o.to, "from": o.from, "doneAt": infobipNow(), "smsCount": 1, "status": status,
	}), nil)
}

// Write implements [sim.Writer].
func (g *simulatedInfobip) Write(w sim.Written) error {
	if err := textAlone(&w); err != nil {
		return err
	}
	body := infobipResults(map[string]any{
		"messageId": strconv.FormatUint(g.world.Serial(), 10), "from": strings.TrimPrefix(w.From, "+"), "to": "15005550006", "text": w.Text, "cleanText": w.Text,
		"keyword": "", "receivedAt": infobipNow(), "smsCount": 1, "callbackData": "",
	})
	return g.bring(posted(g.callback+"?token="+g.receiptKey, "application/json", body, nil))
}

func infobipNow() string { return time.Now().UTC().Format("2006-01-02T15:04:05.000-0700") }

func infobipResults(result map[string]any) []byte {
	body, err := json.Marshal(map[string]any{"results": []any{result}, "messageCount": 1, "pendingMessageCount": 0})
	if err != nil {
		panic("BUG: a report can't be encoded: " + err.Error())
	}
	return body
}
