package load

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// answer is what the generator looks at in a response.
type answer struct {
	status     int
	retryAfter bool
	closed     bool   // the server will close the connection
	body       []byte // borrows the bytes read
}

// maxAnswer bounds one answer.
const maxAnswer = 4 << 20

var errBadAnswer = errors.New("answer is not HTTP/1.1 with a Content-Length")

// readAnswer reads the answer that b begins with. n is its length; 0: it is
// not whole yet.
func readAnswer(b []byte) (a answer, n int, err error) {
	end := bytes.Index(b, []byte("\r\n\r\n"))
	if end < 0 {
		if len(b) > 64<<10 {
			return a, 0, errBadAnswer
		}
		return a, 0, nil
	}
	head := b[:end]
	if len(head) < 12 || !bytes.HasPrefix(head, []byte("HTTP/1.1 ")) {
		return a, 0, errBadAnswer
	}
	if a.status = int(number(head[9:12])); a.status < 100 {
		return a, 0, errBadAnswer
	}
	length := -1
	for len(head) > 0 {
		var line []byte
		line, head, _ = bytes.Cut(head, []byte("\r\n"))
		if a.header(line, &length) != nil {
			return a, 0, errBadAnswer
		}
	}
	if length < 0 || length > maxAnswer {
		return a, 0, errBadAnswer
	}
	if n = end + 4 + length; n > len(b) {
		return a, 0, nil
	}
	a.body = b[end+4 : n]
	return a, n, nil
}

// header reads the lines that count; it looks at their first letter first.
func (a *answer) header(line []byte, length *int) error {
	if len(line) == 0 {
		return nil
	}
	switch line[0] | 0x20 {
	case 'c':
		if v, ok := value(line, "content-length:"); ok {
			n := number(v)
			if n < 0 || *length >= 0 {
				return errBadAnswer
			}
			*length = int(n)
		} else if v, ok := value(line, "connection:"); ok {
			a.closed = bytes.EqualFold(v, []byte("close"))
		}
	case 'r':
		if _, ok := value(line, "retry-after:"); ok {
			a.retryAfter = true
		}
	}
	return nil
}

func value(line []byte, name string) ([]byte, bool) {
	if len(line) < len(name) || !bytes.EqualFold(line[:len(name)], []byte(name)) {
		return nil, false
	}
	return bytes.TrimSpace(line[len(name):]), true
}

// number reads a decimal number without a sign; -1: it is none.
func number(b []byte) int64 {
	if len(b) == 0 || len(b) > 9 {
		return -1
	}
	n := int64(0)
	for _, c := range b {
		if c < '0' || c > '9' {
			return -1
		}
		n = n*10 + int64(c-'0')
	}
	return n
}

// ID is the text of a message's id, without its prefix.
type ID [26]byte

// String returns the id as clients see it.
func (id ID) String() string { return "msg_" + string(id[:]) }

// MarshalText implements [encoding.TextMarshaler].
func (id ID) MarshalText() ([]byte, error) { return id[:], nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (id *ID) UnmarshalText(text []byte) error {
	if copy(id[:], text) != len(id) || len(text) != len(id) {
		return fmt.Errorf("read id: %d letters, not %d", len(text), len(id))
	}
	return nil
}

// nextID returns the first message id in the body of a 202, and what follows
// it.
func nextID(body []byte) (id ID, rest []byte, ok bool) {
	const mark = `"messageId":"msg_`
	at := bytes.Index(body, []byte(mark))
	if at < 0 || len(body) < at+len(mark)+len(id) {
		return id, nil, false
	}
	body = body[at+len(mark):]
	copy(id[:], body)
	return id, body[len(id):], true
}

// index returns the "index" of a batch's result that holds the id whose text
// begins at the end of before.
func index(before []byte) int {
	const mark = `"index":`
	at := bytes.LastIndex(before, []byte(mark))
	if at < 0 {
		return 0
	}
	digits, _, _ := bytes.Cut(before[at+len(mark):], []byte{','})
	n, err := strconv.Atoi(string(digits))
	if err != nil {
		return -1
	}
	return n
}
