package relay

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"messagehub/store/message"
)

// fakeContacts are contacts in memory, found by going through all of them.
type fakeContacts struct {
	mu      sync.Mutex
	all     map[message.ID]message.Contact
	erased  map[message.ID]message.Erasure
	audits  []message.AuditEntry
	imports int
	fail    error
}

func (f *fakeContacts) Contact(o message.Owner, id message.ID) (message.Contact, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, ok := f.all[id]
	if !ok || c.Owner != o {
		return c, message.ErrNotFound
	}
	return c, f.fail
}

func (f *fakeContacts) Contacts(o message.Owner, q message.ContactQuery) (page message.ContactPage, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range slices.SortedFunc(maps.Values(f.all), func(a, b message.Contact) int { return slices.Compare(a.ID[:], b.ID[:]) }) {
		switch {
		case c.Owner != o || !q.Match(&c) || c.ID.Position() <= q.After:
		case len(page.Contacts) == q.Limit:
			page.Next = page.Contacts[q.Limit-1].ID.Position()
			return page, nil
		default:
			page.Contacts = append(page.Contacts, c)
		}
	}
	return page, f.fail
}

func (f *fakeContacts) ChangeContact(p message.ContactPut) (message.Contact, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, ok := f.all[p.ID]
	switch {
	case !p.ID.IsZero() && (!ok || c.Owner != p.Owner):
		return c, message.ErrNotFound
	case p.IfVersion != 0 && c.Version != p.IfVersion:
		return c, message.ErrVersion
	case p.ID.IsZero():
		c = message.Contact{ID: message.NewID(message.At(uint64(len(f.all)+1), 0), p.Salt), Owner: p.Owner, CreatedAt: p.At}
	}
	for _, other := range f.all {
		if p.Change.ExternalID != "" && other.ExternalID == p.Change.ExternalID && other.ID != c.ID {
			return c, message.ErrExternalIDTaken
		}
	}
	return f.keep(c, &p.Change, p.At), nil
}

// keep applies a change as the log does, and keeps nothing that is borrowed.
func (f *fakeContacts) keep(c message.Contact, ch *message.ContactChange, at message.Time) message.Contact {
	text, _ := json.Marshal(ch)
	var own message.ContactChange
	_ = json.Unmarshal(text, &own)
	own.Apply(&c)
	for _, o := range own.OptOut {
		c.OptOut = slices.DeleteFunc(c.OptOut, func(s string) bool { return s == o.Scope })
		if o.Out {
			c.OptOut = append(c.OptOut, o.Scope)
		}
	}
	c.UpdatedAt, c.Version = at, c.Version+1
	f.all[c.ID] = c
	return c
}

func (f *fakeContacts) EraseContact(o message.Owner, id message.ID, at message.Time, why ...message.AuditEntry) (message.Erasure, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c, ok := f.all[id]; ok && c.Owner == o {
		delete(f.all, id)
		f.audits = append(f.audits, why...)
		f.erased[id] = message.Erasure{Contact: id, Owner: o, RequestedAt: at}
	}
	e, ok := f.erased[id]
	if !ok || e.Owner != o {
		return e, message.ErrNotFound
	}
	return e, nil
}

func (f *fakeContacts) Erasure(o message.Owner, id message.ID) (message.Erasure, error) {
	return f.EraseContact(o, id, 0)
}

func (f *fakeContacts) ImportContacts(chunk *message.ContactImport) ([]message.ContactResult, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.imports++
	var results []message.ContactResult
	for i := range chunk.Changes {
		ch := &chunk.Changes[i]
		c := message.Contact{ID: message.NewID(message.At(uint64(len(f.all)+1), 0), 0), Owner: chunk.Owner}
		known := false
		for _, other := range f.all {
			if other.ExternalID == ch.ExternalID && other.Owner == chunk.Owner {
				c, known = other, true
			}
		}
		f.keep(c, ch, chunk.At)
		results = append(results, message.ContactResult{Created: !known})
	}
	return results, f.fail
}

func newContactDesk(t testing.TB) (*desk, *fakeContacts) {
	f := &fakeContacts{all: map[message.ID]message.Contact{}, erased: map[message.ID]message.Erasure{}}
	d := newDesk(t, func(o *Options) {
		o.ContactBook, o.ContactLog, o.Imports, o.Erasures = f, f, f, f
		o.Batches = &fakeBatches{}
	})
	return d.open(), f
}

