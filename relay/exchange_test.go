package relay

import (
	"bufio"
	"net"
	"strings"
	"testing"

	"messagehub/store/message"
)

// discardLog accepts everything and keeps nothing, at no cost: what is
// counted is the front door alone.
type discardLog struct{ last message.ID }

func (l *discardLog) Enter(o *message.Outbound, _ message.Idempotency) (message.Ticket, error) {
	l.last = message.NewID(message.At(1, 0), o.Salt)
	return l, nil
}

func (l *discardLog) Await(message.Ticket) (message.Acceptance, error) {
	return message.Acceptance{ID: l.last, Status: message.Queued}, nil
}

func (l *discardLog) Submit(o *message.Outbound, _ message.Idempotency, c message.Completion) (message.Acceptance, error) {
	l.last = message.NewID(message.At(1, 0), o.Salt)
	a := message.Acceptance{ID: l.last, Status: message.Queued}
	c.Complete(a, nil)
	return a, nil
}

// exchange is a client that allocates nothing itself.
type exchange struct {
	nc      net.Conn
	r       *bufio.Reader
	request []byte
	code    [3]byte
}

// status sends the request and returns the status of the answer.
func (e *exchange) status(t testing.TB) string {
	if _, err := e.nc.Write(e.request); err != nil {
		t.Fatal(err)
	}
	length := -1
	for first := true; ; first = false {
		line, err := e.r.ReadSlice('\n')
		if err != nil {
			t.Fatal(err)
		}
		text := borrow(line)
		switch {
		case first:
			copy(e.code[:], line[9:])
		case text == "\r\n":
			if _, err := e.r.Discard(length); err != nil {
				t.Fatal(err)
			}
			return borrow(e.code[:])
		case strings.HasPrefix(text, "Content-Length: "):
			length = 0
			for _, c := range text[len("Content-Length: ") : len(text)-2] {
				length = 10*length + int(c-'0')
			}
		}
	}
}
