package texts

import (
	"slices"
	"strings"
	"testing"

	"messagehub/store/message/mutate"
)

func TestPlaceholders(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "plain": "", "{{a}}": "a", "{{ a }} {{b}} {{a}}": "a b", "{{a": "", "a}}": "", "{{a {{b}}": "a {{b", "{{{a}}}": "{a", "{{고객명}}": "고객명",
	} {
		if got := strings.Join(placeholders(text), " "); got != want {
			t.Errorf("%q has %q, want %q", text, got, want)
		}
	}
}

func TestLanguageOfATemplate(t *testing.T) {
	many := Template{Text: map[string]string{"en": "E", "pt": "P", "pt-BR": "B", "zh_TW": "Z"}}
	one := Template{Text: map[string]string{"ko": "K"}}
	rows := []struct {
		of                    Template
		asked, standard, want string
	}{
		{many, "", "en", "E"},
		{many, "pt-BR", "en", "B"},
		{many, "pt_BR", "en", "B"},
		{many, "pt-PT", "en", "P"},
		{many, "zh-TW", "en", "Z"},
		{many, "zh", "en", ""},
		{many, "de", "en", ""},
		{many, "", "de", ""},
		{one, "", "en", "K"},
		{one, "en", "en", ""},
		{Template{}, "", "en", ""},
	}
	for _, row := range rows {
		got, ok := row.of.in(row.asked, row.standard)
		if got != row.want || ok != (row.want != "") {
			t.Errorf("asked for %q, standard %q: %q, want %q", row.asked, row.standard, got, row.want)
		}
	}
}

// FuzzTemplates: a setting that is taken has templates whose every placeholder
// is known, and is filled.
func FuzzTemplates(f *testing.F) {
	seeds := []string{`{"shipped":{"parameters":["order","고객명"],"text":{"en":"Hi {{고객명}}, order {{ order }}"}}}`, "{}", "", "null", `{"a":{"text":{"en":"{{x}} {{ y }}"}}}`, `{"a":{"parameters":["x"],"text":{"en":"{{{x}}}"}}}`}
	mutate.Strings(f, seeds, func(t testing.TB, setting string) {
		all, err := Parse(setting)
		if err != nil {
			return
		}
		for _, one := range all {
			for _, text := range one.Text {
				names := placeholders(text)
				if slices.Contains(names, "") {
					t.Errorf("%q has a placeholder without a name", text)
				}
				values := make(map[string]string)
				for _, name := range names {
					values[name] = "."
				}
				if filled := fill(text, values); len(placeholders(filled)) > len(names) || len(filled) > len(text) {
					t.Errorf("%q is filled as %q", text, filled)
				}
			}
		}
	})
}
