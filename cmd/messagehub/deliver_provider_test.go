package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"hash"
	"net"
	"net/url"
	"strconv"
	"sync/atomic"
	"testing"

	"messagehub/actors/channel"
)

const (
	benchPublic  = "http://relay.example"
	benchClients = 32
	benchPosters = 16
	benchAccount = "AC00000000000000000000000000005a17"
	benchToken   = "sandbox-auth-token"
)

// benchProvider plays Twilio for [BenchmarkDeliver], as cheaply as can be: it
// takes everything. The simulator is the strict one.
type benchProvider struct {
	address string
	relay   string // address
	serial  atomic.Uint64
	reports chan [34]byte // SIDs that are to be reported
}

func newBenchProvider(b *testing.B) *benchProvider {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	p := &benchProvider{address: l.Addr().String()}
	b.Cleanup(func() { _ = l.Close() })
	go func() {
		for conn, err := l.Accept(); err == nil; conn, err = l.Accept() {
			go p.serve(&benchConn{b: b, Conn: conn})
		}
	}()
	return p
}

func (p *benchProvider) settings(b *testing.B, specs []channel.Spec) channel.Values {
	spec, _ := specNamed(specs, "sms")
	v, err := channel.Complete(spec.Settings, channel.Values{
		"baseURL": "http://" + p.address, "accountSid": benchAccount, "authToken": benchToken, "fromNumber": "+15005550006", "messagesPerSecond": "0",
	})
	if err != nil {
		b.Fatal(err)
	}
	return v
}

// serve takes every message of a connection.
func (p *benchProvider) serve(c *benchConn) {
	defer c.Close()
	var answer []byte
	for c.message() == nil {
		sid := [34]byte{'S', 'M'}
		digits := strconv.AppendUint(make([]byte, 0, 32), 1<<60+p.serial.Add(1), 10)
		for i := range sid[2:] {
			sid[2+i] = '0'
		}
		copy(sid[34-len(digits):], digits)
		answer = append(append(append(answer[:0], "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 165\r\n\r\n"+
			`{"account_sid":"`+benchAccount+`","body":"Hello","error_code":null,"num_segments":"2","sid":"`...), sid[:]...), `","status":"queued"}`...)
		if _, err := c.Write(answer); err != nil {
			return
		}
		p.reports <- sid
	}
}

// benchReporter makes Twilio's callbacks.
type benchReporter struct {
	mac                hash.Hash
	body, signed, post []byte
	sum                [sha1.Size]byte
}

func newBenchReporter() *benchReporter {
	return &benchReporter{mac: hmac.New(sha1.New, []byte(benchToken))}
}

// report makes the callback that tells the status of a message.
func (r *benchReporter) report(sid *[34]byte, status string) []byte {
	const path = "/api/v1/webhooks/delivery/sms/main"
	fields := [...][2]string{ // in the order in which they are signed
		{"AccountSid", benchAccount},
		{"ApiVersion", "2010-04-01"},
		{"From", "+15005550006"},
		{"MessageSid", ""},
		{"MessageStatus", status},
		{"SmsSid", ""},
		{"SmsStatus", status},
		{"To", "+919000000000"},
	}
	r.body, r.signed = r.body[:0], append(append(r.signed[:0], benchPublic...), path...)
	for _, f := range fields {
		r.body = append(append(append(r.body, '&'), f[0]...), '=')
		r.signed = append(r.signed, f[0]...)
		if f[1] == "" {
			r.body, r.signed = append(r.body, sid[:]...), append(r.signed, sid[:]...)
			continue
		}
		r.signed = append(r.signed, f[1]...)
		if value := f[1]; value[0] == '+' {
			r.body = append(append(r.body, "%2B"...), value[1:]...)
		} else {
			r.body = append(r.body, value...)
		}
	}
	r.mac.Reset()
	r.mac.Write(r.signed)
	r.post = append(r.post[:0], "POST "+path+" HTTP/1.1\r\nHost: relay.example\r\nContent-Type: application/x-www-form-urlencoded; charset=UTF-8\r\n"+
		"User-Agent: TwilioProxy/1.1\r\nX-Twilio-Signature: "...)
	r.post = base64.StdEncoding.AppendEncode(r.post, r.mac.Sum(r.sum[:0]))
	r.post = strconv.AppendInt(append(r.post, "\r\nContent-Length: "...), int64(len(r.body)-1), 10)
	r.post = append(append(r.post, "\r\n\r\n"...), r.body[1:]...)
	return r.post
}

// benchConn is a connection that brings whole messages of HTTP.
type benchConn struct {
	net.Conn
	b  *testing.B
	in []byte
}

func (p *benchProvider) dial(b *testing.B) *benchConn {
	conn, err := net.Dial("tcp", p.relay)
	if err != nil {
		b.Error(err)
	}
	return &benchConn{Conn: conn, b: b}
}

// exchange makes a request and checks the status of its answer.
func (c *benchConn) exchange(request []byte, status string) {
	if _, err := c.Write(request); err != nil {
		c.b.Error(err)
	}
	if err := c.message(); err != nil || string(c.in[9:12]) != status {
		c.b.Errorf("%v: %s", err, c.in)
	}
}

// message reads a whole message into in.
func (c *benchConn) message() error {
	if c.in == nil {
		c.in = make([]byte, 0, 8<<10)
	}
	c.in = c.in[:0]
	for {
		n, err := c.Read(c.in[len(c.in):cap(c.in)])
		c.in = c.in[:len(c.in)+n]
		if err != nil {
			return err
		}
		head := bytes.Index(c.in, []byte("\r\n\r\n"))
		if head < 0 {
			continue
		}
		const field = "Content-Length: "
		at := bytes.Index(c.in[:head], []byte(field))
		if at < 0 {
			return fmt.Errorf("no length in %s", c.in)
		}
		length := 0
		for _, d := range c.in[at+len(field) : head] {
			if d < '0' || d > '9' {
				break
			}
			length = 10*length + int(d-'0')
		}
		if len(c.in) >= head+4+length {
			return nil
		}
	}
}

func mustParseURL(b *testing.B, text string) *url.URL {
	u, err := url.Parse(text)
	if err != nil {
		b.Fatal(err)
	}
	return u
}
