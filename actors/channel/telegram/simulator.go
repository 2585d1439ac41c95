package telegram

import (
	"crypto/subtle"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sim"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

// simulator plays the Bot API for one bot. It is stricter than Telegram in
// one thing: a field that a method does not have is refused, so that it
// shows.
type simulator struct {
	world            *sim.World
	token            string
	methods          map[string]method
	callback, secret string // of the webhook
}

func newSimulator(w *sim.World, s channel.Sender) sim.Provider {
	return &simulator{w, s.Settings.Text("botToken"), methods(), s.CallbackURL, s.Settings.Text("webhookSecret")}
}

// no is an answer that is no yes.
type no struct {
	OK          bool   `json:"ok"`
	Code        int    `json:"error_code"`
	Description string `json:"description"`
	Parameters  *hints `json:"parameters,omitempty"`
}

type hints struct {
	RetryAfter int   `json:"retry_after,omitempty"`
	MigrateTo  int64 `json:"migrate_to_chat_id,omitempty"`
}

func refuse(code int, text string) *no { return &no{Code: code, Description: text} }

// Handle implements [sim.Provider].
func (s *simulator) Handle(ctx *fasthttp.RequestCtx) {
	m, n := s.route(string(ctx.Path()))
	if n != nil {
		reply(ctx, n.Code, n)
		return
	}
	if m.name == "getMe" {
		reply(ctx, 200, yes{true, s.bot()})
		return
	}
	f, n := read(ctx)
	if n == nil {
		n = f.check(&m)
	}
	if n != nil {
		reply(ctx, n.Code, n)
		return
	}
	s.send(ctx, &m, f)
}

// route finds the method of a path, and checks the token in it.
func (s *simulator) route(path string) (method, *no) {
	rest, ok := strings.CutPrefix(path, "/bot")
	token, name, slash := strings.Cut(rest, "/")
	switch {
	case !ok || !slash || len(token) > 80 || !strings.Contains(token, ":") || strings.HasPrefix(token, "0"):
		return method{}, refuse(404, "Not Found")
	case subtle.ConstantTimeCompare([]byte(token), []byte(s.token)) != 1:
		return method{}, refuse(401, "Unauthorized")
	}
	m, ok := s.methods[strings.ToLower(name)]
	if !ok {
		return method{}, refuse(404, "Not Found: method not found")
	}
	return m, nil
}

// send plays the script of a message that passed.
func (s *simulator) send(ctx *fasthttp.RequestCtx, m *method, f fields) {
	script := s.world.Script(f["chat_id"], s.tries(f, m))
	if n := scripted(script.Answer); n != nil {
		s.world.Wait(script.Delay)
		if n.Parameters != nil {
			ctx.Response.Header.Set("Retry-After", strconv.Itoa(n.Parameters.RetryAfter))
		}
		reply(ctx, n.Code, n)
		return
	}
	result, id := s.create(m, f)
	answered := script.Answer != sim.NoAnswer
	s.world.Ledger.Add(sim.Received{
		At: message.TimeOf(time.Now()), Channel: "telegram", Account: strings.Split(s.token, ":")[0],
		To: f["chat_id"], Text: f[m.words], ProviderID: id, Answered: answered,
	})
	s.world.Wait(script.Delay)
	if !answered {
		sim.Withhold(ctx)
		return
	}
	reply(ctx, 200, yes{true, result})
}

// tries counts the reserved recipients' messages: by chat and content, for
// Telegram is told nothing else that stays the same.
func (s *simulator) tries(f fields, m *method) int {
	chat := f["chat_id"]
	if !strings.HasPrefix(chat, sim.Reserved) {
		return 0
	}
	return s.world.Tries(strings.Join([]string{s.token, chat, f[m.words], f[m.medium]}, "\x00"))
}

// scripted returns the refusal that a script asks for, if it does.
func scripted(a sim.Answer) *no {
	switch a {
	case sim.NotOnChannel:
		return refuse(400, "Bad Request: chat not found")
	case sim.OptedOut:
		return refuse(403, "Forbidden: bot was blocked by the user")
	case sim.Throttled:
		n := refuse(429, "Too Many Requests: retry after 1")
		n.Parameters = &hints{RetryAfter: 1}
		return n
	case sim.ServerError:
		return refuse(500, "Internal Server Error: restart")
	}
	return nil
}

func reply(ctx *fasthttp.RequestCtx, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("BUG: an answer can't be encoded: %v", err))
	}
	ctx.SetStatusCode(status)
	ctx.SetContentType("application/json")
	ctx.SetBody(b)
}
