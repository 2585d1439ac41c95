package store

import (
	"errors"
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"messagehub/store/message"
)

func mustReport(t *testing.T, s *Store, rs ...message.Receipt) {
	t.Helper()
	if err := s.Report(rs, noon+1); err != nil {
		t.Fatal(err)
	}
}

func statusNow(t *testing.T, s *Store, id message.ID) message.Status {
	t.Helper()
	_, state, err := s.Message(1, id)
	if err != nil {
		t.Fatal(err)
	}
	return state.Status
}

// TestEarlyReceipts come before the send's own answer, and are folded with it.
func TestEarlyReceipts(t *testing.T) {
	s, e := started(t, vfs.NewMem())
	id := mustAccept(t, s, testOutbound())
	j := <-e.news
	mustFold(t, s, id, message.Fact{Kind: message.Started, At: noon, Position: j.Position, Sender: "main"})
	mustReport(t, s,
		message.Receipt{Channel: "whatsapp", ProviderID: "w1", Status: message.Read},
		message.Receipt{Channel: "whatsapp", ProviderID: "w1", Status: message.Delivered},
		message.Receipt{Channel: "whatsapp", ProviderID: "other", Status: message.Delivered},
		message.Receipt{Channel: "whatsapp", Test: true, ProviderID: "w1", Status: message.Failed},
		message.Receipt{Channel: "whatsapp", Status: message.Failed},
	)
	if got := statusNow(t, s, id); got != message.Sending {
		t.Fatalf("status %s before the answer", got)
	}
	s = reopened(t, s)
	folded := mustFold(t, s, id, message.Fact{Kind: message.Accepted, At: noon, ProviderID: "w1"})
	if folded.State.Status != message.Read || statusNow(t, s, id) != message.Read {
		t.Errorf("status %s after the answer", folded.State.Status)
	}
	rows := 0
	err := eachRow(s.db, []byte{prefixOrphan}, func(key, _ []byte) error { rows++; return nil })
	if err != nil || rows != 2 { // the other one, and the sandbox's
		t.Errorf("%d early receipts are left, %v", rows, err)
	}
}

