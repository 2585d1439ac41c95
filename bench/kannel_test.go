package bench

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"testing"

	"github.com/valyala/fasthttp/fasthttputil"
)

func TestSendsmsNumbersItsRecipients(t *testing.T) {
	r := sendsms("localhost:1")
	other := r.Clone()
	for range 9 {
		r.Next(0, 0)
	}
	other.Next(0, 0)
	tenth := r.Next(0, 0)
	if !bytes.Contains(tenth, []byte("&to=919000000010&text=")) || r.sent.Load() != 11 {
		t.Errorf("%s; %d sent, want 11", tenth, r.sent.Load())
	}
	req, _, _ := bytes.Cut(tenth, []byte("\r\n"))
	_, text, _ := bytes.Cut(req, []byte("&text="))
	if text, _, _ = bytes.Cut(text, []byte(" ")); len(text) != 140 {
		t.Errorf("a text of %d bytes, want 140", len(text))
	}
}

func TestMockCountsWhatItTakes(t *testing.T) {
	ln := fasthttputil.NewInmemoryListener()
	done := make(chan error, 1)
	go func() { done <- ServeMock(ln) }()
	client := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return ln.Dial() }}}
	defer func() {
		client.CloseIdleConnections()
		_ = ln.Close()
		<-done
	}()
	for path, want := range map[string]int{"/cgi-bin/sendsms?to=1": http.StatusAccepted, mockCount: http.StatusOK} {
		resp, err := client.Get("http://mock" + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: status %d, want %d", path, resp.StatusCode, want)
		}
	}
}
