package channel

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// BenchmarkClient is the exchange of a send with a provider that answers at
// once, over the direct transport and over net/http.
func BenchmarkClient(b *testing.B) {
	secure := httptest.NewTLSServer(nil)
	b.Cleanup(secure.Close)
	trusted := secure.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	certificates := &tls.Config{Certificates: secure.TLS.Certificates, NextProtos: []string{http11}}
	http2 := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, benchBody)
	}))
	http2.EnableHTTP2 = true
	http2.StartTLS()
	b.Cleanup(http2.Close)
	plain := serveFixed(b, func(c net.Conn) net.Conn { return c })
	tls1 := serveFixed(b, func(c net.Conn) net.Conn { return tls.Server(c, certificates) })
	own := NewClient(nil, 8)
	own.direct.tls.RootCAs = trusted
	std := NewClientOver(&http.Transport{DisableCompression: true, ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: trusted}})
	for _, row := range []struct {
		name   string
		client *Client
		url    string
	}{
		{"direct", own, "http://" + plain},
		{"net-http", std, "http://" + plain},
		{"direct-tls", own, "https://" + tls1},
		{"net-http-tls", std, "https://" + tls1},
		{"net-http-2", std, http2.URL},
	} {
		b.Run(row.name, func(b *testing.B) {
			call := Call{
				URL: row.url + "/2010-04-01/Accounts/AC00000000000000000000000000005a17/Messages.json", ContentType: "application/x-www-form-urlencoded",
				Basic: [2]string{"AC00000000000000000000000000005a17", "token"}, Body: []byte("To=%2B15558675310&From=%2B15005550006&Body=" + strings.Repeat("Your+order+has+shipped.+", 8)),
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := row.client.Do(context.Background(), call); err != nil {
					b.Fatal(err)
				}
			}
			row.client.Close()
		})
	}
}

const benchBody = `{"account_sid":"AC00000000000000000000000000005a17","sid":"SM00000000000000000000000000000000","status":"queued","num_segments":"1","price":null}`

// serveFixed answers whatever comes, without allocations of its own.
func serveFixed(b *testing.B, over func(net.Conn) net.Conn) (address string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	answer := []byte("HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 145\r\n\r\n" + benchBody)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for conn, err := l.Accept(); err == nil; conn, err = l.Accept() {
			c, buffer := over(conn), make([]byte, 4<<10)
			for _, err := c.Read(buffer); err == nil; _, err = c.Read(buffer) {
				_, _ = c.Write(answer)
			}
			_ = c.Close()
		}
	}()
	b.Cleanup(func() { _ = l.Close(); <-done })
	return l.Addr().String()
}
