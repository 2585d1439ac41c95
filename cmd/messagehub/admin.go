package main

import (
	"errors"
	"fmt"

	"messagehub/store/message/json"
)

// The admin socket speaks one line of JSON each way: a request, then its
// reply; then the server closes the connection. Whoever can open the socket
// may do everything: its file belongs to the server's user alone.

// adminSocket is the socket's name in the data directory.
const adminSocket = "admin.sock"

// maxAdminRequest bounds the line of a request.
const maxAdminRequest = 64 << 10

type adminRequest struct {
	Verb string          `json:"verb"`
	Args json.RawMessage `json:"args"`
}

// adminReply has Data, or Error.
type adminReply struct {
	Data  json.RawMessage `json:"data,omitempty"`
	Error *adminError     `json:"error,omitempty"`
}

// adminError is a failure on its way through the socket.
type adminError struct {
	Exit    int    `json:"exit"`
	Message string `json:"message"`
	Remedy  string `json:"remedy,omitempty"`
}

func (e *adminError) failure() error {
	return &failure{code: e.Exit, err: errors.New(e.Message), remedy: e.Remedy}
}

// answer makes the reply of what a verb returned.
func answer(v any, err error) adminReply {
	if err == nil {
		var data []byte
		if data, err = json.Marshal(v); err == nil {
			return adminReply{Data: data}
		}
	}
	e := &adminError{Exit: exitCode(err), Message: err.Error()}
	var f *failure
	if errors.As(err, &f) {
		e.Remedy = f.remedy
	}
	return adminReply{Error: e}
}

// readRequest parses the line of a request.
func readRequest(line []byte) (adminRequest, error) {
	var r adminRequest
	if err := json.UnmarshalStrict(line, &r); err != nil {
		return r, fmt.Errorf("read request: %w", err)
	}
	return r, nil
}
