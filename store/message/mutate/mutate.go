// Package mutate runs a fuzz target in two ways: under Go's own fuzzer, which
// is guided by coverage but slow, and as a plain seeded loop, which executes a
// million mutations in seconds and fails the same way everywhere.
package mutate

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// ExecsVariable names the environment variable that asks for the loop, and
// says how many executions.
const ExecsVariable = "MESSAGEHUB_FUZZ_EXECS"

// Bytes fuzzes check with mutations of the seeds. check must not keep b.
func Bytes(f *testing.F, seeds [][]byte, check func(t testing.TB, b []byte)) {
	f.Helper()
	for _, s := range seeds {
		f.Add(s)
	}
	if n, _ := strconv.Atoi(os.Getenv(ExecsVariable)); n > 0 {
		loop(f, seeds, n, check)
	}
	f.Fuzz(func(t *testing.T, b []byte) { check(t, b) })
}

// Strings is Bytes for a check that takes text.
func Strings(f *testing.F, seeds []string, check func(t testing.TB, s string)) {
	f.Helper()
	raw := make([][]byte, len(seeds))
	for i, s := range seeds {
		raw[i] = []byte(s)
	}
	Bytes(f, raw, func(t testing.TB, b []byte) { check(t, string(b)) })
}

// keep bounds the pool of inputs that mutations start from.
const keep = 4096

// loop executes check n times. The seed is fixed: a failure comes again.
func loop(f *testing.F, seeds [][]byte, n int, check func(t testing.TB, b []byte)) {
	f.Helper()
	m := mutator{rng: rand.New(rand.NewPCG(1, 2)), pool: append([][]byte(nil), seeds...)}
	if len(m.pool) == 0 {
		m.pool = [][]byte{{}}
	}
	for i := range n {
		b := m.next()
		check(f, b)
		if f.Failed() {
			f.Fatalf("execution %d, input %q", i, b)
		}
	}
	f.Logf("%d executions, 0 failures", n)
}

type mutator struct {
	rng  *rand.Rand
	pool [][]byte
	buf  []byte
}

// next returns an input made from the pool. It is valid until the next call.
func (m *mutator) next() []byte {
	m.buf = append(m.buf[:0], m.pool[m.rng.IntN(len(m.pool))]...)
	for range 1 + m.rng.IntN(6) {
		m.buf = m.change(m.buf)
	}
	if len(m.pool) < keep && m.rng.IntN(64) == 0 && len(m.buf) < 1<<12 {
		m.pool = append(m.pool, append([]byte(nil), m.buf...))
	}
	return m.buf
}

// change makes one small change to b, in place where it can.
func (m *mutator) change(b []byte) []byte {
	if len(b) == 0 {
		return append(b, m.token()...)
	}
	at := m.rng.IntN(len(b))
	end := at + m.rng.IntN(min(len(b)-at, 32)+1)
	switch m.rng.IntN(8) {
	case 0: // flip a bit
		b[at] ^= 1 << m.rng.IntN(8)
	case 1: // any byte
		b[at] = byte(m.rng.Uint32())
	case 2: // truncate
		b = b[:at]
	case 3: // cut
		b = append(b[:at], b[end:]...)
	case 4: // repeat a piece
		piece := append([]byte(nil), b[at:end]...)
		b = splice(b, m.rng.IntN(len(b)+1), piece)
	case 5: // something that parsers care about
		b = splice(b, at, m.token())
	case 6: // a piece of another input
		other := m.pool[m.rng.IntN(len(m.pool))]
		if len(other) > 0 {
			from := m.rng.IntN(len(other))
			b = splice(b, at, other[from:from+m.rng.IntN(min(len(other)-from, 64)+1)])
		}
	case 7: // a digit
		b[at] = byte('0' + m.rng.IntN(10))
	}
	return b
}

func splice(b []byte, at int, piece []byte) []byte {
	tail := append([]byte(nil), b[at:]...)
	return append(append(b[:at], piece...), tail...)
}

// token returns text that is special to some parser.
func (m *mutator) token() []byte {
	tokens := [...]string{
		`"`, `\`, `{`, `}`, `[`, `]`, `:`, `,`, `null`, `true`, `-1`, `1e999`, `0x`, `18446744073709551616`,
		`\u0000`, `\ud83d`, `\ud83d\ude00`, "\xff", "\xc0\x80", "\x00", "\r\n", "%00", "%", "&", "=", "+", "../",
		"<script>", "é", "😀", `{"a":{"a":{"a":`, `[[[[[[[[`, " ", "\t", "\u2028", "\ufeff",
	}
	return []byte(tokens[m.rng.IntN(len(tokens))])
}
