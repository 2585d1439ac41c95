package relay

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"messagehub/store/message"
	"messagehub/store/message/mutate"
)

// imported is the answer to an import.
type imported struct {
	Data struct {
		Lines, Created, Updated, Failed int
		Errors                          []struct {
			Line                 int
			Param, Code, Message string
		}
	}
}

func (d *desk) importAs(kind, body string) imported {
	d.t.Helper()
	got := d.ask(request("POST "+importPath+" HTTP/1.1", body, "Authorization: Bearer "+d.live, "Content-Type: "+kind))
	var a imported
	if err := json.Unmarshal([]byte(got.body), &a); err != nil || got.status != 200 || got.header.Get("X-RateLimit-Limit") == "" {
		d.t.Fatalf("%d %v %s", got.status, got.header, got.body)
	}
	return a
}

func (a *imported) text() string {
	out := fmt.Sprintf("%d lines: %d created, %d updated, %d failed\n", a.Data.Lines, a.Data.Created, a.Data.Updated, a.Data.Failed)
	for _, e := range a.Data.Errors {
		out += fmt.Sprintf("%d %s %s: %s\n", e.Line, e.Param, e.Code, e.Message)
	}
	return out
}

func TestImportOfLines(t *testing.T) {
	d, f := newContactDesk(t)
	body := `{"externalId":"a","name":"Kim","identities":{"sms":"+821000000001"}}` + "\r\n\n" + `{"name":"no id"}` + "\n" +
		`{"externalId":"b","nmae":"x"}` + "\n" + `{"externalId":"` + strings.Repeat("x", maxImportLine) + `"}` + "\n" + `{"externalId":"a","tags":["vip"]}`
	got := d.importAs("application/x-ndjson", body)
	want := `4 lines: 1 created, 1 updated, 3 failed
3 externalId missing_parameter: externalId is missing: an import finds contacts by it.
4 nmae unknown_parameter: There is no member "nmae"; did you mean "name"?
5  invalid_parameter: The line is longer than 65536 bytes.
`
	if diff := cmp.Diff(want, got.text()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	page, _ := f.Contacts(message.Owner{Workspace: 7}, message.ContactQuery{Limit: 9})
	if c := page.Contacts[0]; len(page.Contacts) != 1 || c.Name != "Kim" || len(c.Tags) != 1 {
		t.Errorf("%+v", page)
	}
}

func TestImportOfCSV(t *testing.T) {
	d, f := newContactDesk(t)
	body := "\xef\xbb\xbfexternalId,name,sms,tags,optOut.all,metadata.note\n" +
		"a,\"Kim, \"\"the\nsecond\"\"\",+82 10 0000 0001,vip; eu,yes,\n" + // a line break in a name
		"b,Lee,+821000000002,,,\"said \"\"hi\"\"\"\r\n" +
		"c,Park\n" + "d,Choi,12,,maybe,\n"
	got := d.importAs("text/csv; charset=utf-8", body)
	want := `4 lines: 1 created, 0 updated, 3 failed
2 name invalid_parameter: name must not hold control characters.
5  invalid_import: The line has 2 fields; the header has 6.
6 sms invalid_recipient: sms must be a phone number in E.164, such as +14155550100, not "12".
6 optOut.all invalid_type: optOut.all must be true or false, not "maybe".
`
	if diff := cmp.Diff(want, got.text()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	page, _ := f.Contacts(message.Owner{Workspace: 7}, message.ContactQuery{Limit: 9})
	if c := page.Contacts[0]; c.Name != "Lee" || c.Address("sms") != "+821000000002" || c.Metadata[0].Value != `"said \"hi\""` {
		t.Errorf("%+v", page)
	}
	for header, want := range map[string]string{
		"name\n": "has no column externalId", "externalId,nmae\n": `did you mean \"name\"`, "externalId,externalId\n": "twice", "\"externalId\n": "is not CSV",
	} {
		got := d.ask(request("POST "+importPath+" HTTP/1.1", header, "Authorization: Bearer "+d.live, "Content-Type: text/csv"))
		if got.status != 400 || !strings.Contains(got.body, want) {
			t.Errorf("%q: %d %s", header, got.status, got.body)
		}
	}
}

// An import of any length is read in chunks, also where its length is not known.
func TestImportStreams(t *testing.T) {
	d, f := newContactDesk(t)
	const lines = 2*importChunk + 7
	s := d.dial()
	s.write(request("POST "+importPath+" HTTP/1.1", "", "Authorization: Bearer "+d.live, "Content-Type: application/x-ndjson", "Transfer-Encoding: chunked", "Expect: 100-continue"))
	if got := s.read(); got.status != 100 {
		t.Fatalf("%+v", got)
	}
	for i := range lines {
		line := fmt.Sprintf(`{"externalId":"crm-%d"}`+"\n", i)
		s.write(fmt.Sprintf("%x\r\n%s\r\n", len(line), line))
	}
	s.write("0\r\n\r\n")
	var a imported
	if got := s.read(); json.Unmarshal([]byte(got.body), &a) != nil || a.Data.Created != lines || f.imports != 3 || !got.close {
		t.Errorf("%d chunks, %+v", f.imports, got)
	}
}

func TestImportsThatEnd(t *testing.T) {
	d, f := newContactDesk(t)
	auth := "Authorization: Bearer " + d.live
	line := `{"externalId":"a"}` + "\n"
	for _, row := range []struct {
		name, text string
		status     int
		want       string
	}{
		{"no key", request("POST "+importPath+" HTTP/1.1", line, "Content-Type: text/csv"), 401, "missing_key"},
		{"JSON", request("POST "+importPath+" HTTP/1.1", line, auth, "Content-Type: application/json"), 415, "unsupported_media_type"},
		{"no type", request("POST "+importPath+" HTTP/1.1", line, auth), 415, "unsupported_media_type"},
		{"gzip", request("POST "+importPath+" HTTP/1.1", line, auth, "Content-Type: text/csv", "Content-Encoding: gzip"), 415, "unsupported_media_type"},
		{"query", request("POST "+importPath+"?x=1 HTTP/1.1", line, auth, "Content-Type: text/csv"), 400, "unknown_parameter"},
		{"both lengths", request("POST "+importPath+" HTTP/1.1", line, auth, "Content-Type: text/csv", "Transfer-Encoding: chunked"), 400, "ambiguous_framing"},
	} {
		got := d.ask(row.text)
		if got.status != row.status || !strings.Contains(got.body, row.want) || !got.close {
			t.Errorf("%s: %d, closed: %t, %s", row.name, got.status, got.close, got.body)
		}
	}
	s := d.dial()
	s.write(request("POST "+importPath+" HTTP/1.1", line+line, auth, "Content-Type: application/x-ndjson")[:len(request("POST "+importPath+" HTTP/1.1", line+line, auth, "Content-Type: application/x-ndjson"))-4])
	_ = s.nc.(interface{ CloseWrite() error }).CloseWrite()
	if got := s.read(); got.status != 408 || !strings.Contains(got.body, "body ended early") {
		t.Errorf("half a body: %+v", got)
	}
	f.fail = fmt.Errorf("%w: full", message.ErrUnavailable)
	if got := d.ask(request("POST "+importPath+" HTTP/1.1", line, auth, "Content-Type: application/x-ndjson")); got.status != 503 || !strings.Contains(got.body, "stopped at line 1") {
		t.Errorf("a log that takes nothing: %+v", got)
	}
}

func FuzzContact(f *testing.F) {
	r := testReader()
	bodies := [][]byte{[]byte(kimBody), []byte(`{"identities":{"sms":null},"optOut":null,"metadata":{"a":"\u00e9"}}`), []byte(`{"tags":["a\n"],"name":"`)}
	mutate.Bytes(f, bodies, func(t testing.TB, body []byte) {
		for _, form := range []contactForm{newContact, patchOfContact, contactLine} {
			d := r.readContact(body, true, form)
			if len(d.faults) > 0 {
				continue
			}
			if !json.Valid(body) {
				t.Fatalf("read, but not JSON: %q", body)
			}
			c := message.Contact{Owner: message.Owner{Workspace: 1}}
			d.change.Apply(&c)
			if shown := appendContact(nil, &c); !json.Valid(shown) {
				t.Fatalf("shown as %s", shown)
			}
		}
	})
}

func FuzzImport(f *testing.F) {
	r := testReader()
	bodies := [][]byte{
		[]byte("externalId,name,sms,optOut.all\na,\"Kim\n\",+821000000001,yes\nb,,,\n"), []byte("\"externalId\"\r\n\"a\"\"b\"\r\n"), []byte("externalId\n\"\n"),
	}
	mutate.Bytes(f, bodies, func(t testing.TB, body []byte) {
		var table *csvTable
		records := newRecords(strings.NewReader(string(body)), true)
		for {
			text, err := records.next()
			if err == io.EOF {
				return
			}
			switch {
			case errors.Is(err, errLongRecord):
			case err != nil:
				t.Fatal(err)
			case table == nil:
				if table, err = newCSVTable(text, r); err != nil {
					return
				}
			default:
				if d := table.read(text, false); len(d.faults) == 0 && d.change.ExternalID == "" {
					t.Fatalf("%q names no contact", text)
				}
			}
		}
	})
}
