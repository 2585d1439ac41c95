package relay

import (
	"bytes"
	"encoding/binary"
)

// plainLine begins the sends that a loop serves itself.
const plainLine = "POST " + sendPath + " HTTP/1.1\r\n"

// plainRequest is a request that a loop serves itself: a send, or receipts of a named
// sender.
//
// Ownership: its slices borrow the request's memory.
type plainRequest struct {
	head       head
	path, body []byte
}

func (p *plainRequest) isSend() bool {
	return len(p.path) == len(sendPath) && string(p.path) == sendPath
}

// scanPlain reads b, and reports whether it is one whole request, and no more,
// that asks for a send and for nothing that has to be waited for (no preference,
// no body still to come), or that brings receipts of a named sender. It is
// strict: what it takes, the HTTP server would take to be the same. Whatever
// could be read in another way is left to that.
func scanPlain(b []byte) (p plainRequest, ok bool) {
	start := plainStart(b)
	if start == 0 {
		return plainRequest{}, false
	}
	h := scanHead(b[start:])
	if h.fault != "" || h.coding || h.expect != nil || h.prefer != nil || !staysOpen(h.connection) || len(h.host) == 0 {
		return plainRequest{}, false
	}
	length, ok := digits(h.contentLength)
	if !ok || h.size == 0 || len(b) != start+h.size+length || !isClean(b[start:start+h.size]) {
		return plainRequest{}, false
	}
	return plainRequest{head: h, path: b[len("POST ") : start-len(" HTTP/1.1\r\n")], body: b[start+h.size:]}, true
}

// isClean reports whether some whole lines have names of letters, digits, hyphens
// and underscores, and values of printable ASCII.
func isClean(lines []byte) bool {
	for len(lines) > 0 {
		end := bytes.IndexByte(lines, '\n')
		line := lines[:end-1] // scanHead has seen the \r
		lines = lines[end+1:]
		colon := max(bytes.IndexByte(line, ':'), 0)
		for _, c := range line[:colon] {
			if odd(rune(c)) || c == '/' {
				return false
			}
		}
		if !printable(line[colon:]) {
			return false
		}
	}
	return true
}

// printable reports whether all of b is printable ASCII. It looks at eight
// bytes at a time.
func printable(b []byte) bool {
	const each = 0x0101010101010101
	for ; len(b) >= 8; b = b[8:] {
		eight := binary.LittleEndian.Uint64(b)
		low, high := (eight-' '*each)&^eight, (eight+each)|eight
		if (low|high)&(0x80*each) != 0 {
			return false
		}
	}
	for _, c := range b {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
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

// odd reports whether a byte of a path, or of a header's name, may mean more than
// itself.
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