// TestSubmittedReceipts are durable when their completion is told so, before
// their id is known and after it, and when the store is opened again.
func TestSubmittedReceipts(t *testing.T) {
	s, e := started(t, vfs.NewMem())
	id := mustAccept(t, s, testOutbound())
	j := <-e.news
	mustFold(t, s, id, message.Fact{Kind: message.Started, At: noon, Position: j.Position, Sender: "main"})
	submit := func(status message.Status) {
		t.Helper()
		c := make(told, 1)
		r := message.Receipt{Channel: "whatsapp", ProviderID: "w1", Status: status}
		if err := s.SubmitReport(&r, noon+1, c); err != nil {
			t.Fatal(err)
		}
		if done := <-c; done.err != nil || done.acceptance != (message.Acceptance{}) {
			t.Errorf("told %+v", done)
		}
	}
	submit(message.Sent)
	mustFold(t, s, id, message.Fact{Kind: message.Accepted, At: noon, ProviderID: "w1"})
	for _, status := range []message.Status{message.Delivered, message.Read} {
		submit(status)
		if got := statusNow(t, s, id); got != status {
			t.Errorf("status %s, want %s", got, status)
		}
		s = reopened(t, s) // what was remembered is forgotten
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.SubmitReport(&message.Receipt{Channel: "whatsapp", ProviderID: "w1", Status: message.Read}, noon+1, make(told, 1)); err == nil {
		t.Error("a closed store takes a receipt")
	}
}

// TestFallbackThatCameAndWent: two early receipts, a failure and then a
// delivery, open the next step and withdraw it again within one operation. No
// mailbox hears of it.
func TestFallbackThatCameAndWent(t *testing.T) {
	s, e := started(t, vfs.NewMem())
	o := testOutbound()
	o.Steps[0].Success = message.Delivered
	o.Steps = append(o.Steps, message.Step{Channel: "sms", To: "+821012345678", Success: message.Sent})
	id := mustAccept(t, s, o)
	j := <-e.news
	mustFold(t, s, id, message.Fact{Kind: message.Started, At: noon, Position: j.Position, Sender: "main"})
	mustReport(t, s,
		message.Receipt{Channel: "whatsapp", ProviderID: "w1", Status: message.Failed},
		message.Receipt{Channel: "whatsapp", ProviderID: "w1", Status: message.Delivered},
	)
	folded := mustFold(t, s, id, message.Fact{Kind: message.Accepted, At: noon, ProviderID: "w1"})
	if len(folded.State.Attempts) != 2 || folded.State.Status != message.Delivered || folded.State.Waiting != 0 {
		t.Fatalf("%+v", folded.State)
	}
	if jobs, _ := e.counts(); jobs != 1 || s.Pending(message.Lane{Channel: "sms"}) != 0 {
		t.Errorf("%d jobs were fed, %d are pending", jobs, s.Pending(message.Lane{Channel: "sms"}))
	}
	if err := verifyBacklog(s); err != nil {
		t.Error(err)
	}
}

func TestOrphansAreBounded(t *testing.T) {
	s, _ := started(t, vfs.NewMem())
	for range maxOrphans + 4 {
		mustReport(t, s, message.Receipt{Channel: "sms", ProviderID: "flood", Status: message.Sent})
	}
	err := eachRow(s.db, []byte{prefixOrphan}, func(_, value []byte) error {
		var early orphans
		if err := decodeOrphans(&early, string(value)); err != nil || len(early.receipts) != maxOrphans {
			return fmt.Errorf("%d receipts, %w", len(early.receipts), err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestReceiptByRef(t *testing.T) {
	s, e := started(t, vfs.NewMem())
	id := mustAccept(t, s, testOutbound())
	j := <-e.news
	mustFold(t, s, id, message.Fact{Kind: message.Started, At: noon, Position: j.Position, Sender: "main"})
	tests := []struct {
		name    string
		receipt message.Receipt
		want    message.Status
	}{
		{"another workspace", message.Receipt{Channel: "whatsapp", Ref: message.AttemptRef(2, id, 0), Status: message.Read}, message.Sending},
		{"no such attempt", message.Receipt{Channel: "whatsapp", Ref: message.AttemptRef(1, id, 3), Status: message.Read}, message.Sending},
		{"another channel", message.Receipt{Channel: "sms", Ref: message.AttemptRef(1, id, 0), Status: message.Read}, message.Sending},
		{"the sandbox", message.Receipt{Channel: "whatsapp", Test: true, Ref: message.AttemptRef(1, id, 0), Status: message.Read}, message.Sending},
		{"not a ref", message.Receipt{Channel: "whatsapp", Ref: "msg_", Status: message.Read}, message.Sending},
		{"its own", message.Receipt{Channel: "whatsapp", Ref: message.AttemptRef(1, id, 0), Status: message.Delivered}, message.Delivered},
	}
	for _, tt := range tests {
		mustReport(t, s, tt.receipt)
		if got := statusNow(t, s, id); got != tt.want {
			t.Errorf("%s: status %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestReceiptMonthsLater(t *testing.T) {
	s, e := started(t, vfs.NewMem())
	id := mustAccept(t, s, testOutbound())
	send(t, s, <-e.news, "w1")
	late := noon + message.Time(providerPeriod.Milliseconds())
	if err := s.Report([]message.Receipt{{Channel: "whatsapp", ProviderID: "w1", Status: message.Read}}, late); err != nil {
		t.Fatal(err)
	}
	if got := statusNow(t, s, id); got != message.Read {
		t.Errorf("status %s", got)
	}
}

func TestFailureWithoutReason(t *testing.T) {
	s, e := started(t, vfs.NewMem())
	id := mustAccept(t, s, testOutbound())
	send(t, s, <-e.news, "w1")
	mustReport(t, s, message.Receipt{Channel: "whatsapp", ProviderID: "w1", Status: message.Failed})
	if got := statusNow(t, s, id); got != message.Failed {
		t.Errorf("status %s", got)
	}
	if _, err := s.Fold(1, id, message.Fact{Kind: message.Rejected}); !errors.Is(err, errFact) {
		t.Errorf("a rejection without a reason: %v", err)
	}
	if _, err := s.Fold(2, id, message.Fact{Kind: message.Cancel}); !errors.Is(err, message.ErrNotFound) {
		t.Errorf("another workspace's message: %v", err)
	}
}
