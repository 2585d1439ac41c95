package kakao

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"messagehub/actors/channel"
	"messagehub/actors/channel/channeltest"
	"messagehub/store/message"
)

// apiRow is a row of NHN's table of API codes, in its own words.
type apiRow struct {
	code int
	text string
	want channel.Code
}

func apiRows() []apiRow {
	return []apiRow{
		{-9999, "System error. Please inquire at support@toast.com.", channel.ProviderError},
		{-7000, "Vender request API is failed.", channel.ProviderError},
		{-8010, "Uploading image file has failed for an unexpected error.", channel.ProviderError},
		{-4020, "Failed to read the file.", channel.ProviderError},
		{-5000, "RecipientNo is invalid.", channel.InvalidRecipient},
		{-4019, "Invalid recipient number.", channel.InvalidRecipient},
		{-1031, "All of receivers are failed to send.", channel.InvalidRecipient},
		{-3301, "The unsubscribed recipient are found.", channel.OptedOut},
		{-1000, "Invalid appKey.", channel.BadCredentials},
		{-1001, "Invalid secretKey.", channel.BadCredentials},
		{-4004, "Not exist appkey.", channel.BadCredentials},
		{-4005, "Appkey is disabled.", channel.BadCredentials},
		{-1014, "Not active status plus friend.", channel.SenderRestricted},
		{-1027, "The sender is blocked status.", channel.SenderRestricted},
		{-1002, "Invalid Sms appkey", channel.SenderMisconfigured},
		{-1003, "Invalid Sms Sendno", channel.SenderMisconfigured},
		{-1006, "Plus friend don't have senderKey.", channel.SenderMisconfigured},
		{-1019, "Invalid Sms UnSubscribeno", channel.SenderMisconfigured},
		{-1024, "The sender-group can't send the message.", channel.SenderMisconfigured},
		{-1028, "Blacklist can't use more than 14 characters in template value.", channel.SenderMisconfigured},
		{-1030, "Self verification is required to use this service.", channel.SenderMisconfigured},
		{-2017, "Not exist plus friend.", channel.SenderMisconfigured},
		{-2502, "Please set up the plus-friend resend setting.", channel.SenderMisconfigured},
		{-3300, "The unsubscribe number could not be found.", channel.SenderMisconfigured},
		{-3340, "Invalid unsubscribeNo format.", channel.SenderMisconfigured},
		{-3341, "Invalid format. Only digits are allowed, up to a maximum of 9.", channel.SenderMisconfigured},
		{-4029, "To send 'M/N type' messages", channel.SenderMisconfigured},
		{-4200, "Resend Message is invalid.", channel.SenderMisconfigured},
		{-9992, "The API is no longer supported.", channel.SenderMisconfigured},
		{-9996, "Only application/json Content-type is supported.", channel.SenderMisconfigured},
		{-9998, "Not exist API", channel.SenderMisconfigured},
		{-3003, "Template does not exist.", channel.TemplateNotFound},
		{-3005, "Please check template status.", channel.TemplateNotFound},
		{-3004, "Please check template parameter.", channel.TemplateMismatch},
		{-3010, "The contents do not match the template.", channel.TemplateMismatch},
		{-3011, "The buttons or quickReplies are not matched to template.", channel.TemplateMismatch},
		{-3033, "The button or quickReply is not exist in template.", channel.TemplateMismatch},
		{-3042, "The templateHeader are not matched to template.", channel.TemplateMismatch},
		{-3043, "The templateItem or templateItemHighlight are not matched to template.", channel.TemplateMismatch},
		{-3046, "The templateRepresentLink is not matched to template.", channel.TemplateMismatch},
		{-3049, "The template parameter is not matched to template.", channel.TemplateMismatch},
		{-3299, "The commerce variable must be used in the following combinations", channel.TemplateMismatch},
		{-3324, "The template parameter is invalid.", channel.TemplateMismatch},
		{-3344, "The image parameter is invalid.", channel.TemplateMismatch},
		{-3347, "Template parameter key cannot contain '@' character.", channel.TemplateMismatch},
		{-2019, "The content that is replaced by the template parameters can not exceed 1,300 characters.", channel.ContentTooLong},
		{-2030, "The 'content' is too long.", channel.ContentTooLong},
		{-2032, "The templateTitle that is replaced by the template parameters can not exceed 50", channel.ContentTooLong},
		{-2035, "The templateHeader that is replaced by the template parameters can not exceed 16", channel.ContentTooLong},
		{-3048, "The template parameter's length can not exceed 1300 characters.", channel.ContentTooLong},
		{-8001, "The image you upload is invalid.", channel.MediaRejected},
		{-8002, "It is not found any images.", channel.MediaRejected},
		{-3326, "The imageUrl must include http:// or https://", channel.MediaRejected},
		{-8006, "The content must contain auth guidement", channel.ContentRejected},
		{-8008, "The content has banned word.", channel.ContentRejected},
		{-3298, "The targeting is invalid.", channel.ContentRejected},
		{4, "senderKey: must not be blank", channel.ContentRejected},
		{-2000, "The '{}' must be at less than or equal to {}.", channel.ContentRejected},
		{-2001, "The '{}' must not be blank.", channel.ContentRejected},
		{-2002, "The '{}' must not be null.", channel.ContentRejected},
		{-2003, "The '{}' must be greater than or equal to {}.", channel.ContentRejected},
		{-2004, "The '{}' must be between {} and {}.", channel.ContentRejected},
		{-2005, "The '{}' must be less than or equal to {}.", channel.ContentRejected},
		{-2025, "You can not send messages on past dates.", channel.ContentRejected},
		{-2026, "You can not send messages after 90 days.", channel.ContentRejected},
		{-2027, "The 'requestDate' has invalid format.", channel.ContentRejected},
		{-2031, "The 'buttons' is too many.", channel.ContentRejected},
		{-3002, "Field is not valid.", channel.ContentRejected},
		{-3303, "{} is empty.", channel.ContentRejected},
		{-3338, "BF button must be the first (left side) button", channel.ContentRejected},
		{-4000, "Invalid parameter", channel.ContentRejected},
		{-4011, "Not found recipientList.", channel.ContentRejected},
		{-9993, "Required request part is not present.", channel.ContentRejected},
		{-9994, "A method argument has not the expected type.", channel.ContentRejected},
		{-9997, "Client Error.", channel.ContentRejected},
		{-77777, "Not documented", channel.ContentRejected},
	}
}

