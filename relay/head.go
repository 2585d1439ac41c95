package relay

import "bytes"

// maxHeaderLines is how many header lines a request may have.
const maxHeaderLines = 64

// head is what one pass over a request's header lines finds: the lines that
// decide how the request is read, each of which may stand there once only.
//
// Ownership: its slices borrow the request's memory.
type head struct {
	raw             []byte // all lines, as they came
	host            []byte
	authorization   []byte
	contentType     []byte
	contentEncoding []byte
	expect          []byte
	idempotencyKey  []byte
	prefer          []byte // the last line, if there are several
	traceParent     []byte
	requestID       []byte // X-Request-Id, the client's own
	// hasKey: there is an Idempotency-Key line, if only an empty one.
	hasKey        bool
	length        bool // Content-Length
	contentLength []byte
	coding        bool // Transfer-Encoding
	connection    []byte
	size          int // of the lines with the empty one at their end; 0: that is not there
	// forwarded: there is an X-Forwarded-For line.
	forwarded bool
	// fault says what is wrong with the lines themselves; empty: nothing.
	fault Code
	seen  headLine
}

// find returns the value of the first line of that name; nil: there is none.
func (h *head) find(name string) []byte {
	for lines := h.raw; len(lines) > 0; {
		line, rest, _ := bytes.Cut(lines, []byte{'\n'})
		if n := len(name); len(line) > n && line[n] == ':' && bytes.EqualFold(line[:n], bytesOf(name)) {
			return trim(bytes.TrimSuffix(line[n+1:], []byte{'\r'}))
		}
		lines = rest
	}
	return nil
}

// headLine is a set of the lines that may stand in a header once.
type headLine uint8

const (
	lineAuthorization headLine = 1 << iota
	lineContentType
	lineContentEncoding
	lineExpect
	lineIdempotencyKey
	lineContentLength
	lineTransferEncoding
	lineHost
)

// scanHead reads the header lines as they came. It does not forgive what the HTTP
// server does: folded lines, bare line feeds, spaces in names and repeated lines.
func scanHead(raw []byte) head {
	h := head{raw: raw}
	all := len(raw)
	for n := 0; len(raw) > 0; n++ {
		line, rest, whole := bytes.Cut(raw, []byte{'\n'})
		raw = rest
		if !whole || len(line) == 0 || line[len(line)-1] != '\r' {
			h.fault = BadRequest
			return h
		}
		line = line[:len(line)-1]
		if len(line) == 0 {
			h.size = all - len(raw)
			return h
		}
		if n >= maxHeaderLines {
			h.fault = TooManyHeaders
			return h
		}
		if !h.take(line) {
			return h
		}
	}
	return h
}

// take notes one line. It reports false, and sets fault, if the line may not
// be there.
func (h *head) take(line []byte) bool {
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 || bytes.IndexByte(line[:colon], ' ') >= 0 || line[0] == '\t' {
		h.fault = BadRequest
		return false
	}
	value := trim(line[colon+1:])
	kind := h.note(line[:colon], value)
	if h.seen&kind != 0 {
		h.fault = AmbiguousFraming
		return false
	}
	h.seen |= kind
	return true
}

// trim cuts spaces and tabs off.
func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

func (h *head) note(name, value []byte) headLine {
	switch len(name) {
	case len("Host"):
		if is(name, "host") {
			h.host = value
			return lineHost
		}
	case len("Expect"):
		if is(name, "expect") {
			h.expect = value
			return lineExpect
		}
		if is(name, "prefer") {
			h.prefer = value
		}
	case len("Connection"):
		if is(name, "connection") {
			h.connection = value
		}
	case len("Traceparent"):
		if is(name, "traceparent") {
			h.traceParent = value
		}
	case len("Content-Type"):
		if is(name, "content-type") {
			h.contentType = value
			return lineContentType
		}
		if is(name, "x-request-id") {
			h.requestID = value
		}
	case len("Authorization"):
		if is(name, "authorization") {
			h.authorization = value
			return lineAuthorization
		}
	case len("Content-Length"):
		if is(name, "content-length") {
			h.length, h.contentLength = true, value
			return lineContentLength
		}
	case len("Idempotency-Key"):
		if is(name, "idempotency-key") {
			h.idempotencyKey, h.hasKey = value, true
			return lineIdempotencyKey
		}
		h.forwarded = h.forwarded || is(name, forwardedFor)
	case len("Content-Encoding"):
		if is(name, "content-encoding") {
			h.contentEncoding = value
			return lineContentEncoding
		}
	case len("Transfer-Encoding"):
		if is(name, "transfer-encoding") {
			h.coding = true
			return lineTransferEncoding
		}
	}
	return 0
}

// is reports whether name is lower, whatever the case of its letters. lower
// has the same length, in lower case.
func is(name []byte, lower string) bool {
	for i, c := range name {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// framing says why a request can't be read safely, whatever it asks for; ""
// if it can.
func (c *call) framing() Code {
	r, h := &c.http.Request.Header, &c.head
	switch {
	case h.fault != "":
		return h.fault
	case !isVersion(r.Protocol()):
		return UnsupportedVersion
	case h.coding && h.length:
		return AmbiguousFraming
	case h.coding && !c.route.lines && !c.route.streams:
		return LengthRequired
	case len(h.expect) > 0 && !(len(h.expect) == len(continues) && is(h.expect, continues)):
		return ExpectationFailed
	case !isOriginForm(r.RequestURI()):
		return BadRequest
	}
	return ""
}

const continues = "100-continue"

func isVersion(protocol []byte) bool {
	return string(protocol) == "HTTP/1.1" || string(protocol) == "HTTP/1.0"
}

// isOriginForm reports whether a request target is a path of our own.
func isOriginForm(target []byte) bool {
	return len(target) > 0 && target[0] == '/' && !bytes.HasPrefix(target, []byte("//"))
}

// media says why a body is not the JSON that the route wants; "" if it is.
func (h *head) media() Code { return h.mediaOf(jsonType) }

// mediaOf is media for one type of body.
func (h *head) mediaOf(want string) Code {
	if len(h.contentEncoding) > 0 && !(len(h.contentEncoding) == 8 && is(h.contentEncoding, "identity")) {
		return UnsupportedMedia
	}
	if len(h.contentType) == 0 {
		return ""
	}
	kind, parameter, _ := bytes.Cut(h.contentType, []byte{';'})
	kind = bytes.TrimRight(kind, " \t")
	if len(kind) != len(want) || !is(kind, want) {
		return UnsupportedMedia
	}
	parameter = bytes.Trim(parameter, " \t;")
	if len(parameter) == 0 {
		return ""
	}
	name, charset, _ := bytes.Cut(parameter, []byte{'='})
	charset = bytes.Trim(charset, `"`)
	if len(name) != 7 || !is(name, "charset") || len(charset) != 5 || !is(charset, "utf-8") {
		return UnsupportedMedia
	}
	return ""
}

const linesType = "application/x-ndjson"

// csv reports whether the body is CSV.
func (h *head) csv() bool { return len(h.contentType) > 0 && h.mediaOf("text/csv") == "" }

// lines reports whether the body is NDJSON.
func (h *head) lines() bool { return len(h.contentType) > 0 && h.mediaOf(linesType) == "" }
