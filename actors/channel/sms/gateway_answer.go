package sms

import (
	"fmt"
	"net/http"
	"strings"

	"messagehub/actors/channel"
)

// gatewayAnswer reads what a gateway answers to a send.
type gatewayAnswer struct {
	statuses                          map[int]bool // of a yes; empty: every 2xx
	success, id, errorCode, errorText finder
	value                             string // that success has to find, if not empty
	codes                             map[string]string
}

func newGatewayAnswer(v channel.Values) (a gatewayAnswer, err error) {
	a = gatewayAnswer{value: v.Text(settingValue), codes: v.Map(settingCodes)}
	// The settings have been checked one by one.
	if v.Text(settingStatuses) != "" {
		a.statuses, _ = parseStatuses(v.Text(settingStatuses))
	}
	a.success, _ = parseFinder(v.Text(settingSuccess))
	a.id, _ = parseFinder(v.Text(settingID))
	a.errorCode, _ = parseFinder(v.Text(settingError))
	a.errorText, _ = parseFinder(v.Text(settingErrorText))
	switch {
	case !a.success.set() && !a.id.set() && a.statuses == nil:
		return a, fmt.Errorf("%s, %s or %s is needed, to tell a yes from any other page", settingID, settingSuccess, settingStatuses)
	case a.value != "" && !a.success.set():
		return a, wants(settingValue, settingSuccess)
	case len(a.codes) > 0 && !a.errorCode.set() && v.Text(settingReceiptError) == "":
		return a, wants(settingCodes, settingError+" or "+settingReceiptError)
	}
	return a, nil
}

// read returns the message's id, or why it is not accepted. ref is what the
// message was given.
func (a *gatewayAnswer) read(answer *channel.Answer, ref string) (id string, refused *channel.Error) {
	accepted := answer.Status >= 200 && answer.Status < 300 && (len(a.statuses) == 0 || a.statuses[answer.Status])
	denied := false
	if accepted && a.success.set() {
		value, found := a.success.find(answer.Body)
		accepted = found && (a.value == "" || value == a.value)
		denied = found && !accepted
	}
	if accepted && !a.id.set() {
		return ref, nil
	}
	if accepted {
		if id, _ := a.id.find(answer.Body); usableID(id) {
			return id, nil
		}
	}
	return "", a.refusal(answer, denied)
}

// refusal makes the error of an answer that is no yes. denied: it says so
// itself. A 2xx that says nothing may have been a yes.
func (a *gatewayAnswer) refusal(answer *channel.Answer, denied bool) *channel.Error {
	out := answer.ByStatus()
	if answer.Status == http.StatusTooEarly {
		out.Code = channel.ProviderUnavailable
	}
	code, told := a.errorCode.find(answer.Body)
	told = told && code != ""
	if answer.Status < 300 && (denied || told) {
		out.Code = channel.ProviderError
	}
	if told {
		if known, ok := a.codes[code]; ok {
			out.Code = channel.Code(known)
		}
		out.ProviderCode, out.ProviderMessage = channel.Clean(code), ""
	}
	if text, ok := a.errorText.find(answer.Body); ok {
		out.ProviderMessage = channel.Clean(text)
	}
	return out
}

// without drops the provider's words where they hold the secret.
func without(e *channel.Error, secret string) *channel.Error {
	if secret != "" && strings.Contains(e.ProviderCode+" "+e.ProviderMessage, secret) {
		e.ProviderCode, e.ProviderMessage = "", ""
	}
	return e
}

// maxGatewayID bounds a message's id at a gateway.
const maxGatewayID = 200

// usableID reports whether id can be stored as a message's id.
func usableID(id string) bool {
	return id != "" && len(id) <= maxGatewayID && channel.Clean(id) == id
}
