package relay

import "bytes"

// plainLine begins the sends that a loop serves itself.
const plainLine = "POST " + sendPath + " HTTP/1.1\r\n"

// scanPlain reports whether b is one whole request, and no more, that asks for
// a send and for nothing that has to be waited for (no preference, no body still
// to come), or that brings receipts of a named sender. It is strict, so that the
// HTTP server can't see its end elsewhere.
func scanPlain(b []byte) (h head, ok bool) {
	start := plainStart(b)
	if start == 0 {
		return head{}, false
	}
	h = scanHead(b[start:])
	if h.fault != "" || h.coding || h.expect != nil || h.prefer != nil || !staysOpen(h.connection) {
		return head{}, false
	}
	length, ok := digits(h.contentLength)
	return h, ok && h.size > 0 && len(b) == start+h.size+length
}

// staysOpen reports whether a Connection line, if there is one, asks for what is
// the rule anyway.
func staysOpen(connection []byte) bool {
	const keep = "keep-alive"
	return connection == nil || len(connection) == len(keep) && is(connection, keep)
}

// plainStart returns the size of the first line, if it is one that a loop may
// serve; else 0.
func plainStart(b []byte) int {
	if bytes.HasPrefix(b, []byte(plainLine)) {
		return len(plainLine)
	}
	const before, behind = "POST ", " HTTP/1.1\r\n"
	if !bytes.HasPrefix(b, []byte(before+deliveryPath+"/")) {
		return 0
	}
	size := bytes.IndexByte(b, '\n') + 1
	path, ok := bytes.CutSuffix(b[len(before):max(size, len(before))], []byte(behind))
	if !ok || !namesSender(path) || bytes.ContainsFunc(path, odd) {
		return 0
	}
	return size
}

// odd reports whether a byte of a path may mean more than itself.
func odd(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '/' && r != '-' && r != '_'
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
