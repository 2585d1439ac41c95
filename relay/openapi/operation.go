package openapi

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

func method(r Route) string { return strings.ToLower(r.Method) }

// name is how a route is called where it is described.
func name(r Route) string { return method(r) + " " + r.Path }

// addRoutes completes the description of every route.
func (w *writer) addRoutes() error {
	described := make(map[string]bool)
	for name := range w.operations {
		described[name] = true
	}
	for _, r := range w.tables.Routes {
		if !described[name(r)] {
			return fmt.Errorf("describe the API: no description of %s %s", r.Method, r.Path)
		}
		delete(described, name(r))
		op, err := w.operation(r, w.operations[name(r)])
		if err != nil {
			return fmt.Errorf("describe %s %s: %w", r.Method, r.Path, err)
		}
		w.operations[name(r)] = op
	}
	for name := range described {
		return fmt.Errorf("describe the API: there is no route %s", name)
	}
	return nil
}

var pathParameter = regexp.MustCompile(`\{(\w+)\}`)

// operation adds to a description what the tables know.
func (w *writer) operation(r Route, op object) (object, error) {
	var parameters []any
	for _, m := range pathParameter.FindAllStringSubmatch(r.Path, -1) {
		if sub(sub(w.components, "parameters"), m[1]) == nil {
			return nil, fmt.Errorf("no parameter %s", m[1])
		}
		parameters = append(parameters, ref("parameters", m[1]))
	}
	query, _ := get(op, "parameters").([]any)
	if parameters = append(parameters, query...); len(parameters) > 0 {
		op = with(op, "parameters", parameters)
	}
	op = with(op, "security", []any{})
	if r.Scope != "" {
		op = with(op, "security", []any{obj("apiKey", []any{r.Scope})})
	}
	named, op := take(op, "errors")
	codes := slices.Clone(r.Codes)
	if list, ok := named.([]any); ok {
		for _, code := range list {
			codes = append(codes, fmt.Sprint(code))
		}
	}
	responses, err := w.responses(r, sub(op, "responses"), codes)
	return with(op, "responses", responses), err
}

// responses completes the good answers and adds the bad ones.
func (w *writer) responses(r Route, good object, codes []string) (object, error) {
	out := object{}
	for _, m := range good {
		answer, err := w.success(r, m.Value.(object))
		if err != nil {
			return nil, err
		}
		out = with(out, fmt.Sprint(m.Key), answer)
	}
	byStatus := make(map[int][]string)
	for _, code := range codes {
		p, ok := w.problems[code]
		if !ok {
			return nil, fmt.Errorf("no error %s", code)
		}
		if !slices.Contains(byStatus[p.Status], code) {
			byStatus[p.Status] = append(byStatus[p.Status], code)
		}
	}
	for status := 400; status < 600; status++ {
		if codes := byStatus[status]; codes != nil {
			key := strconv.Itoa(status)
			out = with(out, key, w.failure(r, sub(out, key), codes))
		}
	}
	return out, nil
}

// success writes a good answer out.
func (w *writer) success(r Route, answer object) (object, error) {
	schema := any(nil)
	data, answer := take(answer, "data")
	page, answer := take(answer, "page")
	more, answer := take(answer, "headers")
	switch {
	case data != nil:
		schema = obj("type", "object", "required", "all", "properties", obj("data", ref("schemas", data.(string))))
	case page != nil:
		schema = obj("type", "object", "required", "all", "properties", obj(
			"data", obj("type", "array", "items", ref("schemas", page.(string))),
			"page", ref("schemas", "Page"),
		))
	}
	if schema != nil {
		body := object{}
		sample := w.sample(schema, 0)
		answer = with(answer, "content", obj("application/json", append(body, obj("schema", schema, "example", sample)...)))
	}
	headers := w.headers(r)
	if list, ok := more.([]any); ok {
		for _, name := range list {
			if sub(sub(w.components, "headers"), fmt.Sprint(name)) == nil {
				return nil, fmt.Errorf("no header %s", name)
			}
			headers = with(headers, fmt.Sprint(name), ref("headers", fmt.Sprint(name)))
		}
	}
	return with(answer, "headers", headers), nil
}

// headers are those of every answer of a route.
func (w *writer) headers(r Route) object {
	headers := obj("Request-Id", ref("headers", "Request-Id"))
	if r.Scope != "" {
		for _, name := range []string{"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"} {
			headers = with(headers, name, ref("headers", name))
		}
	}
	return headers
}

// failure is the answer of one status. Equal ones are written once, as a
// component. An operation may have a body of its own for the status.
func (w *writer) failure(r Route, own object, codes []string) object {
	slices.Sort(codes)
	if own != nil {
		return w.writeFailure(r, own, codes)
	}
	key := fmt.Sprint(r.Scope != "", codes)
	if w.failures[key] == "" {
		status := strconv.Itoa(w.problems[codes[0]].Status)
		w.counts[status]++
		w.failures[key] = fmt.Sprintf("Error%s.%d", status, w.counts[status])
		w.components = with(w.components, "responses",
			with(sub(w.components, "responses"), w.failures[key], w.writeFailure(r, nil, codes)))
	}
	return ref("responses", w.failures[key])
}

func (w *writer) writeFailure(r Route, own object, codes []string) object {
	examples, texts, retry := object{}, []string{}, false
	for _, code := range codes {
		p := w.problems[code]
		examples = with(examples, code, ref("examples", code))
		texts = append(texts, "`"+code+"`: "+p.Text)
		retry = retry || p.RetryAfter
	}
	headers := w.headers(r)
	if retry {
		headers = with(headers, "Retry-After", ref("headers", "Retry-After"))
	}
	if w.problems[codes[0]].Status == 401 {
		headers = with(headers, "WWW-Authenticate", ref("headers", "WWW-Authenticate"))
	}
	schema := any(ref("schemas", "Error"))
	if own := sub(sub(sub(own, "content"), "application/json"), "schema"); own != nil {
		schema = obj("anyOf", []any{ref("schemas", "Error"), own})
	}
	return obj("description", strings.Join(texts, "\n"), "headers", headers,
		"content", obj("application/json", obj("schema", schema, "examples", examples)))
}
