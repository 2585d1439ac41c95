package viber

import (
	"encoding/base64"
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

// infobipSimulator is Infobip's side of Viber Business Messages for one
// account. Like Infobip it takes a message to whoever it is, and reports
// afterwards that there is no such user.
type infobipSimulator struct {
	world    *sim.World
	key      string
	senders  string
	callback string // of the account's subscription
	basic    string // its Authorization
}

func newInfobipSimulator(w *sim.World, s channel.Sender) *infobipSimulator {
	v := s.Settings
	login := base64.StdEncoding.EncodeToString([]byte("messagehub:" + v.Text("callbackSecret")))
	return &infobipSimulator{w, v.Text("apiKey"), v.Text("senderName"), s.CallbackURL, "Basic " + login}
}

// simProblem is an answer that is not a 200.
type simProblem struct {
	Code        string         `json:"errorCode"`
	Description string         `json:"description"`
	Action      string         `json:"action"`
	Violations  []simViolation `json:"violations"`
	Resources   []struct{}     `json:"resources"`
	status      int
}

type simViolation struct {
	Property  string `json:"property"`
	Violation string `json:"violation"`
}

func simRefusal(status int, description, action string, violations ...simViolation) *simProblem {
	if violations == nil {
		violations = []simViolation{}
	}
	return &simProblem{"E" + strconv.Itoa(status), description, action, violations, []struct{}{}, status}
}

func simInvalid(property, violation string) *simProblem {
	return simRefusal(400, "Request cannot be processed.", "Check the syntax, violations and adjust the request.", simViolation{property, violation})
}

// Handle implements [sim.Provider].
func (s *infobipSimulator) Handle(ctx *fasthttp.RequestCtx) {
	if string(ctx.Request.Header.Peek("Authorization")) != "App "+s.key {
		s.refuse(ctx, simRefusal(401, "The request lacks valid authentication credentials for the requested resource.", "Check the resources and adjust authentication credentials."))
		return
	}
	switch string(ctx.Method()) + " " + string(ctx.Path()) {
	case "POST /viber/2/messages":
		s.send(ctx)
	case "GET /viber/2/reports":
		simReply(ctx, 200, map[string][]struct{}{"results": {}})
	default:
		s.refuse(ctx, simRefusal(404, "Not found - request URL doesn't exist on the API server or resource is not found.", "Check the request URL."))
	}
}

func (s *infobipSimulator) refuse(ctx *fasthttp.RequestCtx, p *simProblem) {
	if p.status == 429 {
		ctx.Response.Header.Set("Retry-After", "1")
	}
	simReply(ctx, p.status, p)
}

// send takes a request of one or several messages. A message's script is
// played where it is the only one.
func (s *infobipSimulator) send(ctx *fasthttp.RequestCtx) {
	var request simRequest
	if !simIsJSON(ctx) || json.UnmarshalStrict(ctx.PostBody(), &request) != nil {
		s.refuse(ctx, simInvalid("body", "must be a request object"))
		return
	}
	if p := request.check(s.senders); p != nil {
		s.refuse(ctx, p)
		return
	}
	var script sim.Script
	if m := &request.Messages[0]; len(request.Messages) == 1 && len(m.Destinations) == 1 {
		script = s.world.Script(m.Destinations[0].To, s.tries(m))
	}
	s.world.Wait(script.Delay)
	switch script.Answer {
	case sim.Throttled:
		s.refuse(ctx, simRefusal(429, "Too many requests.", "Slow down and repeat the request."))
	case sim.ServerError:
		s.refuse(ctx, simRefusal(500, "Something went wrong.", "Try again later or contact support."))
	default:
		s.take(ctx, &request, script)
	}
}

// tries counts a reserved recipient's messages.
func (s *infobipSimulator) tries(m *simMessage) int {
	to := m.Destinations[0].To
	if !strings.HasPrefix(to, sim.Reserved) {
		return 0
	}
	return s.world.Tries(strings.Join([]string{"viber", s.key, to, m.Destinations[0].MessageID}, "\x00"))
}

// take accepts the messages of a request, each by itself.
func (s *infobipSimulator) take(ctx *fasthttp.RequestCtx, request *simRequest, script sim.Script) {
	answer := simAnswer{BulkID: s.newID()}
	for i := range request.Messages {
		m := &request.Messages[i]
		for _, d := range m.Destinations {
			if d.MessageID == "" {
				d.MessageID = s.newID()
			}
			answer.Messages = append(answer.Messages, simTaken{d.MessageID, s.one(m, d, answer.BulkID, script), d.To})
		}
	}
	if script.Answer == sim.NoAnswer {
		sim.Withhold(ctx)
		return
	}
	simReply(ctx, 200, &answer)
}

// one accepts one message, unless its id has been used.
func (s *infobipSimulator) one(m *simMessage, d simDestination, bulk string, script sim.Script) simStatus {
	if script.Answer == sim.OptedOut {
		return simStatus{5, "REJECTED", 10, "REJECTED_DND", "Message rejected: the user is in a do-not-disturb list"}
	}
	if s.world.Tries(strings.Join([]string{"viber id", s.key, d.MessageID}, "\x00")) > 0 {
		return simStatus{5, "REJECTED", 23, "REJECTED_DUPLICATE_MESSAGE_ID", "Duplicate message ID"}
	}
	s.world.Ledger.Add(sim.Received{
		At: message.TimeOf(time.Now()), Channel: "viber", Account: m.Sender, To: d.To, Text: m.Content.summary(),
		Ref: m.Webhooks.CallbackData, ProviderID: d.MessageID, Answered: script.Answer != sim.NoAnswer,
	})
	if script.Answer == sim.NotOnChannel {
		script.Receipts = []sim.Stage{{Status: message.Failed, After: s.world.Knobs().ReceiptDelay}}
	}
	s.report(m, d, bulk, script)
	return simStatus{1, "PENDING", 26, "PENDING_ACCEPTED", "Message sent to next instance"}
}

// newID makes an id of Infobip's shape.
func (s *infobipSimulator) newID() string {
	n := s.world.Serial()
	return fmt.Sprintf("%08x-%04x-4fcf-99f1-%012x", uint32(n>>32), uint16(n>>16), n&0xffffffffffff)
}
