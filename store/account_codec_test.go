package store

import (
	"net/netip"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"messagehub/store/message"
	"messagehub/store/message/mutate"
)

var anyPrefix = rapid.Custom(func(t *rapid.T) netip.Prefix {
	raw := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "address")
	if rapid.Bool().Draw(t, "v4") {
		raw = raw[:4]
	}
	addr, _ := netip.AddrFromSlice(raw)
	return netip.PrefixFrom(addr, rapid.IntRange(0, addr.BitLen()).Draw(t, "bits"))
})

// fill gives every member of a struct a value other than zero: a member that
// the codec forgets does not come back.
func fill[T any](t *rapid.T, v *T) {
	e := reflect.ValueOf(v).Elem()
	for i := range e.NumField() {
		fillMember(t, e.Field(i), e.Type().Field(i).Name)
	}
}

func fillMember(t *rapid.T, f reflect.Value, name string) {
	switch f.Kind() {
	case reflect.String:
		f.SetString(rapid.StringMatching(`[a-z가-힣]{1,40}`).Draw(t, name))
	case reflect.Int, reflect.Int64:
		f.SetInt(int64(rapid.Int32Range(1, 1<<31-1).Draw(t, name)))
	case reflect.Uint8, reflect.Uint32:
		f.SetUint(uint64(rapid.IntRange(1, int(message.ScopeAll)).Draw(t, name)))
	case reflect.Bool:
		f.SetBool(true)
	case reflect.Array:
		reflect.Copy(f, reflect.ValueOf(rapid.SliceOfN(rapid.ByteRange(1, 255), f.Len(), f.Len()).Draw(t, name)))
	case reflect.Slice:
		f.Set(reflect.ValueOf(rapid.SliceOfN(anyPrefix, 1, 4).Draw(t, name)))
	default:
		t.Fatalf("member %s is of a kind that fill does not know", name)
	}
}

func TestAccountCodecs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var w message.Workspace
		fill(t, &w)
		gotW, err := decodeWorkspace(string(appendWorkspace(nil, &w)))
		if err != nil || gotW != w {
			t.Fatalf("%+v, %v; want %+v", gotW, err, w)
		}
		var k message.Key
		fill(t, &k)
		gotK, err := decodeKey(k.ID, string(appendKey(nil, &k)))
		k.LastUsed = 0 // has a row of its own
		if diff := cmp.Diff(k, gotK, sameness); err != nil || diff != "" {
			t.Fatal(err, diff)
		}
		var e message.AuditEntry
		fill(t, &e)
		gotE, err := decodeAuditEntry(string(appendAuditEntry(nil, &e)))
		if err != nil || gotE != e {
			t.Fatalf("%+v, %v; want %+v", gotE, err, e)
		}
	})
}

func FuzzAccountDecoders(f *testing.F) {
	seeds := []string{
		string(appendWorkspace(nil, &message.Workspace{ID: 1, Name: "n", PerMinute: 60})),
		string(appendKey(nil, &message.Key{Allow: []netip.Prefix{netip.MustParsePrefix("::/0")}, Last4: "abcd"})),
		string(appendAuditEntry(nil, &message.AuditEntry{At: 1, Actor: "a"})),
		string(appendAuditHead(nil, AuditProof{Entries: 1})),
	}
	mutate.Strings(f, seeds, func(t testing.TB, text string) {
		if w, err := decodeWorkspace(text); err == nil {
			again, err := decodeWorkspace(string(appendWorkspace(nil, &w)))
			if err != nil || again != w {
				t.Fatalf("workspace %+v reads back as %+v, %v", w, again, err)
			}
		}
		if k, err := decodeKey(message.ID{1}, text); err == nil {
			once := appendKey(nil, &k)
			again, err := decodeKey(message.ID{1}, string(once))
			if err != nil || string(appendKey(nil, &again)) != string(once) {
				t.Fatalf("key %+v reads back as %+v, %v", k, again, err)
			}
		}
		decodeAuditEntry(text)
		decodeAuditHead(text)
		decodeRetained(text)
		decodeUse(text)
		decodeWorkspaceID(text)
	})
}
