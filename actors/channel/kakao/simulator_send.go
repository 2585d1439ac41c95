package kakao

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"messagehub/actors/channel/sim"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

// simRemembers is how long an idempotency key is refused after its first use.
const simRemembers = 10 * time.Minute

// send plays all ways to send.
func (s *simulator) send(ctx *fasthttp.RequestCtx, k simKind) {
	var in simRequest
	if json.UnmarshalStrict(ctx.PostBody(), &in) != nil {
		simRefuse(ctx, simFault{-3002, "Field is not valid."})
		return
	}
	var script sim.Script
	if len(in.RecipientList) == 1 {
		script = s.world.Script(in.RecipientList[0].RecipientNo, s.tries(&in.RecipientList[0]))
	}
	s.world.Wait(script.Delay)
	switch script.Answer {
	case sim.Throttled: // NHN documents no limit; its newer service answers so
		ctx.Response.Header.Set("Retry-After", "1")
		ctx.Error("Too Many Requests", 429)
		return
	case sim.ServerError:
		simRefuse(ctx, simFault{-9999, "System error. Please inquire at support@toast.com."})
		return
	}
	if s.repeated(string(ctx.Request.Header.Peek("X-NC-API-IDEMPOTENCY-KEY"))) {
		simRefuse(ctx, simFault{-1005, "The same 'X-NC-API-IDEMPOTENCY-KEY' was used within the last 10 minutes."})
		return
	}
	if fault := s.check(k, &in); fault != nil {
		simRefuse(ctx, *fault)
		return
	}
	s.take(ctx, k, &in, script)
}

func (s *simulator) tries(r *simRecipient) int {
	if !strings.HasPrefix(r.RecipientNo, sim.Reserved) {
		return 0
	}
	return s.world.Tries("kakao\x00" + r.RecipientNo + "\x00" + r.RecipientGroupingKey)
}

// repeated reports whether a key was used of late, and counts this use.
func (s *simulator) repeated(key string) bool {
	if key == "" {
		return false
	}
	key = "kakao\x00" + s.app + "\x00" + key
	now := s.clock()
	if text, ok := s.world.Recall(key); ok {
		first, _ := strconv.ParseInt(text, 10, 64)
		if now.Sub(time.UnixMilli(first)) < simRemembers {
			return true
		}
	}
	s.world.Keep(key, strconv.FormatInt(now.UnixMilli(), 10))
	return false
}

// take accepts the recipients, each by itself. Where all are refused, so is
// the request.
func (s *simulator) take(ctx *fasthttp.RequestCtx, k simKind, in *simRequest, script sim.Script) {
	request := s.newRequest()
	results := make([]map[string]any, len(in.RecipientList))
	taken := 0
	for i := range in.RecipientList {
		r := &in.RecipientList[i]
		code, text := r.refused()
		if script.Answer == sim.OptedOut && k.brand() {
			code, text = -3301, "The unsubscribed recipient are found."
		}
		results[i] = map[string]any{"recipientSeq": i + 1, "recipientNo": r.RecipientNo, "resultCode": code, "resultMessage": text}
		if !k.brand() {
			results[i]["recipientGroupingKey"] = r.RecipientGroupingKey
		}
		if code == 0 {
			s.accept(k, in, r, request, i+1, script)
			taken++
		}
	}
	if script.Answer == sim.NoAnswer {
		sim.Withhold(ctx)
		return
	}
	header, id := simYes(), any(request)
	if taken == 0 {
		header, id = map[string]any{"resultCode": -1031, "resultMessage": "All of receivers are failed to send.", "isSuccessful": false}, nil
	}
	body := map[string]any{"requestId": id, "sendResults": results}
	if !k.brand() {
		body["senderGroupingKey"] = in.SenderGroupingKey
	}
	simAnswer(ctx, map[string]any{"header": header, "message": body})
}

// newRequest makes an id of NHN's shape: a date and what counts up.
func (s *simulator) newRequest() string {
	return s.clock().In(s.zone).Format("20060102150405") + fmt.Sprintf("%016x", s.world.Serial())
}

func (s *simulator) accept(k simKind, in *simRequest, r *simRecipient, request string, seq int, script sim.Script) {
	s.world.Ledger.Add(sim.Received{
		At: message.TimeOf(time.Now()), Channel: "kakao", Account: in.SenderKey, To: r.RecipientNo, Text: in.text(r),
		Ref: r.RecipientGroupingKey, ProviderID: request + "/" + strconv.Itoa(seq), Answered: script.Answer != sim.NoAnswer,
	})
	m := &simMessage{
		kind: k.message, request: request, seq: seq, to: r.RecipientNo, sender: in.SenderKey, template: in.TemplateCode,
		text: in.text(r), grouping: r.RecipientGroupingKey, bubble: in.ChatBubbleType, targeting: r.Targeting,
		created: s.clock(), requested: s.clock(),
	}
	if at, err := time.ParseInLocation("2006-01-02 15:04", in.RequestDate, s.zone); err == nil {
		m.requested = at
	}
	s.decide(m, k, script)
	s.remember(m)
}
