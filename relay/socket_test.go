package relay

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// socket is a raw connection to a server under test.
type socket struct {
	t  testing.TB
	nc net.Conn
	r  *bufio.Reader
}

func (d *desk) dial() *socket {
	d.t.Helper()
	nc, err := net.Dial("tcp", d.addr)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { nc.Close() })
	if err := nc.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		d.t.Fatal(err)
	}
	return &socket{d.t, nc, bufio.NewReader(nc)}
}

// write sends text as it is. The server may have closed already.
func (s *socket) write(text string) { _, _ = io.WriteString(s.nc, text) }

// reply is an answer, read by net/http as an independent judge.
type reply struct {
	status int
	header http.Header
	body   string
	close  bool
	err    error
}

func (s *socket) read() reply {
	resp, err := http.ReadResponse(s.r, nil)
	if err != nil {
		return reply{err: err}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, string(body), resp.Close, err}
}

// closed reports whether the server has ended the connection, having sent
// nothing more.
func (s *socket) closed() bool {
	_, err := s.r.ReadByte()
	return err != nil
}

// ask sends one request on a connection of its own.
func (d *desk) ask(text string) reply {
	d.t.Helper()
	s := d.dial()
	s.write(text)
	got := s.read()
	if got.err != nil {
		d.t.Fatalf("no answer: %v", got.err)
	}
	return got
}

// post is a whole send request.
func (d *desk) post(token, body string, lines ...string) string {
	return request("POST /api/v1/messages/send HTTP/1.1", body, append([]string{"Authorization: Bearer " + token}, lines...)...)
}

// request is a whole request with a Host and, if there is a body, its length.
func request(first, body string, lines ...string) string {
	all := append([]string{first, "Host: api.example.com"}, lines...)
	if body != "" {
		all = append(all, "Content-Length: "+strconv.Itoa(len(body)))
	}
	return strings.Join(all, "\r\n") + "\r\n\r\n" + body
}

// trouble is the error body of the contract, every member.
type trouble struct {
	Error struct {
		Code      string  `json:"code"`
		Message   string  `json:"message"`
		Param     *string `json:"param"`
		Hint      string  `json:"hint"`
		DocURL    string  `json:"docUrl"`
		RequestID string  `json:"requestId"`
		Permanent bool    `json:"permanent"`
		Errors    []struct {
			Param   *string `json:"param"`
			Code    string  `json:"code"`
			Message string  `json:"message"`
		} `json:"errors"`
	} `json:"error"`
}

// refused checks that an answer is an error of the contract's form, complete
// and strict, with this status and code.
func refused(t testing.TB, got reply, status int, code Code) trouble {
	t.Helper()
	var p trouble
	dec := json.NewDecoder(bytes.NewReader([]byte(got.body)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&p); err != nil {
		t.Fatalf("status %d: %v in %q", got.status, err, got.body)
	}
	if got.status != status || p.Error.Code != string(code) {
		t.Fatalf("got %d %s, want %d %s: %s", got.status, p.Error.Code, status, code, got.body)
	}
	e := &p.Error
	if e.Message == "" || e.Hint == "" || e.DocURL != "/docs/errors/"+e.Code || e.Errors == nil {
		t.Errorf("an error says too little: %s", got.body)
	}
	if id := got.header.Get("Request-Id"); !strings.HasPrefix(id, "req_") || id != e.RequestID {
		t.Errorf("Request-Id %q, in the body %q", id, e.RequestID)
	}
	if got.header.Get("Content-Type") != jsonType || got.header.Get("Server") != "" {
		t.Errorf("headers %v", got.header)
	}
	if (status == 429 || status == 503) && got.header.Get("Retry-After") == "" {
		t.Errorf("%d without Retry-After", status)
	}
	if status == 401 && got.header.Get("Www-Authenticate") != "Bearer" {
		t.Errorf("401 with WWW-Authenticate %q", got.header.Get("Www-Authenticate"))
	}
	return p
}
