package kakao

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sim"
	"messagehub/store/message/json"
)

// simulator plays NHN Cloud for one appkey. Its answers have the status 200,
// whatever they say.
type simulator struct {
	world                *sim.World
	app, secret, profile string
	signature, callback  string
	clock                func() time.Time
	zone                 *time.Location

	mu       sync.Mutex
	messages []*simMessage // the oldest first
}

func newSimulator(w *sim.World, s channel.Sender) sim.Provider {
	v := s.Settings
	return &simulator{
		world: w, app: v.Text("appKey"), secret: v.Text("secretKey"), profile: v.Text("senderKey"), signature: v.Text("webhookSecret"),
		callback: s.CallbackURL, clock: time.Now, zone: time.FixedZone("NHN", int(v.Duration("utcOffset").Seconds())),
	}
}

// simFault is a header that says no.
type simFault struct {
	code int
	text string
}

// Handle implements [sim.Provider].
func (s *simulator) Handle(ctx *fasthttp.RequestCtx) {
	product, rest, known := simRoute(string(ctx.Path()))
	app, path, _ := strings.Cut(rest, "/")
	switch {
	case !known:
		simRefuse(ctx, simFault{-9998, "Not exist API"})
	case app != s.app:
		simRefuse(ctx, simFault{-1000, "Invalid appKey."})
	case string(ctx.Request.Header.Peek("X-Secret-Key")) != s.secret:
		simRefuse(ctx, simFault{-1001, "Invalid secretKey."})
	case !simIsJSON(ctx):
		simRefuse(ctx, simFault{-9996, "Only application/json Content-type is supported."})
	case ctx.IsPost():
		s.post(ctx, product, path)
	case ctx.IsGet():
		s.get(ctx, product, path)
	default:
		simRefuse(ctx, simFault{-9998, "Not exist API"})
	}
}

// simRoute tells the product of a path.
func simRoute(path string) (product, rest string, known bool) {
	if rest, known = strings.CutPrefix(path, "/alimtalk/v2.3/appkeys/"); known {
		return "ALIMTALK", rest, true
	}
	rest, known = strings.CutPrefix(path, "/brand-message/v1.0/appkeys/")
	return "BRAND_MESSAGE", rest, known
}

func (s *simulator) post(ctx *fasthttp.RequestCtx, product, path string) {
	switch product + " " + path {
	case "ALIMTALK messages":
		s.send(ctx, simKind{"ALIMTALK_NORMAL", false})
	case "ALIMTALK auth/messages":
		s.send(ctx, simKind{"ALIMTALK_AUTH", false})
	case "BRAND_MESSAGE basic-messages":
		s.send(ctx, simKind{"BRAND_MESSAGE_NORMAL", false})
	case "BRAND_MESSAGE freestyle-messages":
		s.send(ctx, simKind{"BRAND_MESSAGE_NORMAL", true})
	default:
		simRefuse(ctx, simFault{-9998, "Not exist API"})
	}
}

func (s *simulator) get(ctx *fasthttp.RequestCtx, product, path string) {
	switch {
	case product == "ALIMTALK" && path == "senders/"+s.profile:
		simAnswer(ctx, map[string]any{"header": simYes(), "sender": map[string]any{
			"plusFriendId": "@sandbox", "senderKey": s.profile, "status": "YSC03", "kakaoStatus": "A", "kakaoProfileStatus": "A",
			"alimtalk": map[string]any{"isResend": false, "dailyMaxCount": 0, "sentCount": 0}, "dormant": false, "block": false,
		}})
	case product == "ALIMTALK" && strings.HasPrefix(path, "senders/"):
		simRefuse(ctx, simFault{-2017, "Not exist plus friend."})
	case product == "ALIMTALK" && path == "message-results":
		s.updates(ctx)
	case path == "messages":
		s.search(ctx, product)
	case product == "ALIMTALK" && path == "auth/messages":
		s.search(ctx, "ALIMTALK_AUTH")
	case strings.HasPrefix(path, "messages/"):
		s.single(ctx, product, strings.TrimPrefix(path, "messages/"))
	default:
		simRefuse(ctx, simFault{-9998, "Not exist API"})
	}
}

func simIsJSON(ctx *fasthttp.RequestCtx) bool {
	kind, _, _ := strings.Cut(string(ctx.Request.Header.ContentType()), ";")
	return strings.EqualFold(strings.TrimSpace(kind), "application/json")
}

func simYes() map[string]any {
	return map[string]any{"resultCode": 0, "resultMessage": "success", "isSuccessful": true}
}

func simRefuse(ctx *fasthttp.RequestCtx, f simFault) {
	simAnswer(ctx, map[string]any{"header": map[string]any{"resultCode": f.code, "resultMessage": f.text, "isSuccessful": false}})
}

func simAnswer(ctx *fasthttp.RequestCtx, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("BUG: an answer can't be encoded: %v", err))
	}
	ctx.SetContentType("application/json;charset=UTF-8")
	ctx.SetBody(b)
}
