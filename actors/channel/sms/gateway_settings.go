package sms

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"messagehub/actors/channel"
	"messagehub/store/message/json"
)

// The settings of a sender at a gateway with an HTTP API.
const (
	settingPreset    = "preset"
	settingMethod    = "method"
	settingPath      = "path"
	settingHeaders   = "headers"
	settingQuery     = "query"
	settingForm      = "form"
	settingJSON      = "json"
	settingAuth      = "auth"
	settingAuthName  = "authName"
	settingUsername  = "username"
	settingSecret    = "secret"
	settingToFormat  = "toFormat"
	settingCountry   = "country"
	settingEncodings = "encodings"
	settingStatuses  = "successStatuses"
	settingSuccess   = "success"
	settingValue     = "successValue"
	settingID        = "id"
	settingError     = "errorCode"
	settingErrorText = "errorText"
	settingCodes     = "errorCodes"
)

func gatewaySettings() []channel.Setting {
	request := []channel.Setting{
		{
			Name: settingPreset, Check: oneOf(presetNames()...),
			Help: "http: a known gateway, whose settings are the defaults of the others: infobip or kannel",
		},
		{
			Name: settingMethod, Check: oneOf("GET", "POST", "PUT"), Help: "http: the request's method, GET, POST (default) or PUT",
		},
		{
			Name: settingPath, Check: matching(`^/[!-~]*$`, "must begin with / and be escaped"), Help: "http: the path below baseURL",
		},
		{
			Name: settingHeaders, Kind: channel.KindMap, Check: checkHeaders, Help: "http: headers of the request, such as X-Account: \"{username}\"",
		},
		{
			Name: settingQuery, Kind: channel.KindMap, Check: checkFields, Help: "http: parameters of the address, such as to: \"{to}\"",
		},
		{
			Name: settingForm, Kind: channel.KindMap, Check: checkFields, Help: "http: parameters of a form in the body, such as text: \"{text}\"",
		},
		{
			Name: settingJSON, Check: checkJSON, Help: "http: JSON of the body, in place of form, such as '{\"to\": \"{to}\"}'",
		},
	}
	return append(append(request, gatewayIdentitySettings()...), gatewayAnswerSettings()...)
}

func gatewayIdentitySettings() []channel.Setting {
	return []channel.Setting{
		{
			Name: settingAuth, Check: oneOf("none", "basic", "bearer", "header", "query"),
			Help: "http: how the sender proves itself: none (default), basic, bearer, header or query",
		},
		{
			Name: settingAuthName, Check: checkHeaderName, Help: "http: with auth header or query, the name of the header or parameter that holds the secret",
		},
		{
			Name: settingUsername, Check: printable, Help: "http: user name for auth basic and for {username}",
		},
		{
			Name: settingSecret, Secret: true, Sandbox: "sandbox-gateway-secret", Check: printable,
			Help: "http: password, token or key, for auth and for {secret}",
		},
		{
			Name: settingToFormat, Check: oneOf("e164", "digits", "national"),
			Help: "http: how {to} is written: e164 (+14155550100, default), digits (14155550100) or national, as in the country",
		},
		{
			Name: settingCountry, Check: checkCountry, Help: "http: with toFormat national, the country, such as DE; other numbers are refused",
		},
		{
			Name: settingEncodings, Kind: channel.KindMap, Check: checkEncodings,
			Help: "http: what {encoding} is for GSM-7 and for UCS-2, if not their names",
		},
	}
}

func gatewayAnswerSettings() []channel.Setting {
	return []channel.Setting{
		{
			Name: settingStatuses, Check: checkStatuses, Help: "http: statuses of a yes, such as 200, 202; without it every 2xx",
		},
		{
			Name: settingSuccess, Check: checkFinder,
			Help: "http: what a yes has besides: a JSON pointer such as /status, or a regular expression such as ^OK",
		},
		{
			Name: settingValue, Help: "http: what success has to find, if not anything",
		},
		{
			Name: settingID, Check: checkFinder,
			Help: "http: where a yes has the message's id, a JSON pointer or a regular expression; without it the id is {message_id}",
		},
		{
			Name: settingError, Check: checkFinder, Help: "http: where a no has the error's code, a JSON pointer or a regular expression",
		},
		{
			Name: settingErrorText, Check: checkFinder, Help: "http: where a no has the error's text, a JSON pointer or a regular expression",
		},
		{
			Name: settingCodes, Kind: channel.KindMap, Check: checkCodes,
			Help: "http: the gateway's error codes in the words of the relay, such as 105: invalid_recipient",
		},
	}
}

// checkMap makes a check of each pair of a mapping.
func checkMap(value string, check func(name, text string) error) error {
	var pairs map[string]string
	if err := json.Unmarshal([]byte(value), &pairs); err != nil {
		return err
	}
	for name, text := range pairs {
		if err := check(name, text); err != nil {
			return err
		}
	}
	return nil
}

func checkFields(value string) error {
	return checkMap(value, func(name, text string) error { return checkTemplateOf(name, text, placeholders()) })
}

func checkHeaders(value string) error {
	return checkMap(value, func(name, text string) error {
		if text != "" && printable(text) != nil {
			return fmt.Errorf("is not valid: %s must be printable ASCII", channel.Clean(name))
		}
		if err := checkHeaderName(name); err != nil {
			return fmt.Errorf("is not valid: the name %q %w", channel.Clean(name), err)
		}
		return checkTemplateOf(name, text, headerPlaceholders())
	})
}

func checkTemplateOf(name, text string, names []string) error {
	if _, err := parseTemplate(text, names); err != nil {
		return fmt.Errorf("is not valid: %s %w", channel.Clean(name), err)
	}
	return nil
}

func checkHeaderName(value string) error {
	return matching(`^[A-Za-z0-9_-]+$`, "must be letters, digits and hyphens")(value)
}

func checkJSON(value string) error {
	_, err := parseJSONTemplate(value)
	return err
}

func checkFinder(value string) error {
	_, err := parseFinder(value)
	return err
}

func checkEncodings(value string) error {
	return checkMap(value, func(name, _ string) error {
		return oneOf("GSM-7", "UCS-2")(name)
	})
}

func checkStatuses(value string) error {
	_, err := parseStatuses(value)
	return err
}

// parseStatuses reads a list of statuses; no list is every 2xx.
func parseStatuses(value string) (map[int]bool, error) {
	out := map[int]bool{}
	for word := range strings.SplitSeq(value, ",") {
		status, err := strconv.Atoi(strings.TrimSpace(word))
		if value != "" && (err != nil || status < 200 || status > 299) {
			return nil, errors.New("must list statuses from 200 to 299, separated by commas")
		}
		out[status] = true
	}
	return out, nil
}

// checkCodes checks a mapping to codes of the relay.
func checkCodes(value string) error {
	return checkMap(value, func(name, code string) error {
		if _, ok := channel.Rules()[channel.Code(code)]; !ok {
			return fmt.Errorf("is not valid: %s names %q; see the page errors for the codes of failures", channel.Clean(name), channel.Clean(code))
		}
		return nil
	})
}

// printable refuses what can't stand in a header.
func printable(value string) error {
	return matching(`^[ -~]+$`, "must be printable ASCII")(value)
}

func matching(pattern, text string) func(string) error {
	re := regexp.MustCompile(pattern)
	return func(value string) error {
		if !re.MatchString(value) {
			return errors.New(text)
		}
		return nil
	}
}
