package load

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"messagehub/store/message/json"
)

type sentMessage struct {
	To, Channel, Content string
	ExpiresIn            int
	Fallback             *struct{ Channels []string }
}

// read reads a request as a server does.
func read(t *testing.T, raw []byte, into any) *http.Request {
	t.Helper()
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.UnmarshalStrict(body, into); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return r
}

func TestSingleSends(t *testing.T) {
	target := &url.URL{Host: "127.0.0.1:1", Path: "/relay/"}
	s := Send(target, "cpk_test_x", Message{Channel: "sms", Fallback: `{"channels":["whatsapp"]}`, Expires: 7})
	for _, n := range []uint64{0, 41, 1_000_000_042} {
		var m sentMessage
		r := read(t, s.Next(n, 2), &m)
		if r.URL.Path != "/relay/api/v1/messages/send" || r.Header.Get("Authorization") != "Bearer cpk_test_x" {
			t.Errorf("%s %v", r.URL, r.Header)
		}
		if !strings.HasPrefix(m.Content, Ref(n)+" ") || len(m.Content) != 200 || m.ExpiresIn != 7 || m.Fallback.Channels[0] != "whatsapp" {
			t.Errorf("message %d: %+v", n, m)
		}
	}
	a, b := sentMessage{}, sentMessage{}
	read(t, s.Clone().Next(20, 2), &a)
	read(t, s.Clone().Next(21, 2), &b)
	if a.To != b.To || a.To != "+919000000010" {
		t.Errorf("two in a row go to %s and %s", a.To, b.To)
	}
}

// Every client sends, and the number of a message alone says which one.
func TestSendsOfManyClients(t *testing.T) {
	keys := []string{"cpk_test_aaa", "cpk_test_bbb", "cpk_test_ccc"}
	c := SendOf(&url.URL{Host: "h"}, keys, Message{Channel: "sms"})
	other, sent := c.Clone(), map[string]int{}
	for n := range uint64(300) {
		var m, same sentMessage
		r := read(t, c.Next(n, 1), &m)
		sent[r.Header.Get("Authorization")]++
		if again := read(t, other.Next(n, 1), &same); again.Header.Get("Authorization") != r.Header.Get("Authorization") || same != m {
			t.Fatalf("message %d differs in a clone", n)
		}
		if !strings.HasPrefix(m.Content, Ref(n)+" ") {
			t.Fatalf("message %d: %+v", n, m)
		}
	}
	for _, key := range keys {
		if sent["Bearer "+key] < 60 {
			t.Errorf("%s sent %d of 300", key, sent["Bearer "+key])
		}
	}
}

func TestBatches(t *testing.T) {
	s := Batch(&url.URL{Host: "h"}, "k", Message{Channel: "sms"}, 3)
	var m struct{ Messages []sentMessage }
	r := read(t, s.Next(7, 1), &m)
	if r.URL.Path != "/api/v1/messages/batch" || len(m.Messages) != 3 || s.Each() != 3 {
		t.Fatalf("%s, %d messages", r.URL, len(m.Messages))
	}
	for i, one := range m.Messages {
		if !strings.HasPrefix(one.Content, Ref(uint64(7+i))) {
			t.Errorf("message %d: %s", i, one.Content)
		}
	}
}

func TestVariedText(t *testing.T) {
	a, b := VariedText(1), VariedText(2)
	if len(a) != 200 || a[RefDigits:] == b[RefDigits:] || a != VariedText(1) || !strings.HasPrefix(a, Ref(1)+" ") {
		t.Errorf("%q and %q", a, b)
	}
}
