package telegram

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"messagehub/actors/channel/channeltest"
	"messagehub/actors/channel/sim"
)

// field is a field of a method or of a type.
type field struct {
	Name     string   `json:"name"`
	Types    []string `json:"types"`
	Required bool     `json:"required"`
}

// definition is a method or a type.
type definition struct {
	Fields   []field  `json:"fields"`
	Subtypes []string `json:"subtypes"`
	Returns  []string `json:"returns"`
}

// reference is the machine-readable copy of the Bot API's documentation.
type reference struct {
	Methods map[string]definition `json:"methods"`
	Types   map[string]definition `json:"types"`
}

func botAPI(t *testing.T) *reference {
	t.Helper()
	var d reference
	if err := json.Unmarshal(channeltest.Specification(t, "telegram/api.json"), &d); err != nil {
		t.Fatal(err)
	}
	return &d
}

// object checks that value has the fields that def requires and no others.
func (d *reference) object(t *testing.T, where string, def definition, value map[string]any) {
	t.Helper()
	known := make(map[string]field)
	for _, f := range def.Fields {
		known[f.Name] = f
		if _, ok := value[f.Name]; f.Required && !ok {
			t.Errorf("%s.%s is missing", where, f.Name)
		}
	}
	for name, v := range value {
		f, ok := known[name]
		if !ok {
			t.Errorf("%s.%s does not exist", where, name)
			continue
		}
		if !slices.ContainsFunc(f.Types, func(kind string) bool { return d.is(t, where+"."+name, kind, v) }) {
			t.Errorf("%s.%s is %v, want %v", where, name, v, f.Types)
		}
	}
}

// is reports whether v is of the kind; what is inside is checked by object.
func (d *reference) is(t *testing.T, where, kind string, v any) bool {
	t.Helper()
	if of, ok := strings.CutPrefix(kind, "Array of "); ok {
		list, ok := v.([]any)
		return ok && !slices.ContainsFunc(list, func(v any) bool { return !d.is(t, where, of, v) })
	}
	switch kind {
	case "Integer":
		n, ok := v.(float64)
		return ok && n == float64(int64(n))
	case "String":
		_, ok := v.(string)
		return ok
	case "Boolean", "True":
		_, ok := v.(bool)
		return ok
	}
	value, ok := v.(map[string]any)
	if ok {
		d.object(t, where, d.Types[kind], value)
	}
	return ok
}

// returned checks that value is what the method returns.
func (d *reference) returned(t *testing.T, method string, value map[string]any) {
	t.Helper()
	kinds := d.Methods[method].Returns
	if len(kinds) != 1 || len(d.Types[kinds[0]].Fields) == 0 {
		t.Fatalf("%s returns %v", method, kinds)
	}
	d.object(t, kinds[0], d.Types[kinds[0]], value)
}

func TestGoldensAreTelegrams(t *testing.T) {
	d := botAPI(t)
	files, err := filepath.Glob("testdata/*.http")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d golden files, %v", len(files), err)
	}
	used := make(map[string]bool)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			head, body, _ := strings.Cut(string(text), "\n\n")
			line, _, _ := strings.Cut(head, "\n")
			method, ok := strings.CutPrefix(line, "POST "+bot)
			def, known := d.Methods[method]
			if !ok || !known {
				t.Fatalf("request line %q", line)
			}
			used[method] = true
			var value map[string]any
			if err := json.Unmarshal([]byte(body), &value); err != nil {
				t.Fatal(err)
			}
			d.object(t, method, def, value)
		})
	}
	for name, m := range methods() {
		if m.name != "getMe" && !used[m.name] {
			t.Errorf("no golden file is of %s", name)
		}
	}
}

func TestSimulatorsAnswersAreTelegrams(t *testing.T) {
	d := botAPI(t)
	calls := map[string]string{
		"sendMessage":  `{"chat_id":1,"text":"x"}`,
		"sendPhoto":    `{"chat_id":-100,"photo":"https://a/b.jpg","caption":"c"}`,
		"sendVideo":    `{"chat_id":-1001234567890123,"video":"https://a/b.mp4"}`,
		"sendAudio":    `{"chat_id":"@some_channel","audio":"https://a/b.mp3"}`,
		"sendVoice":    `{"chat_id":1,"voice":"https://a/b.ogg","caption":"<b>c</b>","parse_mode":"HTML"}`,
		"sendDocument": `{"chat_id":"sim:delivered","document":"https://a/b.pdf"}`,
	}
	for method, body := range calls {
		t.Run(method, func(t *testing.T) {
			status, answer := newDesk(t, sim.Knobs{}).json(t, method, body)
			result, ok := answer["result"].(map[string]any)
			if status != 200 || !ok || len(answer) != 2 {
				t.Fatalf("status %d, %v", status, answer)
			}
			d.returned(t, method, result)
		})
	}
	t.Run("getMe", func(t *testing.T) {
		_, answer := newDesk(t, sim.Knobs{}).json(t, "getMe", "")
		d.returned(t, "getMe", answer["result"].(map[string]any))
	})
	t.Run("refusal", func(t *testing.T) {
		_, answer := newDesk(t, sim.Knobs{Throttle: 1}).json(t, "sendMessage", calls["sendMessage"])
		d.object(t, "ResponseParameters", d.Types["ResponseParameters"], answer["parameters"].(map[string]any))
		_, answer = newDesk(t, sim.Knobs{}).json(t, "sendMessage", fmt.Sprintf(`{"chat_id":%s,"text":"x"}`, upgraded))
		d.object(t, "ResponseParameters", d.Types["ResponseParameters"], answer["parameters"].(map[string]any))
	})
}

// TestExamplesAreTelegrams: the adapter is tested on answers and updates of
// the documented form.
func TestExamplesAreTelegrams(t *testing.T) {
	d := botAPI(t)
	var yes struct {
		Result map[string]any `json:"result"`
	}
	if err := json.Unmarshal([]byte(success), &yes); err != nil {
		t.Fatal(err)
	}
	d.object(t, "Message", d.Types["Message"], yes.Result)
	for _, cb := range callbacks()[:2] {
		var value map[string]any
		if err := json.Unmarshal([]byte(cb.Body), &value); err != nil {
			t.Fatal(err)
		}
		for name := range value {
			known := func(f field) bool { return f.Name == name }
			if !slices.ContainsFunc(d.Types["Update"].Fields, known) {
				t.Errorf("%s: an update has no %s", cb.Name, name)
			}
		}
	}
}

func TestSimulatorKnowsTelegramsFields(t *testing.T) {
	d := botAPI(t)
	for _, m := range methods() {
		var want []string
		for _, f := range d.Methods[m.name].Fields {
			want = append(want, f.Name)
		}
		got := slices.Clone(m.fields)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s has %v, want %v", m.name, got, want)
		}
	}
}
