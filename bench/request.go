package bench

import (
	"fmt"
	"net/url"
)

// shape is a request with room for a number that makes each one different.
type shape struct {
	bytes []byte
	digit int // where the ten digits of the recipient begin
}

// sendShape makes the request that every scenario sends: a text message of
// 200 bytes to a phone number.
func sendShape(target *url.URL, key, channel string) shape {
	const text = "Your order has shipped and will arrive on Tuesday between nine and eleven. Track it in the app, or answer STOP to hear no more from us. Thank you for shopping here; we hope to see you again very soon..."
	body := fmt.Sprintf(`{"to":"+91%010d","channel":%q,"content":%q}`, 0, channel, text)
	head := fmt.Sprintf("POST %s/api/v1/messages/send HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n", target.Path, target.Host, key, len(body))
	return shape{bytes: []byte(head + body), digit: len(head) + len(`{"to":"+91`)}
}

// clone returns a copy that another goroutine may number.
func (s shape) clone() shape {
	s.bytes = append([]byte(nil), s.bytes...)
	return s
}

// number writes n into the recipient, so that the phone number stays valid:
// it begins with 9.
func (s shape) number(n uint64) []byte {
	d := s.bytes[s.digit : s.digit+10]
	for i := 9; i > 0; i-- {
		d[i] = byte('0' + n%10)
		n /= 10
	}
	d[0] = '9'
	return s.bytes
}
