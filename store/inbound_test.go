package store

import (
	"errors"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"messagehub/store/message"
	"messagehub/store/message/mutate"
)

func written(id, text string) message.Inbound {
	return message.Inbound{
		Owner: acme, Channel: "sms", Sender: "main", ProviderID: id, From: "+821099887766", Kind: "text", Text: text, ReceivedAt: noon,
	}
}

// attached is a message with all that there can be.
func attached() message.Inbound {
	m := written("wamid.1", "Look")
	m.Kind, m.ReplyTo, m.At = message.KindImage, "wamid.0", noon
	m.Attach(message.Medium{ID: "1003383421387256", MimeType: "image/jpeg"})
	m.Attach(message.Medium{URL: "https://example.com/a.pdf", Filename: "a.pdf"})
	m.Locate(message.Place{Latitude: -33.86, Longitude: 151.21, Name: "Opera", Address: "Bennelong Point"})
	return m
}

// Media and places are kept, and rows from before there were any are read.
func TestAttachmentsAreKept(t *testing.T) {
	s, _ := started(t, vfs.NewMem())
	want := attached()
	want.ID = mustReceive(t, s, want)
	got, err := s.Inbound(acme, want.ID)
	same(t, "inbound", got, want, err)
	m := written("SM1", "hi")
	old := appendInbound(nil, &m)
	old = old[:len(old)-2]
	old[0] = inboundVersionOld
	var before message.Inbound
	err = decodeInbound(&before, acme.Workspace, message.ID{}, string(old))
	same(t, "row of version 1", before, m, err)
}

// A choice counts with its message: once, so that an old one that comes again
// does not undo the one that followed it.
func TestChoiceThatComesAgain(t *testing.T) {
	s, _ := started(t, vfs.NewMem())
	c := mustChange(t, s, kim("crm-1", message.Identity{Channel: "sms", Address: "+821099887766"}))
	for _, row := range []struct {
		id     string
		choice message.Choice
		out    bool
	}{{"SM1", message.OptsOut, true}, {"SM2", message.OptsIn, false}, {"SM1", message.OptsOut, false}, {"SM3", message.NoChoice, false}, {"SM4", message.OptsOut, true}, {"SM2", message.OptsIn, true}} {
		if _, err := s.Receive(written(row.id, "x"), row.choice, 7); err != nil {
			t.Fatal(err)
		}
		got, err := s.Contact(acme, c.ID)
		if err != nil || len(got.OptOut) > 0 != row.out {
			t.Errorf("after %s: opted out of %v, %v", row.id, got.OptOut, err)
		}
	}
}

func mustReceive(t *testing.T, s *Store, m message.Inbound) message.ID {
	t.Helper()
	id, err := s.Receive(m, message.NoChoice, 7)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestMessagesThatComeIn(t *testing.T) {
	files := vfs.NewMem()
	s, e := started(t, files)
	first := mustReceive(t, s, written("SM1", "secret words"))
	if again := mustReceive(t, s, written("SM1", "secret words")); again != first {
		t.Errorf("a repeat is %s, not %s", again, first)
	}
	second := mustReceive(t, s, written("SM2", "more"))
	got, err := s.Inbound(acme, first)
	if err != nil || got.Text != "secret words" || got.ID != first {
		t.Errorf("%+v, %v", got, err)
	}
	for _, o := range []message.Owner{{Workspace: 2}, {Workspace: 1, Test: true}} {
		if _, err := s.Inbound(o, first); !errors.Is(err, message.ErrNotFound) {
			t.Errorf("%+v reads it: %v", o, err)
		}
	}
	page, next, err := s.Inbounds(acme, 0, 1)
	if err != nil || len(page) != 1 || page[0].ID != second || next == 0 {
		t.Errorf("%+v, %d, %v", page, next, err)
	}
	if page, next, err = s.Inbounds(acme, next, 1); err != nil || len(page) != 1 || page[0].ID != first || next != 0 {
		t.Errorf("%+v, %d, %v", page, next, err)
	}
	events, err := s.Events(1, 0, 10)
	if err != nil || len(events) != 2 || events[0].Object != string(message.AppendID(nil, message.PrefixInbound, first)) ||
		events[0].Entry.Type != message.MessageReceived || len(e.events) != 2 {
		t.Errorf("%+v, %v", events, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if r := clean(t, files); r.Rows["inbound"] != 2 {
		t.Errorf("%v", r.Rows)
	}
}

// What a contact has written is erased with it.
func TestErasureOfWhatCameIn(t *testing.T) {
	files := vfs.NewMem()
	s := begun(onDir(t, files))
	c := mustChange(t, s, kim("crm-1", message.Identity{Channel: "whatsapp", Address: "+821099887766"}))
	id := mustReceive(t, s, written("SM1", "secret words"))
	if _, err := s.EraseContact(acme, c.ID, noon); err != nil {
		t.Fatal(err)
	}
	awaitErasure(t, s, acme, c.ID)
	if _, err := s.Inbound(acme, id); !errors.Is(err, message.ErrNotFound) {
		t.Errorf("it is still there: %v", err)
	}
	if found := leaks(t, files, "data"); len(found) > 0 {
		t.Errorf("still there: %v", found)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	clean(t, files)
}

func TestSenderOfAProviderID(t *testing.T) {
	s, e := started(t, vfs.NewMem())
	mustAccept(t, s, testOutbound())
	send(t, s, <-e.news, "wamid.1")
	if ws, found, err := s.SenderOf(message.Lane{Channel: "whatsapp"}, "wamid.1", noon); ws != 1 || !found || err != nil {
		t.Errorf("%d, %t, %v", ws, found, err)
	}
	if _, found, err := s.SenderOf(message.Lane{Channel: "whatsapp", Test: true}, "wamid.1", noon); found || err != nil {
		t.Errorf("found in the sandbox: %v", err)
	}
}

func FuzzInboundRows(f *testing.F) {
	m, full := written("SM1", "hi"), attached()
	old := appendInbound(nil, &m)
	old = old[:len(old)-2] // without the count of media and the place
	old[0] = inboundVersionOld
	mutate.Strings(f, []string{string(appendInbound(nil, &m)), string(appendInbound(nil, &full)), string(old)}, func(t testing.TB, text string) {
		var got, again message.Inbound
		if decodeInbound(&got, 1, message.ID{1}, text) == nil {
			err := decodeInbound(&again, 1, message.ID{1}, string(appendInbound(nil, &got)))
			same(t, "inbound", again, got, err)
		}
	})
}
