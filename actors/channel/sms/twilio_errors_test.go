package sms

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"messagehub/actors/channel"
	"messagehub/actors/channel/channeltest"
	"messagehub/store/message"
)

// twilioRow is a code of Twilio's and the HTTP status it comes with.
type twilioRow struct {
	status, code int
	want         channel.Code
}

func twilioRows() []twilioRow {
	out := []twilioRow{
		{429, 20429, channel.RateLimited},
		{429, 21611, channel.RateLimited},
		{429, 14107, channel.RecipientRateLimited},
		{500, 20500, channel.ProviderError},
		{503, 20503, channel.ProviderUnavailable},
		{401, 20003, channel.BadCredentials},
		{403, 20005, channel.SenderRestricted},
		{403, 20006, channel.BadCredentials},
		{403, 20403, channel.SenderRestricted},
		{404, 20404, channel.BadCredentials},
		// Codes that the table does not have: the status tells.
		{400, 29999, channel.ContentRejected},
		{401, 20107, channel.BadCredentials},
		{403, 29999, channel.BadCredentials},
		{429, 29999, channel.RateLimited},
		{500, 29999, channel.OutcomeUnknown},
		{503, 29999, channel.OutcomeUnknown},
	}
	at400 := map[channel.Code][]int{
		channel.InvalidRecipient:    {21211, 21217, 21265},
		channel.NotOnChannel:        {21612, 21614, 21635},
		channel.Restricted:          {21608},
		channel.OptedOut:            {21610},
		channel.SenderMisconfigured: {21212, 21408, 21601, 21603, 21606, 21609, 21657, 21659, 21703, 21704, 21705},
		channel.ContentRejected:     {21602, 21618, 21619, 21624},
		channel.ContentTooLong:      {21617, 21658},
		channel.MediaRejected:       {21620, 21623},
		channel.TemplateNotFound:    {21654, 21655},
		channel.TemplateMismatch:    {21656},
	}
	for want, codes := range at400 {
		for _, code := range codes {
			out = append(out, twilioRow{400, code, want})
		}
	}
	return out
}

func twilioRefusals() []channeltest.Refusal {
	var out []channeltest.Refusal
	for _, r := range twilioRows() {
		body := fmt.Sprintf(`{"code":%d,"message":"text","more_info":"https://www.twilio.com/docs/errors/%d","status":%d}`, r.code, r.code, r.status)
		refusal := channeltest.Refusal{
			Name: fmt.Sprintf("%d_%d", r.status, r.code), Answer: channeltest.Answer{Status: r.status, Body: body},
			Code: r.want, ProviderCode: strconv.Itoa(r.code),
		}
		out = append(out, refusal)
		refusal.Name += "_with_Retry-After"
		refusal.Header, refusal.RetryAfter = map[string]string{"Retry-After": "7"}, 7*time.Second
		out = append(out, refusal)
	}
	return append(out, twilioOddities()...)
}

// twilioOddities are answers that a yes or a no can be mistaken for.
func twilioOddities() []channeltest.Refusal {
	answer := func(status int, body string) channeltest.Answer {
		return channeltest.Answer{Status: status, Body: body}
	}
	return []channeltest.Refusal{
		{Name: "error with a sid", Answer: answer(500, `{"code":20500,"sid":"`+example+`"}`), Code: channel.OutcomeUnknown},
		{Name: "yes with an error's status", Answer: answer(400, twilioSuccess("queued", "null", "null", "1")), Code: channel.OutcomeUnknown},
		{Name: "yes with a redirect's status", Answer: answer(302, twilioSuccess("queued", "null", "null", "1")), Code: channel.OutcomeUnknown},
		{Name: "error with a redirect's status", Answer: answer(307, `{"code":21211,"message":"m"}`), Code: channel.ProviderUnavailable, ProviderCode: "HTTP 307"},
		{Name: "error with a yes's status", Answer: answer(200, `{"code":21211,"message":"m","status":400}`), Code: channel.OutcomeUnknown, ProviderCode: "HTTP 200"},
		{Name: "bad sid", Answer: answer(201, `{"sid":"SM 1","status":"queued"}`), Code: channel.OutcomeUnknown, ProviderCode: "HTTP 201"},
		{Name: "code is text", Answer: answer(400, `{"code":"21211"}`), Code: channel.ContentRejected, ProviderCode: "HTTP 400"},
		{Name: "negative code", Answer: answer(400, `{"code":-1}`), Code: channel.ContentRejected, ProviderCode: "HTTP 400"},
		{Name: "failed at once", Answer: answer(201, `{"sid":"`+example+`","status":"failed","error_code":30007}`), Code: channel.Filtered, ProviderCode: "30007"},
		{Name: "undelivered at once", Answer: answer(201, `{"sid":"`+example+`","status":"undelivered","error_code":21610}`), Code: channel.OptedOut, ProviderCode: "21610"},
		{Name: "failed at once without a code", Answer: answer(201, `{"sid":"`+example+`","status":"failed","error_code":null}`), Code: channel.ProviderError},
	}
}

