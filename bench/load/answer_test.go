package load

import (
	"strings"
	"testing"

	"messagehub/store/message/mutate"
)

const accepted = "HTTP/1.1 202 Accepted\r\nDate: x\r\ncontent-length: 54\r\n\r\n" + `{"data":{"messageId":"msg_0g000000000001t000es369ny3"}}`

func TestReadAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		in     string
		status int
		size   int
		bad    bool
	}{
		"whole":             {accepted[:len(accepted)-1], 202, len(accepted) - 1, false},
		"with more behind":  {accepted, 202, len(accepted) - 1, false},
		"half a head":       {"HTTP/1.1 202 Acc", 0, 0, false},
		"half a body":       {accepted[:len(accepted)-9], 202, 0, false},
		"no length":         {"HTTP/1.1 202 Accepted\r\n\r\n", 202, 0, true},
		"two lengths":       {"HTTP/1.1 202 A\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n", 0, 0, true},
		"negative length":   {"HTTP/1.1 202 A\r\nContent-Length: -1\r\n\r\n", 0, 0, true},
		"HTTP/1.0":          {"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 0, 0, true},
		"status is no code": {"HTTP/1.1 2x2 OK\r\nContent-Length: 0\r\n\r\n", 0, 0, true},
		"head without end":  {"HTTP/1.1 200 OK\r\n" + strings.Repeat("a", 70_000), 0, 0, true},
	} {
		a, n, err := readAnswer([]byte(c.in))
		if (err != nil) != c.bad || !c.bad && (n != c.size || n > 0 && a.status != c.status) {
			t.Errorf("%s: status %d, %d bytes, %v", name, a.status, n, err)
		}
	}
	a, _, err := readAnswer([]byte("HTTP/1.1 429 X\r\nRetry-After: 2\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"))
	if err != nil || !a.retryAfter || !a.closed {
		t.Errorf("%+v %v", a, err)
	}
}

func TestIDsOfABatch(t *testing.T) {
	body := []byte(`{"data":{"results":[{"index":0,"error":{}},{"index":1,"messageId":"msg_0g000000000001t000es369ny3"},{"index":12,"messageId":"msg_0g000000000001t000es369ny4"}]}}`)
	var got []int
	for rest := body; ; {
		_, after, ok := nextID(rest)
		if !ok {
			break
		}
		got = append(got, index(rest[:len(rest)-len(after)]))
		rest = after
	}
	if len(got) != 2 || got[0] != 1 || got[1] != 12 {
		t.Errorf("indexes %v", got)
	}
}

func TestIDAsText(t *testing.T) {
	var id, again ID
	copy(id[:], "0g000000000001t000es369ny3")
	text, err := id.MarshalText()
	if err != nil || again.UnmarshalText(text) != nil || again != id {
		t.Errorf("%s becomes %s, %v", id, again, err)
	}
	for _, bad := range []string{"", "0g", string(text) + "x"} {
		if again.UnmarshalText([]byte(bad)) == nil {
			t.Errorf("%q is read", bad)
		}
	}
}

// FuzzAnswer: whatever a server sends, an answer is within what was read.
func FuzzAnswer(f *testing.F) {
	mutate.Bytes(f, [][]byte{[]byte(accepted), []byte("HTTP/1.1 503 X\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n")}, func(t testing.TB, b []byte) {
		a, n, err := readAnswer(b)
		if n < 0 || n > len(b) || n > 0 && (err != nil || len(a.body) > n || a.status > 999) {
			t.Errorf("%d of %d bytes, status %d, %v", n, len(b), a.status, err)
		}
		for rest := a.body; ; {
			_, after, ok := nextID(rest)
			if !ok {
				break
			}
			_ = index(rest[:len(rest)-len(after)])
			rest = after
		}
	})
}
