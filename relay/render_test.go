package relay

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"messagehub/store/message"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares got, indented, with a file.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	var indented bytes.Buffer
	if err := json.Indent(&indented, got, "", "  "); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, got)
	}
	indented.WriteByte('\n')
	path := filepath.Join("testdata", "render", name+".json")
	if *update {
		if err := os.WriteFile(path, indented.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), indented.String()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

const day = message.Time(1_800_000_000_000)

func testID(n int) message.ID { return message.NewID(message.At(uint64(n), 0), 0xabcdef) }

// plain is the smallest message there is.
func plain() *message.Outbound {
	return &message.Outbound{
		ID: testID(1), Workspace: 7, CreatedAt: day, ExpiresIn: message.DefaultExpiresIn, On: message.OnAll,
		Steps: []message.Step{{
			Channel: "sms", To: "+14155550100", ContentType: message.Text, Content: "hello", Success: message.Sent,
		}},
	}
}

// chain is a message with everything on it.
func chain() *message.Outbound {
	o := plain()
	o.Test, o.Reference, o.Metadata = true, "order \"1234\"", `{"shop":"고객","n":3}`
	o.Priority, o.OnUnknown = message.High, message.Advance
	o.Steps[0] = message.Step{
		Channel: "whatsapp", To: "+919876543210", ContentType: message.Template, TemplateID: "shipped",
		Success: message.Delivered, Timeout: time.Minute,
	}
	o.Steps = append(o.Steps,
		message.Step{Channel: "telegram", Unroutable: "unroutable", ContentType: message.Text, Success: message.Sent},
		message.Step{Channel: "viber", To: "+919876543210", ContentType: message.Text, Success: message.Delivered, Timeout: 30 * time.Second},
		message.Step{Channel: "sms", To: "+919876543210", ContentType: message.Text, Success: message.Sent},
	)
	return o
}

// history folds facts into a message one second apart and returns its state.
func history(t *testing.T, o *message.Outbound, facts ...message.Fact) *message.State {
	t.Helper()
	p := message.At(1, 0)
	s, _ := message.Begin(o, p)
	for i, f := range facts {
		if f.At == 0 {
			f.At = day.Add(time.Duration(i+1) * time.Second)
		}
		if f.Kind == message.Started {
			f.Position = s.Waiting
		}
		p = message.At(uint64(i+2), 0)
		if e := s.Apply(o, f, p); e.Refused {
			t.Fatalf("fact %d was refused: %+v", i, f)
		}
	}
	return &s
}

func notOnChannel() *message.Failure {
	return &message.Failure{
		Code: "not_on_channel", Class: message.Recipient, Permanent: true,
		ProviderCode: "131026", ProviderMessage: "Message undeliverable",
	}
}

func TestAppendMessageGolden(t *testing.T) {
	scheduled := plain()
	scheduled.ScheduledAt = day.Add(time.Hour)
	tests := []struct {
		name  string
		o     *message.Outbound
		facts []message.Fact
	}{
		{"queued", plain(), nil},
		{"scheduled", scheduled, nil},
		{"sent", plain(), []message.Fact{
			{Kind: message.Started, Sender: "main"},
			{Kind: message.Accepted, ProviderID: "SM1", Segments: 1},
		}},
		{"retrying", plain(), []message.Fact{
			{Kind: message.Started, Sender: "main"},
			{Kind: message.Deferred, RetryAt: day.Add(time.Minute), Failure: &message.Failure{Code: "provider_error", Class: message.Provider}},
		}},
		{"fallback_waiting", chain(), []message.Fact{
			{Kind: message.Started, Sender: "main"},
			{Kind: message.Rejected, Failure: notOnChannel()},
		}},
		{"fallback_delivered", chain(), []message.Fact{
			{Kind: message.Started, Sender: "main"},
			{Kind: message.Rejected, Failure: notOnChannel()},
			{Kind: message.Started, Attempt: 2, Sender: "vb"},
			{Kind: message.Accepted, Attempt: 2, ProviderID: "v-1"},
			{Kind: message.Reported, Attempt: 2, Status: message.Delivered, ReportedAt: day.Add(4500 * time.Millisecond)},
			{Kind: message.Reported, Attempt: 2, Status: message.Read},
			{Kind: message.Reported, Attempt: 2, Status: message.Delivered},
		}},
		{"failed", plain(), []message.Fact{
			{Kind: message.Started, Sender: "main"},
			{Kind: message.Rejected, Failure: notOnChannel()},
		}},
		{"canceled", chain(), []message.Fact{{Kind: message.Cancel}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			golden(t, test.name, AppendMessage(nil, test.o, history(t, test.o, test.facts...)))
		})
	}
}

func TestAppendFallbackNamesItsRules(t *testing.T) {
	o := chain()
	o.KeepLate, o.OnUnknown, o.On = true, message.Retry, message.OnExpired|message.OnUnroutable
	got := string(appendFallback(nil, o))
	for _, want := range []string{`"on":["expired","unroutable"]`, `"lateReceipt":"continue"`, `"onUnknown":"retry"`} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
	o.OnUnknown = message.Hold
	if got := string(appendFallback(nil, o)); !strings.Contains(got, `"onUnknown":"hold"`) {
		t.Errorf("got %s", got)
	}
}

// A listing renders up to 200 messages: none of them may cost garbage.
func TestAppendMessageDoesNotAllocate(t *testing.T) {
	o := chain()
	o.Metadata = ""
	s := history(t, o, message.Fact{Kind: message.Started, Sender: "main"})
	buf := make([]byte, 0, 16<<10)
	if n := testing.AllocsPerRun(100, func() { buf = AppendMessage(buf[:0], o, s) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func TestPendingStepsAreNotShownWhenTheChainIsOver(t *testing.T) {
	o := chain()
	s := history(t, o, message.Fact{Kind: message.Cancel})
	var got struct {
		Attempts []struct{ Status string }
	}
	if err := json.Unmarshal(AppendMessage(nil, o, s), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Attempts) != 1 || got.Attempts[0].Status != "canceled" {
		t.Errorf("attempts = %+v, want the canceled one alone", got.Attempts)
	}
}
