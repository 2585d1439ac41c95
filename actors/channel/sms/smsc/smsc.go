// Package smsc simulates an SMSC that speaks SMPP 3.4, for one account. It
// reads and writes PDUs with code of its own, so that a mistake of the ESME's is
// not made twice, and refuses what the specification forbids.
//
// What happens to a message is the World's to say. An alphanumeric destination
// (TON 5, NPI 0) is a reserved recipient by its name without "sim:". A
// destination of the form 99900SSSSS is refused with the command_status SSSSS,
// in decimal digits: 9990000088 with 0x58. 58 and 14 are answered once for a
// message, the others always.
package smsc

import (
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"messagehub/actors/channel/sim"
)

// Options of an SMSC.
type Options struct {
	Channel            string // of the ledger's lines
	Address            string // where the ESME looks for it
	SystemID, Password string

	// HexAnswers and HexReceipts say how the id of a message is written in each
	// of the two: hexadecimal or decimal.
	HexAnswers, HexReceipts bool
	Receipts                Form
	// LongDates writes the dates of receipts with seconds.
	LongDates bool
	// Early brings a message's receipts before its answer.
	Early bool

	// Alphabet is what data_coding 0 stands for.
	Alphabet Alphabet

	// DropAfter closes each connection after so many messages, the last of
	// them taken but not answered; 0 never.
	DropAfter int
	// Nack answers every message with a generic_nack.
	Nack bool
	// Ask is how often enquire_link is sent, whatever the ESME does; 0 never.
	Ask time.Duration
}

// Form is the form of receipts.
type Form uint8

// The forms: optional parameters and text, or one of them.
const (
	Both Form = iota
	OptionsOnly
	TextOnly
)

// Alphabet is a coding of data_coding 0.
type Alphabet uint8

// The alphabets.
const (
	GSM Alphabet = iota
	PackedGSM
	Latin1
)

// SMSC is one account at a simulated SMSC. It implements [sim.Provider] and
// [sim.Streamer].
type SMSC struct {
	options Options
	world   *sim.World
	parts   assembly

	mu    sync.Mutex
	bound []*conn // those that take deliveries
	turn  int
}

// New makes an SMSC.
func New(w *sim.World, o Options) *SMSC { return &SMSC{options: o, world: w} }

// Handle implements [sim.Provider]: there is nothing here for HTTP.
func (s *SMSC) Handle(ctx *fasthttp.RequestCtx) {
	ctx.Error("an SMSC speaks SMPP", fasthttp.StatusNotFound)
}

// Address implements [sim.Streamer].
func (s *SMSC) Address() string { return s.options.Address }

// Stream implements [sim.Streamer].
func (s *SMSC) Stream(nc net.Conn) {
	c := newConn(s, nc)
	c.serve()
	s.leave(c)
	_ = nc.Close()
	c.wg.Wait()
}

func (s *SMSC) enter(c *conn) {
	s.mu.Lock()
	s.bound = append(s.bound, c)
	s.mu.Unlock()
}

func (s *SMSC) leave(c *conn) {
	s.mu.Lock()
	for i := range s.bound {
		if s.bound[i] == c {
			s.bound = append(s.bound[:i:i], s.bound[i+1:]...)
			break
		}
	}
	s.mu.Unlock()
}

// receiver returns a connection that takes deliveries, each in its turn; nil
// if there is none.
func (s *SMSC) receiver() *conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.bound) == 0 {
		return nil
	}
	s.turn++
	return s.bound[s.turn%len(s.bound)]
}

// written returns a message's number as an id.
func written(serial uint64, hex bool) string {
	if hex {
		return strconv.FormatUint(serial, 16)
	}
	return strconv.FormatUint(serial, 10)
}
