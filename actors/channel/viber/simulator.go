package viber

import (
	"strings"

	"github.com/valyala/fasthttp"

	"messagehub/store/message/json"
)

// simReply answers with v as JSON.
func simReply(ctx *fasthttp.RequestCtx, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		ctx.Error(err.Error(), fasthttp.StatusInternalServerError)
		return
	}
	ctx.SetStatusCode(status)
	ctx.SetContentType("application/json; charset=utf-8")
	ctx.SetBody(body)
}

// simIsJSON reports whether a request says that its body is JSON.
func simIsJSON(ctx *fasthttp.RequestCtx) bool {
	kind, _, _ := strings.Cut(string(ctx.Request.Header.ContentType()), ";")
	return strings.TrimSpace(kind) == "application/json"
}
