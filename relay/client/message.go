package client

import "time"

// Message is a message to send. The API's documentation says what its members
// mean; Channel, and To, are always needed.
type Message struct {
	To               string            `json:"to,omitempty"`
	ContactID        string            `json:"contactId,omitempty"`
	Channel          string            `json:"channel,omitempty"`
	Content          string            `json:"content,omitempty"`
	ContentType      string            `json:"contentType,omitempty"` // text, template, media or brandmessage
	TemplateID       string            `json:"templateId,omitempty"`
	TemplateParams   map[string]string `json:"templateParams,omitempty"`
	TemplateLanguage string            `json:"templateLanguage,omitempty"`
	MediaURL         string            `json:"mediaUrl,omitempty"`
	MediaType        string            `json:"mediaType,omitempty"` // image, video, audio or document
	Filename         string            `json:"filename,omitempty"`
	From             string            `json:"from,omitempty"`
	Reference        string            `json:"reference,omitempty"`
	Metadata         map[string]any    `json:"metadata,omitempty"`
	ScheduledAt      *time.Time        `json:"scheduledAt,omitempty"`
	ExpiresIn        int               `json:"expiresIn,omitempty"` // seconds
	Priority         string            `json:"priority,omitempty"`  // high, normal or bulk
	Fallback         *Fallback         `json:"fallback,omitempty"`
}

// Fallback says where a message goes next, and when.
type Fallback struct {
	Channels      []Step   `json:"channels"`
	SuccessStatus string   `json:"successStatus,omitempty"` // sent, delivered or read
	Timeout       int      `json:"timeout,omitempty"`       // seconds
	On            []string `json:"on,omitempty"`            // failed, expired, timeout, unroutable
	LateReceipt   string   `json:"lateReceipt,omitempty"`   // cancel or continue
	OnUnknown     string   `json:"onUnknown,omitempty"`     // hold, advance or retry
	Strict        bool     `json:"strict,omitempty"`
}

// Step is one channel of a Fallback; what is empty is the message's own.
type Step struct {
	Channel          string            `json:"channel"`
	To               string            `json:"to,omitempty"`
	Content          string            `json:"content,omitempty"`
	ContentType      string            `json:"contentType,omitempty"`
	TemplateID       string            `json:"templateId,omitempty"`
	TemplateParams   map[string]string `json:"templateParams,omitempty"`
	TemplateLanguage string            `json:"templateLanguage,omitempty"`
	MediaURL         string            `json:"mediaUrl,omitempty"`
	MediaType        string            `json:"mediaType,omitempty"`
	Filename         string            `json:"filename,omitempty"`
	From             string            `json:"from,omitempty"`
	SuccessStatus    string            `json:"successStatus,omitempty"`
	Timeout          int               `json:"timeout,omitempty"` // seconds
}

// Sent is the answer to a send: the message is safe.
type Sent struct {
	MessageID string   `json:"messageId"`
	Channel   string   `json:"channel"`
	Status    string   `json:"status"`
	Test      bool     `json:"test"`
	Segments  int      `json:"segments"` // of an SMS
	Encoding  string   `json:"encoding"`
	Failure   *Failure `json:"error"` // where the send waited, and failed or has an outcome that nobody knows
	Warnings  []Fault  `json:"warnings"`
}

// Failure is why a message, or an attempt, did not work.
type Failure struct {
	Code      string `json:"code"`
	Class     string `json:"class"`
	Permanent bool   `json:"permanent"`
	// Provider is what the provider said, in its own words.
	Provider *struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"provider"`
}

// Status is a message with all that has happened to it.
type Status struct {
	ID          string         `json:"id"`
	Status      string         `json:"status"`
	Channel     string         `json:"channel"` // that of the success, else the current one
	Test        bool           `json:"test"`
	To          string         `json:"to"`
	ContentType string         `json:"contentType"`
	Reference   string         `json:"reference"`
	Metadata    map[string]any `json:"metadata"`
	CreatedAt   time.Time      `json:"createdAt"`
	UpdatedAt   time.Time      `json:"updatedAt"`
	ScheduledAt *time.Time     `json:"scheduledAt"`
	Late        bool           `json:"late"`
	Duplicates  int            `json:"duplicates"`
	Failure     *Failure       `json:"error"`
	Attempts    []Attempt      `json:"attempts"`
	Timeline    []Entry        `json:"timeline"`
}

// Attempt is one send of a message, over one channel.
type Attempt struct {
	Index             int        `json:"index"`
	Channel           string     `json:"channel"`
	To                string     `json:"to"`
	Status            string     `json:"status"`
	Superseded        bool       `json:"superseded"`
	Tries             int        `json:"tries"`
	Sender            string     `json:"sender"`
	ProviderMessageID string     `json:"providerMessageId"`
	Failure           *Failure   `json:"error"`
	Segments          int        `json:"segments"`
	QueuedAt          *time.Time `json:"queuedAt"`
	SentAt            *time.Time `json:"sentAt"`
	EndedAt           *time.Time `json:"endedAt"`
}

// Entry is a line of a message's timeline.
type Entry struct {
	At         time.Time `json:"at"`         // when it happened
	ReceivedAt time.Time `json:"receivedAt"` // when the relay learnt of it
	Type       string    `json:"type"`
	Attempt    int       `json:"attempt"`
	Channel    string    `json:"channel"`
	Code       string    `json:"code"`
}