// do makes a request with the live key and checks its status.
func (d *desk) do(status int, first, body string, lines ...string) reply {
	d.t.Helper()
	lines = append([]string{"Authorization: Bearer " + d.live, "Content-Type: application/json"}, lines...)
	got := d.ask(request(first+" HTTP/1.1", body, lines...))
	if got.status != status {
		d.t.Fatalf("%s: got %d, want %d: %s", first, got.status, status, got.body)
	}
	return got
}

const kimBody = `{"externalId":"crm-1","name":"Kim","identities":{"sms":"+82 10-1234-5678","telegram":"4711"},"tags":["vip","eu","vip"],
	"channelOrder":["telegram","sms"],"optOut":{"sms":true},"locale":"ko-KR","timezone":"Asia/Seoul","metadata":{"plan":"gold","n":1.50}}`

// contactOf returns the contact of an answer without its times, and its id.
func contactOf(t testing.TB, got reply) (id, rest string) {
	t.Helper()
	var a struct {
		Data map[string]any `json:"data"`
	}
	if err := json.Unmarshal([]byte(got.body), &a); err != nil {
		t.Fatalf("%v: %s", err, got.body)
	}
	id, _ = a.Data["id"].(string)
	for _, name := range []string{"id", "createdAt", "updatedAt"} {
		delete(a.Data, name)
	}
	text, _ := json.Marshal(a.Data)
	return id, string(text)
}

func TestContactLives(t *testing.T) {
	d, f := newContactDesk(t)
	made := d.do(201, "POST /api/v1/contacts", kimBody)
	id, got := contactOf(t, made)
	want := `{"channelOrder":["telegram","sms"],"externalId":"crm-1","identities":{"sms":"+821012345678","telegram":"4711"},"locale":"ko-KR",` +
		`"metadata":{"n":1.50,"plan":"gold"},"name":"Kim","optOut":{"sms":true},"tags":["eu","vip"],"test":false,"timezone":"Asia/Seoul"}`
	if diff := cmp.Diff(strings.ReplaceAll(want, "1.50", "1.5"), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	path := "/api/v1/contacts/" + id
	d.do(409, "POST /api/v1/contacts", `{"externalId":"crm-1"}`)
	d.do(404, "GET /api/v1/contacts/con_00000000000000000000000000", "")
	etag := made.header.Get("ETag")
	patch := `{"name":null,"identities":{"telegram":null,"whatsapp":"+821012345678"},"optOut":{"sms":false},"metadata":{"n":null,"x":true},"tags":["new"]}`
	_, got = contactOf(t, d.do(200, "PATCH "+path, patch, "If-Match: "+etag))
	want = `{"channelOrder":["telegram","sms"],"externalId":"crm-1","identities":{"sms":"+821012345678","whatsapp":"+821012345678"},"locale":"ko-KR",` +
		`"metadata":{"plan":"gold","x":true},"name":null,"optOut":{},"tags":["new"],"test":false,"timezone":"Asia/Seoul"}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	d.do(412, "PATCH "+path, `{"name":"Lee"}`, "If-Match: "+etag)
	d.do(400, "PATCH "+path, `{"name":"Lee"}`, "If-Match: now")
	d.do(200, "PATCH "+path, `{"optOut":{"all":true}}`)
	_, got = contactOf(t, d.do(200, "PUT "+path, `{"name":"Lee","optOut":{"sms":null}}`))
	want = `{"channelOrder":[],"externalId":null,"identities":{},"locale":null,"metadata":{},"name":"Lee","optOut":{"all":true},"tags":[],"test":false,"timezone":null}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what is left out of a PUT is emptied, but for opt-outs (-want +got):\n%s", diff)
	}
	if got := d.do(202, "DELETE "+path, ""); !strings.Contains(got.body, `"erasure":"pending"`) {
		t.Error(got.body)
	}
	d.do(404, "GET "+path, "")
	d.do(202, "DELETE "+path, "")
	d.do(202, "GET "+path+"/erasure", "")
	f.erased[slices.Collect(maps.Keys(f.erased))[0]] = message.Erasure{State: message.ErasureDone, Owner: message.Owner{Workspace: 7}}
	d.do(200, "GET "+path+"/erasure", "")
	if len(f.audits) != 1 || f.audits[0].Object != id || strings.Contains(fmt.Sprint(f.audits), "Kim") {
		t.Errorf("%+v", f.audits)
	}
	d.do(404, "DELETE /api/v1/contacts/con_00000000000000000000000000", "")
}

