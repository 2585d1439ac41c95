package relay

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"messagehub/store/message"
)

// fakeBatches keeps what came, encoded at once as a log must.
type fakeBatches struct {
	mu      sync.Mutex
	commits []*fakeBatch
	fail    error
	hold    chan struct{} // if not nil, Commit waits for it
	entered chan struct{}
}

type fakeBatch struct {
	owner  *fakeBatches
	batch  message.Batch
	added  []*message.Outbound
	dedupe []bool
	key    message.Idempotency
}

func (f *fakeBatches) NewBatch(ws message.WorkspaceID, test bool, at message.Time, _ uint64) message.BatchEntry {
	return &fakeBatch{owner: f, batch: message.Batch{Workspace: ws, Test: test, CreatedAt: at}}
}

func (b *fakeBatch) Add(o *message.Outbound, dedupe bool) error {
	b.added, b.dedupe = append(b.added, cloneOutbound(o)), append(b.dedupe, dedupe)
	item := message.BatchItem{Kind: message.BatchAccepted, ID: testID(len(b.added)), Status: message.Queued}
	if dedupe && o.Reference == "known" {
		item.Kind = message.BatchDuplicate
	}
	b.batch.Items = append(b.batch.Items, item)
	return nil
}

func (b *fakeBatch) Reject(reason string) {
	b.batch.Items = append(b.batch.Items, message.BatchItem{Kind: message.BatchRejected, Error: reason})
}

func (b *fakeBatch) Commit(key message.Idempotency) (message.Batch, error) {
	if b.owner.hold != nil {
		b.owner.entered <- struct{}{}
		<-b.owner.hold
	}
	b.owner.mu.Lock()
	defer b.owner.mu.Unlock()
	b.key = key
	b.key.Key = strings.Clone(key.Key)
	b.owner.commits = append(b.owner.commits, b)
	b.batch.ID = testID(99)
	return b.batch, b.owner.fail
}

func (f *fakeBatches) last(t *testing.T) *fakeBatch {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.commits) == 0 {
		t.Fatal("nothing was committed")
	}
	return f.commits[len(f.commits)-1]
}

func newBatchDesk(t *testing.T) (*desk, *fakeBatches) {
	f := &fakeBatches{}
	return newDesk(t, func(o *Options) { o.Batches = f }).open(), f
}

func (d *desk) postBatch(body string, lines ...string) string {
	return d.postTo(batchPath, body, lines...)
}

func (d *desk) postTo(path, body string, lines ...string) string {
	head := ""
	for _, line := range lines {
		head += line + "\r\n"
	}
	if !strings.Contains(head, "Content-Type") {
		head += "Content-Type: application/json\r\n"
	}
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n%sContent-Length: %d\r\n\r\n%s", path, d.live, head, len(body), body)
}

// batchAnswer is the answer as a client reads it.
type batchAnswer struct {
	BatchID                        *string
	Accepted, Rejected, Duplicates int
	Results                        []struct {
		Index             int
		MessageID, Status string
		Error             *struct {
			Code, Message string
			Param         *string
			Errors        []struct{ Param, Code string }
		}
	}
}

func batchOf(t *testing.T, r reply, status int) batchAnswer {
	t.Helper()
	if r.status != status {
		t.Fatalf("status %d, want %d: %s", r.status, status, r.body)
	}
	var a struct{ Data batchAnswer }
	if err := json.Unmarshal([]byte(r.body), &a); err != nil {
		t.Fatalf("%v in %s", err, r.body)
	}
	for i, item := range a.Data.Results {
		if item.Index != i || (item.Error == nil) == (item.MessageID == "") {
			t.Errorf("result %d is %+v", i, item)
		}
	}
	return a.Data
}

const goodOne = `{"to":"+14155550100","channel":"whatsapp","content":"one"}`

func TestBatchKeepsTheOrderAndTellsEach(t *testing.T) {
	d, log := newBatchDesk(t)
	body := `{"messages":[` + goodOne + `,{"to":"x","channel":"sms","content":"two"},{"channel":"telegrm"},3,` + goodOne + `]}`
	a := batchOf(t, d.ask(d.postBatch(body)), 202)
	if a.Accepted != 2 || a.Rejected != 3 || a.Duplicates != 0 || a.BatchID == nil || !strings.HasPrefix(*a.BatchID, "bat_") {
		t.Errorf("answer %+v", a)
	}
	for i, code := range []string{"", "invalid_recipient", "unsupported_channel", "invalid_type", ""} {
		switch e := a.Results[i].Error; {
		case code == "" && a.Results[i].Status != "queued":
			t.Errorf("result %d is %+v", i, a.Results[i])
		case code != "" && (e == nil || e.Code != code && e.Errors[len(e.Errors)-1].Code != code):
			t.Errorf("result %d is %+v, want %s", i, e, code)
		}
	}
	if got := log.last(t); len(got.added) != 2 || got.added[1].Workspace != 7 || got.key.Key != "" {
		t.Errorf("the log got %+v", got)
	}
}

