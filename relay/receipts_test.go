package relay

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"messagehub/store/message"
)

// inbox plays the channels' side: it takes any callback and answers what the
// test wants.
type inbox struct {
	mu       sync.Mutex
	got      []message.Callback
	header   string // value of X-Signature of the last one
	receipts []message.Receipt
	reply    message.Reply
	err      error
	before   func(*message.Callback) // nil: nothing
}

func (b *inbox) Receive(cb *message.Callback) ([]message.Receipt, message.Reply, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.before != nil {
		b.before(cb)
	}
	own := *cb
	own.Channel, own.Sender, own.Method = strings.Clone(cb.Channel), strings.Clone(cb.Sender), strings.Clone(cb.Method)
	own.URL, own.Query, own.Body = strings.Clone(cb.URL), strings.Clone(cb.Query), append([]byte(nil), cb.Body...)
	b.header = strings.Clone(cb.Header("x-signature"))
	b.got = append(b.got, own)
	return b.receipts, b.reply, b.err
}

func openInbox(t *testing.T, b *inbox, change func(*Options)) *door {
	return openDoor(t, func(o *Options) {
		o.Receipts, o.PublicURL = b, "https://api.example.com/relay"
		if change != nil {
			change(o)
		}
	})
}

func TestCallbackIsPassedOnAsItCame(t *testing.T) {
	for _, test := range []struct {
		method, path, body       string
		channel, sender, url, qs string
	}{
		{"POST", "", "a=b&c=%20d", "", "", "https://api.example.com/relay/api/v1/webhooks/delivery", ""},
		{"POST", "/sms/main", `{"x":"é"}`, "sms", "main", "https://api.example.com/relay/api/v1/webhooks/delivery/sms/main", ""},
		{
			"POST", "/sms/main?bodySHA256=0a&x=%2F+%20~", "", "sms", "main",
			"https://api.example.com/relay/api/v1/webhooks/delivery/sms/main?bodySHA256=0a&x=%2F+%20~", "bodySHA256=0a&x=%2F+%20~",
		},
		{
			"GET", "?hub.mode=subscribe&hub.challenge=42", "", "", "",
			"https://api.example.com/relay/api/v1/webhooks/delivery?hub.mode=subscribe&hub.challenge=42", "hub.mode=subscribe&hub.challenge=42",
		},
	} {
		t.Run(test.method+test.path, func(t *testing.T) {
			b := &inbox{}
			d := openInbox(t, b, nil)
			a := d.ask(test.method, deliveryPath+test.path, "", test.body, "X-Signature: abc", "Content-Type: application/x-www-form-urlencoded")
			if a.status != 200 || len(b.got) != 1 {
				t.Fatalf("%d %s, %d callbacks", a.status, a.body, len(b.got))
			}
			cb := b.got[0]
			got := fmt.Sprintf("%s|%s|%s|%s|%s|%s", cb.Method, cb.Channel, cb.Sender, cb.URL, cb.Query, cb.Body)
			want := fmt.Sprintf("%s|%s|%s|%s|%s|%s", test.method, test.channel, test.sender, test.url, test.qs, test.body)
			if got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			if b.header != "abc" {
				t.Errorf("header = %q", b.header)
			}
		})
	}
}

func TestCallbackWithoutPublicURL(t *testing.T) {
	b := &inbox{}
	d := openInbox(t, b, func(o *Options) { o.PublicURL = "" })
	d.ask("POST", deliveryPath+"?a=1", "", "x")
	if want := d.url + deliveryPath + "?a=1"; b.got[0].URL != want {
		t.Errorf("got %s, want %s", b.got[0].URL, want)
	}
}

func TestReceiptsAreDurableBeforeTheAnswer(t *testing.T) {
	for _, path := range receiptPaths() {
		t.Run(path, func(t *testing.T) { testDurableBeforeTheAnswer(t, path) })
	}
}

// receiptPaths are the two ways that receipts take: on a goroutine of their
// own, and on a loop.
func receiptPaths() []string { return []string{deliveryPath, deliveryPath + "/sms/main"} }

