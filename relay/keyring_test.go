package relay

import (
	"errors"
	"sync"
	"testing"
	"time"

	"messagehub/store/message"
)

func newRingKey(ws message.WorkspaceID, edit func(*message.Key)) (string, message.Key) {
	token, key := message.NewKey(false)
	key.Workspace, key.Scopes = ws, message.ScopeAll
	if edit != nil {
		edit(&key)
	}
	return token, key
}

func TestKeyringFindsWhatWasPut(t *testing.T) {
	ring := NewKeyring()
	tokens := make(map[string]message.ID)
	for i := range 5000 {
		token, key := newRingKey(message.WorkspaceID(i), nil)
		ring.Put(key)
		tokens[token] = key.ID
	}
	for token, id := range tokens {
		key, err := ring.Lookup([]byte(token))
		if err != nil || key.ID != id {
			t.Fatalf("%v, %v; want %v", key, err, id)
		}
	}
	stranger, _ := message.NewKey(false)
	if _, err := ring.Lookup([]byte(stranger)); !errors.Is(err, errUnknownKey) {
		t.Errorf("unknown key: %v", err)
	}
	if _, err := ring.Lookup([]byte(stranger[:len(stranger)-1] + "!")); !errors.Is(err, message.ErrKeyForm) {
		t.Errorf("not a key: %v", err)
	}
}

func TestKeyringReplace(t *testing.T) {
	ring := NewKeyring()
	gone, old := newRingKey(1, nil)
	kept, stays := newRingKey(1, func(k *message.Key) { k.PerMinute = 1 })
	ring.Put(old)
	ring.Put(stays)
	key, _ := ring.Lookup([]byte(kept))
	key.take(day)
	ring.Replace([]message.Key{stays})
	if _, err := ring.Lookup([]byte(gone)); !errors.Is(err, errUnknownKey) {
		t.Errorf("a key left out is still there: %v", err)
	}
	key, err := ring.Lookup([]byte(kept))
	if err != nil {
		t.Fatal(err)
	}
	if q := key.take(day); q.ok {
		t.Error("a replaced key got its tokens back")
	}
}

func TestKeyringPutReplacesTheRecord(t *testing.T) {
	ring := NewKeyring()
	token, key := newRingKey(1, nil)
	ring.Put(key)
	before, _ := ring.Lookup([]byte(token))
	key.RevokedAt = day
	ring.Put(key)
	after, _ := ring.Lookup([]byte(token))
	if before.refusal(day) != "" || after.refusal(day) != KeyRevoked {
		t.Errorf("before %q, after %q", before.refusal(day), after.refusal(day))
	}
}

func TestKeyRefusals(t *testing.T) {
	for _, row := range []struct {
		revoked, expires message.Time
		want             Code
	}{
		{0, 0, ""}, {day, 0, KeyRevoked}, {0, day, KeyExpired}, {0, day + 1, ""}, {day, day, KeyRevoked}, {day + 1, 0, ""},
	} {
		k := &Key{Key: message.Key{RevokedAt: row.revoked, ExpiresAt: row.expires}}
		if got := k.refusal(day); got != row.want {
			t.Errorf("revoked %d, expires %d: %q, want %q", row.revoked, row.expires, got, row.want)
		}
	}
}

func TestKeysOfAWorkspaceShareItsBucket(t *testing.T) {
	ring := NewKeyring()
	ring.PutWorkspace(message.Workspace{ID: 1, PerMinute: 2})
	given := func(tokens ...string) (out string) {
		for _, token := range tokens {
			key, err := ring.Lookup([]byte(token))
			if err != nil {
				t.Fatal(err)
			}
			out += map[bool]string{true: "+", false: "-"}[key.take(day).ok]
		}
		return out
	}
	put := func(edit func(*message.Key)) string {
		token, key := newRingKey(1, edit)
		ring.Put(key)
		return token
	}
	a, b := put(nil), put(nil)
	testToken, testKey := message.NewKey(true)
	testKey.Workspace = 1
	ring.Put(testKey)
	if got := given(a, b, a, b); got != "++--" {
		t.Errorf("two live keys do not share two tokens: %s", got)
	}
	if got := given(testToken, testToken, testToken); got != "++-" {
		t.Errorf("test keys have no bucket of their own: %s", got)
	}
	ring.PutWorkspace(message.Workspace{ID: 1, PerMinute: 0})
	if got := given(a, a, a); got != "+++" {
		t.Errorf("a tier without a limit limits: %s", got)
	}
}

