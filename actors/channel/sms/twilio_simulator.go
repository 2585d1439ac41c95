package sms

import (
	"crypto/subtle"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sim"
	"messagehub/actors/channel/sms/gsm"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

// twilioSimulator plays Twilio's API for one account. It is stricter than Twilio in
// one thing: a parameter that the API does not have is refused, so that it
// shows.
type twilioSimulator struct {
	world   *sim.World
	account string
	token   string
	logins  []string // the Authorization headers that are let in
	rules   *twilioRules
	inbound string // where a message to the number goes
	// writers is a pool of twilioWriter.
	writers sync.Pool
}

func newTwilioSimulator(w *sim.World, s channel.Sender) sim.Provider {
	p := &twilioSimulator{world: w, account: s.Settings.Text("accountSid"), token: s.Settings.Text("authToken"), rules: newTwilioRules(), inbound: s.CallbackURL}
	p.logins = []string{login(p.account, p.token)}
	if key := s.Settings.Text("apiKeySid"); key != "" {
		p.logins = append(p.logins, login(key, s.Settings.Text("apiKeySecret")))
	}
	return p
}

// twilioFault is an error of Twilio's.
type twilioFault struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Info    string `json:"more_info"`
	Status  int    `json:"status"`
}

func twilioNo(status, code int, text string) *twilioFault {
	return &twilioFault{code, text, "https://www.twilio.com/docs/errors/" + strconv.Itoa(code), status}
}

// Handle implements [sim.Provider].
func (s *twilioSimulator) Handle(ctx *fasthttp.RequestCtx) {
	if r := s.admit(ctx); r != nil {
		replyJSON(ctx, r.Status, r)
		return
	}
	if ctx.IsGet() {
		replyJSON(ctx, 200, map[string]string{"sid": s.account, "friendly_name": "Sandbox", "status": "active", "type": "Full"})
		return
	}
	f := &twilioForm{ctx.PostArgs(), s.rules}
	if r := f.check(); r != nil {
		replyJSON(ctx, r.Status, r)
		return
	}
	script := s.world.Script(f.get("To"), s.tries(f))
	if r := twilioScripted(script.Answer); r != nil {
		s.world.Wait(script.Delay)
		if script.Answer == sim.Throttled {
			ctx.Response.Header.Set("Retry-After", "1")
		}
		replyJSON(ctx, r.Status, r)
		return
	}
	s.take(ctx, f, script)
}

// admit checks who asks for what.
func (s *twilioSimulator) admit(ctx *fasthttp.RequestCtx) *twilioFault {
	if !s.known(string(ctx.Request.Header.Peek("Authorization"))) {
		ctx.Response.Header.Set("WWW-Authenticate", `Basic realm="Twilio API"`)
		return twilioNo(401, 20003, "Authenticate")
	}
	path := string(ctx.Path())
	if own := "/2010-04-01/Accounts/" + s.account; path == own+".json" && ctx.IsGet() {
		return nil
	} else if path != own+"/Messages.json" {
		return twilioNo(404, 20404, "The requested resource "+path+" was not found")
	}
	if !ctx.IsPost() {
		return twilioNo(405, 20004, "Method not allowed")
	}
	return nil
}

func (s *twilioSimulator) known(header string) bool {
	for _, l := range s.logins {
		if subtle.ConstantTimeCompare([]byte(header), []byte(l)) == 1 {
			return true
		}
	}
	return false
}

// tries counts the reserved recipients' messages: by address and content, for
// Twilio is told nothing else that stays the same.
func (s *twilioSimulator) tries(f *twilioForm) int {
	to := f.get("To")
	if !strings.HasPrefix(to, sim.Reserved) {
		return 0
	}
	return s.world.Tries(strings.Join([]string{s.account, to, f.text(), f.get("MediaUrl")}, "\x00"))
}

// twilioScripted returns the refusal that a script asks for, if it does.
func twilioScripted(a sim.Answer) *twilioFault {
	switch a {
	case sim.NotOnChannel:
		return twilioNo(400, 21614, "'To' number is not a valid mobile number")
	case sim.OptedOut:
		return twilioNo(400, 21610, "Attempt to send to unsubscribed recipient")
	case sim.Throttled:
		return twilioNo(429, 20429, "Too Many Requests")
	case sim.ServerError:
		return twilioNo(500, 20500, "Internal Server Error")
	}
	return nil
}

// take accepts the message, and answers unless the script withholds it.
func (s *twilioSimulator) take(ctx *fasthttp.RequestCtx, f *twilioForm, script sim.Script) {
	m := s.create(f)
	answered := script.Answer != sim.NoAnswer
	s.world.Ledger.Add(sim.Received{
		At: message.TimeOf(time.Now()), Channel: "sms", Account: s.account, To: m.To, Text: f.text(),
		ProviderID: m.Sid, Answered: answered,
	})
	s.world.Wait(script.Delay)
	s.report(f, m, script.Receipts)
	if !answered {
		sim.Withhold(ctx)
		return
	}
	replyJSON(ctx, 201, m)
}

// created201 is the resource that Twilio answers with.
type created201 struct {
	AccountSid   string         `json:"account_sid"`
	APIVersion   string         `json:"api_version"`
	Body         *string        `json:"body"`
	DateCreated  string         `json:"date_created"`
	DateSent     *string        `json:"date_sent"`
	DateUpdated  string         `json:"date_updated"`
	Direction    string         `json:"direction"`
	ErrorCode    *int           `json:"error_code"`
	ErrorMessage *string        `json:"error_message"`
	From         *string        `json:"from"`
	Service      *string        `json:"messaging_service_sid"`
	NumMedia     string         `json:"num_media"`
	NumSegments  string         `json:"num_segments"`
	Price        *string        `json:"price"`
	PriceUnit    *string        `json:"price_unit"`
	Sid          string         `json:"sid"`
	Status       string         `json:"status"`
	Resources    created201Uris `json:"subresource_uris"`
	To           string         `json:"to"`
	URI          string         `json:"uri"`
}

type created201Uris struct {
	Media string `json:"media"`
}

// create makes the resource of a form that passed.
func (s *twilioSimulator) create(f *twilioForm) *created201 {
	kind, body := "SM", f.get("Body")
	media := len(f.args.PeekMulti("MediaUrl"))
	if media > 0 {
		kind = "MM"
	}
	now := time.Now().UTC().Format("Mon, 02 Jan 2006 15:04:05 +0000")
	m := &created201{
		AccountSid: s.account, APIVersion: "2010-04-01", Body: &body, DateCreated: now, DateUpdated: now,
		Direction: "outbound-api", NumMedia: strconv.Itoa(media), NumSegments: "0", Status: "accepted",
		Sid: fmt.Sprintf("%s%032x", kind, s.world.Serial()), To: f.get("To"),
	}
	m.URI = "/2010-04-01/Accounts/" + s.account + "/Messages/" + m.Sid + ".json"
	m.Resources.Media = strings.TrimSuffix(m.URI, ".json") + "/Media.json"
	if service := f.get("MessagingServiceSid"); service != "" {
		m.Service = &service
		return m
	}
	from, n := f.get("From"), 1
	if media == 0 && body != "" {
		f, _ := gsm.Encoder{}.Measure(body)
		n = f.Parts
	}
	m.From, m.Status, m.NumSegments = &from, "queued", strconv.Itoa(n)
	return m
}

func replyJSON(ctx *fasthttp.RequestCtx, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("BUG: an answer can't be encoded: %v", err))
	}
	ctx.SetStatusCode(status)
	ctx.SetContentType("application/json")
	ctx.SetBody(b)
}
