package docs

import (
	"regexp"
	"strings"
	"testing"

	"messagehub/store/message"
)

func site(t *testing.T) *Site {
	t.Helper()
	s, err := New(
		[]Problem{
			{Code: "not_found", Status: 404, Text: "There is none.", Hint: "Check <it> & \"more\".", Permanent: true},
			{Code: "overloaded", Status: 503, Text: "Too much.", Hint: "Wait.", RetryAfter: 3},
			{Code: "invalid_recipient", Status: 400, Text: "No such address.", Hint: "E.164."},
		},
		[]Failure{
			{Code: "invalid_recipient", Class: "recipient", Permanent: true, Text: "it cannot exist", Action: "The chain moves on."},
			{Code: "provider_error", Class: "provider", Text: "the provider failed"},
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func body(t *testing.T, s *Site, path string) string {
	t.Helper()
	p, ok := s.Page(path)
	if !ok {
		t.Fatalf("no page %q", path)
	}
	return string(p.Body)
}

func TestEveryCodeHasAPage(t *testing.T) {
	s := site(t)
	for code, want := range map[string]string{
		"not_found":      "404",
		"overloaded":     "at least 3",
		"provider_error": "the provider failed",
	} {
		if got := body(t, s, "errors/"+code); !strings.Contains(got, want) {
			t.Errorf("page of %s lacks %q", code, want)
		}
	}
}

// A code that is both a refusal and an outcome is explained as both.
func TestSharedCodeHasBothParts(t *testing.T) {
	got := body(t, site(t), "errors/invalid_recipient")
	for _, want := range []string{"No such address.", "it cannot exist", "The chain moves on.", "correct or remove the address"} {
		if !strings.Contains(got, want) {
			t.Errorf("page lacks %q", want)
		}
	}
}

func TestTableTextIsEscaped(t *testing.T) {
	got := body(t, site(t), "errors/not_found")
	if strings.Contains(got, "<it>") || !strings.Contains(got, "&lt;it&gt; &amp;") {
		t.Error("text of the table is not escaped")
	}
}

func TestEveryClassHasAText(t *testing.T) {
	for _, class := range message.Classes() {
		if text := classTexts()[class.String()]; text.Meaning == "" || text.Remedy == "" {
			t.Errorf("class %s lacks a text", class)
		}
	}
}

var links = regexp.MustCompile(`/docs(/[a-z_./-]*[a-z_])?`)

func TestEveryLinkLeadsSomewhere(t *testing.T) {
	s := site(t)
	for _, path := range s.Paths() {
		for _, link := range links.FindAllString(body(t, s, path), -1) {
			if _, ok := s.Page(strings.TrimPrefix(link, "/docs")); !ok {
				t.Errorf("page %q links to %s, which does not exist", path, link)
			}
		}
	}
}

// Pages load nothing: they work on a host without internet, and under a
// strict content policy.
func TestPagesHaveNoExternalAssets(t *testing.T) {
	s := site(t)
	for _, path := range s.Paths() {
		p, _ := s.Page(path)
		if !strings.HasPrefix(p.ContentType, "text/html") {
			continue
		}
		for _, bad := range []string{"<script", "<img", "<link", "http://", "https://", "@import", "url("} {
			if strings.Contains(string(p.Body), bad) {
				t.Errorf("page %q has %q", path, bad)
			}
		}
	}
}

func TestUnknownPage(t *testing.T) {
	s := site(t)
	for _, path := range []string{"errors/nope", "nope", "../docs.go", "pages/quickstart.md"} {
		if _, ok := s.Page(path); ok {
			t.Errorf("page %q exists", path)
		}
	}
	if _, ok := s.Page("/quickstart/"); !ok {
		t.Error("slashes around a path matter")
	}
}
