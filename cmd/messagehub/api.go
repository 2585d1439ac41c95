package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"messagehub/store/message/json"
)

// The environment variables of the commands that use the API.
const (
	envURL = "MESSAGEHUB_URL"
	envKey = "MESSAGEHUB_KEY"
)

// api speaks to a relay as any client does.
type api struct {
	base, key string
	http      http.Client
}

// newAPI takes address and key from the environment. A flag for the key would
// show it to everybody who can list processes.
func newAPI() (*api, error) {
	a := &api{base: strings.TrimRight(cmp.Or(os.Getenv(envURL), "http://127.0.0.1:8080"), "/"), key: os.Getenv(envKey)}
	a.http.Timeout = time.Minute
	if u, err := url.Parse(a.base); err != nil || u.Host == "" {
		return nil, fail(exitUsage, "set it to the address of the API, such as http://127.0.0.1:8080", "%s is not a URL", envURL)
	}
	if a.key == "" {
		return nil, fail(exitUsage, `the demo prints one; a server's are made with "messagehub keys create"`, "set %s to an API key", envKey)
	}
	return a, nil
}

// maxAnswer bounds an answer of the API.
const maxAnswer = 16 << 20

// call makes one request and reads the answer's body into out.
func (a *api) call(ctx context.Context, method, path string, body []byte, header map[string]string, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+a.key)
	req.Header.Set("Content-Type", "application/json")
	for name, value := range header {
		req.Header.Set(name, value)
	}
	resp, err := a.http.Do(req)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err
		}
		return fail(exitUnavailable, "is it running? "+envURL+" says where it is", "reach %s: %w", a.base, reason(err))
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("read answer: %w", reason(err))
	}
	if resp.StatusCode >= 300 {
		return apiFailure(resp.StatusCode, b)
	}
	return json.Unmarshal(b, out)
}

// apiProblem is the error body of the API.
type apiProblem struct {
	Error struct {
		Code      string  `json:"code"`
		Message   string  `json:"message"`
		Param     *string `json:"param"`
		Hint      string  `json:"hint"`
		DocURL    string  `json:"docUrl"`
		RequestID string  `json:"requestId"`
		Errors    []struct {
			Param   *string `json:"param"`
			Code    string  `json:"code"`
			Message string  `json:"message"`
		} `json:"errors"`
	} `json:"error"`
}

// apiFailure tells what the API refused, every fault of it.
func apiFailure(status int, body []byte) error {
	var p apiProblem
	if err := json.Unmarshal(body, &p); err != nil || p.Error.Code == "" {
		return fail(exitUnavailable, "is "+envURL+" the address of the API?", "the server answered %d", status)
	}
	text := fmt.Sprintf("%s (%d %s)", p.Error.Message, status, p.Error.Code)
	if len(p.Error.Errors) > 1 {
		for _, e := range p.Error.Errors {
			text += "\n  - " + e.Message
		}
	}
	return fail(apiExit(status), p.Error.Hint+"\n"+p.Error.DocURL+"  "+p.Error.RequestID, "%s", text)
}

func apiExit(status int) int {
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return exitDenied
	case status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable:
		return exitUnavailable
	}
	return exitFailure
}
