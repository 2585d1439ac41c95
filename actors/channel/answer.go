package channel

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

var (
	errHeaderTooLarge = errors.New("header of the answer is too large")
	errMalformed      = errors.New("answer is not HTTP")
)

func newAnswer(status int, h Header, body []byte) *Answer {
	return new(Answer).fill(status, h, body)
}

func (a *Answer) fill(status int, h Header, body []byte) *Answer {
	a.Status, a.Header, a.Body = status, h, body
	if after := h.Get("Retry-After"); after != "" {
		a.RetryAfter = retryAfter(after, time.Now())
	}
	return a
}

// answer reads the answer to a call.
func (c *conn) answer(call *Call) (*Answer, error) {
	h, err := c.head()
	if err != nil {
		return nil, err
	}
	room := 0
	if h.length > 0 && h.length <= int64(call.MaxAnswer) {
		room = int(h.length)
	}
	a, kept := call.answerWith(len(h.lines) + room)
	kept = append(kept, h.lines...)
	header, body := kept[:len(kept):len(kept)], kept[len(kept):]
	c.at += h.size
	if h.bodiless(call.Method) {
		body = nil
	} else if body, err = c.body(body, &h, call.MaxAnswer); err != nil {
		if h.status < 300 {
			return nil, err
		}
		return a.fill(h.status, Header{header}, nil), nil
	}
	c.reusable = h.keeps && c.at == len(c.in)
	return a.fill(h.status, Header{header}, body), nil
}

// answerWith makes an Answer and memory for its header and body, both the
// caller's: what the caller has, or one piece, where it is not large.
func (c *Call) answerWith(size int) (*Answer, []byte) {
	const small = 1 << 10
	switch {
	case c.Into != nil:
		return c.Into, c.Into.empty(size)
	case size > small:
		return new(Answer), make([]byte, 0, size)
	}
	room := new(struct {
		Answer
		bytes [small]byte
	})
	return &room.Answer, room.bytes[:0]
}

// empty makes a the zero Answer, and returns its memory for what comes next.
func (a *Answer) empty(size int) []byte {
	room := a.room
	if cap(room) < size {
		room = make([]byte, 0, size)
	}
	*a = Answer{}
	if cap(room) <= maxKept {
		a.room = room
	}
	return room
}

// head is what the header of an answer says about its framing.
type head struct {
	status  int
	lines   []byte // borrowed
	size    int    // of the whole header
	length  int64  // of the body; negative: up to the connection's end
	chunked bool
	keeps   bool // the host keeps the connection
}

// bodiless reports whether nothing follows the header, whatever it says.
func (h *head) bodiless(method string) bool {
	return method == http.MethodHead || h.status == http.StatusNoContent || h.status == http.StatusNotModified
}

// head reads the header, behind those of interim answers.
func (c *conn) head() (h head, err error) {
	for searched := 0; ; {
		size := headerEnd(c.in[c.at:], searched)
		if size == 0 {
			searched = max(0, len(c.in)-c.at-3)
			if len(c.in) > maxHeader {
				return h, errHeaderTooLarge
			}
			if err := c.fill(); err != nil {
				return h, unexpected(err)
			}
			continue
		}
		if h, err = readHead(c.in[c.at : c.at+size]); err != nil || h.status >= 200 {
			return h, err
		}
		if h.status == http.StatusSwitchingProtocols {
			return h, errMalformed
		}
		c.at, searched = c.at+size, 0
	}
}

// headerEnd returns the size of the header that b begins with, its empty line
// included; 0: it is not whole yet. It was looked for up to searched.
func headerEnd(b []byte, searched int) int {
	for at := searched; ; {
		i := bytes.IndexByte(b[at:], '\n')
		if i < 0 {
			return 0
		}
		at += i + 1
		rest := b[at:]
		if len(rest) > 0 && rest[0] == '\n' {
			return at + 1
		}
		if len(rest) > 1 && rest[0] == '\r' && rest[1] == '\n' {
			return at + 2
		}
	}
}

// readHead reads a whole header.
func readHead(b []byte) (head, error) {
	line, rest := cutLine(b)
	h := head{size: len(b), length: -1}
	h.lines = bytes.TrimRight(rest, "\r\n")
	const form = "HTTP/1.x 200"
	if len(line) < len(form) || string(line[:7]) != "HTTP/1." || line[8] != ' ' || len(line) > len(form) && line[len(form)] != ' ' {
		return h, errMalformed
	}
	status, err := strconv.ParseUint(string(line[9:12]), 10, 16)
	if err != nil || status < 100 {
		return h, errMalformed
	}
	h.status, h.keeps = int(status), line[7] != '0'
	for len(rest) > 0 && err == nil {
		line, rest = cutLine(rest)
		name, value := cutField(line)
		err = h.field(name, value)
	}
	if h.chunked && h.length >= 0 { // two opinions: what follows can't be trusted
		h.length, h.keeps = -1, false
	}
	return h, err
}