// refusals are the rows as NHN answers them: in the header; and beside the
// recipient, where the header says yes, or that all have failed.
func refusals() (out []channeltest.Refusal) {
	row := func(name string, status int, body string, code int, want channel.Code) {
		out = append(out, channeltest.Refusal{
			Name: name, Answer: channeltest.Answer{Status: status, Body: body}, Code: want, ProviderCode: strconv.Itoa(code),
		})
	}
	header := func(code int, text, ok string) string {
		return `{"header":{"resultCode":` + strconv.Itoa(code) + `,"resultMessage":` + strconv.Quote(text) + `,"isSuccessful":` + ok + `}`
	}
	recipient := func(id, code string) string {
		return `,"message":{"requestId":` + id + `,"senderGroupingKey":null,"sendResults":[{"recipientSeq":1,"recipientNo":"0101","resultCode":` + code + `,"resultMessage":"no"}]}}`
	}
	for _, r := range apiRows() {
		row(strconv.Itoa(r.code), 200, header(r.code, r.text, "false")+"}", r.code, r.want)
	}
	row("with an error's status", 401, header(-1001, "Invalid secretKey.", "false")+`,"message":null}`, -1001, channel.BadCredentials)
	row("beside the recipient", 200, header(0, "success", "true")+recipient(`"20261126R"`, "-5000"), -5000, channel.InvalidRecipient)
	row("all failed", 200, header(-1031, "All of receivers are failed to send.", "false")+recipient("null", "-3301"), -3301, channel.OptedOut)
	return out
}

// TestWhatFollows goes through the groups of the tables: what delivery does,
// and to whom the failure speaks.
func TestWhatFollows(t *testing.T) {
	rows := []struct {
		name    string
		codes   []int
		actions []channel.Action
		classes []message.Class
	}{
		{"retryable", []int{-9999, -7000, -8010, -4020}, []channel.Action{channel.Again}, []message.Class{message.Provider}},
		{"recipient", []int{-5000, -4019, -3301, -1031}, []channel.Action{channel.Fail}, []message.Class{message.Recipient, message.Policy}},
		{
			"operator",
			[]int{-1000, -1001, -4004, -4005, -1006, -2017, -1014, -1027, -1024, -1028, -1030, -1002, -1003, -1019, -2502, -4029, -3300, -3340, -3341, -9992, -9996, -9998},
			[]channel.Action{channel.Fail, channel.StopSender},
			[]message.Class{message.Config, message.Policy},
		},
		{
			"caller",
			append(span(-3338, -3303), -3003, -3004, -3049, -3347, -3005, -3010, -3011, -3033, -3042, -3043, -3046, -2019, -2032, -2035, -3048, -8006, -8008, -3344, -3298, 4,
				-2000, -2001, -2002, -2003, -2004, -2005, -2025, -2026, -2027, -2030, -2031, -3002, -4000, -4011, -9993, -9994, -9997),
			[]channel.Action{channel.Fail},
			[]message.Class{message.Content},
		},
	}
	codes := apiCodes()
	for _, row := range rows {
		for _, number := range row.codes {
			rule := channel.Rules()[failure(codes, number, "", &channel.Answer{}).Code]
			if !slices.Contains(row.actions, rule.Action) || !slices.Contains(row.classes, rule.Class) {
				t.Errorf("%s %d: action %d, class %v", row.name, number, rule.Action, rule.Class)
			}
		}
	}
}

