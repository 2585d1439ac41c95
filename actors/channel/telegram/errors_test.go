package telegram

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"messagehub/actors/channel"
	"messagehub/actors/channel/channeltest"
)

// row is an error of Telegram's.
type row struct {
	code        int
	description string
	want        channel.Code
}

func rows() []row {
	return []row{
		{403, "Forbidden: bot was blocked by the user", channel.Blocked},
		{403, "Forbidden: user is deactivated", channel.NotOnChannel},
		{403, "Forbidden: bot can't initiate conversation with a user", channel.NotOnChannel},
		{403, "Forbidden: bot was kicked from the group chat", channel.Blocked},
		{403, "Forbidden: bot was kicked from the supergroup chat", channel.Blocked},
		{403, "Forbidden: bot was kicked from the channel chat", channel.Blocked},
		{403, "Forbidden: bot is not a member of the channel chat", channel.NotOnChannel},
		{403, "Forbidden: the group chat was deleted", channel.NotOnChannel},
		{403, "Forbidden: bots can't send messages to bots", channel.InvalidRecipient},
		{403, "Forbidden: something new", channel.Restricted},
		{400, "Bad Request: chat not found", channel.NotOnChannel},
		{400, "Bad Request: private chat not found", channel.NotOnChannel},
		{400, "BAD REQUEST: CHAT NOT FOUND", channel.NotOnChannel},
		{400, "Bad Request: PEER_ID_INVALID", channel.InvalidRecipient},
		{400, "Bad Request: group chat was upgraded to a supergroup chat", channel.NotOnChannel},
		{400, "Bad Request: message text is empty", channel.ContentRejected},
		{400, "Bad Request: text is too long", channel.ContentTooLong},
		{400, "Bad Request: message is too long", channel.ContentTooLong},
		{400, "Bad Request: message caption is too long", channel.ContentTooLong},
		{400, "Bad Request: can't parse entities: unsupported start tag", channel.ContentRejected},
		{400, "Bad Request: chat_id is empty", channel.InvalidRecipient},
		{400, "Bad Request: wrong HTTP URL specified", channel.MediaUnavailable},
		{400, "Bad Request: wrong file identifier/HTTP URL specified", channel.MediaUnavailable},
		{400, "Bad Request: failed to get HTTP URL content", channel.MediaUnavailable},
		{400, "Bad Request: can't upload file by URL", channel.MediaUnavailable},
		{400, "Bad Request: wrong type of the web page content", channel.MediaRejected},
		{400, "Bad Request: file is too big", channel.MediaRejected},
		{400, "Bad Request: reply markup is too long", channel.ContentTooLong},
		{400, "Bad Request: not enough rights to send text messages to the chat", channel.Restricted},
		{400, "Bad Request: have no rights to send a message", channel.Restricted},
		{400, "Bad Request: CHAT_WRITE_FORBIDDEN", channel.Restricted},
		{400, "Bad Request: VOICE_MESSAGES_FORBIDDEN", channel.Restricted},
		{400, "Bad Request: something new", channel.ContentRejected},
		{400, "", channel.ContentRejected},
		{401, "Unauthorized", channel.BadCredentials},
		{401, "Unauthorized: invalid token specified", channel.BadCredentials},
		{404, "Not Found", channel.BadCredentials},
		{404, "Not Found: method not found", channel.BadCredentials},
		{421, "Misdirected Request: unallowed token specified", channel.BadCredentials},
		{409, "Conflict: can't use getUpdates method while webhook is active", channel.SenderMisconfigured},
		{413, "Request Entity Too Large", channel.ContentTooLong},
		{418, "I'm something new", channel.ContentRejected},
		{500, "Internal Server Error: restart", channel.ProviderError},
		{502, "Bad Gateway", channel.ProviderError},
	}
}

// TestWhatFollows goes through the groups of Telegram's errors: a part of the
// description tells them.
func TestWhatFollows(t *testing.T) {
	recipient := []string{
		"blocked", "deactivated", "initiate", "kicked", "member", "deleted", "not found", "bots", "NOT FOUND", "PEER_ID", "upgraded", "chat_id",
		"rights", "FORBIDDEN", "Forbidden: something",
	}
	groups := []struct {
		channeltest.Follow
		codes []int
		parts []string // none: any
	}{
		{channeltest.Operator(), []int{401, 404, 409, 421}, nil},
		{channeltest.Retry(), []int{429, 500, 502}, nil},
		{channeltest.FallBack(), []int{400, 403}, recipient},
		{channeltest.Medium(), []int{400}, []string{"HTTP URL", "by URL"}},
		{channeltest.ToCaller(), []int{400, 413, 418}, nil},
	}
	for _, r := range append(rows(), row{429, "Too Many Requests: retry after 3", channel.RateLimited}) {
		for _, g := range groups {
			has := func(part string) bool { return strings.Contains(r.description, part) }
			if slices.Contains(g.codes, r.code) && (g.parts == nil || slices.ContainsFunc(g.parts, has)) {
				g.Check(t, r.description, classify(r.code, r.description))
				break
			}
		}
	}
}

