package sim

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fill adds n lines with texts that take up several pages.
func fill(l *Ledger, n int) []Received {
	var all []Received
	for i := range n {
		r := Received{
			At: 1, Channel: "sms", To: fmt.Sprint("+1650555", i), Text: strings.Repeat("é\n", i%200),
			Ref: fmt.Sprint("ref-", i), ProviderID: fmt.Sprint("id-", i), Answered: i%2 == 0,
		}
		all = append(all, r)
		l.Add(r)
	}
	return all
}

// TestLedgerKeepsEverything checks that pages that are compressed come back,
// in order, as NDJSON that others can read.
func TestLedgerKeepsEverything(t *testing.T) {
	l := NewLedger()
	want := fill(l, 10_000)
	if len(l.pages) < 3 {
		t.Fatalf("only %d pages: the test says nothing", len(l.pages))
	}
	got := l.Lines(0)
	if len(got) != len(want) || l.Len() != len(want) {
		t.Fatalf("%d lines, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("line %d is %+v, want %+v", i, got[i], want[i])
		}
	}
	if tail := l.Lines(9_998); len(tail) != 2 || tail[1] != want[9_999] {
		t.Errorf("tail %+v", tail)
	}
	if rest := l.Lines(10_000); len(rest) != 0 {
		t.Errorf("beyond the end: %d lines", len(rest))
	}
	var text bytes.Buffer
	n, err := l.WriteTo(&text)
	if err != nil || n != int64(text.Len()) {
		t.Fatalf("write: %d of %d bytes, %v", n, text.Len(), err)
	}
	for scanner, i := bufio.NewScanner(&text), 0; scanner.Scan(); i++ {
		var r Received
		if err := json.Unmarshal(scanner.Bytes(), &r); err != nil || r != want[i] {
			t.Fatalf("line %d: %v %+v", i, err, r)
		}
	}
}

func TestLedgerReset(t *testing.T) {
	l := NewLedger()
	fill(l, 10_000)
	l.Reset()
	if l.Len() != 0 || len(l.Lines(0)) != 0 {
		t.Error("lines are left")
	}
	fill(l, 1)
	if l.Len() != 1 || len(l.Lines(0)) != 1 {
		t.Error("nothing can be added")
	}
}

// TestLedgerTee checks that a line is written when Add returns.
func TestLedgerTee(t *testing.T) {
	l := NewLedger()
	fill(l, 3)
	var tee bytes.Buffer
	l.Tee(&tee)
	for i := range 5 {
		fill(l, 1)
		if n := strings.Count(tee.String(), "\n"); n != i+1 {
			t.Errorf("%d lines written after %d", n, i+1)
		}
	}
	if l.Err() != nil {
		t.Error(l.Err())
	}
}

type full struct{ left int }

func (f *full) Write(b []byte) (int, error) {
	if f.left--; f.left < 0 {
		return 0, errors.New("disk full")
	}
	return len(b), nil
}

func TestLedgerTeeFault(t *testing.T) {
	l, disk := NewLedger(), &full{left: 1}
	l.Tee(disk)
	fill(l, 3)
	if l.Err() == nil || !strings.Contains(l.Err().Error(), "disk full") {
		t.Errorf("error %v", l.Err())
	}
	if l.Len() != 3 || disk.left != -1 {
		t.Errorf("%d lines kept, %d writes after the fault", l.Len(), -1-disk.left)
	}
	if _, err := l.WriteTo(&full{}); err == nil {
		t.Error("the reader's fault is not told")
	}
}

func TestLedgerConcurrently(t *testing.T) {
	l := NewLedger()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { fill(l, 2_000) })
		wg.Go(func() { l.Lines(0); l.Len() })
	}
	wg.Wait()
	if n := len(l.Lines(0)); n != 8_000 {
		t.Errorf("%d lines, want 8000", n)
	}
}

func TestLedgerOffKeepsNothing(t *testing.T) {
	l := NewLedger()
	l.Add(Received{To: "kept"})
	l.Off()
	l.Add(Received{To: "gone"})
	if lines := l.Lines(0); l.Len() != 1 || len(lines) != 1 || lines[0].To != "kept" {
		t.Errorf("ledger %v", lines)
	}
}
