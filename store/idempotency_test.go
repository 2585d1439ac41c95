package store

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"messagehub/store/message"
)

func promiseOf(key string, body byte, at message.Time) message.Idempotency {
	return message.Idempotency{Route: "messages/send", Key: key, Body: [32]byte{body}, At: at}
}

// TestIdempotencyConcurrently sends the same request a hundred times at once.
func TestIdempotencyConcurrently(t *testing.T) {
	s, e := started(t, vfs.NewMem())
	var mu sync.Mutex
	ids, replays := map[message.ID]bool{}, 0
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			o := testOutbound()
			o.Salt = uint64(i)
			got, err := s.Accept(o, promiseOf("k", 1, noon))
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			ids[got.ID] = true
			if got.Replayed {
				replays++
			}
		})
	}
	wg.Wait()
	jobs, events := e.counts()
	if len(ids) != 1 || replays != 99 || jobs != 1 || events != 1 {
		t.Errorf("%d ids, %d replays, %d jobs, %d events", len(ids), replays, jobs, events)
	}
}

func TestIdempotencyRules(t *testing.T) {
	files := vfs.NewMem()
	s, _ := started(t, files)
	first, err := s.Accept(testOutbound(), promiseOf("k", 1, noon))
	if err != nil {
		t.Fatal(err)
	}
	s = reopened(t, s)
	s.Start(Hooks{})
	day := message.Time(24 * time.Hour / time.Millisecond)
	other := testOutbound()
	other.Workspace = 2
	elsewhere := promiseOf("k", 1, noon)
	elsewhere.Route = "messages/batch"
	tests := []struct {
		name    string
		message *message.Outbound
		key     message.Idempotency
		replay  bool
		err     error
	}{
		{"again", testOutbound(), promiseOf("k", 1, noon+1), true, nil},
		{"other body", testOutbound(), promiseOf("k", 2, noon+1), false, message.ErrKeyReused},
		{"other workspace", other, promiseOf("k", 1, noon+1), false, nil},
		{"other route", testOutbound(), elsewhere, false, nil},
		{"other key", testOutbound(), promiseOf("k2", 1, noon+1), false, nil},
		{"next day, in time", testOutbound(), promiseOf("k", 1, noon+day-1), true, nil},
		{"a day later", testOutbound(), promiseOf("k", 2, noon+day), false, nil},
		{"after that", testOutbound(), promiseOf("k", 2, noon+day+1), true, nil},
	}
	for _, tt := range tests {
		got, err := s.Accept(tt.message, tt.key)
		if !errors.Is(err, tt.err) || got.Replayed != tt.replay {
			t.Errorf("%s: %+v, %v", tt.name, got, err)
		}
		if tt.name == "again" && got.ID != first.ID {
			t.Errorf("replayed as %s, was %s", got.ID, first.ID)
		}
	}
}

// TestIdempotencyGoes: rows of old days are removed, whatever their number.
func TestIdempotencyGoes(t *testing.T) {
	s, _ := started(t, vfs.NewMem())
	day := message.Time(24 * time.Hour / time.Millisecond)
	for i := range message.Time(5) {
		o := testOutbound()
		o.CreatedAt = noon + i*day
		if _, err := s.Accept(o, promiseOf("k", 1, o.CreatedAt)); err != nil {
			t.Fatal(err)
		}
	}
	rows := 0
	err := eachRow(s.db, []byte{prefixIdempotency}, func(_, _ []byte) error { rows++; return nil })
	if err != nil || rows != 2 {
		t.Errorf("%d rows of 5 days are left, %v", rows, err)
	}
}