// Contacts belong to a workspace, and to its live or its test keys.
func TestContactsOfOthers(t *testing.T) {
	d, _ := newContactDesk(t)
	id, _ := contactOf(t, d.do(201, "POST /api/v1/contacts", kimBody))
	for _, key := range []message.Key{{Workspace: 7, Test: true, Scopes: message.ScopeAll}, {Workspace: 8, Scopes: message.ScopeAll}} {
		d.keys.PutWorkspace(message.Workspace{ID: key.Workspace, Name: fmt.Sprint(key.Workspace), PerMinute: 1_000_000})
		token := "Authorization: Bearer " + d.addKey(key)
		for _, first := range []string{"GET", "PUT", "PATCH", "DELETE"} {
			body := ""
			if first[0] == 'P' {
				body = `{}`
			}
			got := d.ask(request(first+" /api/v1/contacts/"+id+" HTTP/1.1", body, token, "Content-Type: application/json"))
			if got.status != 404 {
				t.Errorf("%s by %+v: %d", first, key, got.status)
			}
		}
		if got := d.ask(request("GET /api/v1/contacts HTTP/1.1", "", token)); got.body != `{"data":[],"page":{"next":null}}` {
			t.Errorf("%+v sees %s", key, got.body)
		}
		send := `{"contactId":"` + id + `","channel":"sms","content":"x"}`
		if got := d.ask(request("POST /api/v1/messages/send HTTP/1.1", send, token)); got.status != 400 || !strings.Contains(got.body, "unknown_contact") {
			t.Errorf("%+v sends to it: %s", key, got.body)
		}
	}
	reads := "Authorization: Bearer " + d.addKey(message.Key{Workspace: 7, Scopes: message.ScopeContactsRead})
	if got := d.ask(request("DELETE /api/v1/contacts/"+id+" HTTP/1.1", "", reads)); got.status != 403 {
		t.Errorf("a key that may only read: %d", got.status)
	}
}

func TestContactsAreListed(t *testing.T) {
	d, _ := newContactDesk(t)
	for i := range 5 {
		d.do(201, "POST /api/v1/contacts", fmt.Sprintf(`{"externalId":"crm-%d","tags":["t%d"],"identities":{"sms":"+82101234567%d"}}`, i, i%2, i))
	}
	count := func(query string) (n int) {
		t.Helper()
		next := ""
		for {
			var a struct {
				Data []any
				Page struct{ Next *string }
			}
			if err := json.Unmarshal([]byte(d.do(200, "GET /api/v1/contacts?"+query+next, "").body), &a); err != nil {
				t.Fatal(err)
			}
			if n += len(a.Data); a.Page.Next == nil {
				return n
			}
			next = "&after=" + *a.Page.Next
		}
	}
	for query, want := range map[string]int{
		"limit=2": 5, "tag=t0&limit=1": 3, "externalId=crm-3": 1, "channel=whatsapp&address=+821012345674": 1, "channel=sms&address=%2B82%2010-1234-5674": 1, "tag=none": 0,
	} {
		if got := count(query); got != want {
			t.Errorf("%s: %d contacts, want %d", query, got, want)
		}
	}
	for query, want := range map[string]string{
		"tga=x": "unknown_parameter", "channel=sms": "missing_parameter", "channel=smss&address=x": "unsupported_channel", "limit=0": "invalid_parameter",
		"after=x": "invalid_cursor", "tag=": "invalid_parameter", "tag=a&tag=b": "duplicate_parameter",
	} {
		if got := d.do(400, "GET /api/v1/contacts?"+query, ""); !strings.Contains(got.body, want) {
			t.Errorf("%s: %s", query, got.body)
		}
	}
}

