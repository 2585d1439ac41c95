// Package bench puts load on a relay and measures what came of it. It runs as
// a process of its own, beside the relay, and speaks plain HTTP/1.1 over
// connections it keeps open, so that it takes little of the machine it shares.
package bench

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// conn is one client connection. It is used by one goroutine.
type conn struct {
	net  net.Conn
	read *bufio.Reader
	last []byte // body of the last answer; valid until the next
}

// answerTimeout is how long an answer may take before the connection is
// counted as broken.
const answerTimeout = 30 * time.Second

func dial(address string) (*conn, error) {
	c, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return &conn{net: c, read: bufio.NewReaderSize(c, 4096)}, nil
}

func (c *conn) close() { _ = c.net.Close() }

// answer is what the generator looks at in a response.
type answer struct {
	status     int
	retryAfter bool
	closed     bool // the server will close the connection
}

// do writes the request and reads the whole answer.
func (c *conn) do(request []byte) (answer, error) {
	_ = c.net.SetDeadline(time.Now().Add(answerTimeout))
	if _, err := c.net.Write(request); err != nil {
		return answer{}, err
	}
	return c.readAnswer()
}

var (
	errBadAnswer = errors.New("answer is not HTTP/1.1 with a Content-Length")
	headLength   = []byte("Content-Length: ")
	headRetry    = []byte("Retry-After: ")
	headClose    = []byte("Connection: close")
)

func (c *conn) readAnswer() (answer, error) {
	var a answer
	line, err := c.read.ReadSlice('\n')
	if err != nil {
		return a, err
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return a, errBadAnswer
	}
	a.status, err = strconv.Atoi(string(line[9:12]))
	length := -1
	for err == nil {
		line, err = c.read.ReadSlice('\n')
		line = bytes.TrimRight(line, "\r\n")
		switch {
		case len(line) == 0 && err == nil:
			return a, c.readBody(length)
		case bytes.HasPrefix(line, headLength):
			length, err = strconv.Atoi(string(line[len(headLength):]))
		case bytes.HasPrefix(line, headRetry):
			a.retryAfter = true
		case bytes.HasPrefix(line, headClose):
			a.closed = true
		}
	}
	return a, err
}

func (c *conn) readBody(length int) error {
	if length < 0 || length > 1<<20 {
		return errBadAnswer
	}
	if cap(c.last) < length {
		c.last = make([]byte, length)
	}
	c.last = c.last[:length]
	_, err := io.ReadFull(c.read, c.last)
	return err
}
