// Package docs is the documentation that the binary serves under /docs: the
// guides as they are written, and one page for every error code, made from
// the tables that the code itself runs on.
package docs

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"path"
	"slices"
	"strings"
)

//go:embed pages/*.md page.html
var files embed.FS

// Problem is a way the API refuses a request.
type Problem struct {
	Code       string
	Status     int
	Text       string
	Hint       string
	Permanent  bool
	RetryAfter int // seconds; 0: none
}

// Failure is a way an attempt to send can end without success.
type Failure struct {
	Code      string
	Class     string
	Permanent bool
	Text      string
	// Action is what the relay does about it, as one sentence; it may be empty.
	Action string
}

// Page is one page, ready to be served.
type Page struct {
	Title       string
	ContentType string
	Body        []byte
}

// Site is all pages, by the path below /docs. It never changes.
type Site struct{ pages map[string]Page }

// New makes the site of the given tables.
func New(problems []Problem, failures []Failure) (*Site, error) {
	s := &Site{pages: make(map[string]Page)}
	guides, err := s.addGuides()
	if err != nil {
		return nil, err
	}
	layout, err := template.ParseFS(files, "page.html")
	if err != nil {
		return nil, fmt.Errorf("parse page layout: %w", err)
	}
	b := builder{site: s, layout: layout}
	codes := merge(problems, failures)
	for _, c := range codes {
		b.add("errors/"+c.Code, view{Title: c.Code, Code: &c})
	}
	b.add("errors", view{Title: "Error codes", Codes: codes})
	b.add("", view{Title: "MessageHub documentation", Guides: guides})
	return s, b.err
}

// Page returns the page at a path below /docs, such as "errors/not_found".
func (s *Site) Page(path string) (Page, bool) {
	p, ok := s.pages[strings.Trim(path, "/")]
	return p, ok
}

// Paths returns the path of every page, sorted.
func (s *Site) Paths() []string {
	paths := make([]string, 0, len(s.pages))
	for p := range s.pages {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	return paths
}

// firstGuides come first in the index, in this order; the others follow by
// name.
var firstGuides = [...]string{"quickstart", "sandbox", "fallback", "batch", "contacts", "distribute", "receipts", "webhooks", "go-client", "command-line", "errors", "guarantees", "operations"}

// link is one line of the index.
type link struct{ Path, Title string }

// addGuides adds the written pages as plain text, with and without ".md".
func (s *Site) addGuides() ([]link, error) {
	names, err := guideNames()
	if err != nil {
		return nil, err
	}
	var guides []link
	for _, name := range names {
		body, err := files.ReadFile(path.Join("pages", name+".md"))
		if err != nil {
			return nil, fmt.Errorf("read guide: %w", err)
		}
		title, _, _ := strings.Cut(strings.TrimPrefix(string(body), "# "), "\n")
		page := Page{Title: title, ContentType: "text/plain; charset=utf-8", Body: body}
		s.pages[name], s.pages[name+".md"] = page, page
		guides = append(guides, link{name, title})
	}
	return guides, nil
}

// guideNames returns the names of all guides, in the order of the index.
func guideNames() ([]string, error) {
	entries, err := files.ReadDir("pages")
	if err != nil {
		return nil, fmt.Errorf("list guides: %w", err)
	}
	names := firstGuides[:len(firstGuides):len(firstGuides)]
	for _, e := range entries {
		if name := strings.TrimSuffix(e.Name(), ".md"); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names, nil
}

// entry is all that a code can mean: some are both a refusal of a request and
// the end of an attempt.
type entry struct {
	Code    string
	Problem *Problem
	Failure *Failure
	Class   classText
}

// merge joins the two tables by code, sorted.
func merge(problems []Problem, failures []Failure) []entry {
	byCode := make(map[string]entry)
	for i := range problems {
		byCode[problems[i].Code] = entry{Code: problems[i].Code, Problem: &problems[i]}
	}
	for i := range failures {
		f := &failures[i]
		e := byCode[f.Code]
		e.Code, e.Failure, e.Class = f.Code, f, classTexts()[f.Class]
		byCode[f.Code] = e
	}
	all := make([]entry, 0, len(byCode))
	for _, e := range byCode {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b entry) int { return strings.Compare(a.Code, b.Code) })
	return all
}

// view is what the layout shows: one of Code, Codes and Guides.
type view struct {
	Title  string
	Code   *entry
	Codes  []entry
	Guides []link
}

// builder lays out pages until the first error.
type builder struct {
	site   *Site
	layout *template.Template
	err    error
}

func (b *builder) add(path string, v view) {
	var out bytes.Buffer
	if err := b.layout.Execute(&out, v); err != nil && b.err == nil {
		b.err = fmt.Errorf("lay out page %q: %w", path, err)
	}
	b.site.pages[path] = Page{Title: v.Title, ContentType: "text/html; charset=utf-8", Body: out.Bytes()}
}
