package line

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf16"

	"github.com/valyala/fasthttp"

	"messagehub/actors/channel/sim"
	"messagehub/store/message/json"
)

// request is a push as LINE reads it.
type request struct {
	To       string           `json:"to"`
	Messages []map[string]any `json:"messages"`
	Silent   *bool            `json:"notificationDisabled"`
	Units    []string         `json:"customAggregationUnits"`
}

// readPush reads the body and checks its messages.
func readPush(ctx *fasthttp.RequestCtx) (*request, *fault) {
	if !strings.HasPrefix(string(ctx.Request.Header.ContentType()), "application/json") {
		return nil, &fault{status: 415, Message: "Unsupported media type"}
	}
	var in request
	if json.UnmarshalStrict(ctx.PostBody(), &in) != nil {
		return nil, &fault{status: 400, Message: "The request body could not be parsed as JSON"}
	}
	var details []detail
	if n := len(in.Messages); n < 1 || n > 5 {
		details = append(details, detail{"Size must be between 1 and 5", "messages"})
	}
	for i, m := range in.Messages {
		details = append(details, checkMessage(fmt.Sprintf("messages[%d]", i), m)...)
	}
	if len(details) > 0 {
		return nil, &fault{status: 400, Message: fmt.Sprintf("The request body has %d error(s)", len(details)), Details: details}
	}
	return &in, nil
}

var idForm = regexp.MustCompile(`^[UCR][0-9a-f]{32}$`)

func (r *request) checkID() *fault {
	if !idForm.MatchString(r.To) && !strings.HasPrefix(r.To, sim.Reserved) {
		return &fault{status: 400, Message: "The property, 'to', in the request body is invalid (line: -, column: -)"}
	}
	return nil
}

// text is what the ledger shows of the messages.
func (r *request) text() string {
	for _, m := range r.Messages {
		for _, member := range []string{"text", "altText"} {
			if text, ok := m[member].(string); ok {
				return text
			}
		}
	}
	return ""
}

// checkMessage returns what LINE would find wrong with one message.
func checkMessage(path string, m map[string]any) (details []detail) {
	need := func(names ...string) {
		for _, name := range names {
			if text, _ := m[name].(string); text == "" {
				details = append(details, detail{"May not be empty", path + "." + name})
			}
		}
	}
	switch m["type"] {
	case "text":
		need("text")
		if text, _ := m["text"].(string); len(utf16.Encode([]rune(text))) > 5000 {
			details = append(details, detail{"Length must be between 0 and 5000", path + ".text"})
		}
	case "image", "video":
		need("originalContentUrl", "previewImageUrl")
	case "audio":
		need("originalContentUrl")
		if d, _ := m["duration"].(float64); d < 1 || d != float64(int64(d)) {
			details = append(details, detail{"must be greater than or equal to 1", path + ".duration"})
		}
	case "template":
		need("altText")
		details = append(details, checkLayout(path+".template", m["template"])...)
	case "flex":
		need("altText")
		if _, ok := m["contents"].(map[string]any); !ok {
			details = append(details, detail{"may not be null", path + ".contents"})
		}
	case "sticker", "location", "imagemap", "textV2", "coupon":
	default:
		details = append(details, detail{"Invalid type", path + ".type"})
	}
	for _, name := range []string{"originalContentUrl", "previewImageUrl"} {
		if link, ok := m[name].(string); ok && (!strings.HasPrefix(link, "https://") || len(link) > 2000) {
			details = append(details, detail{"invalid uri", path + "." + name})
		}
	}
	return details
}

// checkLayout checks a buttons or confirm template; others only have a type.
func checkLayout(path string, v any) []detail {
	t, _ := v.(map[string]any)
	kind, _ := t["type"].(string)
	switch kind {
	case "carousel", "image_carousel":
		return nil
	case "buttons", "confirm":
	default:
		return []detail{{"Invalid type", path + ".type"}}
	}
	var details []detail
	if text, _ := t["text"].(string); text == "" || len([]rune(text)) > 240 {
		details = append(details, detail{"May not be empty, and at most 160 characters", path + ".text"})
	}
	actions, _ := t["actions"].([]any)
	if len(actions) < 1 || len(actions) > 4 {
		details = append(details, detail{"Size must be between 1 and 4", path + ".actions"})
	}
	return details
}
