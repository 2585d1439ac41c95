package channel

import (
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"testing"
)

// TestMACs is test case 2 of RFC 4231, many at once.
func TestMACs(t *testing.T) {
	const want = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
	m := NewMACs(sha256.New, []byte("Jefe"))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 100 {
				got := hex.EncodeToString(m.Append([]byte{0xff}, []byte("what do ya want for nothing?")))
				if got != "ff"+want {
					t.Errorf("code %s, want %s behind ff", got, want)
				}
			}
		})
	}
	all.Wait()
}