func TestContactFaults(t *testing.T) {
	r := testReader()
	for _, row := range []struct{ body, want string }{
		{`{"nmae":"Kim","x":1}`, "nmae unknown_parameter: There is no member \"nmae\"; did you mean \"name\"?\n" +
			"x unknown_parameter: There is no member \"x\" here; there are externalId, name, identities, tags, channelOrder, optOut, locale, timezone, metadata.\n"},
		{`{"name":1,"name":"x","tags":["a",2,""],"channelOrder":"sms","identities":[]}`, "name invalid_type: name must be a string, not a number.\n" +
			"name duplicate_parameter: name stands there twice; keep one of the two.\ntags[1] invalid_type: tags[1] must be a string, not a number.\n" +
			"tags[2] invalid_parameter: tags[2] is empty.\nchannelOrder invalid_type: channelOrder must be an array of strings, not a string.\n" +
			"identities invalid_type: identities must be an object of channels and addresses, not an array.\n"},
		{
			`{"identities":{"smss":"+1","sms":"12","telegram":"sim:failed","whatsapp":""},"channelOrder":["sms","sms"]}`,
			"identities.smss unsupported_channel: \"smss\" is no channel; use one of whatsapp, telegram, sms, kakao; did you mean \"sms\"?\n" +
				"identities.sms invalid_recipient: identities.sms must be a phone number in E.164, such as +14155550100, not \"12\".\n" +
				"identities.telegram test_recipient: identities.telegram is a recipient of the sandbox; use a cpk_test_ key, or a real recipient.\n" +
				"identities.whatsapp invalid_recipient: identities.whatsapp is empty; null takes the address away.\n" +
				"channelOrder[1] duplicate_parameter: channelOrder[1] names sms again.\n",
		},
		{
			`{"optOut":{"sms":1,"all":true,"x":true},"locale":"kor_KR","timezone":"Local","metadata":{"a":{},"b":"` + strings.Repeat("x", 2048) + `"}}`,
			"optOut.sms invalid_type: optOut.sms must be true or false, not a number.\noptOut.x unsupported_channel: \"x\" is no channel; use one of whatsapp, telegram, sms, kakao.\n" +
				"locale invalid_parameter: locale must be a BCP 47 tag such as ko or pt-BR, not \"kor_KR\".\ntimezone invalid_parameter: timezone must be an IANA name such as Asia/Seoul, not \"Local\".\n" +
				"metadata.a invalid_type: metadata.a must be a string, a number or a boolean, not an object.\nmetadata invalid_parameter: metadata is longer than 2048 bytes.\n",
		},
		{`{"name":"a\u0007","externalId":"` + strings.Repeat("x", 257) + `"}`, "name invalid_parameter: name must not hold control characters.\nexternalId invalid_parameter: externalId is longer than 256 bytes.\n"},
		{`[]`, " invalid_type: The body must be a JSON object, not an array.\n"},
		{`{"name":`, " invalid_json: The body is not valid JSON: it ends where a value should begin (line 1, column 9).\n"},
		{``, " invalid_json: The body is not valid JSON: it is empty (line 1, column 1).\n"},
	} {
		got := ""
		for _, f := range r.readContact([]byte(row.body), false, newContact).faults {
			got += fmt.Sprintf("%s %s: %s\n", f.Param, f.Code, f.Message)
		}
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.body, diff)
		}
	}
}

// A step goes to its own address, else to the contact's on its channel, else to
// the message's where that fits, else nowhere.
func TestSendToAContact(t *testing.T) {
	d, _ := newContactDesk(t)
	id, _ := contactOf(t, d.do(201, "POST /api/v1/contacts", `{"identities":{"whatsapp":"+821000000001","telegram":"4711"}}`))
	for _, row := range []struct{ name, members, want string }{
		{"own channel", `"channel":"whatsapp"`, "whatsapp=+821000000001"},
		{"no address there", `"channel":"sms"`, "sms=!unroutable"},
		{
			"chain", `"channel":"whatsapp","fallback":{"channels":["sms","telegram",{"channel":"sms","to":"+821000000009"}]}`,
			"whatsapp=+821000000001 sms=!unroutable telegram=4711 sms=+821000000009",
		},
		{
			"beside an address", `"to":"+821000000005","channel":"sms","fallback":{"channels":["whatsapp","telegram"]}`,
			"sms=+821000000005 whatsapp=+821000000001 telegram=4711",
		},
		{"its address fits", `"to":"+821000000005","channel":"whatsapp","fallback":{"channels":["sms"]}`, "whatsapp=+821000000005 sms=+821000000005"},
	} {
		body := `{"contactId":"` + id + `","content":"hi",` + row.members + `}`
		got := d.do(202, "POST /api/v1/messages/send", body)
		o := d.log.last()
		var steps []string
		for _, s := range o.Steps {
			to := s.To
			if s.Unroutable != "" {
				to = "!" + s.Unroutable
			}
			steps = append(steps, s.Channel+"="+to)
		}
		if text := strings.Join(steps, " "); text != row.want || string(message.AppendID(nil, message.PrefixContact, o.Contact)) != id {
			t.Errorf("%s: %s of %x, want %s", row.name, text, o.Contact, row.want)
		}
		if warned := strings.Contains(got.body, `"code":"unroutable"`); warned != strings.Contains(row.want, "!") {
			t.Errorf("%s: %s", row.name, got.body)
		}
	}
	batch := d.do(202, "POST /api/v1/messages/batch", `{"messages":[{"contactId":"`+id+`"},{"contactId":"con_x"}],"defaults":{"channel":"telegram","content":"hi"}}`)
	if !strings.Contains(batch.body, `"accepted":1,"rejected":1`) {
		t.Error(batch.body)
	}
}