func TestBatchLines(t *testing.T) {
	d, log := newBatchDesk(t)
	lines := goodOne + "\r\n\n" + `{"to":` + "\n" + goodOne
	a := batchOf(t, d.ask(d.postBatch(lines, "Content-Type: application/x-ndjson")), 202)
	if a.Accepted != 2 || a.Rejected != 1 || a.Results[1].Error.Code != "invalid_json" {
		t.Errorf("answer %+v", a)
	}
	if n := len(log.last(t).added); n != 2 {
		t.Errorf("%d messages in the log", n)
	}
}

// Defaults stand for members that a message does not bring, and for no other.
func TestBatchDefaults(t *testing.T) {
	d, log := newBatchDesk(t)
	body := `{"defaults":{"channel":"whatsapp","content":"\u0061nd you","reference":"r","metadata":{"a":1},
		"fallback":{"channels":["sms"]}},"messages":[
		{"to":"+14155550100"},{"to":"+14155550101","content":"own"},{"to":"+14155550102","fallback":null,"channel":"sms"}]}`
	batchOf(t, d.ask(d.postBatch(body)), 202)
	added := log.last(t).added
	for i, want := range []struct {
		channel, content string
		steps            int
	}{{"whatsapp", "and you", 2}, {"whatsapp", "own", 2}, {"sms", "and you", 1}} {
		o := added[i]
		if s := o.Steps[0]; s.Channel != want.channel || s.Content != want.content || len(o.Steps) != want.steps || o.Reference != "r" || o.Metadata != `{"a":1}` {
			t.Errorf("message %d is %+v", i, o)
		}
	}
}

func TestBatchAtomic(t *testing.T) {
	d, log := newBatchDesk(t)
	body := `{"atomic":true,"messages":[` + goodOne + `,{"to":"x","channel":"sms","content":"two"}]}`
	a := batchOf(t, d.ask(d.postBatch(body)), 400)
	if a.Accepted != 0 || a.Rejected != 2 || a.BatchID != nil || a.Results[0].Error.Code != "batch_refused" || a.Results[1].Error.Code != "invalid_recipient" {
		t.Errorf("answer %+v", a)
	}
	if len(log.commits) != 0 {
		t.Error("something was accepted")
	}
	batchOf(t, d.ask(d.postTo(batchPath+"?atomic=true", `{"messages":[`+goodOne+`]}`)), 202)
}

func TestBatchOfBadMessagesAlone(t *testing.T) {
	d, _ := newBatchDesk(t)
	a := batchOf(t, d.ask(d.postBatch(`{"messages":[{},{}]}`)), 400)
	if a.Rejected != 2 || a.Accepted != 0 {
		t.Errorf("answer %+v", a)
	}
}

func TestBatchDuplicates(t *testing.T) {
	d, log := newBatchDesk(t)
	body := `{"dedupeReference":true,"messages":[{"to":"+14155550100","channel":"sms","content":"x","reference":"known"},` + goodOne + `]}`
	a := batchOf(t, d.ask(d.postBatch(body)), 202)
	if a.Duplicates != 1 || a.Accepted != 1 || a.Results[0].Status != "duplicate" || !log.last(t).dedupe[0] {
		t.Errorf("answer %+v", a)
	}
}

