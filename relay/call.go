package relay

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"
	"unsafe"

	"github.com/valyala/fasthttp"

	"messagehub/store/message"
)

// call is one request on its way through the front door.
//
// Ownership: pooled. It, and all that it gives out, is valid until the
// handler returns.
type call struct {
	server *Server
	http   *fasthttp.RequestCtx
	conn   *conn // nil where the connection is not one of our listener's
	turn   *turn // nil: the connection has a goroutine of its own
	route  *route
	// key is the known key of the request; nil on public routes.
	key *Key
	// id is the request id, shown as req_….
	id [16]byte
	at message.Time
	// began is at, to measure from.
	began time.Time

	quota   quota // what its key has left
	head    head
	client  netip.Addr // see clientAddress
	located bool
	wait    int  // seconds, where the key's tokens are used up
	gated   bool // holds a place in the gate
	held    bool // its answer is held back
	// answered: the turn has the whole answer, and the HTTP server's has none.
	answered bool
	size     int // bytes of its body, in the gate
	// inLog: a call into the log is running, so a panic is not ours to
	// survive. Handlers set it around every such call.
	inLog bool
	// code is what the request was refused with, if it was.
	code Code
	buf  []byte // scratch for the answer
	gap  int    // see prepareAccepted
	// callback is what receive reads; its Header, made once, is header.
	callback message.Callback
	postpone func(func() error) // sets later; made once
	later    func() error       // what the callback has left to be done
	// draft is the message being read, until release.
	draft *draft
}

// calls is a pool of call.
type calls struct{ pool sync.Pool }

// get returns a call for a request that begins at the given time.
func (p *calls) get(s *Server, ctx *fasthttp.RequestCtx, r *route) *call {
	c, ok := p.pool.Get().(*call)
	if !ok {
		c = &call{buf: make([]byte, 0, 1<<10)}
		c.callback.Header = c.header
		c.postpone = func(later func() error) { c.later = later }
	}
	c.server, c.http, c.route = s, ctx, r
	if c.turn, _ = ctx.Conn().(*turn); c.turn != nil {
		c.conn, c.at, c.began = c.turn.conn, c.turn.at, c.turn.began
	} else {
		c.conn, _ = ctx.Conn().(*conn)
		c.at, c.began = s.o.Now(), time.Now()
	}
	c.id = requestID(c.at)
	return c
}

func (p *calls) put(c *call) {
	if cap(c.buf) > maxPooled {
		return
	}
	*c = call{buf: c.buf[:0], callback: message.Callback{Header: c.callback.Header}, postpone: c.postpone}
	p.pool.Put(c)
}

// release gives the draft back that the call holds, if it holds one.
func (c *call) release() {
	if c.draft != nil {
		c.server.reader.release(c.draft)
		c.draft = nil
	}
}

// requestID makes an id that sorts by time: 48 bits of it, then 80 random.
func requestID(at message.Time) [16]byte {
	var id [16]byte
	binary.BigEndian.PutUint64(id[:8], uint64(at)<<16|rand.Uint64()&0xffff)
	binary.BigEndian.PutUint64(id[8:], rand.Uint64())
	return id
}

// requestName returns the request id as clients see it.
func (c *call) requestName() string {
	return string(message.AppendID(nil, message.PrefixRequest, c.id))
}

// param returns a path parameter, such as the id of "/messages/{id}".
func (c *call) param(name string) string {
	v, _ := c.http.UserValue(name).(string)
	return v
}

// header returns a request header, or "".
//
// Ownership: borrows the request's memory.
func (c *call) header(name string) string { return borrow(c.head.find(name)) }

// borrow returns b as a string without copying it.
//
// Ownership: valid as long as nobody writes to b.
func borrow(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// bytesOf returns s as bytes without copying it. Nobody may write to them.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
