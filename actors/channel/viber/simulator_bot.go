package viber

import (
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

// botSimulator is Viber's side of the Bot API for one bot. Its users answer
// every message, so that the limit of a hundred an hour is never met; each has
// a phone and a desktop.
type botSimulator struct {
	world *sim.World
	token string
	name  string

	mu      sync.Mutex
	webhook string
	events  map[string]bool // asked for; nil: all
}

func newBotSimulator(w *sim.World, s channel.Sender) *botSimulator {
	return &botSimulator{world: w, token: s.Settings.Text("authToken"), name: s.Settings.Text("senderName"), webhook: s.CallbackURL}
}

// simNo is an answer whose status is not 0.
type simNo struct {
	Status  int    `json:"status"`
	Message string `json:"status_message"`
	Host    string `json:"chat_hostname"`
}

const simHost = "SN-CHAT-05_"

func simFault(status int, text string) *simNo { return &simNo{status, text, simHost} }

// simPost is the body of every call, with all members that Viber documents.
type simPost struct {
	AuthToken string `json:"auth_token"`
	simBotMessage
	simHook
}

// Handle implements [sim.Provider]. Every answer of a method has the HTTP
// status 200.
func (s *botSimulator) Handle(ctx *fasthttp.RequestCtx) {
	method, ok := strings.CutPrefix(string(ctx.Path()), "/pa/")
	if !ok || !ctx.IsPost() {
		ctx.Error("Not Found", fasthttp.StatusNotFound)
		return
	}
	body := ctx.PostBody()
	var post simPost
	switch {
	case len(body) > 30<<10:
		simReply(ctx, 200, simFault(3, "badData: the request is too long"))
		return
	case json.UnmarshalStrict(body, &post) != nil:
		simReply(ctx, 200, simFault(3, "badData"))
		return
	}
	token := string(ctx.Request.Header.Peek("X-Viber-Auth-Token"))
	if token == "" {
		token = post.AuthToken
	}
	switch {
	case token == "":
		simReply(ctx, 200, simFault(2, "missing_auth_token"))
	case token != s.token:
		simReply(ctx, 200, simFault(2, "invalidAuthToken"))
	default:
		s.run(ctx, method, &post)
	}
}

func (s *botSimulator) run(ctx *fasthttp.RequestCtx, method string, post *simPost) {
	switch method {
	case "send_message":
		if no := post.check(); no != nil {
			simReply(ctx, 200, no)
			return
		}
		s.send(ctx, &post.simBotMessage)
	case "get_account_info":
		simReply(ctx, 200, map[string]any{
			"status": 0, "status_message": "ok", "id": "pa:75346594275468546724", "name": s.name, "uri": "messagehubsim",
			"category": "Companies, Brands & Products", "country": "UK", "webhook": s.address(), "subscribers_count": 2,
		})
	case "set_webhook":
		simReply(ctx, 200, s.hook(&post.simHook))
	default:
		ctx.Error("Not Found", fasthttp.StatusNotFound)
	}
}

// send plays the script of a message that passed.
func (s *botSimulator) send(ctx *fasthttp.RequestCtx, m *simBotMessage) {
	tries := 0
	if strings.HasPrefix(m.Receiver, sim.Reserved) {
		tries = s.world.Tries(strings.Join([]string{"viber bot", s.token, m.Receiver, m.Tracking}, "\x00"))
	}
	script := s.world.Script(m.Receiver, tries)
	s.world.Wait(script.Delay)
	if no := simScripted(script.Answer); no != nil {
		simReply(ctx, 200, no)
		return
	}
	token := s.newToken()
	s.world.Ledger.Add(sim.Received{
		At: message.TimeOf(time.Now()), Channel: "viber", Account: s.name, To: m.Receiver, Text: m.summary(),
		Ref: m.Tracking, ProviderID: strconv.FormatUint(token, 10), Answered: script.Answer != sim.NoAnswer,
	})
	s.report(m.Receiver, token, script.Receipts)
	if script.Answer == sim.NoAnswer {
		sim.Withhold(ctx)
		return
	}
	simReply(ctx, 200, map[string]any{
		"status": 0, "status_message": "ok", "message_token": token, "chat_hostname": simHost, "billing_status": 1,
	})
}

// newToken makes a message's token: of 63 bits, and of neighbours, which only
// whole numbers tell apart.
func (s *botSimulator) newToken() uint64 { return 1<<62 + s.world.Serial() }

// simScripted returns the refusal that a script asks for, if it does.
func simScripted(a sim.Answer) *simNo {
	switch a {
	case sim.NotOnChannel:
		return simFault(5, "receiverNotRegistered")
	case sim.OptedOut:
		return simFault(6, "receiverNotSubscribed")
	case sim.Throttled:
		return simFault(12, "tooManyRequests")
	case sim.ServerError:
		return simFault(500, "general error")
	}
	return nil
}
