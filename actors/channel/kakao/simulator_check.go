package kakao

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"messagehub/actors/channel/sim"
)

// simRequest is a request to send. AlimTalk and Brand Message are read alike
// and checked apart.
type simRequest struct {
	SenderKey         string         `json:"senderKey"`
	TemplateCode      string         `json:"templateCode"`
	RequestDate       string         `json:"requestDate"`
	SenderGroupingKey *string        `json:"senderGroupingKey"`
	CreateUser        string         `json:"createUser"`
	StatsID           string         `json:"statsId"`
	RecipientList     []simRecipient `json:"recipientList"`
	// Of Brand Messages.
	ChatBubbleType    string    `json:"chatBubbleType"`
	PushAlarm         *bool     `json:"pushAlarm"`
	Adult             bool      `json:"adult"`
	Content           string    `json:"content"`
	Image             *simImage `json:"image"`
	UnsubscribeNo     string    `json:"unsubscribeNo"`
	UnsubscribeAuthNo string    `json:"unsubscribeAuthNo"`
	ResellerCode      string    `json:"resellerCode"`
}

type simImage struct {
	ImageURL  string `json:"imageUrl"`
	ImageLink string `json:"imageLink"`
}

type simRecipient struct {
	RecipientNo          string            `json:"recipientNo"`
	Targeting            string            `json:"targeting"`
	TemplateParameter    map[string]string `json:"templateParameter"`
	ImageParameters      []simImage        `json:"imageParameters"`
	RecipientGroupingKey string            `json:"recipientGroupingKey"`
	ResendParameter      *struct {
		IsResend      bool   `json:"isResend"`
		ResendType    string `json:"resendType"`
		ResendTitle   string `json:"resendTitle"`
		ResendContent string `json:"resendContent"`
		ResendSendNo  string `json:"resendSendNo"`
	} `json:"resendParameter"`
}

// simKind is a way to send.
type simKind struct {
	message   string // kakaoMessageType
	freestyle bool
}

func (k simKind) brand() bool { return strings.HasPrefix(k.message, "BRAND") }

// simTemplate is a template as it was registered.
type simTemplate struct {
	body   string
	images int
}

// simTemplates are the templates that the simulated profile has. Any other
// code is taken with whatever parameters it comes with.
func simTemplates(code string) (t simTemplate, known bool, fault *simFault) {
	switch code {
	case "ORDER_SHIPPED":
		return simTemplate{body: "#{name}, your order #{no} has been shipped."}, true, nil
	case "NOTICE":
		return simTemplate{body: "We have moved."}, true, nil
	case "LOGIN_CODE":
		return simTemplate{body: "Your authentication code is #{code}."}, true, nil
	case "SALE":
		return simTemplate{body: "(AD) #{name}, all at half price.", images: 1}, true, nil
	case "sim_missing":
		return t, false, &simFault{-3003, "Template does not exist."}
	case "sim_pending":
		return t, false, &simFault{-3005, "Please check template status."}
	}
	return t, false, nil
}

var (
	simVariable = regexp.MustCompile(`#\{([^}]+)\}`)
	simNumber   = regexp.MustCompile(`^(01[016789][0-9]{7,8}|(\+|00)?[1-9][0-9]{6,14})$`)
	simOptOut   = regexp.MustCompile(`^080-?[0-9]{3,4}-?[0-9]{4}$`)
	simAuthWord = regexp.MustCompile(`(?i)auth|password|verif|인증|비밀번호`)
)

// check finds what NHN refuses of the request as a whole.
func (s *simulator) check(k simKind, in *simRequest) *simFault {
	switch {
	case in.SenderKey != s.profile:
		return &simFault{-2017, "Not exist plus friend."}
	case len(in.RecipientList) == 0:
		return &simFault{-4011, "Not found recipientList."}
	case len(in.RecipientList) > 1000:
		return &simFault{-2000, "The 'recipientList' must be at less than or equal to 1000."}
	case !k.freestyle && in.TemplateCode == "":
		return &simFault{-2001, "The 'templateCode' must not be blank."}
	case len(in.StatsID) > 8:
		return &simFault{-2000, "The 'statsId' must be at less than or equal to 8."}
	case !k.brand() && (in.ChatBubbleType != "" || in.UnsubscribeNo != "" || in.Content != "" || in.Image != nil):
		return &simFault{-3002, "Field is not valid."}
	}
	if fault := s.checkDate(in.RequestDate); fault != nil {
		return fault
	}
	if k.brand() {
		if fault := checkSimBrand(k, in); fault != nil {
			return fault
		}
	}
	for i := range in.RecipientList {
		if fault := checkSimRecipient(k, in, &in.RecipientList[i]); fault != nil {
			return fault
		}
	}
	return nil
}

func (s *simulator) checkDate(text string) *simFault {
	if text == "" {
		return nil
	}
	at, err := time.ParseInLocation("2006-01-02 15:04", text, s.zone)
	switch now := s.clock(); {
	case err != nil:
		return &simFault{-2027, "The 'requestDate' has invalid format."}
	case at.Before(now.Truncate(time.Minute)):
		return &simFault{-2025, "You can not send messages on past dates. Please check `requestDate` again."}
	case at.After(now.AddDate(0, 0, 60)):
		return &simFault{-2026, "You can not send messages after 90 days. Please check `requestDate` again."}
	}
	return nil
}

