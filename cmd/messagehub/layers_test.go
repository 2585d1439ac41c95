package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "messagehub/"

// layers says what each package may import of the module: the first row whose
// path begins the package's counts.
func layers() []layer {
	vocabulary := []string{"store/message"}
	return []layer{
		{"cmd", []string{"cmd", "relay", "actors", "store", "bench"}},
		{"bench", append([]string{"bench"}, vocabulary...)},
		{"relay/client", nil}, // others import it
		{"relay", append([]string{"relay"}, vocabulary...)},
		{"actors/channel/all", append([]string{"actors/channel"}, vocabulary...)},
		{"actors/channel/sim", append([]string{"actors/channel/sim"}, vocabulary...)},
		{"actors/channel/channeltest", append([]string{"actors/channel"}, vocabulary...)},
		{"actors/channel", append([]string{"actors/channel", "actors/channel/sim"}, vocabulary...)},
		{"actors", append([]string{"actors"}, vocabulary...)},
		{"store/message/json", nil},
		{"store/message", []string{"store/message"}},
		{"store", []string{"store"}},
	}
}

type layer struct {
	path string
	may  []string // trees of the module that it may import
}

// only says which packages may import a given dependency.
func only() map[string][]string {
	return map[string][]string{
		"github.com/goccy/go-json":                {"store/message/json"},
		"github.com/goccy/go-yaml":                {"cmd/messagehub/config", "actors/channel/channeltest", "relay/openapi"},
		"github.com/cockroachdb/pebble/v2":        {"store"},
		"github.com/spf13/cobra":                  {"cmd/messagehub"},
		"github.com/fasthttp/router":              {"relay"},
		"github.com/rivo/uniseg":                  {"actors/channel/telegram"},
		"github.com/VictoriaMetrics/metrics":      {"relay"},
		"github.com/nyaruka/phonenumbers":         {"actors/channel/sms", "relay/phone"}, // its metadata stay off the way of a send
		"github.com/HdrHistogram/hdrhistogram-go": {"bench"},
		"encoding/json":                           {"actors/channel/channeltest", "relay/client"}, // an independent check; no dependencies
		"encoding/gob":                            nil,
		"log":                                     nil,
		"net/http/pprof":                          {"relay"},
	}
}

func TestImportsFormAStar(t *testing.T) {
	for _, f := range sources(t, false) {
		for _, path := range f.imports() {
			if tree, ok := strings.CutPrefix(path, module); ok {
				f.checkTree(t, tree)
				continue
			}
			f.checkDependency(t, path)
		}
	}
}

// Tests keep to the star, too, but may look at anything of the standard
// library and of what is made for tests alone.
func TestTestsKeepToTheStar(t *testing.T) {
	for _, f := range sources(t, true) {
		for _, path := range f.imports() {
			if tree, ok := strings.CutPrefix(path, module); ok && !within(tree, []string{"actors/channel/channeltest", "store/message/mutate"}) {
				f.checkTree(t, tree)
			}
		}
	}
}

// The vocabulary imports the standard library alone, and adapters do not know
// of each other.
func TestChannelsDoNotKnowEachOther(t *testing.T) {
	for _, f := range sources(t, false) {
		rest, ok := strings.CutPrefix(f.pkg, "actors/channel/")
		if !ok || slices.Contains([]string{"all", "sim", "channeltest"}, rest) {
			continue
		}
		channel, _, _ := strings.Cut(rest, "/")
		for _, path := range f.imports() {
			if other, ok := strings.CutPrefix(path, module+"actors/channel/"); ok && !within(other, []string{"sim", "texts", channel}) {
				t.Errorf("%s: channel %s imports %s", f.path, channel, other)
			}
		}
	}
}

// Of gosmpp the codec alone is used, and by the sessions alone: the simulated
// SMSC and the tests read and write PDUs by themselves.
func TestOnlyTheCodecOfGosmppIsUsed(t *testing.T) {
	const module, users = "github.com/linxGnu/gosmpp", "actors/channel/sms/smpp"
	for _, f := range append(sources(t, false), sources(t, true)...) {
		for _, path := range f.imports() {
			if within(path, []string{module}) && (f.pkg != users || path != module+"/pdu" && path != module+"/data") {
				t.Errorf("%s: %s may not import %s", f.path, f.pkg, path)
			}
		}
	}
}

// No package changes anything before main: no init, and no variable that a
// function assigns to.
func TestNoInitAndNoChangingPackageVariables(t *testing.T) {
	for _, f := range sources(t, false) {
		for _, d := range f.file.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s: has an init function", f.path)
			}
		}
	}
	for pkg, files := range byPackage(sources(t, false)) {
		names := map[string]bool{}
		for _, f := range files {
			f.packageVars(names)
		}
		for _, f := range files {
			for _, name := range f.assigned(names) {
				t.Errorf("%s: a function of %s assigns to the package variable %s", f.path, pkg, name)
			}
		}
	}
}

