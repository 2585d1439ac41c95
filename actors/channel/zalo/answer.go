package zalo

import (
	"strconv"
	"strings"

	"messagehub/actors/channel"
	"messagehub/store/message/json"
)

const maxID = 128

// response is Zalo's answer. Ids are texts: they are beyond 2^53.
type response struct {
	Error   *int   `json:"error"`
	Message string `json:"message"`
	Data    struct {
		Message string `json:"message_id"` // openapi host
		ID      string `json:"msg_id"`     // business host
	} `json:"data"`
}

// table gives one host's error codes their meaning.
type table struct {
	codes map[int]channel.Code
	// tokens are the codes of a token that is not taken.
	tokens []int
}

// stale reports whether the answer says that the token is not taken.
func (t table) stale(a *channel.Answer) bool {
	if a.Status == 401 {
		return true
	}
	var r response
	if json.Unmarshal(a.Body, &r) != nil || r.Error == nil {
		return false
	}
	for _, code := range t.tokens {
		if *r.Error == code {
			return true
		}
	}
	return false
}

// decode makes the outcome of an answer: the status is 200 whatever it says.
func (t table) decode(a *channel.Answer) (channel.Acceptance, error) {
	var r response
	if json.Unmarshal(a.Body, &r) != nil || r.Error == nil {
		return channel.Acceptance{}, byStatus(a)
	}
	id := r.Data.Message + r.Data.ID
	switch {
	case *r.Error == 0 && a.Status < 300 && usable(id):
		return channel.Acceptance{ProviderID: strings.Clone(id)}, nil
	case *r.Error == 0:
		return channel.Acceptance{}, byStatus(a)
	}
	e := channel.Failed(t.classify(*r.Error, r.Message), strconv.Itoa(*r.Error), r.Message)
	e.RetryAfter = a.RetryAfter
	return channel.Acceptance{}, e
}

// byStatus makes the error of an answer from its status alone. A 5xx may hide
// a message sent.
func byStatus(a *channel.Answer) *channel.Error {
	e := a.ByStatus()
	if a.Status >= 500 {
		e.Code = channel.OutcomeUnknown
	}
	return e
}

func usable(id string) bool { return id != "" && len(id) <= maxID && channel.Clean(id) == id }

func (t table) classify(code int, text string) channel.Code {
	if code == -201 && strings.Contains(strings.ToLower(text), "user_id") {
		return channel.InvalidRecipient
	}
	if known, ok := t.codes[code]; ok {
		return known
	}
	return channel.ContentRejected
}

// openapiCodes are those of the host of consultation messages and of templates
// by user id.
func openapiCodes() table {
	return table{tokens: []int{-216, -220, -124}, codes: coded(map[channel.Code][]int{
		channel.RateLimited:         {-32},
		channel.ProviderError:       {-200},
		channel.BadCredentials:      {-216, -220, -124, -204, -205, -209, -212, -219, -221, -223, -242},
		channel.NotOnChannel:        {-213},
		channel.Blocked:             {-217},
		channel.MarketingCap:        {-218, -234},
		channel.Unreachable:         {-227},
		channel.Restricted:          {-244},
		channel.WindowClosed:        {-230, -232},
		channel.ContentRejected:     {-201, -233, -248},
		channel.ContentTooLong:      {-210},
		channel.TemplateNotFound:    {-249},
		channel.MediaUnavailable:    {-100},
		channel.QuotaExceeded:       {-211, -321},
		channel.SenderMisconfigured: {-224, -235, -238, -240, -241, -320},
	})}
}

// businessCodes are those of the host of templates by phone.
func businessCodes() table {
	return table{tokens: []int{-124}, codes: coded(map[channel.Code][]int{
		channel.RateLimited:         {-32},
		channel.ProviderError:       {-100},
		channel.BadCredentials:      {-124, -101, -102, -103, -104, -105, -106, -107, -125, -1241},
		channel.InvalidRecipient:    {-108},
		channel.NotOnChannel:        {-118},
		channel.Unreachable:         {-110, -114, -119, -140},
		channel.OptedOut:            {-139, -141},
		channel.MarketingCap:        {-1471, -1472, -133},
		channel.QuotaExceeded:       {-144, -1441, -147, -115, -136, -137},
		channel.ContentTooLong:      {-1121},
		channel.TemplateNotFound:    {-109, -131},
		channel.TemplateMismatch:    {-111, -112, -1122, -1123, -1124, -113, -1131, -116, -121, -132, -161, -162},
		channel.TemplatePaused:      {-146},
		channel.ContentRejected:     {-122, -130, -153},
		channel.SenderMisconfigured: {-117, -120, -1201, -1202, -126, -127, -128, -129, -135, -1351, -138, -1381, -142, -143, -123, -145, -148, -149, -150},
	})}
}

func coded(rows map[channel.Code][]int) map[int]channel.Code {
	out := make(map[int]channel.Code)
	for code, numbers := range rows {
		for _, n := range numbers {
			out[n] = code
		}
	}
	return out
}
