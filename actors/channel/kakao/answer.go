package kakao

import (
	"strconv"

	"messagehub/actors/channel"
	"messagehub/store/message/json"
)

const maxID = 200

// codeRepeated is NHN's answer to an idempotency key that it knows.
const codeRepeated = -1005

// codeAllFailed says that the codes beside the recipients count.
const codeAllFailed = -1031

// response is NHN's answer to a send. What the header says is about the
// request; each recipient has a code beside it.
type response struct {
	Header  *header `json:"header"`
	Message *struct {
		ID      string       `json:"requestId"`
		Results []sendResult `json:"sendResults"`
	} `json:"message"`
}

type header struct {
	Code    int    `json:"resultCode"`
	Message string `json:"resultMessage"`
	OK      bool   `json:"isSuccessful"`
}

type sendResult struct {
	Seq     int    `json:"recipientSeq"`
	Code    int    `json:"resultCode"`
	Message string `json:"resultMessage"`
}

// failed reports whether the recipient was refused. NHN's guides give 0 for a
// yes, and in one place 200.
func (r *sendResult) failed() bool { return r.Code != 0 && r.Code != 200 }

// readAnswer reads an answer; Header is nil if it is not of NHN's form.
func readAnswer(a *channel.Answer) response {
	var in response
	if json.Unmarshal(a.Body, &in) != nil || in.Header == nil || !in.Header.OK && in.Header.Code == 0 {
		return response{}
	}
	return in
}

func (in *response) code() int {
	if in.Header == nil || in.Header.OK {
		return 0
	}
	return in.Header.Code
}

// decode makes the outcome of a send to one recipient. NHN does not say which
// status its answers have: header and recipient decide.
func (in *response) decode(a *channel.Answer, codes map[int]channel.Code) (channel.Acceptance, *channel.Error) {
	if in.Header == nil {
		return channel.Acceptance{}, a.ByStatus()
	}
	if in.Message != nil && len(in.Message.Results) == 1 && in.Message.Results[0].failed() {
		r := &in.Message.Results[0]
		return channel.Acceptance{}, failure(codes, r.Code, r.Message, a)
	}
	if !in.Header.OK {
		return channel.Acceptance{}, in.refused(a, codes)
	}
	if a.Status < 300 && in.Message != nil && len(in.Message.Results) == 1 {
		if id := providerID(in.Message.ID, in.Message.Results[0].Seq); id != "" {
			return channel.Acceptance{ProviderID: id}, nil
		}
	}
	return channel.Acceptance{}, a.ByStatus()
}

// refused makes the error of a header that says no.
func (in *response) refused(a *channel.Answer, codes map[int]channel.Code) *channel.Error {
	return failure(codes, in.Header.Code, in.Header.Message, a)
}

// failure gives NHN's code its meaning. One that is not documented is about
// what was asked: the documented ones for NHN's own trouble are few.
func failure(codes map[int]channel.Code, code int, text string, a *channel.Answer) *channel.Error {
	known, ok := codes[code]
	if !ok {
		known = channel.ContentRejected
	}
	e := channel.Failed(known, strconv.Itoa(code), text)
	e.RetryAfter = a.RetryAfter
	return e
}

// providerID names a message as NHN's own paths do; "" if that can't be kept.
func providerID(request string, seq int) string {
	id := request + "/" + strconv.Itoa(seq)
	if request == "" || seq < 0 || len(id) > maxID || channel.Clean(id) != id {
		return ""
	}
	return id
}