func span(from, to int) (out []int) {
	for n := from; n <= to; n++ {
		out = append(out, n)
	}
	return out
}

// TestDeliveryResults goes through NHN's table of delivery results, as its
// lists and webhooks bring them.
func TestDeliveryResults(t *testing.T) {
	texts := func(from, to int) (out []string) {
		for _, n := range span(from, to) {
			out = append(out, strconv.Itoa(n))
		}
		return out
	}
	rows := []struct {
		name    string
		codes   []string
		status  message.Status // NoStatus: nothing is told yet
		classes []message.Class
		again   bool
		final   bool
	}{
		{"delivered", []string{"1000", "MRC01"}, message.Delivered, nil, false, true},
		{"not confirmed", []string{"3005"}, message.Sent, nil, false, false},
		{"not known", []string{"4000", "4001", "4122", "4161"}, 0, nil, false, false},
		{
			"retryable",
			[]string{"2001", "2005", "3000", "3006", "3010", "3012", "4120", "4121", "4137", "4139", "4140", "4141", "4142", "9998", "9999", "4138", "4156"},
			message.Failed,
			[]message.Class{message.Provider, message.Capacity},
			true, true,
		},
		{
			"recipient",
			[]string{"1012", "1020", "3008", "3018", "3019", "3020", "3021", "3050", "2003", "1028"},
			message.Failed,
			[]message.Class{message.Recipient, message.Policy},
			false, true,
		},
		{"window", []string{"3022", "4143"}, message.Failed, []message.Class{message.Policy, message.Expiry}, false, true},
		{
			"operator", append([]string{"1002", "1003", "1006", "1007", "1011", "1013", "1014", "1015", "1016", "4103", "4104"}, texts(1021, 1027)...),
			message.Failed,
			[]message.Class{message.Config, message.Policy},
			false, true,
		},
		{
			"content", append(append(append(texts(3023, 3049), texts(3051, 3058)...), texts(3013, 3016)...),
				"1001", "1004", "1030", "1033", "3011", "4102", "4110", "4132", "4133", "4134", "4144"),
			message.Failed,
			[]message.Class{message.Content},
			false, true,
		},
		{"request id", []string{"4100", "4101", "4130", "4131"}, message.Failed, []message.Class{message.Provider}, false, true},
		{"not documented, yet failed", []string{"8888", "MRC02"}, message.Failed, []message.Class{message.Provider}, false, true},
	}
	a := &adapter{results: resultCodes(), zone: korea()}
	for _, row := range rows {
		for _, code := range row.codes {
			// The list calls all of these failed; what it can't know it still can't.
			i := &item{Request: "R", Seq: []byte("1"), Grouping: ref, Status: statusFailed, Code: code}
			r, told, final := a.receipt(i)
			if told != (row.status != 0) || final != row.final || told && r.Status != row.status || (r.RetryAfter > 0) != row.again {
				t.Errorf("%s %s: %v, told %v, final %v, again %v", row.name, code, r.Status, told, final, r.RetryAfter)
			}
			if r.Failure != nil && !slices.Contains(row.classes, r.Failure.Class) {
				t.Errorf("%s %s: class %v", row.name, code, r.Failure.Class)
			}
		}
	}
}

// TestStatusesOfLists: what a list says beside the code.
func TestStatusesOfLists(t *testing.T) {
	a := &adapter{results: resultCodes(), zone: korea()}
	for _, row := range []struct {
		status, code string
		want         message.Status
		told, final  bool
	}{
		{"", "", 0, false, false},
		{statusCompleted, "", 0, false, false},
		{statusCompleted, "1000", message.Delivered, true, true},
		{statusCompleted, "8888", message.Sent, true, false},
		{statusCancel, "", message.Failed, true, true},
		{statusFailed, "", message.Failed, true, true},
	} {
		r, told, final := a.receipt(&item{Request: "R", Seq: []byte("1"), Grouping: ref, Status: row.status, Code: row.code})
		if told != row.told || final != row.final || told && r.Status != row.want {
			t.Errorf("%s %s: %v, told %v, final %v", row.status, row.code, r.Status, told, final)
		}
	}
}

func TestMoments(t *testing.T) {
	a := &adapter{zone: time.FixedZone("NHN", 9*3600)}
	want := message.TimeOf(time.Date(2022, 4, 30, 15, 0, 0, 0, time.UTC))
	for text, at := range map[string]message.Time{
		"2022-05-01 00:00:00": want, "2022-05-01T00:00:00": want, "2022-05-01 00:00:00.0": want, "2022-04-30T15:00:00Z": want, "2022-05-01 00:00": want,
		"": 0, "2023-06-01": 0, "String": 0, "1900-01-01 00:00:00": 0,
	} {
		if got := a.moment(text); got != at {
			t.Errorf("%q is %d, want %d", text, got, at)
		}
	}
}
