package store

import (
	"errors"
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"messagehub/store/message"
	"messagehub/store/message/mutate"
)

var acme = message.Owner{Workspace: 1}

// kim is a new contact with an external id.
func kim(externalID string, identities ...message.Identity) message.ContactPut {
	return message.ContactPut{Owner: acme, At: noon, Salt: 7, Change: message.ContactChange{
		Set: message.ContactFields, ExternalID: externalID, Name: "Kim", Tags: []string{"vip", "eu", "vip"}, Identities: identities,
		Metadata: []message.Param{{Name: "plan", Value: `"gold"`}},
	}}
}

func mustChange(t testing.TB, s *Store, put message.ContactPut) message.Contact {
	t.Helper()
	c, err := s.ChangeContact(put)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func found(t testing.TB, s *Store, o message.Owner, q message.ContactQuery) (ids []message.ID) {
	t.Helper()
	q.Limit = max(q.Limit, 1)
	for {
		page, err := s.Contacts(o, q)
		if err != nil {
			t.Fatal(err)
		}
		for i := range page.Contacts {
			ids = append(ids, page.Contacts[i].ID)
		}
		if page.Next == 0 {
			return ids
		}
		q.After = page.Next
	}
}

func TestContactIsFoundByAllThatItHas(t *testing.T) {
	files := vfs.NewMem()
	s := begun(onDir(t, files))
	phone := message.Identity{Channel: "sms", Address: "+821012345678"}
	c := mustChange(t, s, kim("crm-1", phone, message.Identity{Channel: "telegram", Address: "4711"}))
	mustChange(t, s, kim("crm-2"))
	other := mustChange(t, s, message.ContactPut{Owner: message.Owner{Workspace: 2}, Change: kim("crm-1", phone).Change, At: noon})
	for _, test := range []struct {
		owner message.Owner
		query message.ContactQuery
		want  string
	}{
		{acme, message.ContactQuery{ExternalID: "crm-1"}, fmt.Sprint([]message.ID{c.ID})},
		{acme, message.ContactQuery{Identity: message.Identity{Channel: "whatsapp", Address: phone.Address}}, fmt.Sprint([]message.ID{c.ID})},
		{acme, message.ContactQuery{Identity: message.Identity{Channel: "viber", Address: "4711"}}, "[]"}, // an id of Telegram's
		{acme, message.ContactQuery{Tag: "vip", Identity: phone}, fmt.Sprint([]message.ID{c.ID})},
		{message.Owner{Workspace: 2}, message.ContactQuery{Identity: phone}, fmt.Sprint([]message.ID{other.ID})},
		{message.Owner{Workspace: 1, Test: true}, message.ContactQuery{ExternalID: "crm-1"}, "[]"},
	} {
		if got := fmt.Sprint(found(t, s, test.owner, test.query)); got != test.want {
			t.Errorf("%+v of %+v finds %s, want %s", test.query, test.owner, got, test.want)
		}
	}
	if n := len(found(t, s, acme, message.ContactQuery{Tag: "vip"})); n != 2 {
		t.Errorf("%d contacts have the tag", n)
	}
	if _, err := s.Contact(message.Owner{Workspace: 2}, c.ID); !errors.Is(err, message.ErrNotFound) {
		t.Errorf("another workspace reads it: %v", err)
	}
	if _, err := s.ChangeContact(kim("crm-1")); !errors.Is(err, message.ErrExternalIDTaken) {
		t.Errorf("the external id was given twice: %v", err)
	}
	stale := message.ContactPut{Owner: acme, ID: c.ID, IfVersion: c.Version + 1, At: noon}
	if _, err := s.ChangeContact(stale); !errors.Is(err, message.ErrVersion) {
		t.Errorf("a stale version was changed: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if r := clean(t, files); r.Rows["contact"] != 3 {
		t.Errorf("%v", r.Rows)
	}
}

// Whatever is done to contacts, what is found by an index is what has the
// member, after a restart, too.
func TestContactIndexesFollow(t *testing.T) {
	channels, addresses := []string{"sms", "whatsapp", "telegram"}, []string{"", "+821011112222", "+821033334444"}
	rapid.Check(t, func(r *rapid.T) {
		files := vfs.NewMem()
		s, err := tryDir(files)
		if err != nil {
			r.Fatal(err)
		}
		begun(s)
		known := map[message.ID]message.Contact{}
		ids := []message.ID{{}}
		pick := func(from []string, what string) string { return rapid.SampledFrom(from).Draw(r, what) }
		for range rapid.IntRange(1, 30).Draw(r, "changes") {
			id := rapid.SampledFrom(ids).Draw(r, "id")
			if !id.IsZero() && rapid.IntRange(0, 5).Draw(r, "erase") == 0 {
				if _, err := s.EraseContact(acme, id, noon); err != nil {
					r.Fatal(err)
				}
				delete(known, id)
				continue
			}
			put := message.ContactPut{Owner: acme, ID: id, At: noon, Salt: 1, Change: message.ContactChange{
				Set:        message.ContactField(rapid.IntRange(0, int(message.ContactFields)).Draw(r, "set")),
				ExternalID: pick([]string{"", "a", "b"}, "external"), Tags: []string{pick([]string{"x", "y"}, "tag")},
				Identities: []message.Identity{{Channel: pick(channels, "channel"), Address: pick(addresses, "address")}},
			}}
			c, err := s.ChangeContact(put)
			_, exists := known[id]
			switch {
			case err == nil:
				known[c.ID] = c
				ids = append(ids, c.ID)
			case errors.Is(err, message.ErrNotFound) && !id.IsZero() && !exists:
			case errors.Is(err, message.ErrExternalIDTaken) && put.Change.Set&message.ContactExternalID != 0:
			default:
				r.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			r.Fatal(err)
		}
		report, err := Check("data", files)
		if err != nil || report.Total > 0 {
			r.Fatalf("%v, %+v", err, report)
		}
		if s, err = tryDir(files); err != nil {
			r.Fatal(err)
		}
		defer s.Close()
		for _, q := range []message.ContactQuery{
			{ExternalID: "a"},
			{Tag: "x"},
			{Tag: "y", ExternalID: "b"},
			{Identity: message.Identity{Channel: "sms", Address: "+821011112222"}},
			{},
		} {
			want := map[message.ID]bool{}
			for id, c := range known {
				if q.Match(&c) {
					want[id] = true
				}
			}
			got := found(t, s, acme, q)
			for _, id := range got {
				delete(want, id)
				if c := known[id]; !q.Match(&c) {
					r.Fatalf("%+v finds %+v", q, c)
				}
			}
			if len(want) > 0 {
				r.Fatalf("%+v does not find %v", q, want)
			}
		}
	})
}

func TestImportIsAnUpsert(t *testing.T) {
	s := begun(onDir(t, vfs.NewMem()))
	chunk := func(name string) *message.ContactImport {
		c := &message.ContactImport{Owner: acme, At: noon}
		for i := range MaxImport {
			c.Changes = append(c.Changes, message.ContactChange{
				Set: message.ContactExternalID | message.ContactName, ExternalID: fmt.Sprint("crm-", i/2), Name: fmt.Sprint(name, i),
			})
		}
		return c
	}
	for round, want := range []int{MaxImport / 2, 0} { // every other line is for the contact of the line before
		results, err := s.ImportContacts(chunk(fmt.Sprint("name ", round, " ")))
		if err != nil {
			t.Fatal(err)
		}
		created := 0
		for _, r := range results {
			if r.Err != nil {
				t.Fatal(r.Err)
			}
			created += int(bit(r.Created))
		}
		if created != want {
			t.Errorf("round %d: %d created", round, created)
		}
	}
	page, err := s.Contacts(acme, message.ContactQuery{ExternalID: "crm-3", Limit: 1})
	if err != nil || len(page.Contacts) != 1 || page.Contacts[0].Name != "name 1 7" {
		t.Errorf("%+v, %v", page, err)
	}
}

func FuzzContactRows(f *testing.F) {
	c := message.Contact{
		Name: "Kim", ExternalID: "crm-1", Tags: []string{"vip"}, OptOut: []string{"all"}, Version: 9, CreatedAt: noon,
		Identities: []message.Identity{{Channel: "sms", Address: "+82"}}, Metadata: []message.Param{{Name: "a", Value: "1"}},
	}
	e := erasure{addresses: []string{"+82"}}
	seeds := []string{string(appendContact(nil, &c)), string(appendErasure(nil, &e)), string(appendOptOut(nil, noon))}
	mutate.Strings(f, seeds, func(t testing.TB, text string) {
		var got, again message.Contact
		if decodeContact(&got, acme, message.ID{1}, text) == nil {
			err := decodeContact(&again, acme, message.ID{1}, string(appendContact(nil, &got)))
			same(t, "contact", again, got, err)
			indexKeys(&got)
		}
		var e, e2 erasure
		if decodeErasure(&e, acme, message.ID{1}, text) == nil {
			err := decodeErasure(&e2, acme, message.ID{1}, string(appendErasure(nil, &e)))
			same(t, "erasure", e2.addresses, e.addresses, err)
		}
		_, _ = decodeOptOut(text)
	})
}
