package viber

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"messagehub/actors/channel/sim"
)

// simRequest is a send, with all members that Infobip documents.
type simRequest struct {
	Messages []simMessage `json:"messages"`
	Options  *struct {
		Schedule map[string]any `json:"schedule"`
		Tracking map[string]any `json:"tracking"`
	} `json:"options"`
}

type simMessage struct {
	Sender       string           `json:"sender"`
	Destinations []simDestination `json:"destinations"`
	Content      *simContent      `json:"content"`
	Options      simOptions       `json:"options"`
	Webhooks     simWebhooks      `json:"webhooks"`
}

type simDestination struct {
	To        string `json:"to"`
	MessageID string `json:"messageId"`
}

type simContent struct {
	Type       string            `json:"type"`
	Text       *string           `json:"text"`
	MediaURL   string            `json:"mediaUrl"`
	Full       bool              `json:"showImageInFullScreen"`
	Duration   string            `json:"mediaDuration"`
	Thumbnail  string            `json:"thumbnailUrl"`
	FileName   string            `json:"fileName"`
	TemplateID string            `json:"templateId"`
	Language   string            `json:"language"`
	Parameters map[string]string `json:"parameters"`
	Button     *simButton        `json:"button"`
}

type simButton struct {
	Title  string `json:"title"`
	Action string `json:"action"`
}

type simOptions struct {
	Label    string `json:"label"`
	Validity *struct {
		Amount *int   `json:"amount"`
		Unit   string `json:"timeUnit"`
	} `json:"validityPeriod"`
	Campaign string `json:"campaignReferenceId"`
	Tracking string `json:"trackingData"`
}

type simWebhooks struct {
	Delivery *struct {
		URL          string `json:"url"`
		Intermediate bool   `json:"intermediateReport"`
		Notify       *bool  `json:"notify"`
	} `json:"delivery"`
	Seen *struct {
		URL string `json:"url"`
	} `json:"seen"`
	ContentType  string `json:"contentType"`
	CallbackData string `json:"callbackData"`
}

func (r *simRequest) check(senders string) *simProblem {
	if len(r.Messages) == 0 {
		return simInvalid("messages", "must not be empty")
	}
	for i := range r.Messages {
		if p := r.Messages[i].check(senders); p != nil {
			for k := range p.Violations {
				p.Violations[k].Property = fmt.Sprintf("messages[%d].%s", i, p.Violations[k].Property)
			}
			return p
		}
	}
	return nil
}

var (
	simNumber = regexp.MustCompile(`^[1-9][0-9]{6,14}$`)
	simFile   = regexp.MustCompile(`.*\.(docx?|dotx?|xlsx?|f?ods|f?odt|rtf|odf|txt|info|pdf|xps|pdax|eps|csv|xlsm|xltx)$`)
	simPeriod = regexp.MustCompile(`^PT([0-9]+H)?([0-9]+M)?([0-9]+(\.[0-9]+)?S)?$`)
)

func (m *simMessage) check(senders string) *simProblem {
	switch {
	case m.Sender == "":
		return simInvalid("sender", "must not be empty")
	case m.Sender != senders:
		return simInvalid("sender", "is not registered")
	case len(m.Destinations) == 0:
		return simInvalid("destinations", "must not be empty")
	case m.Content == nil:
		return simInvalid("content", "must not be null")
	}
	for i, d := range m.Destinations {
		if !simNumber.MatchString(d.To) && !strings.HasPrefix(d.To, sim.Reserved) {
			return simInvalid(fmt.Sprintf("destinations[%d].to", i), "must be in the international format")
		}
		if utf8.RuneCountInString(d.MessageID) > 200 {
			return simInvalid(fmt.Sprintf("destinations[%d].messageId", i), "size must be between 0 and 200")
		}
	}
	if p := m.Options.check(m.Content.Type); p != nil {
		return p
	}
	if p := m.Webhooks.check(); p != nil {
		return p
	}
	return m.Content.check()
}

func (o *simOptions) check(kind string) *simProblem {
	switch {
	case !slices.Contains([]string{"", "PROMOTIONAL", "TRANSACTIONAL"}, o.Label):
		return simInvalid("options.label", "must be any of PROMOTIONAL, TRANSACTIONAL")
	case o.Validity != nil && (o.Validity.Amount == nil || *o.Validity.Amount < 1):
		return simInvalid("options.validityPeriod.amount", "must be positive")
	case o.Validity != nil && !slices.Contains([]string{"", "SECONDS", "MINUTES", "HOURS"}, o.Validity.Unit):
		return simInvalid("options.validityPeriod.timeUnit", "must be any of SECONDS, MINUTES, HOURS")
	case utf8.RuneCountInString(o.Campaign) > 255:
		return simInvalid("options.campaignReferenceId", "size must be between 0 and 255")
	case utf8.RuneCountInString(o.Tracking) > 100 || o.Tracking != "" && kind == "TEMPLATE":
		return simInvalid("options.trackingData", "size must be between 1 and 100, and none with a template")
	}
	return nil
}

