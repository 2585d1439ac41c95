package sms

import (
	"net/http"
	"net/url"
	"strings"

	"messagehub/store/message"
	"messagehub/store/message/json"
)

// told looks up what a callback says: by the name of a parameter, or in JSON
// by a pointer. What it returns borrows nothing.
type told func(name string) (value string, ok bool)

// toldBy returns what is told of each thing that a callback tells: of one, or
// of as many as are in the list that a pointer leads to.
func toldBy(cb *message.Callback, format string, list []string) ([]told, error) {
	switch {
	case format == receiptForm || cb.Method == http.MethodGet:
		text := string(cb.Body)
		if cb.Method == http.MethodGet {
			text = cb.Query
		}
		values, err := url.ParseQuery(text)
		if err != nil {
			return nil, err
		}
		return []told{func(name string) (string, bool) { return strings.Clone(values.Get(name)), values.Has(name) }}, nil
	case list == nil:
		return []told{toldIn(cb.Body)}, nil
	}
	raw, ok := follow(cb.Body, list)
	var items []json.RawMessage
	if !ok || json.Unmarshal(raw, &items) != nil {
		return nil, errReport
	}
	out := make([]told, len(items))
	for i, item := range items {
		out[i] = toldIn(item)
	}
	return out, nil
}

// toldIn returns the fields of JSON.
func toldIn(raw json.RawMessage) told {
	return func(pointer string) (string, bool) {
		f := finder{pointer: parsePointer(pointer)}
		return f.find(raw)
	}
}

// text returns a field's value; empty if it has none, or no name.
func (f told) text(name string) string {
	if name == "" {
		return ""
	}
	value, _ := f(name)
	return value
}
