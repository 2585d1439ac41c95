package relay

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"messagehub/store/message"
	"messagehub/store/message/mutate"
)

// shownMessage is the documented form, written down a second time.
type shownMessage struct {
	ID, Status, Channel, To, ContentType, Reference string
	Metadata                                        json.RawMessage
	CreatedAt, UpdatedAt                            string
	Attempts                                        []struct {
		Channel, To, Sender, ProviderMessageID string
		Error                                  *struct {
			Code     string
			Provider *struct{ Code, Message string }
		}
	}
	Timeline []struct{ Code string }
}

func FuzzAppendMessage(f *testing.F) {
	mutate.Strings(f, []string{
		"plain", `{"a":"b"}`, `{"a":"\xff"}`, "{} {}", "null",
		"quote \" back \\ slash / \b\f\n\r\t\x00\x1f\x7f",
		"\u2028\u2029 고객명 🙂 \ufffd",
		"bad utf8 \xff\xc0\xaf\xed\xa0\x80 cut \xf0\x9f",
		"</script><!--",
	}, checkRendering)
}

// checkRendering puts text everywhere in a message that text can be, the
// metadata included.
func checkRendering(t testing.TB, text string) {
	o := plain()
	o.Steps[0].To, o.Steps[0].Channel, o.Reference, o.Metadata = text, text, text, text
	at := message.Time(message.RecipientHash(text)) // any time at all
	o.CreatedAt = at
	s := &message.State{
		Status: message.Failed, UpdatedAt: at,
		Attempts: []message.Attempt{{
			Status: message.Failed, Sender: text, ProviderID: text,
			Error: &message.Failure{Code: text, ProviderCode: text, ProviderMessage: text},
		}},
		Timeline: []message.Entry{{Code: text, At: at}},
	}
	out := AppendMessage(nil, o, s)
	if !utf8.Valid(out) && utf8.ValidString(text) {
		t.Fatalf("not UTF-8: %q", out)
	}
	var got shownMessage
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, out)
	}
	checkStrings(t, &got, string([]rune(text)))
}

// checkStrings wants every string of the message to have come back.
func checkStrings(t testing.TB, got *shownMessage, want string) {
	t.Helper()
	a := &got.Attempts[0]
	all := map[string]string{
		"to": got.To, "channel": got.Channel, "reference": got.Reference, "attempts.to": a.To,
		"sender": a.Sender, "providerMessageId": a.ProviderMessageID, "error.code": a.Error.Code,
		"timeline.code": got.Timeline[0].Code,
	}
	if want != "" {
		all["provider.code"], all["provider.message"] = a.Error.Provider.Code, a.Error.Provider.Message
	}
	for name, value := range all {
		if value != want {
			t.Errorf("%s = %q, want %q", name, value, want)
		}
	}
}

func TestLineSeparatorsAreEscaped(t *testing.T) {
	got := string(appendString(nil, "a\u2028b\u2029c\x00\n"))
	if want := `"a\u2028b\u2029c\u0000\n"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