func answer(code int, body string) channeltest.Answer {
	return channeltest.Answer{Status: code, Body: body}
}

func refusals() []channeltest.Refusal {
	out := []channeltest.Refusal{
		tooMany("pause in the body", "", 14, 14*time.Second), tooMany("pause in the header", "14", 0, 14*time.Second),
		tooMany("longer pause in the header", "20", 14, 20*time.Second), tooMany("longer pause in the body", "5", 14, 14*time.Second),
		tooMany("no pause", "", 0, 0), tooMany("negative pause", "", -5, 0), tooMany("endless pause", "", 1<<62, 24*time.Hour),
		{Name: "error with a yes's status", Answer: answer(200, `{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}`), Code: channel.NotOnChannel, ProviderCode: "400"},
		{Name: "yes with an error's status", Answer: answer(500, success), Code: channel.OutcomeUnknown},
		{Name: "yes with a redirect's status", Answer: answer(302, success), Code: channel.OutcomeUnknown},
		{Name: "yes without a number", Answer: answer(200, `{"ok":true,"result":{"chat":{"id":5}}}`), Code: channel.OutcomeUnknown, ProviderCode: "HTTP 200"},
		{Name: "yes without a chat", Answer: answer(200, `{"ok":true,"result":{"message_id":5}}`), Code: channel.OutcomeUnknown, ProviderCode: "HTTP 200"},
		{Name: "yes to something else", Answer: answer(200, `{"ok":true,"result":true}`), Code: channel.OutcomeUnknown, ProviderCode: "HTTP 200"},
		{Name: "no without a code", Answer: answer(200, `{"ok":false}`), Code: channel.OutcomeUnknown, ProviderCode: "HTTP 200"},
		{Name: "no with an odd code", Answer: answer(400, `{"ok":false,"error_code":200}`), Code: channel.ContentRejected, ProviderCode: "HTTP 400"},
		{Name: "somebody else's 500", Answer: answer(500, `{"error":"oops"}`), Code: channel.OutcomeUnknown, ProviderCode: "HTTP 500"},
		{Name: "tells the token", Answer: answer(404, `{"ok":false,"error_code":404,"description":"Not Found: /bot110201543:sandbox-bot-token/"}`), Code: channel.BadCredentials, ProviderCode: "404"},
	}
	for i, r := range rows() {
		body := fmt.Sprintf(`{"ok":false,"error_code":%d,"description":%q}`, r.code, r.description)
		out = append(out, channeltest.Refusal{
			Name: fmt.Sprintf("%d %d %s", i, r.code, r.description), Answer: answer(r.code, body), Code: r.want, ProviderCode: strconv.Itoa(r.code),
		})
	}
	return out
}

// tooMany is a 429 with a pause in its header and its body; 0 is none.
func tooMany(name, header string, seconds int64, want time.Duration) channeltest.Refusal {
	a := answer(429, fmt.Sprintf(`{"ok":false,"error_code":429,"description":"Too Many Requests: retry after %d","parameters":{"retry_after":%d}}`, seconds, seconds))
	if seconds == 0 {
		a.Body = `{"ok":false,"error_code":429,"description":"Too Many Requests"}`
	}
	if header != "" {
		a.Header = map[string]string{"Retry-After": header}
	}
	return channeltest.Refusal{Name: name, Answer: a, Code: channel.RecipientRateLimited, RetryAfter: want, ProviderCode: "429"}
}

// TestManyChatsAreTheBotsLimit: Telegram does not say whose limit was hit.
func TestManyChatsAreTheBotsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f floods
		wide := func(chat string, pause time.Duration) bool { return f.wide(chat, pause, time.Now()) }
		for range 5 {
			if wide("a", 10*time.Second) {
				t.Error("one chat is taken for the bot")
			}
		}
		if wide("b", 10*time.Second) {
			t.Error("two chats are taken for the bot")
		}
		if !wide("c", 10*time.Second) || !wide("d", 10*time.Second) || !wide("a", 10*time.Second) {
			t.Error("three chats are not taken for the bot")
		}
		if len(f.until) > manyChats {
			t.Errorf("%d chats are remembered", len(f.until))
		}
		time.Sleep(10 * time.Second)
		if wide("e", 0) || wide("f", 0) {
			t.Error("pauses that are over still count")
		}
		time.Sleep(time.Second)
		if wide("g", 0) || wide("h", 0) {
			t.Error("a pause of no length counts for more than a second")
		}
	})
}
