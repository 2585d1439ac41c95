package client

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Error is a request that the relay refused.
type Error struct {
	Status    int    `json:"-"`    // of the HTTP answer
	Code      string `json:"code"` // stable; empty if the answer was not the relay's
	Message   string `json:"message"`
	Param     string `json:"param"`
	Hint      string `json:"hint"`
	DocURL    string `json:"docUrl"`
	RequestID string `json:"requestId"`
	// Permanent: the same request will fail again.
	Permanent bool `json:"permanent"`
	// Errors is everything that is wrong with the request.
	Errors []Fault `json:"errors"`
	// RetryAfter is how long to wait before the next try, where the relay said
	// so.
	RetryAfter time.Duration `json:"-"`
}

// Fault is one thing that is wrong with a request.
type Fault struct {
	Param   string `json:"param"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Error names the code, what is wrong and the id of the request.
func (e *Error) Error() string {
	if e.Code == "" {
		return fmt.Sprintf("the server answered %d and no error of the API", e.Status)
	}
	text := fmt.Sprintf("%s (%d %s, %s)", e.Message, e.Status, e.Code, e.RequestID)
	if e.Status == 0 { // of one message of a batch
		text = e.Message + " (" + e.Code + ")"
	}
	for _, f := range e.Errors {
		if f.Message != e.Message {
			text += "; " + f.Message
		}
	}
	return text
}

// ReadError reads a refusal, for who makes requests of his own. An answer that
// is none of the relay's, as a proxy in between gives, is worth another try if
// its status says so.
func ReadError(status int, header http.Header, body []byte) *Error {
	var answer struct {
		Error Error `json:"error"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.Error.Code == "" {
		passing := status >= 502 && status <= 504 || status == http.StatusTooManyRequests
		answer.Error = Error{Permanent: !passing}
	}
	e := &answer.Error
	e.Status, e.RetryAfter = status, seconds(header.Get("Retry-After"))
	if e.RequestID == "" {
		e.RequestID = header.Get("Request-Id")
	}
	return e
}

// seconds reads a number of seconds; 0 if it is none.
func seconds(text string) time.Duration {
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Second
}

// brokenError is one that no further try can mend.
type brokenError struct{ error }

func (e *brokenError) Unwrap() error { return e.error }
