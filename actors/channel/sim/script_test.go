package sim

import (
	"slices"
	"testing"
	"time"

	"messagehub/store/message"
)

func newTestWorld(t *testing.T, k Knobs) *World {
	w := NewWorld(Options{Knobs: k})
	t.Cleanup(w.Close)
	return w
}

func statusesOf(stages []Stage) []message.Status {
	var out []message.Status
	for _, s := range stages {
		out = append(out, s.Status)
	}
	return out
}

// TestReservedRecipients is the sandbox's table.
func TestReservedRecipients(t *testing.T) {
	sent, delivered, read := message.Sent, message.Delivered, message.Read
	rows := map[string]struct {
		answer Answer
		stages []message.Status
	}{
		"delivered":         {Accept, []message.Status{sent, delivered}},
		"read":              {Accept, []message.Status{sent, delivered, read}},
		"sent_only":         {Accept, []message.Status{sent}},
		"failed":            {Accept, []message.Status{sent, message.Failed}},
		"not_on_channel":    {NotOnChannel, nil},
		"opted_out":         {OptedOut, nil},
		"rate_limited":      {Throttled, []message.Status{sent, delivered}},
		"slow":              {Accept, []message.Status{sent, delivered}},
		"no_receipt":        {Accept, nil},
		"provider_500":      {ServerError, nil},
		"timeout":           {NoAnswer, nil},
		"duplicate_receipt": {Accept, []message.Status{sent, sent, delivered, delivered}},
		"out_of_order":      {Accept, []message.Status{read, delivered, sent}},
	}
	w := newTestWorld(t, Knobs{Throttle: 1, Fail: 1, DropAnswer: 1, LoseReceipt: 1}) // say nothing about reserved ones
	for _, name := range ReservedNames() {
		row, ok := rows[name]
		if !ok {
			t.Errorf("sim:%s is not in the table", name)
		}
		s := w.Script(Reserved+name, 0)
		if s.Answer != row.answer || !slices.Equal(statusesOf(s.Receipts), row.stages) {
			t.Errorf("sim:%s: answer %d and %v, want %d and %v", name, s.Answer, statusesOf(s.Receipts), row.answer, row.stages)
		}
		for i := 1; i < len(s.Receipts); i++ {
			if s.Receipts[i].After <= s.Receipts[i-1].After {
				t.Errorf("sim:%s: receipts are not one after the other", name)
			}
		}
		delete(rows, name)
	}
	if len(rows) > 0 {
		t.Errorf("not reserved: %v", rows)
	}
	if s := w.Script("sim:rate_limited", 1); s.Answer != Accept {
		t.Error("the second try is throttled too")
	}
}

func TestSlowRecipients(t *testing.T) {
	w := newTestWorld(t, Knobs{})
	for to, want := range map[string]time.Duration{
		"sim:slow:2": 2 * time.Second, "sim:slow:0.5": 500 * time.Millisecond, "sim:slow": 0, "sim:slow:-1": 0,
		"sim:slow:1e300": time.Hour, "sim:slow:NaN": 0, "sim:slow:x": 0,
	} {
		if s := w.Script(to, 0); s.Delay != want {
			t.Errorf("%s takes %v, want %v", to, s.Delay, want)
		}
	}
}

// TestKnobs checks each knob at both ends of its scale.
func TestKnobs(t *testing.T) {
	w := newTestWorld(t, Knobs{})
	script := func(k Knobs) Script { w.SetKnobs(k); return w.Script("+16505551234", 0) }
	plain := []message.Status{message.Sent, message.Delivered}
	if s := script(Knobs{}); s.Answer != Accept || s.Delay != 0 || !slices.Equal(statusesOf(s.Receipts), plain) {
		t.Errorf("all at 0: %+v", s)
	}
	for want, k := range map[Answer]Knobs{Throttled: {Throttle: 1}, ServerError: {Fail: 1}, NoAnswer: {DropAnswer: 1}} {
		if s := script(k); s.Answer != want {
			t.Errorf("%+v: answer %d, want %d", k, s.Answer, want)
		}
	}
	if s := script(Knobs{LoseReceipt: 1}); len(s.Receipts) != 0 {
		t.Errorf("lost receipts are posted: %v", s.Receipts)
	}
	if s := script(Knobs{DoubleReceipt: 1}); len(s.Receipts) != 4 {
		t.Errorf("receipts are not doubled: %v", s.Receipts)
	}
	if s := script(Knobs{ReorderReceipt: 1}); len(s.Receipts) != 2 || s.Receipts[0].Status != message.Delivered || s.Receipts[0].After >= s.Receipts[1].After {
		t.Errorf("receipts are not reordered: %v", s.Receipts)
	}
	if s := script(Knobs{Latency: time.Second, ReceiptDelay: time.Minute}); s.Delay != time.Second || s.Receipts[0].After < time.Minute {
		t.Errorf("delays: %+v", s)
	}
}

func TestKnobsShare(t *testing.T) {
	w := newTestWorld(t, Knobs{Fail: 0.5})
	n := 0
	for range 10_000 {
		if w.Script("+1", 0).Answer == ServerError {
			n++
		}
	}
	if n < 4_500 || n > 5_500 { // ten standard deviations
		t.Errorf("%d of 10000 fail, want about half", n)
	}
}

func TestTries(t *testing.T) {
	w := newTestWorld(t, Knobs{})
	for i := range 3 {
		if n := w.Tries("a"); n != i {
			t.Errorf("a was seen %d times, want %d", n, i)
		}
	}
	for i := range maxSeen + 10 { // a new generation
		w.seen.next(string(rune(i)) + "x")
	}
	if n := w.Tries("a"); n != 3 {
		t.Errorf("a was seen %d times, want 3", n)
	}
	for i := range 3 * maxSeen {
		w.seen.next(string(rune(i%0xd000)) + string(rune(i/0xd000)) + "y")
	}
	if n := w.Tries("a"); n != 0 || len(w.seen.now)+len(w.seen.old) > 2*maxSeen {
		t.Errorf("a was seen %d times, and %d keys are kept", n, len(w.seen.now)+len(w.seen.old))
	}
	w.Reset()
	if len(w.seen.now) != 0 || w.Ledger.Len() != 0 {
		t.Error("something is left after Reset")
	}
}

func TestSerial(t *testing.T) {
	w := newTestWorld(t, Knobs{})
	if a, b := w.Serial(), w.Serial(); b <= a || a < uint64(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()) {
		t.Errorf("serials %d, %d", a, b)
	}
}
