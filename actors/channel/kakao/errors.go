package kakao

import (
	"time"

	"messagehub/actors/channel"
)

// apiCodes are NHN's answers to a send, by header or by recipient.
func apiCodes() map[int]channel.Code {
	return flipped(map[channel.Code][]int{
		channel.ProviderError:    {-9999, -7000, -8010, -4020},
		channel.BadCredentials:   {-1000, -1001, -4004, -4005},
		channel.SenderRestricted: {-1014, -1027},
		channel.SenderMisconfigured: {
			-1002, -1003, -1006, -1019, -1024, -1028, -1030, -2017, -2502, -3300, -3340, -3341, -4029, -4200, -9992, -9996, -9998,
		},
		channel.InvalidRecipient: {-5000, -4019, codeAllFailed},
		channel.OptedOut:         {-3301},
		channel.TemplateNotFound: {-3003, -3005},
		channel.TemplateMismatch: {-3004, -3010, -3011, -3033, -3042, -3043, -3046, -3049, -3299, -3324, -3344, -3347},
		channel.ContentTooLong:   {-2019, -2030, -2032, -2035, -3048},
		channel.MediaRejected:    {-8001, -8002, -3326},
	})
}

// result is what a delivery result code means. A code without a meaning for
// the recipient is not known yet: it is asked for again.
type result struct {
	code  channel.Code
	again time.Duration // the failure is passing: send again after this long
}

const (
	resultDelivered = "1000"
	// resultUnsure: sent, but not confirmed. It may arrive within three days.
	resultUnsure = "3005"
)

// How long a passing failure is left alone, and one for sending too much.
const (
	againSoon  = time.Minute
	againLater = 10 * time.Minute
)

// resultCodes are the delivery results that say no, by what they mean; and
// with an empty code those that say nothing yet.
func resultCodes() map[string]result {
	out := make(map[string]result)
	for number, code := range flipped(map[channel.Code][]string{
		"":                    {"4000", "4001", "4122", "4161"},
		channel.ProviderError: {"4100", "4101", "4130", "4131"},
		channel.InvalidRecipient: {
			"1012", "1020", "3008",
		},
		channel.NotOnChannel:        {"3019", "2003"},
		channel.Unreachable:         {"3018", "3021"},
		channel.Blocked:             {"3020"},
		channel.Restricted:          {"3050", "1028"},
		channel.MarketingCap:        {"3022"},
		channel.DeliveryExpired:     {"4143"},
		channel.BadCredentials:      {"1002", "1003"},
		channel.SenderRestricted:    {"1006", "1007", "1021", "1022", "1023", "1024", "1025", "1026", "1027"},
		channel.SenderMisconfigured: {"1011", "1013", "1014", "1015", "1016", "4103", "4104"},
		channel.TemplateNotFound:    {"3015"},
		channel.TemplatePaused:      {"4133"},
		channel.TemplateMismatch: {
			"3016", "3027", "3028", "3030", "3031", "3033", "3036", "3038", "3042", "3043", "3044", "3045", "3053", "3054", "3055", "3057",
			"4102", "4132", "4134",
		},
		channel.ContentTooLong: {
			"3014", "3025", "3026", "3029", "3032", "3034", "3035", "3037", "3039", "3046", "3047", "3052", "3056", "3058", "4144",
		},
		channel.ContentRejected: {"1001", "1004", "1030", "1033", "3011", "3013", "3023", "3040", "3041", "3048", "3049", "3051", "4110"},
		channel.MediaRejected:   {"3024"},
	}) {
		out[number] = result{code: code}
	}
	for _, number := range []string{"2001", "2005", "3000", "3006", "3010", "3012", "4120", "4121", "4137", "4139", "4140", "4141", "4142", "9998", "9999"} {
		out[number] = result{channel.ProviderError, againSoon}
	}
	for _, number := range []string{"4138", "4156"} {
		out[number] = result{channel.RateLimited, againLater}
	}
	return out
}

func flipped[N comparable](rows map[channel.Code][]N) map[N]channel.Code {
	out := make(map[N]channel.Code)
	for code, numbers := range rows {
		for _, n := range numbers {
			out[n] = code
		}
	}
	return out
}
