package relay

import (
	"bufio"
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/valyala/fasthttp"

	"messagehub/store/message"
)

// manyKeys puts n keys of n/100 workspaces on the ring, and returns some of
// their tokens.
func manyKeys(tb testing.TB, ring *Keyring, n int) []string {
	tb.Helper()
	var tokens []string
	keys := make([]message.Key, n)
	for i := range keys {
		token, key := message.NewKey(i%2 == 1)
		key.Workspace, key.Scopes = message.WorkspaceID(i/100), message.ScopeAll
		keys[i] = key
		if i%100 == 0 {
			tokens = append(tokens, token)
			ring.PutWorkspace(message.Workspace{ID: key.Workspace, PerMinute: 1_000_000_000})
		}
	}
	ring.Replace(keys)
	return tokens
}

// requestWith makes a request as the HTTP server would have read it.
func requestWith(tb testing.TB, s *Server, token string) *call {
	tb.Helper()
	ctx := &fasthttp.RequestCtx{}
	c := s.calls.get(s, ctx, &route{scope: message.ScopeSend})
	c.head.authorization = []byte("Bearer " + token)
	return c
}

// BenchmarkAuthenticate is the path from the Authorization line to a token
// taken and its headers set, among 100,000 keys.
func BenchmarkAuthenticate(b *testing.B) {
	d := newDesk(b, nil)
	var lines [][]byte
	for _, token := range manyKeys(b, d.keys, 100_000) {
		lines = append(lines, []byte("Bearer "+token))
	}
	c := requestWith(b, d.server, d.live)
	b.ReportAllocs()
	i, start := 0, cpuTime(b)
	for b.Loop() {
		c.head.authorization = lines[i]
		if code := c.authenticate(); code != "" {
			b.Fatal(code)
		}
		if i++; i == len(lines) {
			i = 0
		}
	}
	b.ReportMetric(float64(cpuTime(b)-start)/float64(b.N), "cpu-ns/op")
}

// cpuTime is the processor time that the process has used, in nanoseconds:
// what a benchmark measures where others share the machine.
func cpuTime(tb testing.TB) int64 {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

func BenchmarkBucket(b *testing.B) {
	var bucket bucket
	bucket.limit.Store(6000)
	now := day
	for b.Loop() {
		bucket.take(now)
		now++
	}
}

func BenchmarkDecode(b *testing.B) {
	r := testReader()
	for name, body := range map[string]string{
		"plain": `{"to":"+14155550100","channel":"whatsapp","content":"Your order 1234 has shipped and arrives tomorrow.","reference":"order-1234"}`,
		"chain": `{"to":"+919876543210","channel":"whatsapp","content":"Your order has shipped","fallback":{"channels":["telegram",{"channel":"sms","to":"+919876543211","content":"Order 1234 shipped","timeout":120}]}}`,
	} {
		b.Run(name, func(b *testing.B) {
			key, raw := testKey(false), []byte(body)
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				d := r.read(raw, key, day)
				if len(d.faults) > 0 {
					b.Fatal(d.faults)
				}
				r.release(d)
			}
		})
	}
}

func BenchmarkScanHead(b *testing.B) {
	raw := []byte("Host: api.example.com\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\nAuthorization: Bearer cpk_live_0123456789012345678901234567890123456789\r\nContent-Type: application/json\r\nContent-Length: 128\r\n\r\n")
	b.ReportAllocs()
	for b.Loop() {
		if h := scanHead(raw); h.fault != "" {
			b.Fatal(h.fault)
		}
	}
}

// BenchmarkAnswer is one request and its answer over loopback, client
// included: a bare server that answers the same bytes, a send that is
// accepted by a log that costs nothing, and the refusals. What a refusal
// costs beside an accept bounds the goodput under overload.
func BenchmarkAnswer(b *testing.B) {
	d := newDesk(b, func(o *Options) { o.Log = &discardLog{} }).open()
	low := d.addKey(message.Key{Workspace: 7, Scopes: message.ScopeSend, PerMinute: 1})
	stranger, _ := message.NewKey(false)
	body := `{"to":"+14155550100","channel":"whatsapp","content":"Your order 1234 has shipped and arrives tomorrow.","reference":"order-1234"}`
	bare := bareServer(b)
	for _, row := range []struct{ name, addr, request, status string }{
		{"bare", bare, d.post(d.live, body), "202"},
		{"accept", d.addr, d.post(d.live, body), "202"},
		{"rate limited", d.addr, d.post(low, body), "429"},
		{"unknown key", d.addr, d.post(stranger, body), "401"},
		{"bad body", d.addr, d.post(d.live, `{"x":1}`), "400"},
	} {
		b.Run(row.name, func(b *testing.B) {
			nc, err := net.Dial("tcp", row.addr)
			if err != nil {
				b.Fatal(err)
			}
			defer nc.Close()
			client := exchange{nc: nc, r: bufio.NewReaderSize(nc, 8192), request: []byte(row.request)}
			client.status(b)
			b.ReportAllocs()
			start := cpuTime(b)
			for b.Loop() {
				if got := client.status(b); got != row.status && row.name != "rate limited" {
					b.Fatal(got)
				}
			}
			b.ReportMetric(float64(cpuTime(b)-start)/float64(b.N), "cpu-ns/op")
		})
	}
}

// bareServer answers everything with a 202 of the usual size.
func bareServer(b *testing.B) string {
	b.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	answer := []byte(`{"data":{"messageId":"msg_20000000010000000c4z7t5e8b","channel":"whatsapp","status":"queued"}}`)
	s := &fasthttp.Server{NoDefaultServerHeader: true, Handler: func(ctx *fasthttp.RequestCtx) {
		ctx.SetStatusCode(202)
		ctx.SetContentType(jsonType)
		ctx.SetBody(answer)
	}}
	done := make(chan error, 1)
	go func() { done <- s.Serve(ln) }()
	b.Cleanup(func() {
		if err := errors.Join(s.Shutdown(), <-done); err != nil {
			b.Error(err)
		}
	})
	return ln.Addr().String()
}

// BenchmarkHandler is what the front door itself costs, from a request that
// the HTTP server has read to its answer.
func BenchmarkHandler(b *testing.B) {
	d := newDesk(b, func(o *Options) { o.Log = &discardLog{} })
	low := d.addKey(message.Key{Workspace: 7, Scopes: message.ScopeSend, PerMinute: 1})
	body := `{"to":"+14155550100","channel":"whatsapp","content":"Your order 1234 has shipped and arrives tomorrow.","reference":"order-1234"}`
	for name, text := range map[string]string{"accept": d.post(d.live, body), "rate limited": d.post(low, body)} {
		b.Run(name, func(b *testing.B) {
			ctx := &fasthttp.RequestCtx{}
			if err := ctx.Request.Read(bufio.NewReader(strings.NewReader(text))); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			start := cpuTime(b)
			for b.Loop() {
				ctx.Response.Reset()
				d.server.http.Handler(ctx)
			}
			b.ReportMetric(float64(cpuTime(b)-start)/float64(b.N), "cpu-ns/op")
		})
	}
}
