package sim

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"net"
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
	w    *bufio.Writer
	// scratch of one exchange
	req  fasthttp.Request
	resp fasthttp.Response
}

// post posts p and returns the answer's status, 0 without an answer.
func (l *line) post(ctx context.Context, p *Post) int {
	req, resp := &l.req, &l.resp
	req.Reset()
	req.SetRequestURI(p.URL)
	req.Header.SetMethod(cmp.Or(p.Method, fasthttp.MethodPost))
	for name, value := range p.Header {
		req.Header.Set(name, value)
	}
	req.SetBodyRaw(p.Body)
	kept := l.conn != nil
	err := l.exchange(ctx, req, resp)
	if err != nil && kept && ctx.Err() == nil { // the receiver closed what was idle
		err = l.exchange(ctx, req, resp)
	}
	if err != nil {
		return 0
	}
	return resp.StatusCode()
}

// exchange does one request. After an error the connection is closed.
func (l *line) exchange(ctx context.Context, req *fasthttp.Request, resp *fasthttp.Response) error {
	if err := l.open(ctx, req.URI()); err != nil {
		return err
	}
	_ = l.conn.SetDeadline(time.Now().Add(postTimeout))
	err := ctx.Err() // what ends later moves the deadline
	if err == nil {
		err = req.Write(l.w)
	}
	if err == nil {
		err = l.w.Flush()
	}
	if err == nil {
		err = resp.ReadLimitBody(l.r, maxReply)
	}
	if err != nil || resp.ConnectionClose() {
		l.close()
	}
	return err
}

// open connects to uri's host unless the line is connected to it already.
func (l *line) open(ctx context.Context, uri *fasthttp.URI) error {
	host := string(uri.Scheme()) + "://" + string(uri.Host())
	if l.conn != nil && l.host == host {
		return nil
	}
	l.close()
	conn, err := l.connect(ctx, uri)
	if err != nil {
		return err
	}
	l.conn, l.host = conn, host
	l.stop = context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	l.r, l.w = bufio.NewReader(conn), bufio.NewWriter(conn)
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
