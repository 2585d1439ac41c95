package telegram

import (
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"messagehub/store/message/json"
)

// read reads a call's fields from its query and its body.
func read(ctx *fasthttp.RequestCtx) (fields, *no) {
	f := make(fields)
	for name, value := range ctx.QueryArgs().All() {
		f[string(name)] = string(value)
	}
	if !strings.HasPrefix(string(ctx.Request.Header.ContentType()), "application/json") {
		for name, value := range ctx.PostArgs().All() {
			f[string(name)] = string(value)
		}
		return f, nil
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(ctx.PostBody(), &members); err != nil {
		return nil, refuse(400, "Bad Request: can't parse JSON object")
	}
	for name, value := range members {
		var text string
		if json.Unmarshal(value, &text) != nil { // a number, a truth, an object
			text = string(value)
		}
		f[name] = text
	}
	return f, nil
}

// yes is an answer with a result.
type yes struct {
	OK     bool `json:"ok"`
	Result any  `json:"result"`
}

type user struct {
	ID        int64  `json:"id"`
	IsBot     bool   `json:"is_bot"`
	FirstName string `json:"first_name"`
	Username  string `json:"username,omitempty"`
}

type chat struct {
	ID        int64  `json:"id"`
	Type      string `json:"type"`
	Title     string `json:"title,omitempty"`
	Username  string `json:"username,omitempty"`
	FirstName string `json:"first_name,omitempty"`
}

// result is a message as Telegram tells it.
type result struct {
	MessageID int64   `json:"message_id"`
	From      user    `json:"from"`
	Chat      chat    `json:"chat"`
	Date      int64   `json:"date"`
	Text      string  `json:"text,omitempty"`
	Photo     []photo `json:"photo,omitempty"`
	Video     *clip   `json:"video,omitempty"`
	Audio     *track  `json:"audio,omitempty"`
	Voice     *track  `json:"voice,omitempty"`
	Document  *file   `json:"document,omitempty"`
	Caption   string  `json:"caption,omitempty"`
}

type file struct {
	ID       string `json:"file_id"`
	UniqueID string `json:"file_unique_id"`
}

type photo struct {
	file
	Width  int `json:"width"`
	Height int `json:"height"`
}

type clip struct {
	file
	Width    int `json:"width"`
	Height   int `json:"height"`
	Duration int `json:"duration"`
}

type track struct {
	file
	Duration int `json:"duration"`
}

func (s *simulator) bot() user {
	id, _ := strconv.ParseInt(strings.Split(s.token, ":")[0], 10, 64)
	return user{ID: id, IsBot: true, FirstName: "Sandbox", Username: "sandbox_bot"}
}

// create makes the message that a call sends, and its id across chats.
func (s *simulator) create(m *method, f fields) (*result, string) {
	r := &result{
		// Numbers are of 31 bits, and of their chat alone.
		MessageID: int64(s.world.Serial()&(1<<31-1)) + 1,
		From:      s.bot(), Chat: chatOf(f["chat_id"]), Date: time.Now().Unix(),
	}
	id := strconv.FormatInt(r.Chat.ID, 10) + ":" + strconv.FormatInt(r.MessageID, 10)
	stored := file{"F" + strconv.FormatInt(r.MessageID, 36), "U" + strconv.FormatInt(r.MessageID, 36)}
	switch m.medium {
	case "":
		r.Text = shownText(f, m)
		return r, id
	case "photo":
		r.Photo = []photo{{stored, 640, 480}}
	case "video":
		r.Video = &clip{stored, 640, 480, 1}
	case "audio":
		r.Audio = &track{stored, 1}
	case "voice":
		r.Voice = &track{stored, 1}
	case "document":
		r.Document = &stored
	}
	r.Caption = shownText(f, m)
	return r, id
}

// shownText is what is seen of the words of a call that passed.
func shownText(f fields, m *method) string {
	seen, _ := parsed(f[m.words], f["parse_mode"])
	return strings.TrimSpace(seen)
}

// chatOf returns the chat that chat_id names. A name has a number that stays
// the same.
func chatOf(id string) chat {
	n, err := strconv.ParseInt(id, 10, 64)
	h := fnv.New64a()
	_, _ = h.Write([]byte(id))
	switch {
	case err == nil && n > 0:
		return chat{ID: n, Type: "private", FirstName: "A"}
	case err == nil && n > -1_000_000_000_000:
		return chat{ID: n, Type: "group", Title: "Group"}
	case err == nil:
		return chat{ID: n, Type: "supergroup", Title: "Group"}
	case id[0] == '@':
		return chat{ID: -1_000_000_000_000 - int64(h.Sum64()%1e10), Type: "channel", Title: "Channel", Username: id[1:]}
	}
	return chat{ID: int64(h.Sum64()%1e10) + 1, Type: "private", FirstName: "A"}
}
