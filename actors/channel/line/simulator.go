package line

import (
	"crypto/subtle"
	"fmt"
	"regexp"
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

// simulator plays the Messaging API for one channel of LINE's.
type simulator struct {
	world    *sim.World
	id       string
	token    string
	secret   string
	callback string
	// issued are the stateless tokens given out.
	mu     sync.Mutex
	issued map[string]bool
}

func newSimulator(w *sim.World, s channel.Sender) sim.Provider {
	v := s.Settings
	return &simulator{
		world: w, id: v.Text("channelId"), token: v.Text("channelAccessToken"), secret: v.Text("channelSecret"),
		callback: s.CallbackURL, issued: make(map[string]bool),
	}
}

// fault is LINE's no.
type fault struct {
	status  int
	Message string   `json:"message"`
	Details []detail `json:"details,omitempty"`
}

type detail struct {
	Message  string `json:"message"`
	Property string `json:"property"`
}

// Handle implements [sim.Provider].
func (s *simulator) Handle(ctx *fasthttp.RequestCtx) {
	ctx.Response.Header.Set("X-Line-Request-Id", s.uuid())
	path := string(ctx.Path())
	switch {
	case path == "/oauth2/v3/token" && ctx.IsPost():
		s.issue(ctx)
	case !s.authorized(ctx):
		answer(ctx, 401, fault{Message: "Authentication failed due to the following reason: invalid token. Confirm that the access token in the authorization header is valid."})
	case path == "/v2/bot/info" && ctx.IsGet():
		answer(ctx, 200, map[string]string{
			"userId": "U" + strings.Repeat("0", 32), "basicId": "@sandbox", "displayName": "Sandbox", "chatMode": "bot", "markAsReadMode": "auto",
		})
	case path == "/v2/bot/message/push" && ctx.IsPost():
		s.push(ctx)
	case (path == "/bot/pnp/push" || path == "/v2/bot/message/pnp/templated/push") && ctx.IsPost():
		s.notify(ctx, path == "/bot/pnp/push")
	default:
		answer(ctx, 404, fault{Message: "Not found"})
	}
}

func (s *simulator) uuid() string {
	n := s.world.Serial()
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", n>>32&0xffffffff, n>>16&0xffff, n>>4&0xfff, n&0xfff, n&0xffffffffffff)
}

func (s *simulator) authorized(ctx *fasthttp.RequestCtx) bool {
	token, ok := strings.CutPrefix(string(ctx.Request.Header.Peek("Authorization")), "Bearer ")
	if !ok {
		return false
	}
	if s.token != "" && subtle.ConstantTimeCompare([]byte(token), []byte(s.token)) == 1 {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.issued[token]
}

// issue gives out a stateless token.
func (s *simulator) issue(ctx *fasthttp.RequestCtx) {
	form := ctx.PostArgs()
	if string(form.Peek("grant_type")) != "client_credentials" || string(form.Peek("client_id")) != s.id || s.id == "" ||
		string(form.Peek("client_secret")) != s.secret {
		answer(ctx, 400, map[string]string{"error": "invalid_request", "error_description": "invalid client_id or client_secret"})
		return
	}
	token := "stateless-" + strconv.FormatUint(s.world.Serial(), 36)
	s.mu.Lock()
	s.issued[token] = true
	s.mu.Unlock()
	answer(ctx, 200, map[string]any{"token_type": "Bearer", "access_token": token, "expires_in": 899})
}

var uuidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// push plays the push endpoint.
func (s *simulator) push(ctx *fasthttp.RequestCtx) {
	key := string(ctx.Request.Header.Peek("X-Line-Retry-Key"))
	if key != "" && !uuidForm.MatchString(key) {
		refuse(ctx, &fault{status: 400, Message: "The 'X-Line-Retry-Key' header is invalid"})
		return
	}
	in, f := readPush(ctx)
	if f == nil {
		f = in.checkID()
	}
	if f != nil {
		refuse(ctx, f)
		return
	}
	if before, ok := s.world.Recall("line/" + key); ok && key != "" {
		request, id, _ := strings.Cut(before, " ")
		ctx.Response.Header.Set("X-Line-Accepted-Request-Id", request)
		answer(ctx, 409, map[string]any{
			"message": "The retry key is already accepted", "sentMessages": []map[string]string{{"id": id}},
		})
		return
	}
	script := s.world.Script(in.To, s.tries(in.To, key))
	if f := scripted(script.Answer); f != nil {
		s.world.Wait(script.Delay)
		refuse(ctx, f)
		return
	}
	id := strconv.FormatUint(s.world.Serial(), 10)
	s.world.Keep("line/"+key, string(ctx.Response.Header.Peek("X-Line-Request-Id"))+" "+id)
	if s.take(ctx, script, sim.Received{To: in.To, Text: in.text(), Ref: key, ProviderID: id}) {
		sent := make([]map[string]string, len(in.Messages))
		for i := range sent {
			sent[i] = map[string]string{"id": id, "quoteToken": "quote-" + id}
			id = strconv.FormatUint(s.world.Serial(), 10)
		}
		answer(ctx, 200, map[string]any{"sentMessages": sent})
	}
}

// take records a message and waits as the script says. false: it is not to be
// answered.
func (s *simulator) take(ctx *fasthttp.RequestCtx, script sim.Script, r sim.Received) bool {
	answered := script.Answer != sim.NoAnswer
	r.At, r.Channel, r.Answered = message.TimeOf(time.Now()), "line", answered
	s.world.Ledger.Add(r)
	s.world.Wait(script.Delay)
	if !answered {
		sim.Withhold(ctx)
	}
	return answered
}

func (s *simulator) tries(to, key string) int {
	if !strings.HasPrefix(to, sim.Reserved) {
		return 0
	}
	return s.world.Tries("line" + to + key)
}

// scripted returns the refusal that a script asks for, if it does. LINE takes
// a push to who has blocked the account.
func scripted(a sim.Answer) *fault {
	switch a {
	case sim.NotOnChannel:
		return &fault{status: 400, Message: "Failed to send messages"}
	case sim.Throttled:
		return &fault{status: 429, Message: "The API rate limit has been exceeded. Try again later."}
	case sim.ServerError:
		return &fault{status: 500, Message: "The server is not able to answer"}
	}
	return nil
}

func refuse(ctx *fasthttp.RequestCtx, f *fault) { answer(ctx, f.status, f) }

func answer(ctx *fasthttp.RequestCtx, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("BUG: an answer can't be encoded: %v", err))
	}
	ctx.SetStatusCode(status)
	ctx.SetContentType("application/json")
	ctx.SetBody(b)
}
