package client

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const kim = `{"data":{"id":"con_1","externalId":"crm-1","name":null,"identities":{"sms":"+14155550100"},"tags":["vip"],"channelOrder":[],` +
	`"optOut":{"all":true},"locale":"ko-KR","timezone":null,"metadata":{"shop":7},"test":true,"createdAt":"2026-01-31T12:00:00.000Z","updatedAt":"2026-01-31T12:00:00.000Z"}}`

func TestContactCalls(t *testing.T) {
	c, s := scripted(t, answer{201, "ETag: \"7\"", kim})
	empty, tags := "", []string{}
	made, err := c.CreateContact(t.Context(), ContactChange{Identities: Identities{"sms": "+14155550100"}})
	if err != nil || made.Version != `"7"` || made.Identities["sms"] != "+14155550100" || !made.OptOut["all"] || made.Metadata["shop"] != 7.0 || made.Name != "" {
		t.Fatalf("%+v, %v", made, err)
	}
	change := ContactChange{Name: &empty, Identities: Identities{"viber": ""}, Tags: &tags, OptOut: map[string]bool{"sms": false}, Metadata: map[string]any{"shop": nil}, IfVersion: made.Version}
	for _, err := range []error{
		errOf(c.UpdateContact(t.Context(), "con_1", change)), errOf(c.ReplaceContact(t.Context(), "a/b", change)), errOf(c.Contact(t.Context(), "con_1")),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	if want := "POST /api/v1/contacts\nPATCH /api/v1/contacts/con_1\nPUT /api/v1/contacts/a%2Fb\nGET /api/v1/contacts/con_1"; s.lines() != want {
		t.Errorf("%s\nwant %s", s.lines(), want)
	}
	if want := `{"name":"","identities":{"viber":null},"tags":[],"optOut":{"sms":false},"metadata":{"shop":null}}`; s.asked[1].body != want || s.asked[1].header.Get("If-Match") != `"7"` {
		t.Errorf("%s, %v\nwant %s", s.asked[1].body, s.asked[1].header, want)
	}
	// what was seen may have been changed by the try whose answer was lost
	c, s = scripted(t, answer{})
	if _, err := c.UpdateContact(t.Context(), "con_1", change); err == nil || len(s.asked) != 1 {
		t.Errorf("%v after %d tries", err, len(s.asked))
	}
}

func TestContactsAreListedAndErased(t *testing.T) {
	c, s := scripted(t, answer{200, "", `{"data":[{"id":"con_1"}],"page":{"next":"x"}}`}, answer{200, "", `{"data":[{"id":"con_2"}],"page":{"next":null}}`},
		answer{202, "", `{"data":{"contactId":"con_1","erasure":"pending","messages":3,"requestedAt":"2026-01-31T12:00:00.000Z","doneAt":null}}`})
	var ids []string
	for contact, err := range c.Contacts(t.Context(), ContactFilter{Channel: "sms", Address: "+14155550100", PageSize: 1}) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, contact.ID)
	}
	e, err := c.EraseContact(t.Context(), "con_1")
	if err != nil || e.State != "pending" || e.Messages != 3 || e.DoneAt != nil || !slices.Equal(ids, []string{"con_1", "con_2"}) {
		t.Fatalf("%v, %+v, %v", ids, e, err)
	}
	if _, err := c.Erasure(t.Context(), "con_1"); err != nil {
		t.Fatal(err)
	}
	want := "GET /api/v1/contacts?address=%2B14155550100&channel=sms&limit=1\nGET /api/v1/contacts?address=%2B14155550100&after=x&channel=sms&limit=1\n" +
		"DELETE /api/v1/contacts/con_1\nGET /api/v1/contacts/con_1/erasure"
	if s.lines() != want {
		t.Errorf("%s\nwant %s", s.lines(), want)
	}
}

// An import goes out in parts that can be made again; its lines are counted
// through.
func TestImportIsCutIntoParts(t *testing.T) {
	part := `{"data":{"lines":2,"created":1,"updated":0,"failed":1,"errors":[{"line":2,"param":"sms","code":"invalid_recipient","message":"No."}]}}`
	c, s := scripted(t, answer{200, "", part}, answer{}, answer{200, "", part}, answer{400, "", fault})
	id := strings.Repeat("x", chunkBytes/2-100)
	sum, err := c.ImportContacts(t.Context(), slices.Values(slices.Repeat([]ContactChange{{ExternalID: &id}}, 4)))
	no := Fault{"sms", "invalid_recipient", "No."}
	if want := (&Imported{4, 2, 0, 2, []ImportFault{{2, no}, {4, no}}}); err != nil || !reflect.DeepEqual(sum, want) || len(s.asked) != 3 {
		t.Fatalf("%+v, %v after %d requests", sum, err, len(s.asked))
	}
	if a := s.asked[2]; a.line != "POST /api/v1/contacts/import" || a.header.Get("Content-Type") != "application/x-ndjson" || a.body != s.asked[1].body || strings.Count(a.body, "\n") != 2 {
		t.Errorf("%s, %v", a.line, a.header)
	}
	var refused *Error
	if sum, err := c.ImportContacts(t.Context(), slices.Values([]ContactChange{{}})); !errors.As(err, &refused) || sum.Lines != 0 {
		t.Errorf("%+v, %v", sum, err)
	}
}

// A file is read once, so its import is made once.
func TestImportOfAFileIsMadeOnce(t *testing.T) {
	c, s := scripted(t, answer{503, "Retry-After: 1", refusal})
	if _, err := c.ImportFile(t.Context(), strings.NewReader("externalId\n1\n"), "text/csv"); err == nil || len(s.asked) != 1 {
		t.Errorf("%v after %d tries", err, len(s.asked))
	}
	if a := s.asked[0]; a.body != "externalId\n1\n" || a.header.Get("Content-Type") != "text/csv" {
		t.Errorf("%+v", a)
	}
}
