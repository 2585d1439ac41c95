//go:build !race

package openapi_test

import (
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
)

// The validator is large: to build it for the race detector takes minutes, and
// nothing here runs at the same time.
func TestDocumentIsValid(t *testing.T) {
	doc, err := libopenapi.NewDocument(describe(t).JSON)
	if err != nil {
		t.Fatal(err)
	}
	v, errs := validator.NewValidator(doc)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if ok, faults := v.ValidateDocument(); !ok || doc.GetVersion() != "3.1.1" {
		t.Errorf("version %s", doc.GetVersion())
		for _, f := range faults {
			t.Errorf("%s: %s", f.Message, f.Reason)
		}
	}
}