func TestReportedErrors(t *testing.T) {
	rows := map[channel.Code][]int{
		channel.RateLimited:         {30001, 30022},
		channel.ProviderUnavailable: {30017},
		channel.ProviderError:       {30008, 30410, 30999, 1},
		channel.Unreachable:         {30003, 30450},
		channel.Blocked:             {30004},
		channel.NotOnChannel:        {30005, 30006, 21614},
		channel.MediaRejected:       {30011},
		channel.SenderRestricted:    {30002, 30033},
		channel.Filtered:            {30007},
		channel.SenderMisconfigured: {30018, 30024, 30032, 30034, 30035},
		channel.QuotaExceeded:       {30023, 30027, 63038},
		channel.ContentTooLong:      {30019},
		channel.DeliveryExpired:     {30036},
	}
	pauses := map[int]time.Duration{30001: time.Minute, 30017: time.Minute, 30022: time.Minute, 30008: 30 * time.Second}
	a := twilioSandbox(t)
	for want, codes := range rows {
		for _, code := range codes {
			cb := channeltest.Callback{
				URL: "https://relay.example.com/hook", Header: map[string]string{}, Body: twilioCallback("undelivered", "&ErrorCode="+strconv.Itoa(code)),
			}
			twilioSign(t, sandbox(), &cb)
			got, _, err := a.Receipts(request(&cb))
			if err != nil || len(got) != 1 {
				t.Fatalf("%d: %v, %v", code, got, err)
			}
			rule := channel.Rules()[want]
			failure := message.Failure{Code: string(want), Class: rule.Class, Permanent: rule.Permanent, ProviderCode: strconv.Itoa(code)}
			if *got[0].Failure != failure || got[0].RetryAfter != pauses[code] {
				t.Errorf("%d: %+v after %v, want %+v after %v", code, *got[0].Failure, got[0].RetryAfter, failure, pauses[code])
			}
		}
	}
}

// TestWhatFollowsAtTwilio goes through the groups of Twilio's codes, in an
// answer and in a callback.
func TestWhatFollowsAtTwilio(t *testing.T) {
	rows := []struct {
		channeltest.Follow
		answered, reported []int
	}{
		{channeltest.Retry(), []int{20429, 20500, 20503, 21611, 14107}, []int{30001, 30008, 30017, 30022, 30410}},
		{channeltest.FallBack(), []int{21211, 21217, 21265, 21608, 21610, 21612, 21614, 21635}, []int{30003, 30004, 30005, 30006, 30036, 30450}},
		{channeltest.Operator(), []int{20003, 20005, 20006, 20403, 20404, 21408, 21601, 21603, 21606, 21212, 21609, 21657, 21659, 21703, 21704, 21705}, nil},
		{channeltest.Operator(), nil, []int{30002, 30007, 30018, 30024, 30032, 30033, 30034, 30035, 30023, 30027, 63038}},
		{channeltest.ToCaller(), []int{21602, 21617, 21618, 21619, 21620, 21623, 21654, 21655, 21656, 21658, 21624}, []int{30011, 30019}},
	}
	for _, row := range rows {
		for _, code := range row.answered {
			row.Check(t, strconv.Itoa(code), twilioRefusal(code))
		}
		for _, code := range row.reported {
			row.Check(t, strconv.Itoa(code), twilioReport(code))
		}
	}
}