// field notes a field that frames the answer.
func (h *head) field(name, value []byte) error {
	switch len(name) {
	case len("Connection"):
		if strings.EqualFold(string(name), "Connection") && hasToken(value, "close") {
			h.keeps = false
		}
	case len("Content-Length"):
		if strings.EqualFold(string(name), "Content-Length") {
			n, err := strconv.ParseUint(string(value), 10, 63)
			if err != nil || h.length >= 0 && h.length != int64(n) {
				return errMalformed
			}
			h.length = int64(n)
		}
	case len("Transfer-Encoding"):
		if strings.EqualFold(string(name), "Transfer-Encoding") {
			if h.chunked || !strings.EqualFold(string(value), "chunked") {
				return errMalformed
			}
			h.chunked = true
		}
	}
	return nil
}

// hasToken reports whether one of value's tokens is the given one.
func hasToken(value []byte, token string) bool {
	for part := range bytes.SplitSeq(value, []byte{','}) {
		if strings.EqualFold(string(bytes.TrimSpace(part)), token) {
			return true
		}
	}
	return false
}

// body appends the answer's body to dst, which has room for it where its
// length is known.
func (c *conn) body(dst []byte, h *head, most int) ([]byte, error) {
	switch {
	case h.chunked:
		return c.chunks(dst, most)
	case h.length > int64(most):
		return nil, errTooLarge
	case h.length >= 0:
		return c.take(dst, int(h.length))
	}
	h.keeps = false
	for {
		dst = append(dst, c.in[c.at:]...)
		c.in, c.at = c.in[:0], 0
		if len(dst) > most {
			return nil, errTooLarge
		}
		if err := c.fill(); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return dst, err
		}
	}
}

// take appends the next n bytes to dst.
func (c *conn) take(dst []byte, n int) ([]byte, error) {
	for {
		part := min(n, len(c.in)-c.at)
		dst = append(dst, c.in[c.at:c.at+part]...)
		c.at += part
		if n -= part; n == 0 {
			return dst, nil
		}
		c.in, c.at = c.in[:0], 0
		if err := c.fill(); err != nil {
			return nil, unexpected(err)
		}
	}
}

// chunks appends the chunks that follow to dst, and skips the trailer.
func (c *conn) chunks(dst []byte, most int) ([]byte, error) {
	for {
		line, err := c.line()
		if err != nil {
			return nil, err
		}
		size, _, _ := bytes.Cut(line, []byte{';'})
		n, err := strconv.ParseUint(string(bytes.TrimRight(size, " \t")), 16, 63)
		if err != nil {
			return nil, errMalformed
		}
		if n == 0 {
			return dst, c.trailer()
		}
		if n > uint64(most-len(dst)) {
			return nil, errTooLarge
		}
		if dst, err = c.take(dst, int(n)); err != nil {
			return nil, err
		}
		if line, err = c.line(); err != nil || len(line) > 0 {
			return nil, cmpError(err)
		}
	}
}

func cmpError(err error) error {
	if err == nil {
		return errMalformed
	}
	return err
}

// trailer skips the fields behind the last chunk.
func (c *conn) trailer() error {
	for read := 0; read <= maxHeader; {
		line, err := c.line()
		if err != nil || len(line) == 0 {
			return err
		}
		read += len(line) + 1
	}
	return errHeaderTooLarge
}

// maxLine bounds the line before a chunk, and one of a trailer.
const maxLine = 4 << 10

// line returns the next line, valid until more is read.
func (c *conn) line() ([]byte, error) {
	for {
		rest := c.in[c.at:]
		if end := bytes.IndexByte(rest, '\n'); end >= 0 {
			c.at += end + 1
			line, _ := cutLine(rest[:end+1])
			return line, nil
		}
		if len(rest) > maxLine {
			return nil, errMalformed
		}
		c.in, c.at = c.in[:copy(c.in, rest)], 0
		if err := c.fill(); err != nil {
			return nil, unexpected(err)
		}
	}
}

// unexpected is err of a read in the middle of something.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
