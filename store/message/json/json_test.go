package json

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"messagehub/store/message/mutate"
)

func TestNestingIsBounded(t *testing.T) {
	for _, c := range []struct {
		text string
		want error
	}{
		{strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth), nil},
		{strings.Repeat("[", MaxDepth+1) + strings.Repeat("]", MaxDepth+1), ErrTooDeep},
		{strings.Repeat(`{"a":`, MaxDepth+1) + "1" + strings.Repeat("}", MaxDepth+1), ErrTooDeep},
		{`"` + strings.Repeat("[", 100) + `\"` + strings.Repeat("{", 100) + `"`, nil}, // brackets in a string are text
	} {
		var v any
		if err := Unmarshal([]byte(c.text), &v); !errors.Is(err, c.want) {
			t.Errorf("%.40s…: %v, want %v", c.text, err, c.want)
		}
	}
}

func TestStrictRefuses(t *testing.T) {
	var v struct{ To string }
	for text, good := range map[string]bool{
		`{"to":"a"}`: true, `{"to":"a","cc":"b"}`: false, `{"to":"a"} {}`: false, `{"to":`: false,
	} {
		if err := UnmarshalStrict([]byte(text), &v); (err == nil) != good {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestMarshalEscapesNoMarkup(t *testing.T) {
	b, err := Marshal(map[string]string{"a": "<&>"})
	if err != nil || string(b) != `{"a":"<&>"}` {
		t.Errorf("%s, %v", b, err)
	}
}

// FuzzUnmarshal holds the codec against encoding/json: the same texts are
// good, with the same values, and the input stays as it was.
func FuzzUnmarshal(f *testing.F) {
	seeds := [][]byte{
		[]byte(`{"a":[1,-0.5e3,true,null,"x\u00e9\ud83d\ude00"],"A":{"b":{}},"a":2}`), []byte(` [ ] `), []byte(`"\ud800"`), []byte("\"\xff\""), []byte(`1e400`),
	}
	mutate.Bytes(f, seeds, func(t testing.TB, b []byte) {
		if tooDeep(b) {
			return
		}
		before := bytes.Clone(b)
		var got, want any
		err, wantErr := Unmarshal(b, &got), stdjson.Unmarshal(b, &want)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("%q: %v, encoding/json says %v", b, err, wantErr)
		}
		if err == nil && !reflect.DeepEqual(got, want) {
			t.Fatalf("%q reads as %#v, not %#v", b, got, want)
		}
		if !bytes.Equal(b, before) {
			t.Fatalf("%q became %q", before, b)
		}
	})
}
