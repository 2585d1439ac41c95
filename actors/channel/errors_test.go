package channel

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"messagehub/store/message"
	"messagehub/store/message/mutate"
)

// codes reads the declared constants of type Code from the source, so that
// none can be forgotten here.
func codes(t *testing.T) []Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "errors.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []Code
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "Code" {
			text, _ := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			out = append(out, Code(text))
		}
		return true
	})
	return out
}

// TestTableIsClosed checks that every code has one rule, and every rule a
// code.
func TestTableIsClosed(t *testing.T) {
	declared, rules := codes(t), Rules()
	if len(declared) < 30 || len(declared) != len(rules) {
		t.Errorf("%d codes and %d rules", len(declared), len(rules))
	}
	seen := make(map[Code]bool)
	texts := make(map[string]Code)
	for _, code := range declared {
		rule, ok := rules[code]
		if !ok || seen[code] {
			t.Errorf("%s has no rule, or is declared twice", code)
		}
		seen[code] = true
		if strings.Trim(string(code), "abcdefghijklmnopqrstuvwxyz_") != "" || code == "" {
			t.Errorf("%q is not lower_snake_case", code)
		}
		if !slices.Contains(message.Classes(), rule.Class) || rule.Text == "" || texts[rule.Text] != "" {
			t.Errorf("%s: class %v, text %q", code, rule.Class, rule.Text)
		}
		texts[rule.Text] = code
	}
}

// TestTableIsCoherent checks what the actions promise.
func TestTableIsCoherent(t *testing.T) {
	for code, rule := range Rules() {
		if rule.Permanent && rule.Action != Fail {
			t.Errorf("%s is permanent, but its action is %d", code, rule.Action)
		}
		if rule.Action > Ask {
			t.Errorf("%s has no known action", code)
		}
		if (rule.Class == message.Recipient || rule.Class == message.Content && rule.Permanent) && rule.Action != Fail {
			t.Errorf("%s is about one message, but its action is %d", code, rule.Action)
		}
	}
}

func TestErrorHidesForeignText(t *testing.T) {
	err := Failed(NotOnChannel, "131026", "ann@example.com is not\r\non WhatsApp")
	if err.Error() != "not_on_channel" {
		t.Errorf("error %q", err.Error())
	}
	want := message.Failure{
		Code: "not_on_channel", Class: message.Recipient, Permanent: true,
		ProviderCode: "131026", ProviderMessage: "ann@example.com is not  on WhatsApp",
	}
	if got := *err.Failure(); got != want {
		t.Errorf("failure %+v, want %+v", got, want)
	}
}

func TestByStatus(t *testing.T) {
	for status, want := range map[int]Code{
		200: OutcomeUnknown, 202: OutcomeUnknown, 204: OutcomeUnknown, 301: SenderMisconfigured, 302: ProviderUnavailable,
		307: ProviderUnavailable, 308: SenderMisconfigured, 400: ContentRejected, 401: BadCredentials, 403: BadCredentials,
		404: SenderMisconfigured, 405: SenderMisconfigured, 408: ProviderUnavailable, 413: ContentTooLong, 422: ContentRejected,
		429: RateLimited, 500: ProviderError, 502: OutcomeUnknown, 503: ProviderUnavailable, 504: OutcomeUnknown, 599: ProviderError,
	} {
		e := (&Answer{Status: status, Body: []byte("secret"), RetryAfter: 7}).ByStatus()
		if e.Code != want || e.RetryAfter != 7 || e.ProviderCode != fmt.Sprintf("HTTP %d", status) || strings.Contains(e.ProviderMessage, "secret") {
			t.Errorf("status %d: %+v, want %s", status, *e, want)
		}
	}
}

func TestClean(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "plain é 고객": "plain é 고객", "a\r\nb\tc\x00d\x7fe": "a  b c d e", "\u0085x\u2028y\u202ez\u2066": " x y z ",
		"\xff\xfe": "\ufffd\ufffd", strings.Repeat("a", 300): strings.Repeat("a", 200), strings.Repeat("고", 100): strings.Repeat("고", 66),
	} {
		if got := Clean(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

func FuzzClean(f *testing.F) {
	seeds := []string{"", "plain", "\x1b[31mred", "\xff", "a\u202eb", strings.Repeat("고", 100)}
	mutate.Strings(f, seeds, func(t testing.TB, text string) {
		got := Clean(text)
		if !utf8.ValidString(got) || len(got) > maxForeign || Clean(got) != got {
			t.Errorf("%q becomes %q", text, got)
		}
		for _, r := range got {
			if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
				t.Errorf("%q keeps %U", text, r)
			}
		}
	})
}