func (w *simWebhooks) check() *simProblem {
	switch {
	case w.Delivery != nil && w.Delivery.URL != "" && !simLink(w.Delivery.URL):
		return simInvalid("webhooks.delivery.url", "must be a valid URL")
	case w.Seen != nil && !simLink(w.Seen.URL):
		return simInvalid("webhooks.seen.url", "must be a valid URL")
	case !slices.Contains([]string{"", "application/json", "application/xml"}, w.ContentType):
		return simInvalid("webhooks.contentType", "must be application/json or application/xml")
	case utf8.RuneCountInString(w.CallbackData) > 4000:
		return simInvalid("webhooks.callbackData", "size must be between 0 and 4000")
	}
	return nil
}

func simLink(link string) bool {
	u, err := url.Parse(link)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

// check checks the members that each type of content takes.
func (c *simContent) check() *simProblem {
	if p := c.foreign(); p != nil {
		return p
	}
	media := c.Type == "IMAGE" || c.Type == "VIDEO" || c.Type == "FILE"
	least := 0
	if media {
		least = 1
	}
	switch {
	case c.Text != nil && (utf8.RuneCountInString(*c.Text) > 1000 || utf8.RuneCountInString(*c.Text) < least):
		return simInvalid("content.text", fmt.Sprintf("size must be between %d and 1000", least))
	case media && !simLink(c.MediaURL):
		return simInvalid("content.mediaUrl", "must be a valid URL")
	case media && c.Type != "FILE" && len(c.MediaURL) > 1000:
		return simInvalid("content.mediaUrl", "size must be between 0 and 1000")
	case c.Button != nil && (c.Button.Title == "" || utf8.RuneCountInString(c.Button.Title) > 30):
		return simInvalid("content.button.title", "size must be between 1 and 30")
	}
	return c.checkType()
}

func (c *simContent) checkType() *simProblem {
	switch c.Type {
	case "TEXT":
		if c.Text == nil || *c.Text == "" {
			return simInvalid("content.text", "must not be empty")
		}
	case "IMAGE":
		if c.Button != nil && c.Text == nil {
			return simInvalid("content.text", "is required with a button")
		}
	case "VIDEO":
		if len(c.Duration) < 4 || !simPeriod.MatchString(c.Duration) {
			return simInvalid("content.mediaDuration", "must be a duration in ISO 8601")
		}
		if !simLink(c.Thumbnail) || len(c.Thumbnail) > 1000 {
			return simInvalid("content.thumbnailUrl", "must be a valid URL")
		}
	case "FILE":
		if !simFile.MatchString(c.FileName) {
			return simInvalid("content.fileName", "must have a supported extension")
		}
	case "TEMPLATE":
		return c.checkTemplate()
	}
	return nil
}

func (c *simContent) checkTemplate() *simProblem {
	switch {
	case c.TemplateID == "":
		return simInvalid("content.templateId", "must not be empty")
	case c.Language == "":
		return simInvalid("content.language", "must not be empty")
	case len(c.Parameters) > 8:
		return simInvalid("content.parameters", "size must be between 0 and 8")
	}
	for name, value := range c.Parameters {
		if utf8.RuneCountInString(name) > 50 || utf8.RuneCountInString(value) > 125 {
			return simInvalid("content.parameters", "a value has at most 125 characters")
		}
	}
	return nil
}

// foreign refuses members that the type does not have.
func (c *simContent) foreign() *simProblem {
	own, ok := map[string][]string{
		"TEXT": {"text", "button"}, "IMAGE": {"text", "mediaUrl", "showImageInFullScreen", "button"},
		"VIDEO": {"text", "mediaUrl", "mediaDuration", "thumbnailUrl", "button"},
		"FILE":  {"mediaUrl", "fileName"}, "TEMPLATE": {"templateId", "language", "parameters"},
	}[c.Type]
	if !ok {
		return simInvalid("content.type", "must be any of TEXT, IMAGE, VIDEO, FILE, TEMPLATE")
	}
	given := map[string]bool{
		"text": c.Text != nil, "button": c.Button != nil, "mediaUrl": c.MediaURL != "", "showImageInFullScreen": c.Full,
		"mediaDuration": c.Duration != "", "thumbnailUrl": c.Thumbnail != "", "fileName": c.FileName != "",
		"templateId": c.TemplateID != "", "language": c.Language != "", "parameters": c.Parameters != nil,
	}
	for member, present := range given {
		if present && !slices.Contains(own, member) {
			return simInvalid("content."+member, "is not a member of "+c.Type)
		}
	}
	return nil
}

// summary is what the ledger keeps of a content.
func (c *simContent) summary() string {
	switch {
	case c.Type == "TEMPLATE":
		return c.TemplateID
	case c.Text != nil:
		return *c.Text
	}
	return c.MediaURL
}