func TestBatchRefusals(t *testing.T) {
	d, log := newBatchDesk(t)
	many := strings.TrimSuffix(strings.Repeat(goodOne+",", 1001), ",")
	rows := []struct {
		name, request string
		status        int
		code          Code
		param         string
	}{
		{"no JSON", d.postBatch(`{"messages":[`), 400, InvalidJSON, ""},
		{"something behind", d.postBatch(`{"messages":[` + goodOne + `]}x`), 400, InvalidJSON, ""},
		{"array", d.postBatch(`[` + goodOne + `]`), 400, InvalidType, ""},
		{"empty", d.postBatch(`{"messages":[]}`), 400, MissingParameter, "messages"},
		{"none", d.postBatch(`{}`), 400, MissingParameter, "messages"},
		{"no lines", d.postBatch("\n\n", "Content-Type: application/x-ndjson"), 400, MissingParameter, "messages"},
		{"not a list", d.postBatch(`{"messages":{}}`), 400, InvalidType, "messages"},
		{"twice", d.postBatch(`{"atomic":true,"atomic":true,"messages":[]}`), 400, DuplicateMember, "atomic"},
		{"unknown member", d.postBatch(`{"message":[]}`), 400, UnknownParameter, "message"},
		{"bad flag", d.postBatch(`{"atomic":"yes","messages":[]}`), 400, InvalidType, "atomic"},
		{"bad defaults", d.postBatch(`{"defaults":{"chanel":"sms"},"messages":[` + goodOne + `]}`), 400, UnknownParameter, "defaults.chanel"},
		{"too many", d.postBatch(`{"messages":[` + many + `]}`), 400, BatchTooLarge, "messages"},
		{"too many lines", d.postBatch(strings.Repeat("{}\n", 10_001), "Content-Type: application/x-ndjson"), 400, BatchTooLarge, "messages"},
		{"query", d.postTo(batchPath+"?atomc=true", `{"messages":[`+goodOne+`]}`), 400, UnknownParameter, "atomc"},
		{"query value", d.postTo(batchPath+"?atomic=1", `{"messages":[`+goodOne+`]}`), 400, InvalidParameter, "atomic"},
		{"form", d.postBatch("a=b", "Content-Type: application/x-www-form-urlencoded"), 415, UnsupportedMedia, ""},
		{"lines to the single route", d.postTo(sendPath, goodOne, "Content-Type: application/x-ndjson"), 415, UnsupportedMedia, ""},
		{"bad key", d.postBatch(`{"messages":[`+goodOne+`]}`, "Idempotency-Key: "), 400, InvalidParameter, "Idempotency-Key"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got := d.ask(row.request)
			refused(t, got, row.status, row.code)
			if row.param != "" && !strings.Contains(got.body, `"param":"`+row.param+`"`) {
				t.Errorf("no param %s in %s", row.param, got.body)
			}
		})
	}
	if len(log.commits) != 0 {
		t.Errorf("%d batches were accepted", len(log.commits))
	}
}

// A batch that is larger than a single request may be is taken from who has a
// key, with or without a length, and from nobody else.
func TestLargeBatches(t *testing.T) {
	d, log := newBatchDesk(t)
	long := `{"to":"+14155550100","channel":"whatsapp","content":"` + strings.Repeat("x", 900) + `"}` + "\n"
	body := strings.Repeat(long, 1000)
	batchOf(t, d.ask(d.postBatch(body, "Content-Type: application/x-ndjson")), 202)
	chunked := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", batchPath, d.live, len(body), body)
	batchOf(t, d.ask(chunked), 202)
	if n := len(log.last(t).added); n != 1000 || d.server.batches.n != 0 {
		t.Errorf("%d messages, %d places still taken", n, d.server.batches.n)
	}
	refused(t, d.ask(strings.Replace(d.postBatch(body), d.live, "cpk_live_nobody", 1)), 413, BodyTooLarge)
	refused(t, d.ask(strings.Replace(chunked, batchPath, sendPath, 1)), 411, LengthRequired)
}

func TestBatchIsRefusedWhileItsKeyIsInUse(t *testing.T) {
	d, log := newBatchDesk(t)
	log.hold, log.entered = make(chan struct{}), make(chan struct{}, 1)
	first := d.dial()
	request := d.postBatch(`{"messages":[`+goodOne+`]}`, "Idempotency-Key: k")
	first.write(request)
	<-log.entered
	refused(t, d.ask(request), 409, InProgress)
	close(log.hold)
	batchOf(t, first.read(), 202)
	if key := log.last(t).key; key.Route != message.BatchRoute || key.Key != "k" || key.Body == [32]byte{} {
		t.Errorf("key %+v", key)
	}
}

func TestBatchWhenTheLogIsNot(t *testing.T) {
	d, log := newBatchDesk(t)
	log.fail = message.ErrUnavailable
	refused(t, d.ask(d.postBatch(`{"messages":[`+goodOne+`]}`)), 503, Unavailable)
	log.fail = message.ErrKeyReused
	refused(t, d.ask(d.postBatch(`{"messages":[`+goodOne+`]}`)), 422, KeyReused)
}

func TestBatchIntoAFullLane(t *testing.T) {
	d, _ := newBatchDesk(t)
	d.backlog.n.Store(1 << 40)
	a := batchOf(t, d.ask(d.postBatch(`{"messages":[`+goodOne+`]}`)), 400)
	if a.Results[0].Error.Code != string(BacklogFull) {
		t.Errorf("answer %+v", a.Results[0].Error)
	}
}
