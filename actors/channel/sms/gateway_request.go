package sms

import (
	"fmt"
	"net/url"
	"strings"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sms/gsm"
)

// gatewayRequest makes the request of a send.
type gatewayRequest struct {
	method, url          string
	headers, query, form templates
	json                 jsonTemplate
	encodings            map[string]string
	to                   func(string) (string, error)
	basic                [2]string
}

func newGatewayRequest(v channel.Values) (r gatewayRequest, err error) {
	r = gatewayRequest{
		method: v.Text(settingMethod), url: base(v, "") + v.Text(settingPath), encodings: v.Map(settingEncodings),
	}
	if r.method == "" {
		r.method = "POST"
	}
	// The settings have been checked one by one.
	r.headers, _ = parseTemplates(v.Map(settingHeaders), headerPlaceholders())
	r.query, _ = parseTemplates(v.Map(settingQuery), placeholders())
	r.form, _ = parseTemplates(v.Map(settingForm), placeholders())
	if v.Text(settingJSON) != "" {
		r.json, _ = parseJSONTemplate(v.Text(settingJSON))
	}
	if err := r.prove(v); err != nil {
		return r, err
	}
	if r.to, err = toFormat(v); err != nil {
		return r, err
	}
	return r, r.check(v)
}

// prove adds the sender's credentials.
func (r *gatewayRequest) prove(v channel.Values) error {
	secret, authName := v.Text(settingSecret), v.Text(settingAuthName)
	way := v.Text(settingAuth)
	switch {
	case way == "" || way == "none":
		return nil
	case secret == "":
		return wants(settingAuth+" "+way, settingSecret)
	case way == "basic" && v.Text(settingUsername) == "":
		return wants(settingAuth+" "+way, settingUsername)
	case (way == "header" || way == "query") && authName == "":
		return wants(settingAuth+" "+way, settingAuthName)
	}
	switch way {
	case "basic":
		r.basic = [2]string{v.Text(settingUsername), secret}
	case "bearer":
		r.headers["Authorization"] = template{{text: "Bearer "}, {name: "secret"}}
	case "header":
		r.headers[authName] = template{{name: "secret"}}
	case "query":
		r.query[authName] = template{{name: "secret"}}
	}
	return nil
}

// check tells what the templates lack.
func (r *gatewayRequest) check(v channel.Values) error {
	body := len(r.form) > 0 || r.json != nil
	switch {
	case len(r.form) > 0 && r.json != nil:
		return fmt.Errorf("%s and %s are there both: a body is one of them", settingForm, settingJSON)
	case r.method == "GET" && body:
		return fmt.Errorf("%s GET has no body: put the parameters into %s", settingMethod, settingQuery)
	}
	for _, name := range []string{"to", "text"} {
		if !r.names(name) {
			return fmt.Errorf("{%s} is nowhere: %s, %s or %s has to name it", name, settingQuery, settingForm, settingJSON)
		}
	}
	for name, setting := range map[string]string{"from": settingFrom, "username": settingUsername, "secret": settingSecret} {
		if v.Text(setting) == "" && r.json.names(name) {
			return fmt.Errorf("%s is missing: %s names {%s}", setting, settingJSON, name)
		}
	}
	return nil
}

// names reports whether the request says what stands for a placeholder.
func (r *gatewayRequest) names(name string) bool {
	return r.headers.names(name) || r.query.names(name) || r.form.names(name) || r.json.names(name)
}

// encoding returns the gateway's word for a coding.
func (r *gatewayRequest) encoding(c gsm.Coding) string {
	if word, ok := r.encodings[c.String()]; ok {
		return word
	}
	return c.String()
}

// call makes the request.
func (r *gatewayRequest) call(values map[string]string) (channel.Call, error) {
	c := channel.Call{Method: r.method, URL: r.url, Basic: r.basic, Once: r.method == "GET", Header: make(map[string]string, len(r.headers))}
	for name, t := range r.headers {
		c.Header[name] = t.expand(values)
	}
	if len(r.query) > 0 {
		glue := "?"
		if strings.Contains(c.URL, "?") {
			glue = "&"
		}
		c.URL += glue + fields(r.query, values).Encode()
	}
	switch {
	case r.json != nil:
		body, err := r.json.expand(values)
		if err != nil {
			return c, err
		}
		c.ContentType, c.Body = "application/json", body
	case len(r.form) > 0:
		c.ContentType, c.Body = "application/x-www-form-urlencoded", []byte(fields(r.form, values).Encode())
	}
	return c, nil
}

// fields expands parameters. One that names a sender or an address for
// receipts is left out where there is none.
func fields(t templates, values map[string]string) url.Values {
	out := make(url.Values, len(t))
	for name, one := range t {
		if (values["from"] == "" && one.names("from")) || (values["callback_url"] == "" && one.names("callback_url")) {
			continue
		}
		out.Set(name, one.expand(values))
	}
	return out
}
