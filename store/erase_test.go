package store

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"messagehub/store/message"
)

// secrets are what must be in no file once the contact that they belong to is
// erased.
var secrets = []string{
	"+821099887766", "821099887766", "4711471147", "Kim Minseo", "crm-kim-9", "10-9988-7766", "secret words", "secret value", "secret-meta", "secret-file",
	base64.StdEncoding.EncodeToString([]byte("821099887766")),
	string(binary.AppendUvarint(nil, 821099887766)), // of a pending row
}

// secretOutbound is a message to the contact that has everything personal in it.
func secretOutbound() *message.Outbound {
	o := testOutbound()
	o.Metadata, o.ClientRequestID, o.Reference = `{"k":"secret-meta"}`, "secret-meta", "for +82 10-9988-7766"
	o.Steps[0] = message.Step{
		Channel: "whatsapp", To: "+821099887766", ContentType: message.Template, TemplateID: "shipped", Content: "secret words",
		Params: []message.Param{{Name: "name", Value: "secret value"}}, MediaURL: "https://example.com/secret-file", Filename: "secret-file",
		Success: message.Delivered, Timeout: time.Minute,
	}
	o.Steps = append(o.Steps, message.Step{Channel: "telegram", To: "4711471147", ContentType: message.Text, Content: "secret words", Success: message.Sent})
	return o
}

// leaks returns the secrets that a directory's files hold.
func leaks(t testing.TB, files vfs.FS, dir string) (found []string) {
	t.Helper()
	names, err := files.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		f, err := files.Open(files.PathJoin(dir, name))
		if errors.Is(err, fs.ErrNotExist) { // the engine has removed it
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(f)
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
		for _, secret := range secrets {
			if bytes.Contains(b, []byte(secret)) {
				found = append(found, name+": "+secret)
			}
		}
	}
	return found
}

