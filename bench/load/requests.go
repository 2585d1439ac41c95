package load

import (
	"fmt"
	"net/url"
	"strings"
)

// Requests makes the requests of a source. Only the source's worker calls it.
type Requests interface {
	// Next returns a request with the messages n, n+1, …, each for the recipient
	// n/repeat. It is valid until the next call. nil: there is none left.
	Next(n, repeat uint64) []byte
	// Each is how many messages a request has; 0: its answers hold no ids.
	Each() int
	// Clone returns a copy that another worker may use.
	Clone() Requests
}

// RefDigits is the length of the reference that begins each text: by it a
// message is known to the simulated providers.
const RefDigits = 12

// Text is what every scenario sends as message n: 200 bytes, its reference
// first.
func Text(n uint64) string { return (Ref(n) + " " + text)[:200] }

// words are what VariedText is made of.
const words = "order parcel shipped arrives Tuesday morning track courier address street code refund ticket flight gate boarding " +
	"appointment doctor clinic reminder invoice payment received balance account card limit offer season summer store pickup " +
	"window driver minutes late sorry thank you visit reply help stop confirm cancel change table guests evening menu booking"

// VariedText is message n with words of its own: text that compresses as real
// messages do, for what is measured on disk.
func VariedText(n uint64) string {
	list := strings.Fields(words)
	b := []byte(Ref(n))
	for state := n; len(b) < 200; {
		state += 0x9e3779b97f4a7c15
		z := mix(state)
		b = append(append(b, ' '), list[z%uint64(len(list))]...)
		if z>>60 == 0 {
			b = fmt.Appendf(append(b, ' '), "%d", z>>40&0xffffff)
		}
	}
	return string(b[:200])
}

const text = "Your order has shipped and will arrive on Tuesday between nine and eleven. Track it in the app, or answer STOP to hear no more from us. Thank you for shopping here; we hope to see you again soon."

// Message says what a message of a Shape is like.
type Message struct {
	Channel  string
	Fallback string // the member's value, JSON; empty: none
	Expires  int    // seconds that it may wait for a provider; 0: as the relay has it
}

// Shape is requests that differ in the number of their messages alone.
type Shape struct {
	bytes  []byte
	places []place
}

// place is where a message's numbers go.
type place struct{ recipient, ref int }

// Send makes single sends.
func Send(target *url.URL, key string, m Message) *Shape {
	return newShape(target, key, "/api/v1/messages/send", "application/json", m.body())
}

// Clients is single sends of many clients over the same connections: the number
// of a message decides by chance whose it is.
type Clients struct {
	*Shape
	keys []string
	at   int // of the key
}

// SendOf makes single sends of clients with these keys, all of one length.
func SendOf(target *url.URL, keys []string, m Message) *Clients {
	s := Send(target, keys[0], m)
	return &Clients{Shape: s, keys: keys, at: strings.Index(string(s.bytes), keys[0])}
}

// Clone implements [Requests].
func (c *Clients) Clone() Requests {
	return &Clients{Shape: c.Shape.Clone().(*Shape), keys: c.keys, at: c.at}
}

// Next implements [Requests].
func (c *Clients) Next(n, repeat uint64) []byte {
	copy(c.bytes[c.at:], c.keys[mix(n)%uint64(len(c.keys))])
	return c.Shape.Next(n, repeat)
}

// mix scatters the bits of n, as splitmix64 does.
func mix(n uint64) uint64 {
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}

// Batch makes batches of n messages.
func Batch(target *url.URL, key string, m Message, n int) *Shape {
	messages := strings.Repeat(m.body()+",", n)
	return newShape(target, key, "/api/v1/messages/batch", "application/json", `{"messages":[`+messages[:len(messages)-1]+`]}`)
}

// Lines makes batches of n messages as NDJSON.
func Lines(target *url.URL, key string, m Message, n int) *Shape {
	return newShape(target, key, "/api/v1/messages/batch", "application/x-ndjson", strings.Repeat(m.body()+"\n", n))
}

const (
	recipientMark = `{"to":"+919`
	refMark       = `"content":"`
)

func (m Message) body() string {
	fallback := ""
	if m.Fallback != "" {
		fallback = `,"fallback":` + m.Fallback
	}
	if m.Expires > 0 {
		fallback += fmt.Sprintf(`,"expiresIn":%d`, m.Expires)
	}
	content := Text(0)
	return fmt.Sprintf(`%s%09d","channel":%q,%s%s"%s}`, recipientMark, 0, m.Channel, refMark, content, fallback)
}

func newShape(target *url.URL, key, path, kind, body string) *Shape {
	head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: %s\r\nContent-Length: %d\r\n\r\n", strings.TrimRight(target.Path, "/")+path, target.Host, key, kind, len(body))
	s := &Shape{bytes: []byte(head + body)}
	for at := len(head); ; {
		to := strings.Index(string(s.bytes[at:]), recipientMark)
		if to < 0 {
			return s
		}
		p := place{recipient: at + to + len(recipientMark)}
		p.ref = p.recipient + strings.Index(string(s.bytes[p.recipient:]), refMark) + len(refMark)
		s.places = append(s.places, p)
		at = p.ref
	}
}

// Each implements [Requests].
func (s *Shape) Each() int { return len(s.places) }

// Clone implements [Requests].
func (s *Shape) Clone() Requests {
	return &Shape{bytes: append([]byte(nil), s.bytes...), places: s.places}
}

// Next implements [Requests].
func (s *Shape) Next(n, repeat uint64) []byte {
	for _, p := range s.places {
		digits(s.bytes[p.recipient:p.recipient+9], n/repeat)
		digits(s.bytes[p.ref:p.ref+RefDigits], n)
		n++
	}
	return s.bytes
}

// Some is the first requests of a source that would go on, made by one worker.
type Some struct {
	Requests
	Left int
}

// Clone implements [Requests]: what is left is shared, so it has one worker.
func (s *Some) Clone() Requests { return s }

// Next implements [Requests].
func (s *Some) Next(n, repeat uint64) []byte {
	if s.Left == 0 {
		return nil
	}
	s.Left--
	return s.Requests.Next(n, repeat)
}

// digits writes the last digits of n, as many as fit.
func digits(dst []byte, n uint64) {
	for i := len(dst) - 1; i >= 0; i-- {
		dst[i] = byte('0' + n%10)
		n /= 10
	}
}

// Ref is the reference of message n, as its text begins.
func Ref(n uint64) string { return fmt.Sprintf("%0*d", RefDigits, n) }

// Recorded is requests made in advance, each sent once, by one worker.
type Recorded struct {
	List [][]byte
	next int
}

// Each implements [Requests].
func (r *Recorded) Each() int { return 0 }

// Clone implements [Requests]: the list is shared, so it has one worker.
func (r *Recorded) Clone() Requests { return r }

// Next implements [Requests].
func (r *Recorded) Next(uint64, uint64) []byte {
	if r.next == len(r.List) {
		return nil
	}
	r.next++
	return r.List[r.next-1]
}
