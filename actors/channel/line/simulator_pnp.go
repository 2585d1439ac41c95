package line

import (
	"regexp"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"messagehub/actors/channel/sim"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

var hashForm = regexp.MustCompile(`^[0-9a-f]{64}$`)

// notify plays the endpoints of LINE notification messages.
func (s *simulator) notify(ctx *fasthttp.RequestCtx, flexible bool) {
	to, text, f := readNotification(ctx, flexible)
	if f != nil {
		refuse(ctx, f)
		return
	}
	tag := string(ctx.Request.Header.Peek("X-Line-Delivery-Tag"))
	script := s.world.Script(to, s.tries(to, tag))
	switch script.Answer {
	case sim.NotOnChannel, sim.OptedOut:
		s.world.Wait(script.Delay)
		refuse(ctx, &fault{status: 422, Message: "Failed to send messages"})
		return
	}
	if f := scripted(script.Answer); f != nil {
		s.world.Wait(script.Delay)
		refuse(ctx, f)
		return
	}
	id := string(ctx.Response.Header.Peek("X-Line-Request-Id"))
	for _, stage := range script.Receipts {
		if stage.Status == message.Delivered {
			s.report(tag, stage.After)
		}
	}
	if s.take(ctx, script, sim.Received{To: to, Text: text, Ref: tag, ProviderID: id}) {
		ctx.SetStatusCode(200)
	}
}

// readNotification reads and checks a notification message.
func readNotification(ctx *fasthttp.RequestCtx, flexible bool) (to, text string, f *fault) {
	tag := string(ctx.Request.Header.Peek("X-Line-Delivery-Tag"))
	switch {
	case len(ctx.Request.Header.Peek("X-Line-Retry-Key")) > 0:
		return "", "", &fault{status: 400, Message: "The retry key is not supported by this API"}
	case tag != "" && (len(tag) < 16 || len(tag) > 100):
		return "", "", &fault{status: 400, Message: "The 'X-Line-Delivery-Tag' header is invalid"}
	}
	if flexible {
		in, f := readPush(ctx)
		if f != nil {
			return "", "", f
		}
		to, text = in.To, in.text()
	} else {
		var in struct {
			To       string         `json:"to"`
			Template string         `json:"templateKey"`
			Body     map[string]any `json:"body"`
		}
		if json.UnmarshalStrict(ctx.PostBody(), &in) != nil || in.Template == "" || in.Body == nil {
			return "", "", &fault{status: 400, Message: "The request body has 1 error(s)", Details: []detail{{"May not be empty", "templateKey"}}}
		}
		to, text = in.To, in.Template
	}
	if !hashForm.MatchString(to) && !strings.HasPrefix(to, sim.Reserved) {
		return "", "", &fault{status: 400, Message: "The property, 'to', in the request body is invalid (line: -, column: -)"}
	}
	return to, text, nil
}

// report posts that a notification message has arrived.
func (s *simulator) report(tag string, after time.Duration) {
	if tag != "" {
		s.post(map[string]any{"type": "delivery", "delivery": map[string]string{"data": tag}}, after)
	}
}
