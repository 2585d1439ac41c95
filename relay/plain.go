package relay

import "bytes"

// plainLine begins the requests that a loop serves itself.
const plainLine = "POST " + sendPath + " HTTP/1.1\r\n"

// scanPlain reports whether b is one whole request, and no more, that asks for
// a send and for nothing that has to be waited for: no preference, no body still
// to come. It is strict, so that the HTTP server can't
// see its end elsewhere.
func scanPlain(b []byte) (h head, ok bool) {
	if !bytes.HasPrefix(b, []byte(plainLine)) {
		return head{}, false
	}
	h = scanHead(b[len(plainLine):])
	if h.fault != "" || h.coding || h.expect != nil || h.prefer != nil || h.connection != nil {
		return head{}, false
	}
	length, ok := digits(h.contentLength)
	return h, ok && h.size > 0 && len(b) == len(plainLine)+h.size+length
}

// digits reads a length that is written in no other way than in digits.
func digits(b []byte) (n int, ok bool) {
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, len(b) > 0 && len(b) <= 9
}
