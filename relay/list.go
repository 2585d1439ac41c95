package relay

import (
	"strconv"
	"strings"
	"time"

	"messagehub/store/message"
)

// Bounds of a listing.
const (
	defaultLimit = 50
	maxLimit     = 200
	maxFilter    = 256 // bytes of a filter's value
)

// list is GET /api/v1/messages.
func (s *Server) list(c *call) {
	q, faults := s.parseQuery(c)
	if len(faults) > 0 {
		c.refuse(faults)
		return
	}
	c.inLog = true
	page, err := s.o.Messages.List(c.key.Workspace, q)
	c.inLog = false
	if err != nil {
		c.failLog(err)
		return
	}
	c.buf = appendPage(c.buf[:0], &page)
	c.write(200, c.buf)
}

func appendPage(dst []byte, page *message.Page) []byte {
	dst = append(dst, `{"data":[`...)
	for i, m := range page.Messages {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendMessage(dst, m.Outbound, m.State)
	}
	dst = append(dst, `],"page":{"next":`...)
	if page.Next == 0 {
		return append(dst, "null}}"...)
	}
	dst = append(dst, '"')
	dst = appendCursor(dst, page.Next)
	return append(dst, `"}}`...)
}

// queryFilters is the table of the parameters that a listing takes.
func queryFilters() []parameter[message.Query] {
	return []parameter[message.Query]{
		{"status", readStatus},
		{"channel", readChannel},
		{"to", readTo},
		{"reference", readReference},
		{"from", readFrom},
		{"until", readUntil},
		{"limit", readLimit},
		{"after", readAfter},
	}
}

// parseQuery reads the query and lists all that is wrong with it.
//
// Ownership: the result owns its memory.
func (s *Server) parseQuery(c *call) (message.Query, []Fault) {
	q := message.Query{Test: c.key.Test, Limit: defaultLimit}
	faults := readQuery(c, queryFilters(), &q)
	if q.From != 0 && q.Until != 0 && q.Until <= q.From {
		faults = append(faults, Fault{"until", InvalidParameter, "until must be later than from."})
	}
	return q, faults
}

func invalid(text string) *Fault { return &Fault{Code: InvalidParameter, Message: text} }

func readStatus(_ *Server, value string, q *message.Query) *Fault {
	status, ok := message.ParseStatus(value)
	if !ok || status == message.Pending || status == message.Skipped || status == message.Unknown {
		return invalid(strconv.Quote(shorten(value)) + " is no message status; use scheduled, queued, sending, sent, delivered, read, failed, expired or canceled.")
	}
	q.Status = status
	return nil
}

func readChannel(s *Server, value string, q *message.Query) *Fault {
	names := make([]string, len(s.o.Channels))
	for i := range s.o.Channels {
		if names[i] = s.o.Channels[i].Name; names[i] == value {
			q.Channel = value
			return nil
		}
	}
	return &Fault{Code: UnsupportedChan, Message: strconv.Quote(shorten(value)) + " is no channel; use one of " + strings.Join(names, ", ") + "."}
}

// readTo also takes a phone number whose plus sign was not escaped and so
// arrived as a space.
func readTo(_ *Server, value string, q *message.Query) *Fault {
	if len(value) > maxFilter {
		return invalid("to is longer than " + strconv.Itoa(maxFilter) + " bytes.")
	}
	q.To = plusForSpace(value)
	return nil
}

func readReference(_ *Server, value string, q *message.Query) *Fault {
	if len(value) > maxFilter {
		return invalid("reference is longer than " + strconv.Itoa(maxFilter) + " bytes.")
	}
	q.Reference = value
	return nil
}

func readFrom(_ *Server, value string, q *message.Query) *Fault { return readMoment(value, &q.From) }

func readUntil(_ *Server, value string, q *message.Query) *Fault { return readMoment(value, &q.Until) }

func readMoment(value string, t *message.Time) *Fault {
	at, err := time.Parse(time.RFC3339, strings.Replace(value, " ", "+", 1))
	if err != nil || at.UnixMilli() <= 0 {
		return invalid(strconv.Quote(shorten(value)) + " is no time; write it as 2026-01-31T12:00:00Z.")
	}
	*t = message.TimeOf(at)
	return nil
}

func readLimit(_ *Server, value string, q *message.Query) *Fault { return readCount(value, &q.Limit) }

func readCount(value string, limit *int) *Fault {
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > maxLimit {
		return invalid(strconv.Quote(shorten(value)) + " is no limit; it is a whole number from 1 to " + strconv.Itoa(maxLimit) + ".")
	}
	*limit = n
	return nil
}

func readAfter(_ *Server, value string, q *message.Query) *Fault {
	p, ok := parseCursor(value)
	if !ok {
		return badCursor()
	}
	q.After = p
	return nil
}

func plusForSpace(to string) string {
	if len(to) > 1 && to[0] == ' ' && to[1] >= '0' && to[1] <= '9' {
		return "+" + to[1:]
	}
	return to
}

// shorten bounds foreign text in an answer.
func shorten(text string) string {
	const most = 64
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
