package whatsapp

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"messagehub/actors/channel"
	"messagehub/actors/channel/channeltest"
)

// graph is an error in Meta's form.
func graph(status, code int, details string) channeltest.Answer {
	return channeltest.Answer{Status: status, Body: fmt.Sprintf(
		`{"error":{"message":"(#%d) %s","type":"OAuthException","code":%d,"error_data":{"messaging_product":"whatsapp","details":%q},"fbtrace_id":"Az8or2yhqkZfEZ-_4Qn_Bam"}}`,
		code, "title", code, details)}
}

// table is every code of Meta's that is classified, by the contract's.
var table = []struct {
	code   channel.Code
	status int
	codes  []int
}{
	{channel.ProviderError, 500, []int{1, 131000}},
	{channel.ProviderUnavailable, 503, []int{2, 131016, 133004}},
	{channel.RateLimited, 400, []int{4, 80007, 130429, 133016}},
	{channel.SenderRestricted, 403, []int{33, 368, 131031, 131037, 131042, 131045, 131048, 131064, 133010, 134011}},
	{channel.BadCredentials, 401, []int{0, 3, 10, 190, 200, 210, 299, 131005}},
	{channel.NotOnChannel, 400, []int{131026}},
	{channel.InvalidRecipient, 400, []int{131021}},
	{channel.Blocked, 400, []int{130403}},
	{channel.OptedOut, 400, []int{131050}},
	{channel.Restricted, 400, []int{130472, 130497}},
	{channel.MarketingCap, 400, []int{131049}},
	{channel.WindowClosed, 400, []int{131047}},
	{channel.TemplateNotFound, 404, []int{132001}},
	{channel.TemplateMismatch, 400, []int{132000, 132012, 132018}},
	{channel.TemplatePaused, 400, []int{132015, 132016, 132068, 132069}},
	{channel.ContentTooLong, 400, []int{132005}},
	{channel.ContentRejected, 400, []int{100, 131008, 131009, 131051, 132007, 134100, 134101, 134102, 135000}},
	{channel.SenderMisconfigured, 400, []int{131063}},
	{channel.MediaUnavailable, 400, []int{131052, 131053}},
}

func refusals() []channeltest.Refusal {
	var out []channeltest.Refusal
	for _, row := range table {
		for _, code := range row.codes {
			out = append(out, channeltest.Refusal{Answer: graph(row.status, code, "d"), Code: row.code, ProviderCode: strconv.Itoa(code)})
		}
	}
	return append(out, special()...)
}

// special are the answers in which more than the code counts.
func special() []channeltest.Refusal {
	limited := graph(429, 130429, "Cloud API message throughput has been reached.")
	limited.Header = map[string]string{"Retry-After": "7"}
	usage := graph(400, 80007, "d")
	usage.Header = map[string]string{
		"Retry-After":               "7",
		"X-Business-Use-Case-Usage": `{"102290129340398":[{"type":"whatsapp","call_count":100,"total_cputime":1,"total_time":1,"estimated_time_to_regain_access":3},{"estimated_time_to_regain_access":2}]}`,
	}
	broken := graph(400, 4, "d")
	broken.Header = map[string]string{"Retry-After": "soon", "X-Business-Use-Case-Usage": `{"x":3}`}
	endless := graph(400, 4, "d")
	endless.Header = map[string]string{"X-Business-Use-Case-Usage": `{"x":[{"estimated_time_to_regain_access":9223372036854775807}]}`}
	flagged := channeltest.Answer{Status: 400, Body: `{"error":{"message":"Please retry","type":"OAuthException","code":777,"is_transient":true}}`}
	object := channeltest.Answer{Status: 400, Body: `{"error":{"message":"Unsupported post request.","type":"GraphMethodException","code":100,"error_subcode":33,"fbtrace_id":"A"}}`}
	coded := channeltest.Answer{Status: 400, Body: `{"error":{"message":"no code","type":"OAuthException"}}`}
	return []channeltest.Refusal{
		{Name: "pair limit", Answer: graph(400, 131056, "d"), Code: channel.RecipientRateLimited, ProviderCode: "131056", RetryAfter: 6 * time.Second},
		{Name: "maintenance", Answer: graph(500, 131057, "d"), Code: channel.ProviderUnavailable, ProviderCode: "131057", RetryAfter: time.Minute},
		{Name: "retry after", Answer: limited, Code: channel.RateLimited, ProviderCode: "130429", RetryAfter: 7 * time.Second},
		{Name: "usage header", Answer: usage, Code: channel.RateLimited, ProviderCode: "80007", RetryAfter: 3 * time.Minute},
		{Name: "broken usage header", Answer: broken, Code: channel.RateLimited, ProviderCode: "4"},
		{Name: "endless usage header", Answer: endless, Code: channel.RateLimited, ProviderCode: "4", RetryAfter: 24 * time.Hour},
		{Name: "unknown object", Answer: object, Code: channel.BadCredentials, ProviderCode: "100"},
		{Name: "unknown code", Answer: graph(400, 999999, "d"), Code: channel.ContentRejected, ProviderCode: "999999"},
		{Name: "unknown code, 500", Answer: graph(500, 999999, "d"), Code: channel.ProviderError, ProviderCode: "999999"},
		{Name: "unknown code, 401", Answer: graph(401, 999999, "d"), Code: channel.BadCredentials, ProviderCode: "999999"},
		{Name: "unknown code, 429", Answer: graph(429, 999999, "d"), Code: channel.RateLimited, ProviderCode: "999999"},
		{Name: "unknown code, passing", Answer: flagged, Code: channel.ProviderError, ProviderCode: "777"},
		{Name: "no code", Answer: coded, Code: channel.ContentRejected},
		{Name: "error with status 200", Answer: graph(200, 131026, "d"), Code: channel.NotOnChannel, ProviderCode: "131026"},
		{Name: "error 100 with status 503", Answer: graph(503, 100, "d"), Code: channel.ContentRejected, ProviderCode: "100"},
		{Name: "500 with an id", Answer: channeltest.Answer{Status: 500, Body: `{"messages":[{"id":"wamid.A"}]}`}, Code: channel.OutcomeUnknown},
		{Name: "id and error", Answer: channeltest.Answer{Status: 400, Body: `{"messages":[{"id":"wamid.A"}],"error":{"message":"x","code":100}}`}, Code: channel.OutcomeUnknown},
	}
}

// TestWhatFollows goes through the groups of Meta's codes.
func TestWhatFollows(t *testing.T) {
	rows := []struct {
		channeltest.Follow
		codes []int
	}{
		{channeltest.Retry(), []int{1, 2, 131000, 131016, 131057, 133004}},
		{channeltest.Retry(), []int{4, 80007, 130429, 131056, 133016}}, // rates
		{channeltest.Operator(), []int{131048, 131064}},                // spam
		{channeltest.FallBack(), []int{131026, 131021, 130403, 131050, 130497, 130472}},
		{channeltest.FallBack(), []int{131047, 131049}}, // not now
		{channeltest.ToCaller(), []int{132000, 132001, 132005, 132007, 132012, 132015, 132016, 132018, 132068, 132069}},
		{channeltest.ToCaller(), []int{100, 131008, 131009, 131051, 134100, 134101, 134102, 135000}},
		{channeltest.Medium(), []int{131052, 131053}},
		{channeltest.Operator(), []int{0, 3, 10, 190, 200, 250, 299, 33, 368, 131005, 131031, 131037, 131042, 131045, 131063, 133010, 134011}},
	}
	for _, row := range rows {
		for _, code := range row.codes {
			row.Check(t, strconv.Itoa(code), classify(code))
		}
	}
}