func awaitErasure(t testing.TB, s *Store, o message.Owner, id message.ID) message.Erasure {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		e, err := s.Erasure(o, id)
		if err != nil {
			t.Fatal(err)
		}
		if e.State == message.ErasureDone {
			return e
		}
		if time.Now().After(deadline) {
			t.Fatalf("the erasure does not end: %+v", e)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// secretive is a store on a disk that knows the secrets, in logs and tables of
// every age.
func secretive(t *testing.T, dir string) (*Store, message.Contact, map[string]message.ID) {
	t.Helper()
	s, err := Open(dir, Options{LowWater: -1, CacheSize: 8 << 20, Now: func() time.Time { return noon.Std() }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	e := newEar()
	s.Start(e.hooks())
	put := kim("crm-kim-9", message.Identity{Channel: "whatsapp", Address: "+821099887766"}, message.Identity{Channel: "telegram", Address: "4711471147"})
	put.Change.Name, put.Change.Metadata = "Kim Minseo", []message.Param{{Name: "note", Value: `"secret value"`}}
	put.Change.OptOut = []message.OptOutChange{{Scope: "sms", Out: true}}
	c := mustChange(t, s, put)
	ids := map[string]message.ID{}
	accept := func(name string, key string) message.Job {
		o := secretOutbound()
		o.Contact = c.ID
		a, err := s.Accept(o, message.Idempotency{Route: "messages/send", Key: key, At: noon})
		if err != nil {
			t.Fatal(err)
		}
		ids[name] = a.ID
		return <-e.news
	}
	wamid := "wamid.HBgM" + base64.StdEncoding.EncodeToString([]byte("821099887766")) + "FQIAERg"
	send(t, s, accept("delivered", "to +821099887766"), wamid)
	report(t, s, message.Receipt{Channel: "whatsapp", ProviderID: wamid, Status: message.Delivered})
	refused := accept("refused", "plain")
	mustFold(t, s, refused.ID, message.Fact{Kind: message.Started, At: noon, Position: refused.Position, Sender: "main"})
	mustFold(t, s, refused.ID, message.Fact{Kind: message.Rejected, At: noon, Failure: &message.Failure{
		Code: "not_on_channel", Class: message.Recipient, ProviderMessage: "821099887766 is not on WhatsApp",
	}})
	<-e.news // its fallback waits
	accept("waiting", "plain too")
	if err := s.db.Flush(); err != nil {
		t.Fatal(err)
	}
	report(t, s, message.Receipt{Channel: "whatsapp", ProviderID: "early " + wamid, Status: message.Failed, Failure: &message.Failure{
		Code: "x", ProviderMessage: "no 821099887766",
	}})
	if err := s.db.Flush(); err != nil { // the manifest names the table's first row: the receipt's
		t.Fatal(err)
	}
	b := s.NewBatch(1, false, noon, 1)
	b.Reject(`{"code":"invalid_recipient","message":"not \"+821099887766 \""}`)
	b.Reject(`{"code":"invalid_recipient","message":"not \"82 10-9988-7766x\""}`)
	if err := b.Add(secretOutbound(), false); err != nil {
		t.Fatal(err)
	}
	if done, err := b.Commit(message.Idempotency{}); err != nil {
		t.Fatal(err)
	} else {
		ids["by address"] = done.Items[2].ID
	}
	d := distributionOf(3)
	d.Plan.Reference, d.Recipients[1].To[0].Address = "for +821099887766", "+821099887766"
	d.Recipients[2] = message.Addressee{Index: 2, Contact: c.ID, Params: []message.Param{{Name: "name", Value: "secret value"}}}
	mustDistribute(t, s, d)
	mustReceive(t, s, written(wamid, "secret words"))
	other := testOutbound()
	ids["of somebody else"] = mustAccept(t, s, other)
	return s, c, ids
}

func report(t testing.TB, s *Store, r message.Receipt) {
	t.Helper()
	if err := s.Report([]message.Receipt{r}, noon); err != nil {
		t.Fatal(err)
	}
}

// Once an erasure is done, no file of the store holds anything of the contact,
// and ids and statuses are still there.
func TestErasureLeavesNothingInAnyFile(t *testing.T) {
	dir := t.TempDir()
	s, c, ids := secretive(t, dir)
	if found := leaks(t, vfs.Default, dir); len(found) < len(secrets)/2 {
		t.Fatalf("the files hold only %v", found)
	}
	first, err := s.EraseContact(acme, c.ID, noon, message.AuditEntry{At: noon, Actor: "key_1", Action: "contact.erase", Object: "con_1"})
	if err != nil || first.State == message.ErasureDone {
		t.Fatalf("%+v, %v", first, err)
	}
	if _, err := s.Contact(acme, c.ID); !errors.Is(err, message.ErrNotFound) {
		t.Errorf("the contact is still there: %v", err)
	}
	if e := awaitErasure(t, s, acme, c.ID); e.Messages != 4 || e.DoneAt == 0 {
		t.Errorf("%+v", e)
	}
	if found := leaks(t, vfs.Default, dir); len(found) > 0 {
		t.Errorf("still there: %s", strings.Join(found, "\n"))
	}
	for name, want := range map[string]message.Status{
		"delivered": message.Delivered, "refused": message.Canceled, "waiting": message.Canceled, "by address": message.Canceled, "of somebody else": message.Queued,
	} {
		o, state, err := s.Message(1, ids[name])
		if err != nil || state.Status != want || o.Erased != (name != "of somebody else") {
			t.Errorf("%s: %+v, %v", name, state, err)
		}
	}
	again := message.ContactPut{Owner: acme, At: noon, Change: message.ContactChange{Identities: []message.Identity{{Channel: "sms", Address: "+821099887766"}}}}
	if back := mustChange(t, s, again); len(back.OptOut) != 0 {
		t.Errorf("the contact never had an address for sms: %v", back.OptOut)
	}
	if _, err := s.EraseContact(message.Owner{Workspace: 2}, c.ID, noon); !errors.Is(err, message.ErrNotFound) {
		t.Errorf("another workspace erases it: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if r, err := Check(dir, nil); err != nil || r.Total > 0 {
		t.Errorf("%v, %+v", err, r)
	}
}

// Rows that hold anything of a contact are of ranges that are written anew when
// they have changed.
func TestWhateverIsPersonalIsPurged(t *testing.T) {
	s, c, _ := secretive(t, t.TempDir())
	ranges := purged([]erasure{{Erasure: message.Erasure{Contact: c.ID, Owner: acme}}})
	kinds := map[byte]bool{}
	err := eachRow(s.db, nil, func(key, value []byte) error {
		row := string(key) + string(value)
		if !slices.ContainsFunc(secrets, func(secret string) bool { return strings.Contains(row, secret) }) {
			return nil
		}
		kinds[key[0]] = true
		if !slices.ContainsFunc(ranges, func(start []byte) bool { return bytes.HasPrefix(key, start) }) {
			t.Errorf("the row %q", key)
		}
		return nil
	})
	if err != nil || len(kinds) < 10 {
		t.Errorf("%d kinds of rows, %v", len(kinds), err)
	}
}

// An erasure goes on after a crash, however far it had come.
func TestErasureSurvivesCrashes(t *testing.T) {
	for after := range 12 {
		t.Run(fmt.Sprint(after), func(t *testing.T) {
			t.Parallel()
			files := vfs.NewCrashableMem()
			s, e := started(t, files)
			c := mustChange(t, s, kim("crm-kim-9", message.Identity{Channel: "whatsapp", Address: "+821099887766"}))
			for range 5 {
				o := secretOutbound()
				o.Contact = c.ID
				mustAccept(t, s, o)
				<-e.news
			}
			if _, err := s.EraseContact(acme, c.ID, noon); err != nil {
				t.Fatal(err)
			}
			for range after { // each is a record behind those of the erasure
				if err := s.commit(barrier{}); err != nil {
					t.Fatal(err)
				}
			}
			crashed := files.CrashClone(vfs.CrashCloneCfg{})
			s, _ = started(t, crashed)
			if e := awaitErasure(t, s, acme, c.ID); e.Messages != 5 {
				t.Errorf("%+v", e)
			}
			if found := leaks(t, crashed, "data"); len(found) > 0 {
				t.Errorf("still there: %v", found)
			}
		})
	}
}

// A message that is being sent is erased when its outcome is known.
func TestErasureWaitsForASendInFlight(t *testing.T) {
	s, e := started(t, vfs.NewMem())
	c := mustChange(t, s, kim("crm-1", message.Identity{Channel: "whatsapp", Address: "+821099887766"}))
	o := secretOutbound()
	o.Contact = c.ID
	id := mustAccept(t, s, o)
	j := <-e.news
	mustFold(t, s, id, message.Fact{Kind: message.Started, At: noon, Position: j.Position, Sender: "main"})
	if _, err := s.EraseContact(acme, c.ID, noon); err != nil {
		t.Fatal(err)
	}
	if err := s.commit(barrier{}); err != nil {
		t.Fatal(err)
	}
	folded := mustFold(t, s, id, message.Fact{Kind: message.Accepted, At: noon, ProviderID: "wamid.1"})
	if folded.State.Status != message.Sent {
		t.Errorf("%+v", folded.State)
	}
	awaitErasure(t, s, acme, c.ID)
	report(t, s, message.Receipt{Channel: "whatsapp", Ref: message.AttemptRef(1, id, 0), Status: message.Failed})
	left, state, err := s.Message(1, id)
	if err != nil || !left.Erased || state.Waiting != 0 || len(state.Attempts) != 1 || state.Status != message.Failed {
		t.Errorf("%+v, %v", state, err)
	}
}

// A message that was on its way into the log when its contact was erased is
// erased, too.
func TestErasureOfAMessageThatComesLater(t *testing.T) {
	s := begun(onDir(t, vfs.NewMem()))
	c := mustChange(t, s, kim("crm-1", message.Identity{Channel: "whatsapp", Address: "+821099887766"}))
	if _, err := s.EraseContact(acme, c.ID, noon); err != nil {
		t.Fatal(err)
	}
	awaitErasure(t, s, acme, c.ID)
	o := secretOutbound()
	o.Contact = c.ID
	id := mustAccept(t, s, o)
	if e := awaitErasure(t, s, acme, c.ID); e.Messages != 1 {
		t.Errorf("%+v", e)
	}
	if left, _, err := s.Message(1, id); err != nil || !left.Erased {
		t.Errorf("%+v, %v", left, err)
	}
}

func TestTracesAreFoundHoweverTheyAreWritten(t *testing.T) {
	found := tracesOf([]string{"+821099887766"})
	for lead := range 4 {
		id := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", lead) + "821099887766" + "tail"))
		if !found.in("wamid." + id) {
			t.Errorf("not found in %s", id)
		}
	}
	for _, text := range []string{"to 821099887766.", "+82 10-9988-7766", "(82) 10.9988/7766"} {
		if !found.in(text) {
			t.Errorf("not found in %s", text)
		}
	}
	for _, other := range []string{"", "wamid.HBgM", "821099887765", "82-10-9988-776"} {
		if found.in(other) {
			t.Errorf("found in %q", other)
		}
	}
	if slices.Contains(tracesOf([]string{"77"}).needles, "77") {
		t.Error("a short address is looked for everywhere")
	}
}