func TestKeyHasALowerLimitOfItsOwn(t *testing.T) {
	ring := NewKeyring()
	ring.PutWorkspace(message.Workspace{ID: 1, PerMinute: 5})
	token, key := newRingKey(1, func(k *message.Key) { k.PerMinute = 2 })
	ring.Put(key)
	other, second := newRingKey(1, nil)
	ring.Put(second)
	low, _ := ring.Lookup([]byte(token))
	high, _ := ring.Lookup([]byte(other))
	if q := low.take(day); !q.ok || q.limit != 2 || q.remaining != 1 {
		t.Errorf("%+v", q)
	}
	low.take(day)
	if q := low.take(day); q.ok || q.limit != 2 {
		t.Errorf("beyond its own limit: %+v", q)
	}
	for i := range 3 {
		if q := high.take(day); !q.ok {
			t.Errorf("the refused request was charged to the workspace: %d %+v", i, q)
		}
	}
	if q := high.take(day); q.ok {
		t.Errorf("beyond the workspace's: %+v", q)
	}
	// Refused by the workspace, a request gives its own token back.
	later := day.Add(31 * time.Second)
	for range 2 {
		high.take(later)
	}
	if q := low.take(later); q.ok || q.limit != 5 {
		t.Errorf("the workspace is empty: %+v", q)
	}
	if q := low.look(later); q.limit != 5 || q.remaining != 0 {
		t.Errorf("the tighter of the two is shown: %+v", q)
	}
	if q := low.usage.own.look(later); q.remaining != 1 {
		t.Errorf("its own token is gone: %+v", q)
	}
}

func TestKeyIsTouchedOnceAMinute(t *testing.T) {
	ring := NewKeyring()
	token, key := newRingKey(1, func(k *message.Key) { k.LastUsed = day })
	ring.Put(key)
	k, _ := ring.Lookup([]byte(token))
	if k.touched(day + 30_000) {
		t.Error("touched again within the minute that is stored")
	}
	if !k.touched(day+60_000) || k.touched(day+60_001) || k.touched(day+119_999) || !k.touched(day+120_000) {
		t.Error("not once a minute")
	}
}

// A revocation is seen by the next look-up, whatever goes on at the same
// time.
func TestKeyringIsReadWhileItChanges(t *testing.T) {
	ring := NewKeyring()
	token, key := newRingKey(1, nil)
	ring.Put(key)
	var wg sync.WaitGroup
	stop := make(chan struct{})
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				_, other := newRingKey(2, nil)
				ring.Put(other)
			}
		}
	})
	for i := range 1000 {
		key.RevokedAt = message.Time(i)
		ring.Put(key)
		found, err := ring.Lookup([]byte(token))
		if err != nil || found.RevokedAt != message.Time(i) {
			t.Fatalf("change %d: %v %v", i, found, err)
		}
	}
	close(stop)
	wg.Wait()
}

func FuzzLookup(f *testing.F) {
	ring := NewKeyring()
	token, key := newRingKey(1, nil)
	ring.Put(key)
	fuzzStrings(f, []string{token, token[:20], "cpk_live_", "", "cpk_test_" + token[9:]}, func(t testing.TB, text string) {
		if found, err := ring.Lookup([]byte(text)); (err == nil) != (text == token) || (err == nil) != (found != nil) {
			t.Fatalf("%q: %v %v", text, found, err)
		}
	})
}
