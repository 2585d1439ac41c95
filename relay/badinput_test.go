package relay

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"messagehub/store/message"
)

// badInput is a row of the table: what a client sends, and the exact answer.
type badInput struct {
	name   string
	send   string
	status int
	code   Code
	// open: the connection may go on; else the server must end it.
	open bool
	// anonymous: no key can be known, so there are no X-RateLimit headers.
	anonymous bool
}

func badInputs(d *desk) []badInput {
	const sendLine = "POST /api/v1/messages/send HTTP/1.1"
	auth := "Authorization: Bearer " + d.live
	good := sms("")
	stranger, _ := message.NewKey(false)
	post := func(body string, lines ...string) string { return d.post(d.live, body, lines...) }
	first := func(line string) string { return request(line, good, auth) }
	json := func(name, body string, code Code) badInput {
		return badInput{name: "JSON: " + name, send: post(body), status: 400, code: code, open: true}
	}
	rows := []badInput{
		json("malformed", `{"to":"+14155550100",`, InvalidJSON),
		json("not JSON", `to=+14155550100`, InvalidJSON),
		json("an array", `[`+good+`]`, InvalidType),
		json("two values", good+good, InvalidJSON),
		json("deeply nested", `{"metadata":`+strings.Repeat(`{"a":`, 5000)+`1`+strings.Repeat(`}`, 5000)+`}`, InvalidJSON),
		json("deeply nested array", strings.Repeat("[", 100_000), InvalidJSON),
		json("duplicate member", sms(`,"to":"+14155550101"`), DuplicateMember),
		json("duplicate member, escaped", sms(`,"\u0074o":"+14155550101"`), DuplicateMember),
		json("duplicate in another case", sms(`,"To":"+14155550101"`), UnknownParameter),
		json("duplicate in a step", sms(`,"fallback":{"channels":[{"channel":"sms","to":"+14155550100","to":"+14155550101"}]}`), DuplicateMember),
		json("wrong type", `{"to":14155550100,"channel":"sms","content":"hi"}`, InvalidType),
		json("wrong type deep inside", sms(`,"fallback":{"channels":[{"channel":"sms","timeout":"60"}]}`), InvalidType),
		json("not UTF-8", "{\"to\":\"+14155550100\",\"channel\":\"sms\",\"content\":\"\xff\xfe\"}", InvalidJSON),
		json("UTF-16", "\xff\xfe{\x00}\x00", InvalidJSON),
		json("lone surrogate", `{"to":"+14155550100","channel":"sms","content":"\ud800"}`, InvalidJSON),
		json("NUL", `{"to":"+14155550100","channel":"sms","content":"\u0000"}`, InvalidJSON),
		json("unknown member", sms(`,"callbackUrl":"http://x"`), UnknownParameter),
		json("mass assignment", sms(`,"status":"delivered","workspace":1,"id":"msg_x"`), UnknownParameter),
		json("prototype", sms(`,"__proto__":{"test":true}`), UnknownParameter),
		json("byte order mark", "\xef\xbb\xbf"+good, InvalidJSON),
		json("comment", `{/* x */"to":"+14155550100"}`, InvalidJSON),
		json("number too large", sms(`,"expiresIn":1e400`), InvalidType),
		json("sandbox recipient", `{"to":"sim:delivered","channel":"sms","content":"x"}`, TestRecipient),
		json("contact", `{"contactId":"con_x","channel":"sms","content":"x"}`, UnknownContact),
		{name: "no body", send: request(sendLine, "", auth, "Content-Length: 0"), status: 400, code: InvalidJSON, open: true},
		{name: "no body, no length", send: request(sendLine, "", auth), status: 400, code: InvalidJSON, open: true},

		{name: "body too large", send: post(`{"to":"` + strings.Repeat("x", 256<<10)), status: 413, code: BodyTooLarge},
		{name: "body announced too large", send: request(sendLine, "", auth, "Content-Length: 1000000000"), status: 413, code: BodyTooLarge},
		{name: "body announced too large, expecting", send: request(sendLine, "", auth, "Content-Length: 300000", "Expect: 100-continue"), status: 413, code: BodyTooLarge},
		{name: "negative length", send: request(sendLine, "", auth, "Content-Length: -1"), status: 400, code: BadRequest, anonymous: true},
		{name: "length with a sign", send: request(sendLine, "", auth, "Content-Length: +5") + "hello", status: 400, code: BadRequest, anonymous: true},
		{name: "length is a list", send: request(sendLine, "", auth, "Content-Length: 5, 5") + "hello", status: 400, code: BadRequest, anonymous: true},
		{name: "length beyond 64 bits", send: request(sendLine, "", auth, "Content-Length: 99999999999999999999"), status: 400, code: BadRequest, anonymous: true},
		{name: "two lengths", send: request(sendLine, good, auth, "Content-Length: 3"), status: 400, code: BadRequest, anonymous: true},
		{name: "chunked", send: request(sendLine, "", auth, "Transfer-Encoding: chunked") + chunks(good), status: 411, code: LengthRequired},
		{name: "chunked, empty", send: request(sendLine, "", auth, "Transfer-Encoding: chunked") + "0\r\n\r\n", status: 411, code: LengthRequired},
		{name: "chunked with a trailer", send: request(sendLine, "", auth, "Transfer-Encoding: chunked", "Trailer: X") + "0\r\nX: y\r\n\r\n", status: 411, code: LengthRequired},
		{name: "chunked, expecting", send: request(sendLine, "", auth, "Transfer-Encoding: chunked", "Expect: 100-continue"), status: 411, code: LengthRequired},
		{name: "length and chunked", send: request(sendLine, good, auth, "Transfer-Encoding: chunked"), status: 400, code: AmbiguousFraming},
		{name: "chunked and length", send: request(sendLine, "", auth, "Transfer-Encoding: chunked", "Content-Length: 5") + chunks(good), status: 400, code: AmbiguousFraming},
		{name: "gzip coding", send: request(sendLine, "", auth, "Transfer-Encoding: gzip, chunked") + chunks(good), status: 400, code: BadRequest, anonymous: true},
		{name: "chunked twice", send: request(sendLine, "", auth, "Transfer-Encoding: chunked", "Transfer-Encoding: chunked") + chunks(good), status: 400, code: BadRequest, anonymous: true},
		{name: "coding with a tab", send: request(sendLine, "", auth, "Transfer-Encoding:\tchunked") + chunks(good), status: 411, code: LengthRequired},
		{name: "identity coding", send: request(sendLine, good, auth, "Transfer-Encoding: identity"), status: 400, code: AmbiguousFraming},

		{name: "two Authorization lines", send: post(good, auth), status: 400, code: AmbiguousFraming, anonymous: true},
		{name: "two different Authorization lines", send: post(good, "AUTHORIZATION: Bearer "+stranger), status: 400, code: AmbiguousFraming, anonymous: true},
		{name: "two Content-Type lines", send: post(good, "Content-Type: application/json", "Content-Type: text/plain"), status: 400, code: AmbiguousFraming, anonymous: true},
		{name: "two Idempotency-Key lines", send: post(good, "Idempotency-Key: a", "Idempotency-Key: b"), status: 400, code: AmbiguousFraming, anonymous: true},
		{name: "two Host lines", send: post(good, "Host: evil.example"), status: 400, code: BadRequest, anonymous: true},
		{name: "no Host", send: sendLine + "\r\n" + auth + "\r\n\r\n", status: 400, code: BadRequest, anonymous: true},
		{name: "space in a header name", send: post(good, "X Evil: 1"), status: 400, code: BadRequest},
		{name: "space before the colon", send: post(good, "X-Evil : 1"), status: 400, code: BadRequest, anonymous: true},
		{name: "folded header", send: post(good, "X-Evil: a\r\n b"), status: 400, code: BadRequest},
		{name: "folded Authorization", send: request(sendLine, good, "Authorization: Bearer\r\n "+d.live), status: 400, code: BadRequest, anonymous: true},
		{name: "NUL in a header", send: post(good, "X-Evil: a\x00b"), status: 400, code: BadRequest, anonymous: true},
		{name: "one bare line feed", send: sendLine + "\r\nHost: a\n" + auth + "\r\n\r\n", status: 400, code: BadRequest, anonymous: true},
		{name: "header without a colon", send: post(good, "nonsense"), status: 400, code: BadRequest, anonymous: true},
		{name: "header flood", send: post(good, strings.Split(strings.Repeat("X: y,", 64), ",")[:64]...), status: 431, code: TooManyHeaders},
		{name: "header too large", send: post(good, "X-Big: "+strings.Repeat("x", 9000)), status: 431, code: HeaderTooLarge, anonymous: true},
		{name: "target too long", send: first("POST /" + strings.Repeat("x", 9000) + " HTTP/1.1"), status: 431, code: HeaderTooLarge, anonymous: true},

		{name: "HTTP/2.0", send: first("POST /api/v1/messages/send HTTP/2.0"), status: 505, code: UnsupportedVersion},
		{name: "HTTP/1.2", send: first("POST /api/v1/messages/send HTTP/1.2"), status: 505, code: UnsupportedVersion},
		{name: "HTTP/2 preface", send: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", status: 400, code: BadRequest, anonymous: true},
		{name: "HTTP/0.9", send: "GET /\r\n\r\n", status: 400, code: BadRequest, anonymous: true},
		{name: "version of two digits", send: first("POST /api/v1/messages/send HTTP/11.1"), status: 400, code: BadRequest, anonymous: true},
		{name: "lower-case version", send: first("POST /api/v1/messages/send http/1.1"), status: 400, code: BadRequest, anonymous: true},
		{name: "absolute target", send: first("POST http://evil.example/api/v1/messages/send HTTP/1.1"), status: 400, code: BadRequest},
		{name: "authority target", send: first("CONNECT evil.example:443 HTTP/1.1"), status: 400, code: BadRequest},
		{name: "target of two slashes", send: first("POST //evil.example/api/v1/messages/send HTTP/1.1"), status: 400, code: BadRequest},
		{name: "asterisk target", send: request("OPTIONS * HTTP/1.1", "", auth), status: 400, code: BadRequest},
		{name: "no target", send: first("POST  HTTP/1.1"), status: 400, code: BadRequest, anonymous: true},
		{name: "target with a space", send: first("POST /api/v1/messages send HTTP/1.1"), status: 400, code: BadRequest, anonymous: true},
		{name: "garbage", send: "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", status: 400, code: BadRequest, anonymous: true},

		{name: "lower-case method", send: first("post /api/v1/messages/send HTTP/1.1"), status: 405, code: MethodNotAllowed, open: true},
		{name: "unknown method", send: first("BREW /api/v1/messages/send HTTP/1.1"), status: 405, code: MethodNotAllowed, open: true},
		{name: "TRACE", send: first("TRACE /api/v1/messages/send HTTP/1.1"), status: 405, code: MethodNotAllowed, open: true},
		{name: "GET", send: request("PUT /api/v1/messages/send HTTP/1.1", "", auth), status: 405, code: MethodNotAllowed, open: true},
		{name: "unknown path", send: first("POST /api/v1/messages/sned HTTP/1.1"), status: 405, code: MethodNotAllowed, open: true},
		{name: "unknown version", send: first("POST /api/v2/messages/send HTTP/1.1"), status: 404, code: NotFound, open: true},
		{name: "trailing slash", send: first("POST /api/v1/messages/send/ HTTP/1.1"), status: 404, code: NotFound, open: true},
		{name: "path in another case", send: first("POST /API/v1/messages/send HTTP/1.1"), status: 404, code: NotFound, open: true},
		{name: "escaped path", send: first("POST /api/v1/messages%2Fsend HTTP/1.1"), status: 404, code: NotFound, open: true},
		{name: "dots in the path", send: first("POST /docs/../api/v1/messages/send HTTP/1.1"), status: 405, code: MethodNotAllowed, open: true},
		{name: "dots out of a public path", send: request("GET /docs/../api/v1/messages HTTP/1.1", ""), status: 404, code: NotFound, open: true, anonymous: true},
		{name: "expectation", send: post(good, "Expect: 200-ok"), status: 417, code: ExpectationFailed},

		{name: "form", send: post(good, "Content-Type: application/x-www-form-urlencoded"), status: 415, code: UnsupportedMedia, open: true},
		{name: "multipart", send: post(good, "Content-Type: multipart/form-data; boundary=x"), status: 415, code: UnsupportedMedia, open: true},
		{name: "another charset", send: post(good, "Content-Type: application/json; charset=utf-16"), status: 415, code: UnsupportedMedia, open: true},
		{name: "NDJSON", send: post(good, "Content-Type: application/x-ndjson"), status: 415, code: UnsupportedMedia, open: true},
		{name: "compressed", send: post(good, "Content-Encoding: gzip"), status: 415, code: UnsupportedMedia, open: true},

		{name: "no key", send: request(sendLine, good), status: 401, code: MissingKey, open: true, anonymous: true},
		{name: "empty Authorization", send: request(sendLine, good, "Authorization:"), status: 401, code: MissingKey, open: true, anonymous: true},
		{name: "Basic", send: request(sendLine, good, "Authorization: Basic "+d.live), status: 401, code: InvalidKey, open: true, anonymous: true},
		{name: "no scheme", send: request(sendLine, good, "Authorization: "+d.live), status: 401, code: InvalidKey, open: true, anonymous: true},
		{name: "mistyped key", send: d.post(mistyped(d.live), good), status: 401, code: InvalidKey, open: true, anonymous: true},
		{name: "key with the other prefix", send: d.post("cpk_test_"+d.live[9:], good), status: 401, code: InvalidKey, open: true, anonymous: true},
		{name: "unknown key", send: d.post(stranger, good), status: 401, code: InvalidKey, open: true, anonymous: true},
		{name: "key with more behind", send: d.post(d.live+" "+d.live, good), status: 401, code: InvalidKey, open: true, anonymous: true},
		{name: "huge key", send: d.post(strings.Repeat("x", 7000), good), status: 401, code: InvalidKey, open: true, anonymous: true},
		{name: "key in the query", send: request("POST /api/v1/messages/send?key="+d.live+" HTTP/1.1", good), status: 401, code: MissingKey, open: true, anonymous: true},
		{name: "key in X-Api-Key", send: request(sendLine, good, "X-Api-Key: "+d.live), status: 401, code: MissingKey, open: true, anonymous: true},
		{name: "key where only a proxy may be", send: d.post(d.fenced, good, "X-Forwarded-For: 198.51.100.7"), status: 403, code: AddressNotAllowed, open: true},

		{name: "idempotency key too long", send: post(good, "Idempotency-Key: "+strings.Repeat("k", 256)), status: 400, code: InvalidParameter, open: true},
		{name: "idempotency key empty", send: post(good, "Idempotency-Key:"), status: 400, code: InvalidParameter, open: true},
		{name: "idempotency key not ASCII", send: post(good, "Idempotency-Key: \xc3\xa9"), status: 400, code: InvalidParameter, open: true},
		{name: "unknown query", send: request("POST /api/v1/messages/send?dryrun=true HTTP/1.1", good, auth), status: 400, code: UnknownParameter, open: true},
		{name: "dryRun of no kind", send: request("POST /api/v1/messages/send?dryRun=1 HTTP/1.1", good, auth), status: 400, code: InvalidParameter, open: true},
	}
	return rows
}

func chunks(body string) string {
	return strconv.FormatInt(int64(len(body)), 16) + "\r\n" + body + "\r\n0\r\n\r\n"
}

// After each bad request, a good one on the same server is served, and the
// bad one has left nothing behind.
// mistyped returns a token with one character changed.
func mistyped(token string) string {
	other := "x"
	if token[20] == 'x' {
		other = "y"
	}
	return token[:20] + other + token[21:]
}

func TestBadInput(t *testing.T) {
	d := newDesk(t, nil)
	d.fenced = d.addKey(message.Key{Workspace: 7, Scopes: message.ScopeAll, Allow: prefixes("198.51.100.0/24")})
	d.open()
	for _, row := range badInputs(d) {
		t.Run(row.name, func(t *testing.T) {
			d.t = t
			stored := d.log.count()
			s := d.dial()
			s.write(row.send)
			got := s.read()
			if got.err != nil {
				t.Fatalf("no answer: %v", got.err)
			}
			refused(t, got, row.status, row.code)
			if strings.Contains(got.body, d.live[9:]) {
				t.Errorf("the answer holds the key: %s", got.body)
			}
			if limit := got.header.Get("X-Ratelimit-Limit"); (limit == "") != row.anonymous {
				t.Errorf("X-RateLimit-Limit %q", limit)
			}
			if d.log.count() != stored {
				t.Error("a bad request was stored")
			}
			if row.open {
				s.write(d.post(d.live, sms("")))
				if next := s.read(); next.status != 202 {
					t.Errorf("the next good request on the connection: %d %s %v", next.status, next.body, next.err)
				}
			} else if !s.closed() {
				t.Error("the connection is still open")
			}
			if next := d.ask(d.post(d.live, sms(""))); next.status != 202 {
				t.Errorf("the next good request: %d %s", next.status, next.body)
			}
		})
	}
}

// What ends in the middle is answered where it can be, and stored never.
func TestTruncatedRequests(t *testing.T) {
	d := newDesk(t, nil).open()
	whole := d.post(d.live, sms(""))
	for cut := 1; cut < len(whole); cut += 7 {
		s := d.dial()
		s.write(whole[:cut])
		if err := s.nc.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if got := s.read(); got.err == nil && got.status != 400 {
			t.Errorf("cut at %d: %d %s", cut, got.status, got.body)
		}
	}
	if n := d.log.count(); n != 0 {
		t.Errorf("%d cut requests were stored", n)
	}
	if got := d.ask(whole); got.status != 202 {
		t.Errorf("the next good request: %d", got.status)
	}
}

// A bad request among pipelined ones is refused alone if its end is known;
// else the connection ends, and nothing behind it is read.
func TestPipelinedRequests(t *testing.T) {
	d := newDesk(t, nil).open()
	good := d.post(d.live, sms(""))
	s := d.dial()
	s.write(strings.Repeat(good, 50) + d.post(d.live, `{"x":1}`) + strings.Repeat(good, 49))
	for i := range 100 {
		want := 202
		if i == 50 {
			want = 400
		}
		if got := s.read(); got.status != want {
			t.Fatalf("request %d: %d %s %v", i, got.status, got.body, got.err)
		}
	}
	if n := d.log.count(); n != 99 {
		t.Fatalf("%d messages stored, want 99", n)
	}
	s.write(good + request("POST /api/v1/messages/send HTTP/1.1", "", "Authorization: Bearer "+d.live, "Transfer-Encoding: chunked") + good)
	if got := s.read(); got.status != 202 {
		t.Fatalf("before the bad one: %d", got.status)
	}
	refused(t, s.read(), 411, LengthRequired)
	if !s.closed() || d.log.count() != 100 {
		t.Errorf("behind the bad one something was read: %d stored", d.log.count())
	}
}

// Slow clients are cut off in time, each with the answer that it can get.
func TestSlowClients(t *testing.T) {
	d := newDesk(t, func(o *Options) { o.Limits.Read, o.Limits.Idle = 300*time.Millisecond, 300*time.Millisecond }).open()
	whole := d.post(d.live, sms(""))
	for _, row := range []struct{ name, send string }{
		{"in the request line", whole[:10]},
		{"in the header lines", whole[:80]},
		{"behind header lines that never end, to a strict reader", strings.ReplaceAll(whole, "\r\n", "\n")},
		{"in the body", whole[:len(whole)-5]},
		{"before the body that is expected", request("POST /api/v1/messages/send HTTP/1.1", "", "Authorization: Bearer "+d.live, "Content-Length: 10", "Expect: 100-continue")},
	} {
		t.Run(row.name, func(t *testing.T) {
			d.t = t
			s := d.dial()
			s.write(row.send)
			got := s.read()
			if got.status == 100 {
				got = s.read()
			}
			refused(t, got, 408, RequestTimeout)
			if !s.closed() {
				t.Error("the connection is still open")
			}
		})
	}
	d.t = t
	silent := d.dial()
	if b, err := silent.r.ReadByte(); err != io.EOF {
		t.Errorf("a silent client got %q, %v; want the end without an answer", b, err)
	}
	idle := d.dial()
	idle.write(whole)
	if got := idle.read(); got.status != 202 {
		t.Fatalf("%d", got.status)
	}
	if b, err := idle.r.ReadByte(); err != io.EOF {
		t.Errorf("an idle client got %q, %v; want the end without an answer", b, err)
	}
	if n := d.log.count(); n != 1 {
		t.Errorf("%d stored, want 1", n)
	}
}

// A client that trickles bytes is held to the same deadline: it does not
// start again with each.
func TestTricklingClient(t *testing.T) {
	d := newDesk(t, func(o *Options) { o.Limits.Read = 300 * time.Millisecond }).open()
	s := d.dial()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range len(d.live) {
			if _, err := fmt.Fprintf(s.nc, "%c", "POST /api/v1/messages/send HTTP/1.1\r\nX: aaaaaaaaaaaaaaaaaaaaaaaaaa"[i]); err != nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	}()
	refused(t, s.read(), 408, RequestTimeout)
	s.nc.Close()
	<-done
}