func testDurableBeforeTheAnswer(t *testing.T, path string) {
	b := &inbox{receipts: []message.Receipt{{Channel: "sms", ProviderID: "SM1", Status: message.Delivered}}}
	var told []message.Receipt
	var d *door
	d = openInbox(t, b, func(o *Options) {
		o.Received = func(rs []message.Receipt) {
			if len(d.log.reports) != 1 {
				t.Error("told before it was durable")
			}
			told = append(told, rs...)
		}
	})
	if a := d.ask("POST", path, "", "x"); a.status != 200 || a.body != "" {
		t.Errorf("%d %q", a.status, a.body)
	}
	if len(d.log.reports) != 1 || d.log.reports[0].ProviderID != "SM1" || len(told) != 1 {
		t.Errorf("reported %v, told %v", d.log.reports, told)
	}
}

// F26: never 200 for what is not on disk.
func TestReceiptsWhenTheLogTakesNothing(t *testing.T) {
	b := &inbox{receipts: []message.Receipt{{Channel: "sms", ProviderID: "SM1", Status: message.Delivered}}}
	d := openInbox(t, b, func(o *Options) {
		o.Received = func([]message.Receipt) { t.Error("told of a receipt that is not durable") }
	})
	d.log.fail(fmt.Errorf("write log: %w", message.ErrUnavailable))
	for _, path := range receiptPaths() {
		a := d.ask("POST", path, "", "x")
		d.wants(a, 503, Unavailable)
		if a.header.Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After", path)
		}
	}
	d.log.fail(errors.New("something new"))
	d.wants(d.ask("POST", deliveryPath, "", "x"), 500, Internal)
}

// TestWhatRecipientsWroteIsDurableBeforeTheAnswer: on a loop, what would have to
// be waited for is done beside it.
func TestWhatRecipientsWroteIsDurableBeforeTheAnswer(t *testing.T) {
	for _, failure := range []error{nil, message.ErrUnavailable} {
		kept, let := 0, make(chan struct{})
		b := &inbox{receipts: []message.Receipt{{Channel: "sms", ProviderID: "SM1", Status: message.Delivered}}}
		b.before = func(cb *message.Callback) {
			if cb.Later == nil {
				t.Error("it is not on a loop")
				return
			}
			cb.Later(func() error { <-let; kept++; return failure })
		}
		d := openInbox(t, b, nil)
		answered := make(chan answer)
		go func() { answered <- d.ask("POST", deliveryPath+"/sms/main", "", "x") }()
		select {
		case a := <-answered:
			t.Fatalf("answered %d before it was kept", a.status)
		case let <- struct{}{}:
		}
		a := <-answered
		if want := map[bool]int{true: 200, false: 503}[failure == nil]; a.status != want || kept != 1 {
			t.Errorf("%v: status %d after %d, want %d", failure, a.status, kept, want)
		}
		if reported := len(d.log.reports) == 1; reported != (failure == nil) {
			t.Errorf("%v: reported %v", failure, d.log.reports)
		}
	}
}

func TestCallbackErrors(t *testing.T) {
	for _, test := range []struct {
		err    error
		status int
		code   Code
		audits int
	}{
		{message.ErrUnsigned, 401, Unsigned, 1},
		{fmt.Errorf("check whatsapp: %w", message.ErrUnsigned), 401, Unsigned, 1},
		{message.ErrUnknownSender, 404, NotFound, 0},
		{fmt.Errorf("read status: %w", message.ErrBadCallback), 400, InvalidCallback, 0},
		{errors.New("unforeseen"), 500, Internal, 0},
	} {
		d := openInbox(t, &inbox{err: test.err}, nil)
		d.wants(d.ask("POST", deliveryPath, "", "x"), test.status, test.code)
		if len(d.log.audits) != test.audits {
			t.Errorf("%v: audit log %v", test.err, d.log.audits)
		}
		if test.audits == 1 {
			if e := d.log.audits[0]; e.Object != string(Unsigned) || e.Address != "127.0.0.1" || e.RequestID == "" {
				t.Errorf("audit entry %+v", e)
			}
		}
		if len(d.log.reports) != 0 {
			t.Error("a refused callback was reported")
		}
	}
}

