package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"messagehub/store/message"
	"messagehub/store/message/json"
)

// distributeBody is what flags say about a distribution.
type distributeBody struct {
	tags, channels []string
	mode           string
	content        distributeContent
	rate           int
	window, zone   string
	at, reference  string
	expires        time.Duration
}

// distributeContent is the one content of all channels.
type distributeContent struct {
	Content        string            `json:"content,omitempty"`
	ContentType    string            `json:"contentType,omitempty"`
	TemplateID     string            `json:"templateId,omitempty"`
	TemplateParams map[string]string `json:"templateParams,omitempty"`
	MediaURL       string            `json:"mediaUrl,omitempty"`
	From           string            `json:"from,omitempty"`
}

// distributeRequest is the body, as far as flags and a file of recipients make
// it.
type distributeRequest struct {
	Content    map[string]distributeContent `json:"content"`
	Recipients []json.RawMessage            `json:"recipients,omitempty"`
	Audience   *distributeAudience          `json:"audience,omitempty"`
	Routing    distributeRouting            `json:"routing"`
	Rate       *distributeRate              `json:"rate,omitempty"`
	Window     *distributeWindow            `json:"window,omitempty"`

	ScheduledAt string `json:"scheduledAt,omitempty"`
	ExpiresIn   int    `json:"expiresIn,omitempty"`
	Reference   string `json:"reference,omitempty"`
}

type distributeAudience struct {
	Tags []string `json:"tags"`
}

type distributeRouting struct {
	Mode     string   `json:"mode"`
	Channels []string `json:"channels,omitempty"`
}

type distributeRate struct {
	PerSecond int `json:"perSecond"`
}

type distributeWindow struct {
	From     string `json:"from"`
	To       string `json:"to"`
	Timezone string `json:"timezone"`
}

func routingModes() []string { return message.RoutingModes() }

func (b *distributeBody) flags(flags *pflag.FlagSet) {
	flags.StringSliceVar(&b.tags, "tag", nil, "send to the contacts that have this tag; several: that have one of them")
	flags.StringSliceVar(&b.channels, "channel", nil, "channels, in order (default: all that can carry the content)")
	flags.StringVar(&b.mode, "mode", "fallback", "over which channels a recipient is sent to: "+strings.Join(routingModes(), ", "))
	flags.StringVar(&b.content.Content, "text", "", "what is sent; {{name}} stands for a parameter")
	flags.StringVar(&b.content.TemplateID, "template", "", "template to send instead of a text")
	flags.StringToStringVar(&b.content.TemplateParams, "param", nil, "value of a template's variable: name=value")
	flags.StringVar(&b.content.MediaURL, "media-url", "", "image, video, audio or document to send")
	flags.StringVar(&b.content.From, "from", "", "name of the sender")
	flags.IntVar(&b.rate, "rate", 0, "messages a second (default: as fast as they can be made)")
	flags.StringVar(&b.window, "window", "", "part of the day in which to send, such as 09:00-20:00")
	flags.StringVar(&b.zone, "timezone", "UTC", `time zone of --window, such as Asia/Seoul; "recipient": the recipient's own`)
	flags.StringVar(&b.at, "at", "", "when to begin, such as 2026-01-31T12:00:00Z")
	flags.DurationVar(&b.expires, "expires", 0, "how long a message may wait for its channel (default: a day)")
	flags.StringVar(&b.reference, "reference", "", "your own id, which every message has")
}

// given reports whether a flag says something that a whole request says itself.
func (b *distributeBody) given() bool {
	c := &b.content
	return len(b.tags)+len(b.channels)+len(c.TemplateParams)+b.rate > 0 || b.expires > 0 ||
		c.Content+c.TemplateID+c.MediaURL+c.From+b.window+b.at+b.reference != ""
}

// read returns the body of the request: the file, or what the flags make of its
// recipients.
func (f *distributeFlags) read(s streams, name string) ([]byte, error) {
	if name == "" {
		if len(f.tags) == 0 {
			return nil, usage("say to whom: a FILE of recipients, or contacts by --tag")
		}
		return f.make(nil)
	}
	form := cmp.Or(f.format, strings.TrimPrefix(filepath.Ext(name), "."))
	if !slices.Contains([]string{"json", "csv", "ndjson", "jsonl"}, form) {
		return nil, usage("--format must say whether %s is json, csv or ndjson", name)
	}
	body, err := readBody(s, name)
	if err != nil {
		return nil, err
	}
	if form == "json" {
		if f.given() {
			return nil, usage("%s is a whole request: put into it what the flags say", name)
		}
		return body, nil
	}
	var recipients []json.RawMessage
	if form == "csv" {
		recipients, err = recipientRows(body, channelNames())
	} else {
		recipients, err = recipientLines(body)
	}
	if err == nil && len(recipients) > message.MaxRecipients {
		err = fail(exitUsage, `import them as contacts with a tag ("messagehub contacts import"), and give the tag with --tag`,
			"%d recipients are more than the %d that a request takes", len(recipients), message.MaxRecipients)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return f.make(recipients)
}

// make makes the body of what the flags say.
func (b *distributeBody) make(recipients []json.RawMessage) ([]byte, error) {
	c := b.content
	switch {
	case c.TemplateID != "":
		c.ContentType = "template"
	case c.MediaURL != "":
		c.ContentType = "media"
	case c.Content == "":
		return nil, usage("say what to send: --text, --template or --media-url")
	}
	r := distributeRequest{
		Content: map[string]distributeContent{"default": c}, Recipients: recipients, Routing: distributeRouting{b.mode, b.channels},
		ScheduledAt: b.at, ExpiresIn: int(b.expires.Seconds()), Reference: b.reference,
	}
	if len(b.tags) > 0 {
		r.Audience = &distributeAudience{b.tags}
	}
	if b.rate != 0 {
		r.Rate = &distributeRate{b.rate}
	}
	if b.window != "" {
		from, to, ok := strings.Cut(b.window, "-")
		if !ok {
			return nil, usage("--window must be two times of the day, such as 09:00-20:00, not %q", b.window)
		}
		r.Window = &distributeWindow{strings.TrimSpace(from), strings.TrimSpace(to), b.zone}
	}
	return json.Marshal(r)
}

// recipientLines reads recipients as NDJSON, each as the API takes it.
func recipientLines(body []byte) (all []json.RawMessage, err error) {
	lines := bufio.NewScanner(bytes.NewReader(body))
	lines.Buffer(nil, len(body)+1)
	for n := 1; lines.Scan(); n++ {
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		if !json.Valid(line) {
			return nil, usage("line %d is not JSON", n)
		}
		all = append(all, slices.Clone(line))
	}
	return all, lines.Err()
}

// recipient is a recipient, as a line of CSV makes it.
type recipient struct {
	ContactID string            `json:"contactId,omitempty"`
	To        map[string]string `json:"to,omitempty"`
	Params    map[string]string `json:"params,omitempty"`
}

// recipientRows reads recipients as CSV with a header, in which channels name
// columns of addresses. An empty cell says nothing.
func recipientRows(body []byte, channels []string) (all []json.RawMessage, err error) {
	rows := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(body, []byte("\ufeff"))))
	header, err := rows.Read()
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		r := recipient{To: map[string]string{}, Params: map[string]string{}}
		for i, name := range header {
			switch {
			case row[i] == "":
			case name == "contactId":
				r.ContactID = row[i]
			case slices.Contains(channels, name):
				r.To[name] = row[i]
			default:
				r.Params[name] = row[i]
			}
		}
		raw, err := json.Marshal(r)
		if err != nil {
			return nil, err
		}
		all = append(all, raw)
	}
}
