package distribute

import (
	"strings"
	"testing"

	"messagehub/store/message"
	"messagehub/store/message/mutate"
)

func TestRender(t *testing.T) {
	p := &message.Addressee{Params: []message.Param{{Name: "name", Value: "Kim {{x}}"}, {Name: "고객명", Value: "김"}, {Name: "empty"}}}
	c := &message.Contact{Name: "Minseo", ExternalID: "crm-1", Metadata: []message.Param{
		{Name: "tier", Value: `"go\u006cd"`}, {Name: "points", Value: "12.5"}, {Name: "vip", Value: "true"},
	}}
	for _, row := range []struct {
		text, want, missing string
		contact             *message.Contact
	}{
		{"plain }} text", "plain }} text", "", nil},
		{"Hi {{name}}, {{ 고객명 }}{{empty}}!", "Hi Kim {{x}}, 김!", "", c},
		{"{{externalId}} {{metadata.tier}} {{metadata.points}} {{metadata.vip}}", "crm-1 gold 12.5 true", "", c},
		{"{{externalId}}", "", "externalId", nil},
		{"{{name}} {{metadata.none}} {{other}}", "", "metadata.none", c},
		{"{{Name}}", "", "Name", c},
	} {
		got, missing := render(row.text, func(name string) (string, bool) { return valueOf(p, row.contact, name) })
		if got != row.want || missing != row.missing {
			t.Errorf("%q is %q, missing %q", row.text, got, missing)
		}
	}
	if v, ok := valueOf(&message.Addressee{}, c, "name"); v != "Minseo" || !ok {
		t.Errorf("the contact's name is %q, %t", v, ok)
	}
}

func TestCheckTemplate(t *testing.T) {
	for text, want := range map[string]string{
		"a {{name}} b": "", "}}": "", "{name}": "",
		"a {{name": "no }} closes", "{{ }}": "without the name", "{{a{{b}}": "no name", "{{a\nb}}": "no name",
		"{{" + strings.Repeat("x", 129) + "}}": "no name",
	} {
		err := CheckTemplate(text)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// FuzzTemplate: what the check lets through is rendered, and parameters that
// stand for themselves change nothing but the space around their names.
func FuzzTemplate(f *testing.F) {
	mutate.Strings(f, []string{"Hi {{name}}, {{ 고객명 }}!", "{{a}}{{b}}", "{{{{}}}}", "a {{"}, func(t testing.TB, text string) {
		if CheckTemplate(text) != nil {
			return
		}
		same := func(name string) (string, bool) { return "{{" + name + "}}", true }
		once, missing := render(text, same)
		twice, again := render(once, same)
		if missing != "" || again != "" || once != twice {
			t.Fatalf("%q is %q and then %q, missing %q, %q", text, once, twice, missing, again)
		}
		if _, missing := render(text, func(string) (string, bool) { return "", false }); missing == "" && strings.Contains(text, "{{") {
			t.Fatalf("%q lacks nothing", text)
		}
	})
}
