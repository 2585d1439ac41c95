package whatsapp

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

// The simulated account, beside what the sender's settings say.
const (
	simAccount = "102290129340398"
	simNumber  = "15550783881"
)

// simulator is Meta's side of the Cloud API for one business phone number.
type simulator struct {
	world    *sim.World
	number   string // phone number id
	token    string
	secret   []byte
	callback string
}

func newSimulator(w *sim.World, s channel.Sender) sim.Provider {
	v := s.Settings
	return &simulator{
		world: w, number: v.Text(settingPhoneNumberID), token: v.Text(settingAccessToken),
		secret: []byte(v.Text(settingAppSecret)), callback: s.CallbackURL,
	}
}

// Handle implements [sim.Provider].
func (s *simulator) Handle(ctx *fasthttp.RequestCtx) {
	if fault := s.admit(ctx); fault != nil {
		s.refuse(ctx, fault)
		return
	}
	if ctx.IsGet() {
		ctx.SetContentType("application/json")
		fmt.Fprintf(ctx, `{"display_phone_number":"+1 555-078-3881","verified_name":"Sandbox","id":%q}`, s.number)
		return
	}
	m, fault := simRead(ctx.PostBody())
	if fault != nil {
		s.refuse(ctx, fault)
		return
	}
	s.play(ctx, m)
}

// admit checks who asks, and for what.
func (s *simulator) admit(ctx *fasthttp.RequestCtx) *simFault {
	token, bearer := strings.CutPrefix(string(ctx.Request.Header.Peek("Authorization")), "Bearer ")
	if !bearer {
		return &simFault{code: 0, message: "Authentication Error"}
	}
	if token != s.token {
		return &simFault{code: 190, message: "Invalid OAuth access token - Cannot parse access token"}
	}
	if path := string(ctx.Path()); ctx.IsGet() && strings.HasSuffix(path, "/"+s.number) {
		return nil
	}
	object, ok := simPath(string(ctx.Path()))
	if !ok || !ctx.IsPost() {
		return &simFault{code: 2500, message: "Unknown path components"}
	}
	if object != s.number {
		return &simFault{
			code: 100, subcode: 33,
			message: fmt.Sprintf("Unsupported post request. Object with ID '%s' does not exist, cannot be loaded due to missing permissions, or does not support this operation", channel.Clean(object)),
		}
	}
	kind, _, _ := strings.Cut(string(ctx.Request.Header.ContentType()), ";")
	if kind != "application/json" {
		return simInvalid("the Content-Type must be application/json")
	}
	return nil
}

// simPath returns the phone number id of "/v26.0/<id>/messages"; the version
// may be left out.
func simPath(path string) (object string, ok bool) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if len(parts) == 3 && len(parts[0]) > 1 && parts[0][0] == 'v' {
		if _, err := strconv.ParseFloat(parts[0][1:], 64); err != nil {
			return "", false
		}
		parts = parts[1:]
	}
	if len(parts) != 2 || parts[1] != "messages" {
		return "", false
	}
	return parts[0], true
}

// play does with m what its script says.
func (s *simulator) play(ctx *fasthttp.RequestCtx, m *simMessage) {
	tries := 0
	if strings.HasPrefix(m.To, sim.Reserved) {
		tries = s.world.Tries(s.number + " " + m.To + " " + m.Ref)
	}
	script := s.world.Script(m.address(), tries)
	s.world.Wait(script.Delay)
	if fault := simOutcome(script.Answer); fault != nil {
		s.refuse(ctx, fault)
		return
	}
	id := s.newID(m.address())
	s.world.Ledger.Add(sim.Received{
		At: message.TimeOf(time.Now()), Channel: name, Account: s.number, To: m.address(), Text: m.summary(),
		Ref: m.Ref, ProviderID: id, Answered: script.Answer != sim.NoAnswer,
	})
	s.report(m, id, script.Receipts)
	if script.Answer == sim.NoAnswer {
		sim.Withhold(ctx)
		return
	}
	s.accept(ctx, m, id)
}

// simOutcome returns the error that a script asks for.
func simOutcome(a sim.Answer) *simFault {
	switch a {
	case sim.NotOnChannel:
		return &simFault{code: 131026, message: "Message undeliverable", details: "The recipient is not a WhatsApp user."}
	case sim.OptedOut:
		return &simFault{code: 131050, message: "User has stopped marketing messages", details: "Unable to deliver the message: the user opted out of marketing messages."}
	case sim.Throttled:
		return &simFault{code: 130429, message: "Rate limit hit", details: "Cloud API message throughput has been reached."}
	case sim.ServerError:
		return &simFault{code: 131000, message: "Something went wrong", details: "The message could not be sent because of an unknown error."}
	}
	return nil
}

// newID makes a message id of Meta's shape.
func (s *simulator) newID(to string) string {
	raw := "\x1d\x18" + to + "\x15\x02\x00\x11\x18" + strings.ToUpper(strconv.FormatUint(s.world.Serial(), 16)) + "\x00"
	return "wamid." + base64.StdEncoding.EncodeToString([]byte(raw))
}

func (s *simulator) accept(ctx *fasthttp.RequestCtx, m *simMessage, id string) {
	item := simAccepted{ID: id}
	if m.Template != nil {
		item.Status = "accepted"
	}
	simWrite(ctx, fasthttp.StatusOK, &simAnswer{
		Product: "whatsapp", Contacts: []simContact{{Input: m.address(), WaID: strings.TrimPrefix(m.To, "+"), UserID: m.Recipient}},
		Messages: []simAccepted{item},
	})
}

func (s *simulator) refuse(ctx *fasthttp.RequestCtx, f *simFault) {
	e := simError{
		Message: fmt.Sprintf("(#%d) %s", f.code, f.message), Type: "OAuthException", Code: f.code, Subcode: f.subcode,
		Trace: "A" + strconv.FormatUint(s.world.Serial(), 36),
	}
	if f.details != "" {
		e.Data = &simErrorData{"whatsapp", f.details}
	}
	simWrite(ctx, f.status(), map[string]simError{"error": e})
}

func simWrite(ctx *fasthttp.RequestCtx, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		ctx.Error(err.Error(), fasthttp.StatusInternalServerError)
		return
	}
	ctx.SetStatusCode(status)
	ctx.SetContentType("application/json; charset=UTF-8")
	ctx.Response.Header.Set("facebook-api-version", "v26.0")
	ctx.SetBody(body)
}
