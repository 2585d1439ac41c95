package json

import (
	stdjson "encoding/json"
	"testing"

	"messagehub/store/message/mutate"
)

func TestObjectGivesItsMembers(t *testing.T) {
	o := ReadObject([]byte(" {\"a\" : \"x\", \"b\":{\"a\":[\"}\",{}]} ,\n\"c\":null,\"d\":-1.5e3,\"\":[],\"a\":\"\\u0041\" } \n"))
	want := []string{"a", `"x"`, "b", `{"a":["}",{}]}`, "c", "null", "d", "-1.5e3", "", "[]", "a", `"\u0041"`}
	for i := 0; ; i += 2 {
		name, value, ok := o.Next()
		if !ok {
			if i != len(want) || !o.Whole() {
				t.Errorf("%d members, whole %v", i/2, o.Whole())
			}
			break
		}
		if i >= len(want) || string(name) != want[i] || string(value) != want[i+1] {
			t.Errorf("member %d is %s: %s", i/2, name, value)
		}
	}
	if text, ok := Plain([]byte(`"x"`)); !ok || string(text) != "x" {
		t.Errorf("plain %q, %v", text, ok)
	}
	for _, value := range []string{`"\u0041"`, "null", "1", `"`, ""} {
		if text, ok := Plain([]byte(value)); ok {
			t.Errorf("%s is plain: %q", value, text)
		}
	}
}

// FuzzObject holds it against encoding/json: every object is read whole, with
// the values that it has.
func FuzzObject(f *testing.F) {
	seeds := [][]byte{
		[]byte(`{"sid":"SM1","n":[1,{"a":"}"}],"e":null,"x":"\"\\","sid":2}`), []byte(` { } `), []byte(`[]`), []byte(`{"a":1}{`), []byte(`{"a" 1}`), []byte(`{,}`),
	}
	mutate.Bytes(f, seeds, func(t testing.TB, b []byte) {
		var want map[string]stdjson.RawMessage
		good := stdjson.Unmarshal(b, &want) == nil && want != nil && !tooDeep(b)
		o := ReadObject(b)
		for name, value, ok := o.Next(); ok; name, value, ok = o.Next() {
			var key string
			if !good || stdjson.Unmarshal([]byte(`"`+string(name)+`"`), &key) != nil {
				continue
			}
			if _, found := want[key]; !found || !stdjson.Valid(value) {
				t.Fatalf("%q has no member %q: %q", b, name, value)
			}
		}
		if good && !o.Whole() {
			t.Fatalf("%q is not read whole", b)
		}
	})
}
