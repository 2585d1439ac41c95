package relay

import (
	"regexp"
	"strings"
	"testing"

	"messagehub/relay/docs"
)

func openDocs(t *testing.T) *door {
	return openDoor(t, func(o *Options) {
		o.Failures = []docs.Failure{{Code: "not_on_channel", Class: "recipient", Permanent: true, Text: "the recipient is not on this channel"}}
	})
}

func TestEveryCodeHasAPage(t *testing.T) {
	d := openDocs(t)
	codes := []string{"not_on_channel", "expired", "success_timeout", "unroutable"}
	for _, row := range Problems() {
		codes = append(codes, string(row.Code))
	}
	for _, code := range codes {
		a := d.ask("GET", "/docs/errors/"+code, "", "")
		if a.status != 200 || !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") || !strings.Contains(a.body, code) {
			t.Errorf("%s: %d %s", code, a.status, a.header.Get("Content-Type"))
		}
		if !strings.Contains(a.header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: no content policy", code)
		}
	}
}

func TestErrorsLinkToTheirPage(t *testing.T) {
	d := openDocs(t)
	p := d.wants(d.ask("GET", "/api/v1/messages/msg_1", d.live, ""), 404, NotFound)
	if a := d.ask("GET", p.Error.DocURL, "", ""); a.status != 200 {
		t.Errorf("%s: %d", p.Error.DocURL, a.status)
	}
}

func TestEveryPageIsServed(t *testing.T) {
	d := openDocs(t)
	for _, path := range d.server.site.Paths() {
		page, _ := d.server.site.Page(path)
		url := strings.TrimSuffix("/docs/"+path, "/")
		if a := d.ask("GET", url, "", ""); a.status != 200 || a.body != string(page.Body) || a.header.Get("Content-Type") != page.ContentType {
			t.Errorf("%s: %d %s", url, a.status, a.header.Get("Content-Type"))
		}
	}
	for _, path := range []string{"/docs/nope", "/docs/errors/nope", "/docs/../go.mod", "/docs/%2e%2e/go.mod"} {
		if a := d.ask("GET", path, "", ""); a.status != 404 {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	d.wants(d.ask("POST", "/docs", "", "x"), 405, MethodNotAllowed)
}

var (
	apiPath  = regexp.MustCompile(`/api/v1/[a-zA-Z/{}_…]+`)
	errorTag = regexp.MustCompile("(?:409|503|429|400|404|code) `([a-z_]+)`")
	metric   = regexp.MustCompile("`(messagehub_[a-z_]+)`")
)

// guides returns the written pages by name.
func guides(t *testing.T, s *docs.Site) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for _, path := range s.Paths() {
		if strings.HasSuffix(path, ".md") {
			page, _ := s.Page(path)
			all[path] = string(page.Body)
		}
	}
	if len(all) < 6 {
		t.Fatalf("%d guides", len(all))
	}
	return all
}

// What the guides name exists: routes, error codes and metrics.
func TestGuidesNameWhatExists(t *testing.T) {
	d := openDocs(t)
	known := make(map[string]bool)
	id := regexp.MustCompile(`(key|msg|bat)_…|\{(message|batch)Id\}`)
	for _, r := range routes() {
		known[id.ReplaceAllString(r.pattern, "{id}")] = true
	}
	sender := regexp.MustCompile(`delivery/[a-z]+/[a-z]+$`)
	samples := exposed(testMetrics())
	for name, text := range guides(t, d.server.site) {
		for _, path := range apiPath.FindAllString(text, -1) {
			path = sender.ReplaceAllString(id.ReplaceAllString(strings.TrimSuffix(path, "/"), "{id}"), "delivery/{channel}/{sender}")
			if !known[path] {
				t.Errorf("%s names the route %s", name, path)
			}
		}
		for _, match := range errorTag.FindAllStringSubmatch(text, -1) {
			if _, ok := d.server.site.Page("errors/" + match[1]); !ok {
				t.Errorf("%s names the code %s", name, match[1])
			}
		}
		for _, match := range metric.FindAllStringSubmatch(text, -1) {
			if !strings.Contains(samples, "# TYPE "+match[1]+" ") {
				t.Errorf("%s names the metric %s", name, match[1])
			}
		}
	}
}

func exposed(m *Metrics) string {
	var b strings.Builder
	m.WritePrometheus(&b)
	return b.String()
}
