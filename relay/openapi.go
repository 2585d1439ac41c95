package relay

import (
	"sort"
	"strings"

	"messagehub/relay/openapi"
	"messagehub/relay/webhook"
	"messagehub/store/message"
)

// openAPI is GET /openapi.json.
func (s *Server) openAPI(c *call) {
	c.describe("application/json", func(d *openapi.Document) []byte { return d.JSON })
}

// openAPIAsYAML is GET /openapi.yaml.
func (s *Server) openAPIAsYAML(c *call) {
	c.describe("application/yaml", func(d *openapi.Document) []byte { return d.YAML })
}

func (c *call) describe(contentType string, form func(*openapi.Document) []byte) {
	d, err := c.server.description()
	if err != nil {
		c.server.o.Logger.Error("describe the API", "requestId", c.requestName(), "error", err)
		c.fail(Internal)
		return
	}
	c.set("Cache-Control", []byte("public, max-age=300"))
	c.raw(200, contentType, form(d))
}

// Describe writes the OpenAPI description of a server with these options, which
// needs their channels, failures and public URL alone.
func Describe(o Options) (*openapi.Document, error) {
	t := openapi.Tables{Routes: Routes(), Server: o.PublicURL, Names: o.names()}
	for code, row := range problemRows(o.PublicURL) {
		t.Problems = append(t.Problems, openapi.Problem{
			Code: string(code), Status: row.Status, Text: row.Text, RetryAfter: row.RetryAfter > 0, Body: row.appendPlain(nil, [16]byte{}),
		})
	}
	sort.Slice(t.Problems, func(i, j int) bool { return t.Problems[i].Code < t.Problems[j].Code })
	return openapi.New(t)
}

// Routes returns the route table as clients see it.
func Routes() []openapi.Route {
	table := routes()
	out := make([]openapi.Route, len(table))
	for i := range table {
		r := &table[i]
		out[i] = openapi.Route{
			Method: r.method, Path: strings.ReplaceAll(r.pattern, ":*}", "}"), Scope: strings.Join(r.scope.Names(), " "), Codes: r.codes(),
		}
	}
	return out
}

// codes are the errors that a route's place in the table makes possible.
func (r *route) codes() (out []string) {
	add := func(codes ...Code) {
		for _, c := range codes {
			out = append(out, string(c))
		}
	}
	add(
		BadRequest, AmbiguousFraming, HeaderTooLarge, TooManyHeaders, RequestTimeout, LengthRequired, BodyTooLarge, ExpectationFailed,
		UnsupportedVersion, Internal, Overloaded,
	)
	if !r.public {
		add(MissingKey, InvalidKey, KeyRevoked, KeyExpired, AddressNotAllowed, InsufficientScope, RateLimited, TooManyFailures, Unavailable)
		add(NotFound) // of an id; or of what this server was set up without
	}
	if r.admits {
		add(Draining)
	}
	if r.json {
		add(UnsupportedMedia, InvalidJSON, InvalidType, DuplicateMember, UnknownParameter, InvalidParameter, MissingParameter)
	} else if !r.public {
		add(DuplicateMember, UnknownParameter, InvalidParameter)
	}
	return out
}

// names are the closed lists of the API, by the schema that shows them.
func (o *Options) names() map[string][]string {
	out := map[string][]string{
		"Scope": message.ScopeAll.Names(), "EventType": webhook.TypeNames(),
		"MessageStatus": {"queued", "scheduled", "sending", "sent", "delivered", "read", "failed", "expired", "canceled"},
	}
	for s := message.Pending; s <= message.Unknown; s++ {
		if s != message.Scheduled {
			out["AttemptStatus"] = append(out["AttemptStatus"], s.String())
		}
	}
	for t := message.NoEntry + 1; t <= message.LastEntryType; t++ {
		if t.OfMessage() && t.String() != "" {
			out["EntryType"] = append(out["EntryType"], t.String())
		}
	}
	for t := message.Text; t <= message.BrandMessage; t++ {
		out["ContentType"] = append(out["ContentType"], t.String())
	}
	for d := message.DeliveryDone; d <= message.LastDeliveryOutcome; d++ {
		out["DeliveryOutcome"] = append(out["DeliveryOutcome"], d.String())
	}
	for _, c := range message.Classes() {
		out["FailureClass"] = append(out["FailureClass"], c.String())
	}
	for i := range o.Channels {
		out["Channel"] = append(out["Channel"], o.Channels[i].Name)
	}
	for _, p := range Problems() {
		out["ErrorCode"] = append(out["ErrorCode"], string(p.Code))
	}
	for _, f := range append(foldFailures(), o.Failures...) {
		out["FailureCode"] = append(out["FailureCode"], f.Code)
	}
	sort.Strings(out["FailureCode"])
	return out
}