// Nothing but the command line writes to the process's own streams or ends it.
func TestOnlyCommandsPrintAndExit(t *testing.T) {
	for _, f := range sources(t, false) {
		if strings.HasPrefix(f.pkg, "cmd/") {
			continue
		}
		ast.Inspect(f.file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			x, ok := sel.X.(*ast.Ident)
			if !ok {
				return true
			}
			switch x.Name + "." + sel.Sel.Name {
			case "fmt.Print", "fmt.Println", "fmt.Printf", "os.Stdout", "os.Stderr", "os.Exit":
				t.Errorf("%s: uses %s.%s", f.path, x.Name, sel.Sel.Name)
			}
			return true
		})
	}
}

// source is one Go file.
type source struct {
	path string // from the module's root
	pkg  string // its directory
	file *ast.File
}

// sources parses every Go file of the module: tests, or all others.
func sources(t *testing.T, tests bool) []source {
	t.Helper()
	var out []source
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || (strings.HasPrefix(d.Name(), ".") && path != root)) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") != tests {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		out = append(out, source{filepath.ToSlash(rel), filepath.ToSlash(filepath.Dir(rel)), file})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 20 {
		t.Fatalf("only %d files found", len(out))
	}
	return out
}

func byPackage(all []source) map[string][]source {
	out := map[string][]source{}
	for _, f := range all {
		out[f.pkg] = append(out[f.pkg], f)
	}
	return out
}

func (f source) imports() []string {
	var out []string
	for _, spec := range f.file.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		out = append(out, path)
	}
	return out
}

// checkTree complains if the file may not import the package tree.
func (f source) checkTree(t *testing.T, tree string) {
	t.Helper()
	if tree == f.pkg {
		return
	}
	for _, l := range layers() {
		if !within(f.pkg, []string{l.path}) {
			continue
		}
		if !within(tree, l.may) {
			t.Errorf("%s: %s may not import %s", f.path, f.pkg, tree)
		}
		return
	}
	t.Errorf("%s: the package %s has no row in the table of layers", f.path, f.pkg)
}

func (f source) checkDependency(t *testing.T, path string) {
	t.Helper()
	for dependency, users := range only() {
		if within(path, []string{dependency}) && !(dependency == "encoding/json" && path != dependency) &&
			!(dependency == "log" && path != dependency) && !within(f.pkg, users) {
			t.Errorf("%s: %s may not import %s", f.path, f.pkg, path)
		}
	}
	if f.pkg == "store/message" && strings.Contains(strings.Split(path, "/")[0], ".") {
		t.Errorf("%s: the vocabulary may not import %s", f.path, path)
	}
}

// within reports whether path is one of the trees, or inside one.
func within(path string, trees []string) bool {
	for _, tree := range trees {
		if path == tree || strings.HasPrefix(path, tree+"/") {
			return true
		}
	}
	return false
}

// packageVars adds the file's package variables to names.
func (f source) packageVars(names map[string]bool) {
	for _, d := range f.file.Decls {
		gen, ok := d.(*ast.GenDecl)
		if !ok || gen.Tok != token.VAR {
			continue
		}
		for _, spec := range gen.Specs {
			for _, name := range spec.(*ast.ValueSpec).Names {
				if name.Name != "_" {
					names[name.Name] = true
				}
			}
		}
	}
}

// assigned returns the package variables that a function of the file assigns
// to, unless the function has one of its own with that name.
func (f source) assigned(vars map[string]bool) []string {
	var out []string
	for _, d := range f.file.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Body == nil {
			continue
		}
		own := declared(fn)
		ast.Inspect(fn.Body, func(n ast.Node) bool {
			a, ok := n.(*ast.AssignStmt)
			if !ok || a.Tok == token.DEFINE {
				return true
			}
			for _, left := range a.Lhs {
				if id, ok := left.(*ast.Ident); ok && vars[id.Name] && !own[id.Name] {
					out = append(out, id.Name)
				}
			}
			return true
		})
	}
	return out
}

// declared returns the names that a function declares anywhere in it.
func declared(fn *ast.FuncDecl) map[string]bool {
	own := map[string]bool{}
	add := func(fields *ast.FieldList) {
		if fields == nil {
			return
		}
		for _, field := range fields.List {
			for _, name := range field.Names {
				own[name.Name] = true
			}
		}
	}
	ast.Inspect(fn, func(n ast.Node) bool {
		switch v := n.(type) {
		case *ast.FuncType:
			add(v.Params)
			add(v.Results)
		case *ast.AssignStmt:
			if v.Tok != token.DEFINE {
				return true
			}
			for _, left := range v.Lhs {
				if id, ok := left.(*ast.Ident); ok {
					own[id.Name] = true
				}
			}
		case *ast.RangeStmt:
			for _, e := range []ast.Expr{v.Key, v.Value} {
				if id, ok := e.(*ast.Ident); ok {
					own[id.Name] = true
				}
			}
		case *ast.ValueSpec:
			for _, name := range v.Names {
				own[name.Name] = true
			}
		}
		return true
	})
	if fn.Recv != nil {
		add(fn.Recv)
	}
	return own
}
