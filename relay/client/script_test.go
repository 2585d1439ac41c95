package client

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// script is a relay whose answers are given, one after the other; the last one
// goes on.
type script struct {
	t       *testing.T
	answers []answer
	asked   []asked
}

type answer struct {
	status int // 0: none comes
	header string
	body   string
}

// asked is a request as it came.
type asked struct {
	at     time.Time
	line   string // method, path and query
	header http.Header
	body   string
}

var errCut = errors.New("connection cut")

// RoundTrip implements [http.RoundTripper].
func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Error(err)
	}
	s.asked = append(s.asked, asked{time.Now(), r.Method + " " + r.URL.RequestURI(), r.Header.Clone(), string(body)})
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	a := s.answers[min(len(s.asked), len(s.answers))-1]
	if a.status == 0 {
		return nil, errCut
	}
	header := http.Header{}
	for line := range strings.SplitSeq(a.header, "\n") {
		if name, value, ok := strings.Cut(line, ": "); ok {
			header.Set(name, value)
		}
	}
	return &http.Response{StatusCode: a.status, Header: header, Body: io.NopCloser(strings.NewReader(a.body))}, nil
}

func scripted(t *testing.T, answers ...answer) (*Client, *script) {
	s := &script{t: t, answers: answers}
	return &Client{URL: "http://relay.test/", Key: "cpk_test_x", HTTP: &http.Client{Transport: s}}, s
}

// lines returns what was asked for.
func (s *script) lines() string {
	var lines []string
	for _, a := range s.asked {
		lines = append(lines, a.line)
	}
	return strings.Join(lines, "\n")
}

const (
	refusal = `{"error":{"code":"overloaded","message":"No room.","param":null,"hint":"Wait.","docUrl":"/docs/errors/overloaded","requestId":"req_1","permanent":false,"errors":[]}}`
	fault   = `{"error":{"code":"invalid_recipient","message":"Two things are wrong.","param":"to","hint":"E.164.","docUrl":"/docs/errors/invalid_recipient",` +
		`"requestId":"req_2","permanent":true,"errors":[{"param":"to","code":"invalid_recipient","message":"to is no number."},{"param":null,"code":"content_required","message":"content is missing."}]}}`
	taken = `{"data":{"messageId":"msg_1","channel":"sms","status":"queued","test":true,"segments":2,"encoding":"UCS-2","warnings":[{"param":"fallback","code":"unroutable","message":"No."}]}}`
)
