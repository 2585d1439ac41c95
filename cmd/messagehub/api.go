package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"messagehub/relay/client"
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
	client    *client.Client
}

// newAPI takes address and key from the environment. A flag for the key would
// show it to everybody who can list processes.
func newAPI() (*api, error) {
	a := &api{base: strings.TrimRight(cmp.Or(os.Getenv(envURL), "http://127.0.0.1:8080"), "/"), key: os.Getenv(envKey)}
	if u, err := url.Parse(a.base); err != nil || u.Host == "" {
		return nil, fail(exitUsage, "set it to the address of the API, such as http://127.0.0.1:8080", "%s is not a URL", envURL)
	}
	if a.key == "" {
		return nil, fail(exitUsage, `the demo prints one; a server's are made with "messagehub keys create"`, "set %s to an API key", envKey)
	}
	// One try: whoever types a command sees what happens to it.
	a.client = &client.Client{URL: a.base, Key: a.key, HTTP: &http.Client{Timeout: time.Minute}, Tries: 1}
	return a, nil
}

// maxAnswer bounds an answer of the API.
const maxAnswer = 16 << 20

// call makes one request and reads the answer's body into out.
func (a *api) call(ctx context.Context, method, path string, body []byte, header map[string]string, out any) error {
	h := http.Header{}
	for name, value := range header {
		h.Set(name, value)
	}
	var in any
	if body != nil {
		in = json.RawMessage(body)
	}
	return a.failure(a.client.Do(ctx, method, path, h, in, out))
}

// failure tells what the client's error means to who typed a command: what the
// API refused, every fault of it, or why it can't be reached.
func (a *api) failure(err error) error {
	var refused *client.Error
	var unreached *url.Error
	switch {
	case errors.As(err, &refused) && refused.Code == "":
		return fail(exitUnavailable, "is "+envURL+" the address of the API?", "the server answered %d", refused.Status)
	case errors.As(err, &refused):
		return refusal(refused)
	case errors.As(err, &unreached):
		return fail(exitUnavailable, "is it running? "+envURL+" says where it is", "reach %s: %w", a.base, reason(unreached.Err))
	}
	return err
}

func refusal(e *client.Error) error {
	text := fmt.Sprintf("%s (%d %s)", e.Message, e.Status, e.Code)
	if len(e.Errors) > 1 {
		for _, f := range e.Errors {
			text += "\n  - " + f.Message
		}
	}
	return fail(apiExit(e.Status), e.Hint+"\n"+e.DocURL+"  "+e.RequestID, "%s", text)
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
