package zalo

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sim"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

// simulator plays Zalo's three hosts for one Official Account.
type simulator struct {
	world                      *sim.World
	app, secret, oa, key, sign string
	callback                   string

	mu      sync.Mutex
	access  string
	refresh string
}

func newSimulator(w *sim.World, s channel.Sender) sim.Provider {
	v := s.Settings
	sign := v.Text("appId")
	if v.Text("webhookSigns") == "oaId" {
		sign = v.Text("oaId")
	}
	return &simulator{
		world: w, app: v.Text("appId"), secret: v.Text("appSecret"), oa: v.Text("oaId"), key: v.Text("oaSecretKey"), sign: sign,
		callback: s.CallbackURL, access: v.Text("accessToken"), refresh: v.Text("refreshToken"),
	}
}

// Handle implements [sim.Provider].
func (s *simulator) Handle(ctx *fasthttp.RequestCtx) {
	ctx.Response.Header.Set("X-RateLimit-Limit", "4000")
	ctx.Response.Header.Set("X-RateLimit-Remain", "3999")
	switch path := string(ctx.Path()); {
	case path == "/oauth/v4/oa/access_token" && ctx.IsPost():
		s.renew(ctx)
	case path == "/openapi/v2.0/oa/getoa" && ctx.IsGet():
		if s.authorized(ctx, -216) {
			answer(ctx, 200, map[string]any{"error": 0, "message": "Success", "data": map[string]string{"oa_id": s.oa, "name": "Sandbox"}})
		}
	case path == "/openapi/v3.0/oa/message/cs" && ctx.IsPost():
		s.consult(ctx)
	case path == "/openapi/v3.0/oa/message/template" && ctx.IsPost():
		s.template(ctx)
	case path == "/business/message/template" && ctx.IsPost():
		s.phone(ctx)
	default:
		ctx.Error("Not Found", 404)
	}
}

// renew plays the token endpoint: each refresh token is good once, and its use
// ends both tokens before.
func (s *simulator) renew(ctx *fasthttp.RequestCtx) {
	form := ctx.PostArgs()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case string(ctx.Request.Header.Peek("secret_key")) != s.secret || string(form.Peek("app_id")) != s.app:
		oauthFault(ctx, -14002, "invalid_app")
	case string(form.Peek("grant_type")) != "refresh_token":
		oauthFault(ctx, -14012, "invalid_grant_type")
	case string(form.Peek("refresh_token")) != s.refresh:
		oauthFault(ctx, -14020, "refresh token was used or has expired")
	default:
		n := strconv.FormatUint(s.world.Serial(), 36)
		s.access, s.refresh = "access-"+n, "refresh-"+n
		answer(ctx, 200, map[string]string{"access_token": s.access, "refresh_token": s.refresh, "expires_in": "90000"})
	}
}

func oauthFault(ctx *fasthttp.RequestCtx, code int, text string) {
	answer(ctx, 200, map[string]any{"error": code, "error_name": text, "error_reason": text, "error_description": text, "ref_doc": ""})
}

// authorized answers with the host's code for a token that is not taken.
func (s *simulator) authorized(ctx *fasthttp.RequestCtx, code int) bool {
	s.mu.Lock()
	access := s.access
	s.mu.Unlock()
	if access != "" && string(ctx.Request.Header.Peek("access_token")) == access {
		return true
	}
	refuse(ctx, code, "Access token is invalid")
	return false
}

// take records a message and waits as the script says. false: it is not to be
// answered.
func (s *simulator) take(ctx *fasthttp.RequestCtx, script sim.Script, r sim.Received) bool {
	answered := script.Answer != sim.NoAnswer
	r.At, r.Channel, r.Account, r.Answered = message.TimeOf(time.Now()), "zalo", s.oa, answered
	s.world.Ledger.Add(r)
	s.world.Wait(script.Delay)
	if !answered {
		sim.Withhold(ctx)
	}
	return answered
}

// tries counts the reserved recipients' messages by recipient and content:
// most requests carry nothing else that stays the same.
func (s *simulator) tries(to, what string) int {
	if !strings.HasPrefix(to, sim.Reserved) {
		return 0
	}
	return s.world.Tries("zalo\x00" + to + "\x00" + what)
}

// scripted refuses as a script asks, with the host's own codes.
func (s *simulator) scripted(ctx *fasthttp.RequestCtx, script sim.Script, absent, refusing int) bool {
	switch script.Answer {
	case sim.NotOnChannel:
		s.world.Wait(script.Delay)
		refuse(ctx, absent, "User has not followed OA")
	case sim.OptedOut:
		s.world.Wait(script.Delay)
		refuse(ctx, refusing, "User refused to receive this message")
	case sim.Throttled:
		s.world.Wait(script.Delay)
		refuse(ctx, -32, "Your request exceeded the rate limit")
	case sim.ServerError:
		s.world.Wait(script.Delay)
		ctx.Error("Internal Server Error", 500)
	default:
		return false
	}
	return true
}

func refuse(ctx *fasthttp.RequestCtx, code int, text string) {
	answer(ctx, 200, map[string]any{"error": code, "message": text})
}

func answer(ctx *fasthttp.RequestCtx, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("BUG: an answer can't be encoded: %v", err))
	}
	ctx.SetStatusCode(status)
	ctx.SetContentType("application/json")
	ctx.SetBody(b)
}
