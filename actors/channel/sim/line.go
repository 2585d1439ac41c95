package sim

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"
)

// maxReply bounds what a receiver of receipts may answer.
const maxReply = 64 << 10

// dialer opens a connection.
type dialer func(ctx context.Context, network, address string) (net.Conn, error)

// line posts receipts, one after the other, over one kept connection.
type line struct {
	dial dialer
	host string // scheme and host of conn
	conn net.Conn
	stop func() bool // ends the watch of the World's end over conn
	r    *bufio.Reader
	// uri is what url says
	url string
	uri fasthttp.URI
	// scratch of one exchange
	out  []byte
	resp fasthttp.Response
}

// post posts p and returns the answer's status, 0 without an answer.
func (l *line) post(ctx context.Context, p *Post) int {
	if l.url != p.URL {
		l.url = ""
		if err := l.uri.Parse(nil, []byte(p.URL)); err != nil {
			return 0
		}
		l.url = p.URL
	}
	l.out = p.append(l.out[:0], &l.uri)
	kept := l.conn != nil
	err := l.exchange(ctx)
	if err != nil && kept && ctx.Err() == nil { // the receiver closed what was idle
		err = l.exchange(ctx)
	}
	if err != nil {
		return 0
	}
	return l.resp.StatusCode()
}

// append appends the request that posts p to uri.
func (p *Post) append(b []byte, uri *fasthttp.URI) []byte {
	b = append(append(b, cmp.Or(p.Method, fasthttp.MethodPost)...), ' ')
	b = append(append(b, uri.RequestURI()...), " HTTP/1.1\r\nHost: "...)
	b = append(append(b, uri.Host()...), "\r\n"...)
	for name, value := range p.Header {
		b = append(append(append(append(b, name...), ": "...), value...), "\r\n"...)
	}
	if len(p.Body) > 0 || p.Method == "" {
		b = append(strconv.AppendInt(append(b, "Content-Length: "...), int64(len(p.Body)), 10), "\r\n"...)
	}
	return append(append(b, "\r\n"...), p.Body...)
}

// exchange does one request. After an error the connection is closed.
func (l *line) exchange(ctx context.Context) error {
	if err := l.open(ctx); err != nil {
		return err
	}
	_ = l.conn.SetDeadline(time.Now().Add(postTimeout))
	err := ctx.Err() // what ends later moves the deadline
	if err == nil {
		_, err = l.conn.Write(l.out)
	}
	if err == nil {
		err = l.resp.ReadLimitBody(l.r, maxReply)
	}
	if err != nil || l.resp.ConnectionClose() {
		l.close()
	}
	return err
}

// open connects to the host of uri unless the line is connected to it already.
func (l *line) open(ctx context.Context) error {
	if l.conn != nil && l.host == string(l.uri.Scheme())+"://"+string(l.uri.Host()) {
		return nil
	}
	l.close()
	conn, err := l.connect(ctx, &l.uri)
	if err != nil {
		return err
	}
	l.conn, l.host = conn, string(l.uri.Scheme())+"://"+string(l.uri.Host())
	l.stop = context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	l.r = bufio.NewReader(conn)
	return nil
}

func (l *line) connect(ctx context.Context, uri *fasthttp.URI) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, postTimeout)
	defer cancel()
	secure := string(uri.Scheme()) == "https"
	conn, err := l.dial(ctx, "tcp", fasthttp.AddMissingPort(string(uri.Host()), secure))
	if err != nil || !secure {
		return conn, err
	}
	name, _, _ := net.SplitHostPort(fasthttp.AddMissingPort(string(uri.Host()), true))
	client := tls.Client(conn, &tls.Config{ServerName: name, MinVersion: tls.VersionTLS12})
	if err := client.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return client, nil
}

func (l *line) close() {
	if l.conn != nil {
		l.stop()
		_ = l.conn.Close()
		l.conn = nil
	}
}
