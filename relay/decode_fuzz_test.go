package relay

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"messagehub/store/message"
	"messagehub/store/message/mutate"
)

// seeds are bodies that reach every part of the decoder.
func seeds() []string {
	return []string{
		sms(""), sms(`,"metadata":{"a":1,"b":"c"},"reference":"r"`), `{}`, `[]`, `{"to":`, ``, ` `, `null`,
		`{"to":"+919876543210","channel":"whatsapp","content":"x","fallback":{"channels":["telegram",{"channel":"sms","to":"+919876543211","content":"y","timeout":120}],"successStatus":"delivered","timeout":60,"on":["failed"],"lateReceipt":"continue","onUnknown":"retry"}}`,
		`{"to":"+14155550100","channel":"whatsapp","contentType":"template","templateId":"t","templateParams":{"고객명":"Kim\ud83d\ude00","n":-1.5e+3,"b":true}}`,
		`{"to":"+14155550100","channel":"whatsapp","contentType":"media","mediaUrl":"https://a/b","filename":"\u00e9\/\\"}`,
		`{"to":"+14155550100","channel":"whatsapp","contentType":"media","mediaUrl":"https://a/b","mediaType":"image","filename":"f","content":"c","templateLanguage":"ko","fallback":{"channels":["whatsapp",{"channel":"whatsapp","filename":"g"}]}}`,
		`{"to":"+14155550100","channel":"whatsapp","contentType":"template","templateId":"t","templateParams":{"a":1,"b":2,"a":3}}`,
		`{"to":"+14155550100","channel":"whatsapp","contentType":"template","templateId":"t","templateParams":{"a":1},"fallback":{"channels":["whatsapp",{"channel":"whatsapp","templateParams":{"b":2}}]}}`,
		sms(`,"to":"+14155550100"`), sms(`,"metadata":{"a":1,"a":2}`), sms(`,"reference":"\u0041\"\\\/é"`), sms(``)[:len(sms(``))-5] + `"\b\f\n\r\t\"\\\/\u00e9\ud83d\ude00"}`,
		sms(`,"fallback":{"channels":["sms",],}`), sms(`,"fallback":{"channels":[{"channel":"sms","timeout":5,"timeout":6}]}`), sms(`,}`), sms(`,"expiresIn":060`),
		sms(`,"scheduledAt":"2027-01-15T08:00:01Z","expiresIn":60,"priority":"bulk","strict":true`),
		`{"to":"sim:slow:1","channel":"sms","content":"` + "\xff" + `"}`, `{"to":"\ud800","channel":"sms"}`, `{"a":[[[[[[[[1]]]]]]]],"to":null}`,
	}
}

// FuzzDecode holds the decoder against encoding/json: what one of them can't
// read the other can't, but for what we refuse on purpose; and what we accept
// means the same to both.
func FuzzDecode(f *testing.F) {
	var bodies [][]byte
	for _, body := range seeds() {
		bodies = append(bodies, []byte(body))
	}
	r := testReader()
	mutate.Bytes(f, bodies, func(t testing.TB, body []byte) {
		before := bytes.Clone(body)
		d := r.read(body, testKey(len(body)%2 == 0), day)
		defer r.release(d)
		if !bytes.Equal(before, body) {
			t.Fatal("the body was changed")
		}
		checkDraft(t, d, body)
	})
}

func checkDraft(t testing.TB, d *draft, body []byte) {
	t.Helper()
	if len(d.faults) > maxFaults || cap(d.scan.text) > 2*len(body)+maxPooled {
		t.Fatalf("%d faults, %d bytes of text for a body of %d", len(d.faults), cap(d.scan.text), len(body))
	}
	broken := len(d.faults) > 0 && d.faults[0].Code == InvalidJSON
	if valid := json.Valid(body); broken == valid && !stricter(d.scan.wrong) {
		t.Fatalf("valid JSON: %t; we say %+v", valid, d.faults)
	}
	if len(d.faults) == 0 {
		checkAccepted(t, d, body)
	}
}

// stricter reports whether a body is refused for what encoding/json forgives.
func stricter(wrong string) bool {
	for _, part := range []string{"NUL", "surrogate", "UTF-8", "deeper", "order mark"} {
		if strings.Contains(wrong, part) {
			return true
		}
	}
	return false
}

func checkAccepted(t testing.TB, d *draft, body []byte) {
	t.Helper()
	members := objectOf(t, body)
	o := &d.out
	if len(o.Steps) < 1 || len(o.Steps) > maxSteps {
		t.Fatalf("%d steps", len(o.Steps))
	}
	checkStep(t, &o.Steps[0], members, nil)
	for name, got := range map[string]string{"reference": o.Reference} {
		checkText(t, members, name, got)
	}
	if raw := members["metadata"]; len(raw) > 0 && string(raw) != "null" {
		if objectOf(t, raw); string(raw) != o.Metadata {
			t.Errorf("metadata %q, want %q", o.Metadata, raw)
		}
	}
	if raw := members["expiresIn"]; len(raw) > 0 && string(raw) != "null" {
		var n int64
		if err := json.Unmarshal(raw, &n); err != nil || time.Duration(n)*time.Second != o.ExpiresIn {
			t.Errorf("expiresIn %s, want %s", o.ExpiresIn, raw)
		}
	}
	checkFallback(t, o, members)
}

