package store

import (
	"errors"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"messagehub/store/message"
)

func TestReplayKnowsWhatAcceptPromised(t *testing.T) {
	s, _ := started(t, vfs.NewMem())
	o := testOutbound()
	key := message.Idempotency{Route: "messages/send", Key: "order-1", Body: [32]byte{1}, At: o.CreatedAt}
	if _, found, err := s.Replay(o.Workspace, key); found || err != nil {
		t.Fatalf("before: %v, %v", found, err)
	}
	first, err := s.Accept(o, key)
	if err != nil {
		t.Fatal(err)
	}
	later := key
	later.At = key.At.Add(IdempotencyFor) - 1
	for _, k := range []message.Idempotency{key, later} {
		got, found, err := s.Replay(o.Workspace, k)
		if err != nil || !found || got.ID != first.ID || !got.Replayed || got.Status != first.Status {
			t.Errorf("at %d: %+v, %v, %v", k.At, got, found, err)
		}
	}
	over, body, route := key, key, key
	over.At, body.Body, route.Route = key.At.Add(IdempotencyFor), [32]byte{2}, "other"
	if _, found, err := s.Replay(o.Workspace, over); found || err != nil {
		t.Errorf("a day later: %v, %v", found, err)
	}
	if _, _, err := s.Replay(o.Workspace, body); !errors.Is(err, message.ErrKeyReused) {
		t.Errorf("other body: %v", err)
	}
	if _, found, err := s.Replay(o.Workspace, route); found || err != nil {
		t.Errorf("other route: %v, %v", found, err)
	}
	if _, found, err := s.Replay(o.Workspace+1, key); found || err != nil {
		t.Errorf("other workspace: %v, %v", found, err)
	}
	if _, found, err := s.Replay(o.Workspace, message.Idempotency{}); found || err != nil {
		t.Errorf("no key: %v, %v", found, err)
	}
}