// F25: forgeries fill neither the audit log nor stop the real provider.
func TestForgeriesAreCheap(t *testing.T) {
	b := &inbox{err: message.ErrUnsigned}
	d := openInbox(t, b, func(o *Options) {
		o.Limits.FailuresPerMinute, o.Limits.AuditsPerMinute, o.Limits.NoBackPressure = 10, 4, true
	})
	counts := make(map[int]int)
	for range 50 {
		counts[d.ask("POST", deliveryPath, "", "forged").status]++
	}
	if counts[401] != 10 || counts[429] != 40 {
		t.Errorf("answers %v, want 10 times 401, then 429", counts)
	}
	if n := len(d.log.audits); n != 4 {
		t.Errorf("%d audit entries, want 4", n)
	}
	b.mu.Lock()
	b.err = nil
	b.mu.Unlock()
	if a := d.ask("POST", deliveryPath, "", "signed"); a.status != 200 {
		t.Errorf("a signed one from the same address: %d", a.status)
	}
}

func TestHandshakeIsAnswered(t *testing.T) {
	b := &inbox{reply: message.Reply{ContentType: "text/plain", Body: []byte("<b>42</b>")}}
	d := openInbox(t, b, nil)
	a := d.ask("GET", deliveryPath+"/whatsapp/main?hub.challenge=x", "", "")
	if a.status != 200 || a.body != "<b>42</b>" || a.header.Get("Content-Type") != "text/plain" || a.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%d %q %v", a.status, a.body, a.header)
	}
}

func TestReceiptRoutesWithoutChannels(t *testing.T) {
	d := openDoor(t, nil)
	d.wants(d.ask("POST", deliveryPath, "", "x"), 404, NotFound)
	d.wants(d.ask("PUT", deliveryPath, "", "x"), 405, MethodNotAllowed)
	d.wants(d.ask("POST", deliveryPath+"/sms", "", "x"), 404, NotFound)
}

// A batch of receipts may be large; nothing else may.
func TestLargeBodiesAreForReceiptsOnly(t *testing.T) {
	b := &inbox{}
	d := openInbox(t, b, nil)
	for _, test := range []struct {
		path   string
		size   int
		status int
	}{
		{deliveryPath, 300 << 10, 200},
		{deliveryPath + "/whatsapp/main?x=1", maxReceiptBytes, 200},
		{deliveryPath + "x", 300 << 10, 413},
		{sendPath, 300 << 10, 413},
	} {
		a := d.ask("POST", test.path, d.live, strings.Repeat("x", test.size))
		if a.status != test.status {
			t.Errorf("%s with %d bytes: %d, want %d", test.path, test.size, a.status, test.status)
		}
	}
	// The server answers from the header alone, and reads no more than it must
	// of what it refuses; so send no more.
	if status := d.announce(deliveryPath, maxReceiptBytes+1); status != 413 {
		t.Errorf("one byte too many: %d", status)
	}
	if len(b.got) != 2 || len(b.got[1].Body) != maxReceiptBytes {
		t.Errorf("%d callbacks", len(b.got))
	}
	if n := d.server.large.n; n != 0 {
		t.Errorf("%d places are not given back", n)
	}
	if a := d.ask("POST", deliveryPath, "", "small"); a.status != 200 {
		t.Errorf("a good request afterwards: %d", a.status)
	}
}

// announce sends the header of a request with a body of n bytes, and returns
// the status that it is answered with.
func (d *door) announce(path string, n int) int {
	d.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(d.url, "http://"))
	if err != nil {
		d.t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: relay\r\nContent-Length: %d\r\n\r\n", path, n)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		d.t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

func TestLargeBodiesAreBounded(t *testing.T) {
	l := largeBodies{places: maxLargeReceipts}
	const life = 10_000
	for i := range maxLargeReceipts {
		if !l.take(day+message.Time(i), life) {
			t.Fatalf("place %d was refused", i)
		}
	}
	if l.take(day+100, life) {
		t.Error("one too many")
	}
	l.done(1, 256) // a small one had no place
	if l.take(day+100, life) {
		t.Error("a small body gave a place back")
	}
	l.done(300, 256)
	if !l.take(day+100, life) {
		t.Error("a place given back was refused")
	}
	// The connections of all others broke: their places run out.
	if !l.take(day+100+2*life, life) || l.n != 2 {
		t.Errorf("%d places taken, want 2", l.n)
	}
}