func checkFallback(t testing.TB, o *message.Outbound, members map[string]json.RawMessage) {
	t.Helper()
	raw := members["fallback"]
	if len(raw) == 0 || string(raw) == "null" {
		if len(o.Steps) != 1 {
			t.Errorf("%d steps without fallback", len(o.Steps))
		}
		return
	}
	var steps []json.RawMessage
	if err := json.Unmarshal(objectOf(t, raw)["channels"], &steps); err != nil || len(steps) != len(o.Steps)-1 {
		t.Fatalf("%d steps, want %d (%v)", len(o.Steps)-1, len(steps), err)
	}
	for i, step := range steps {
		var name string
		if json.Unmarshal(step, &name) == nil {
			checkStep(t, &o.Steps[i+1], map[string]json.RawMessage{"channel": step}, members)
			continue
		}
		checkStep(t, &o.Steps[i+1], objectOf(t, step), members)
	}
}

// checkStep compares a step with its own members, and where it has none with
// the inherited ones.
func checkStep(t testing.TB, s *message.Step, own, inherited map[string]json.RawMessage) {
	t.Helper()
	for name, got := range map[string]string{"channel": s.Channel, "from": s.From} {
		checkText(t, own, name, got)
	}
	var to string
	if err := json.Unmarshal(own["to"], &to); err != nil || !sameNumber(s.To, to) {
		checkText(t, own, "to", s.To)
	}
	for name, got := range map[string]string{
		"content": s.Content, "templateId": s.TemplateID, "templateLanguage": s.TemplateLanguage,
		"mediaUrl": s.MediaURL, "mediaType": s.MediaType, "filename": s.Filename,
	} {
		if raw := own[name]; len(raw) == 0 || string(raw) == "null" {
			if name != "templateId" || s.ContentType != message.BrandMessage || len(own["content"]) == 0 {
				checkText(t, inherited, name, got)
			}
			continue
		}
		checkText(t, own, name, got)
	}
	raw := own["templateParams"]
	if len(raw) == 0 || string(raw) == "null" {
		raw = inherited["templateParams"]
	}
	checkParams(t, s.Params, raw)
}

// sameNumber reports whether a phone number in E.164 has the digits of the text
// that it was read from, but for separators, a 00 in place of the plus, and a
// zero that is not dialled from abroad.
func sameNumber(e164, text string) bool {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, text)
	if !strings.Contains(text, "+") {
		digits = strings.TrimPrefix(digits, "00")
	}
	if e164 == "+"+digits {
		return true
	}
	for i, c := range digits {
		if c == '0' && e164 == "+"+digits[:i]+digits[i+1:] {
			return true
		}
	}
	return false
}

func checkText(t testing.TB, members map[string]json.RawMessage, name, got string) {
	t.Helper()
	raw := members[name]
	if len(raw) == 0 || string(raw) == "null" {
		return
	}
	var want string
	if err := json.Unmarshal(raw, &want); err != nil || got != want && want != "" {
		t.Errorf("%s is %q, want %q (%v)", name, got, want, err)
	}
}

func checkParams(t testing.TB, got []message.Param, raw json.RawMessage) {
	t.Helper()
	if len(raw) == 0 || string(raw) == "null" {
		return
	}
	values := objectOf(t, raw)
	if len(values) != len(got) {
		t.Fatalf("%d params, want %d", len(got), len(values))
	}
	for _, p := range got {
		want := string(values[p.Name])
		if text := ""; json.Unmarshal(values[p.Name], &text) == nil {
			want = text
		}
		if p.Value != want {
			t.Errorf("param %q is %q, want %q", p.Name, p.Value, want)
		}
	}
}

// objectOf reads an object one level deep, and fails if it has a name twice:
// that the decoder must not have accepted.
func objectOf(t testing.TB, body []byte) map[string]json.RawMessage {
	t.Helper()
	members := make(map[string]json.RawMessage)
	d := json.NewDecoder(bytes.NewReader(body))
	if tok, err := d.Token(); err != nil || tok != json.Delim('{') {
		t.Fatalf("accepted what is no object: %v %v", tok, err)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			t.Fatalf("accepted broken JSON: %v", err)
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			t.Fatalf("accepted broken JSON: %v", err)
		}
		key := name.(string)
		if _, twice := members[key]; twice {
			t.Fatalf("accepted %q twice", key)
		}
		members[key] = raw
	}
	if _, err := d.Token(); err != nil {
		t.Fatalf("accepted broken JSON: %v", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		t.Fatalf("accepted text behind: %v", err)
	}
	return members
}

// Whatever a body of the largest size holds, reading it takes memory in
// proportion and no more.
func TestDecodeBoundsMemory(t *testing.T) {
	const size = 256 << 10
	r := testReader()
	for name, body := range map[string]string{
		"unknown members": `{` + strings.Repeat(`"a":1,`, size/6) + `"b":1}`,
		"escapes":         sms(`,"x":"` + strings.Repeat(`\n`, size/2) + `"`),
		"many escapes":    sms(`,"fallback":{"channels":["sms"],"on":[` + strings.Repeat(`"\n",`, size/5) + `"x"]}`),
		"params":          sms(`,"templateParams":{` + strings.Repeat(`"a":1,`, size/6) + `"b":1}`),
		"metadata":        sms(`,"metadata":{` + strings.Repeat(`"\u0061":1,`, size/11) + `"b":1}`),
		"steps":           sms(`,"fallback":{"channels":[` + strings.Repeat(`"x",`, size/4) + `"x"]}`),
		"nesting":         strings.Repeat(`{"a":`, size/5),
		"numbers":         sms(`,"expiresIn":` + strings.Repeat("9", size)),
		"one string":      sms(`,"reference":"` + strings.Repeat("é", size/2) + `"`),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			d := r.read([]byte(body), testKey(false), day)
			runtime.ReadMemStats(&after)
			if len(d.faults) == 0 {
				t.Error("accepted")
			}
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 4*size {
				t.Errorf("%d bytes allocated for a body of %d", grown, len(body))
			}
		})
	}
}