func checkSimBrand(k simKind, in *simRequest) *simFault {
	switch {
	case in.UnsubscribeNo != "" && !simOptOut.MatchString(in.UnsubscribeNo):
		return &simFault{-3340, "Invalid unsubscribeNo format."}
	case in.UnsubscribeAuthNo != "" && in.UnsubscribeNo == "":
		return &simFault{-3303, "unsubscribeNo is empty."}
	case !k.freestyle:
		return nil
	case in.TemplateCode != "":
		return &simFault{-3002, "Field is not valid."}
	case in.ChatBubbleType != "TEXT" && in.ChatBubbleType != "IMAGE":
		return &simFault{-3303, "chatBubbleType is empty."}
	case in.Content == "":
		return &simFault{-3303, "content is empty."}
	case utf8.RuneCountInString(in.Content) > 1300 || strings.Count(in.Content, "\n") > 99:
		return &simFault{-3304, "The 'content' must be between 1 and 1300."}
	case in.ChatBubbleType == "TEXT" && in.Image != nil:
		return &simFault{-3305, "The chatBubbleType TEXT is not allowed image field."}
	case in.ChatBubbleType == "IMAGE" && (in.Image == nil || in.Image.ImageURL == ""):
		return &simFault{-3319, "image field requires imageUrl"}
	}
	return nil
}

func checkSimRecipient(k simKind, in *simRequest, r *simRecipient) *simFault {
	switch {
	case len(r.RecipientNo) > 15 && !strings.HasPrefix(r.RecipientNo, sim.Reserved):
		return &simFault{-2000, "The 'recipientNo' must be at less than or equal to 15."}
	case len(r.RecipientGroupingKey) > 100:
		return &simFault{-2000, "The 'recipientGroupingKey' must be at less than or equal to 100."}
	case r.ResendParameter == nil || r.ResendParameter.IsResend:
		return &simFault{-2502, "Please set up the plus-friend resend setting."}
	case k.brand() && !k.freestyle && r.Targeting == "", r.Targeting != "" && !slices.Contains([]string{"M", "N", "I"}, r.Targeting):
		return &simFault{-3298, "The targeting is invalid."}
	case k.freestyle && (r.TemplateParameter != nil || r.ImageParameters != nil):
		return &simFault{-3324, "The template parameter is invalid."}
	case k.freestyle:
		return nil
	}
	return checkSimTemplate(k, in.TemplateCode, r)
}

func checkSimTemplate(k simKind, code string, r *simRecipient) *simFault {
	t, known, fault := simTemplates(code)
	if fault != nil {
		return fault
	}
	for key, value := range r.TemplateParameter {
		switch {
		case utf8.RuneCountInString(value) > 1300 || utf8.RuneCountInString(key) > 1300:
			return &simFault{-3048, "The template parameter's length can not exceed 1300 characters."}
		case k.brand() && strings.Contains(key, "@") && !strings.Contains(key, "@$.carousel.list["):
			return &simFault{-3347, "Template parameter key cannot contain '@' character. Invalid key: " + key}
		}
	}
	if !known {
		return nil
	}
	if r.ImageParameters != nil && len(r.ImageParameters) != t.images {
		return &simFault{-3344, "The image parameter is invalid. image parameter's size must be equal to template's."}
	}
	text, fits := t.render(r.TemplateParameter)
	switch {
	case !fits && k.brand():
		return &simFault{-3324, "The template parameter is invalid."}
	case !fits:
		return &simFault{-3049, "The template parameter is not matched to template."}
	case utf8.RuneCountInString(text) > 1300:
		return &simFault{-2019, "The content that is replaced by the template parameters can not exceed 1300 characters."}
	case k.message == "ALIMTALK_AUTH" && !simAuthWord.MatchString(text):
		return &simFault{-8006, "The content must contain auth guidement"}
	}
	return nil
}

// render fills the template; fits is false if the parameters are not its own.
func (t simTemplate) render(params map[string]string) (text string, fits bool) {
	names := map[string]bool{}
	text = simVariable.ReplaceAllStringFunc(t.body, func(v string) string {
		name := v[2 : len(v)-1]
		names[name] = true
		return params[name]
	})
	for name := range params {
		if !names[name] {
			return "", false
		}
	}
	return text, len(names) == len(params)
}

// refused is the code beside a recipient's number; 0 for none.
func (r *simRecipient) refused() (int, string) {
	if !strings.HasPrefix(r.RecipientNo, sim.Reserved) && !simNumber.MatchString(r.RecipientNo) {
		return -5000, "RecipientNo is invalid."
	}
	return 0, "SUCCESS"
}

// text is what the ledger shows of a message.
func (in *simRequest) text(r *simRecipient) string {
	if in.TemplateCode == "" {
		return in.Content
	}
	if t, known, _ := simTemplates(in.TemplateCode); known {
		text, _ := t.render(r.TemplateParameter)
		return text
	}
	return fmt.Sprint(in.TemplateCode, " ", r.TemplateParameter)
}
