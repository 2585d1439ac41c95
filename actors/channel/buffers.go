package channel

import "sync"

// maxBuffer bounds a buffer that is kept.
const maxBuffer = 64 << 10

// Buffers lends the memory that an adapter makes its requests in. The zero
// value is ready; it is safe for concurrent use.
type Buffers struct{ pool sync.Pool }

// Get returns a buffer, empty, for one goroutine.
func (p *Buffers) Get() *[]byte {
	if b, ok := p.pool.Get().(*[]byte); ok {
		return b
	}
	return new([]byte)
}

// Put takes it back, as it has grown. Nobody may use what is in it any more.
func (p *Buffers) Put(b *[]byte) {
	if cap(*b) <= maxBuffer {
		*b = (*b)[:0]
		p.pool.Put(b)
	}
}

// AppendQuery appends text as [net/url.QueryEscape] writes it.
func AppendQuery(b []byte, text string) []byte {
	const digits = "0123456789ABCDEF"
	for i := range len(text) {
		switch c := text[i]; {
		case isLetter(c) || isDigit(c) || c == '-' || c == '_' || c == '.' || c == '~':
			b = append(b, c)
		case c == ' ':
			b = append(b, '+')
		default:
			b = append(b, '%', digits[c>>4], digits[c&15])
		}
	}
	return b
}
