package mutate

import (
	"math/rand/v2"
	"testing"
)

// TestChangesAreSound: mutations never touch the seeds and do differ.
func TestChangesAreSound(t *testing.T) {
	seed := []byte(`{"to":"+15550001111","n":[1,2,3]}`)
	m := mutator{rng: rand.New(rand.NewPCG(1, 2)), pool: [][]byte{seed}}
	seen := map[string]bool{}
	for range 10_000 {
		seen[string(m.next())] = true
	}
	if string(seed) != `{"to":"+15550001111","n":[1,2,3]}` {
		t.Errorf("the seed became %q", seed)
	}
	if len(seen) < 9_000 {
		t.Errorf("only %d of 10,000 mutations differ", len(seen))
	}
}
