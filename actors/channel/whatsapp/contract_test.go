package whatsapp

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"messagehub/actors/channel/sim"
	"messagehub/store/message"
)

// kinds names the schema of each type of message.
func kinds() map[string]string {
	return map[string]string{
		"text": "TextMessage", "image": "ImageMessage", "video": "VideoMessage", "audio": "AudioMessage",
		"document": "DocumentMessage", "template": "TemplateMessage",
	}
}

func decoded(t *testing.T, text string) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}

// golden returns the body of a golden request.
func golden(t *testing.T, file string) map[string]any {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(string(text), "\n\n")
	return decoded(t, body)
}

func encoded(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestGoldenRequestsFitMetasDocument checks what the adapter is compared
// with.
func TestGoldenRequestsFitMetasDocument(t *testing.T) {
	d := specification(t)
	files, _ := filepath.Glob("testdata/*.http")
	if len(files) < 10 {
		t.Fatalf("%d golden files", len(files))
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			body := golden(t, file)
			kind, _ := body["type"].(string)
			d.Fits(t, kinds()[kind], encoded(t, body))
		})
	}
}

// TestSchemasRefuse checks that the check can fail.
func TestSchemasRefuse(t *testing.T) {
	d := specification(t)
	rows := map[string]func(map[string]any){
		"unknown member":    func(b map[string]any) { b["biz_opaque"] = "x" },
		"missing product":   func(b map[string]any) { delete(b, "messaging_product") },
		"missing template":  func(b map[string]any) { delete(b, "template") },
		"wrong type":        func(b map[string]any) { b["to"] = 16505551234.0 },
		"wrong enum":        func(b map[string]any) { b["recipient_type"] = "person" },
		"no language":       func(b map[string]any) { delete(b["template"].(map[string]any), "language") },
		"unknown component": func(b map[string]any) { part(b, 0)["type"] = "footer" },
		"header without parameter": func(b map[string]any) {
			part(b, 0)["parameters"] = []any{}
		},
		"medium without link": func(b map[string]any) {
			part(b, 0)["parameters"].([]any)[0].(map[string]any)["image"] = map[string]any{}
		},
		"unknown member of a parameter": func(b map[string]any) {
			part(b, 1)["parameters"].([]any)[0].(map[string]any)["value"] = "x"
		},
		"index as a number": func(b map[string]any) { part(b, 2)["index"] = 0.0 },
		"no index":          func(b map[string]any) { delete(part(b, 2), "index") },
	}
	for name, damage := range rows {
		body := golden(t, "testdata/template_positional.http")
		damage(body)
		if faults := d.Faults(t, "TemplateMessage", encoded(t, body)); len(faults) == 0 {
			t.Errorf("%s is allowed", name)
		}
	}
	if faults := d.Faults(t, "WebhookPayload", envelope(reported("wamid.A", "lost", ""))); len(faults) == 0 {
		t.Error("an unknown status is allowed")
	}
}

// part returns a component of a template message.
func part(body map[string]any, i int) map[string]any {
	return body["template"].(map[string]any)["components"].([]any)[i].(map[string]any)
}

// TestSimulatorAnswersFitMetasDocument checks the yes and every no.
func TestSimulatorAnswersFitMetasDocument(t *testing.T) {
	d := specification(t)
	for _, body := range []string{goodText, goodTemplate} {
		status, answer := simAsk(t, newSim(t), request{body: body})
		if status != 200 {
			t.Fatalf("status %d: %s", status, answer)
		}
		d.Fits(t, "MessageResponsePayload", answer)
		if v := decoded(t, answer); len(v) != 3 {
			t.Errorf("members %v", slices.Collect(maps.Keys(v)))
		}
	}
	for name, row := range rejections() {
		t.Run(name, func(t *testing.T) {
			_, answer := simAsk(t, newSim(t), row.request)
			v := decoded(t, answer)
			inner, _ := v["error"].(map[string]any)
			delete(inner, "error_data") // Meta's document has it elsewhere only
			d.Fits(t, "GraphAPIError", encoded(t, v))
		})
	}
}

// TestSimulatorCallbacksFitMetasDocument checks every status.
func TestSimulatorCallbacksFitMetasDocument(t *testing.T) {
	d := specification(t)
	s := &simulator{number: "106540352242922"}
	for _, m := range []*simMessage{{To: "16505551234", Ref: "r"}, {Recipient: "US.1"}} {
		for _, status := range []message.Status{message.Sent, message.Delivered, message.Read, message.Failed} {
			stage := sim.Stage{Status: status, After: time.Millisecond}
			body := s.encodeStatus(m, simStatusOf(m, "wamid.A", stage))
			d.Fits(t, "WebhookPayload", string(body))
		}
	}
}

// TestTestCallbacksFitMetasDocument checks the tables of this package: tests
// of shapes that do not exist prove nothing.
func TestTestCallbacksFitMetasDocument(t *testing.T) {
	d := specification(t)
	for _, cb := range callbacks() {
		if len(cb.Want) == 0 || strings.Contains(cb.Name, "one of an unknown form") || strings.Contains(cb.Name, "of the future") || cb.Name == "odd timestamps" || cb.Name == "played" {
			continue
		}
		d.Fits(t, "WebhookPayload", cb.Body)
	}
}
