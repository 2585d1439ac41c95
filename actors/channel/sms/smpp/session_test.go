package smpp

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"messagehub/actors/channel/sim"
	"messagehub/actors/channel/sms/smsc"
)

// scripted is an SMSC that answers binds, and everything else as answer says:
// nil for nothing.
func scripted(conn net.Conn, answer func(h header, frame []byte) []byte) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	for {
		h, frame, _, err := readPDU(r, nil)
		if err != nil {
			return
		}
		out := encodeHeader(h.id|response, statusOK, h.sequence)
		if h.id != uint32(transceiver) {
			out = answer(h, frame)
		}
		if out == nil {
			continue
		}
		if _, err := conn.Write(out); err != nil {
			return
		}
	}
}

// in runs test in a bubble with a fake clock, at a Client whose SMSC answers
// as answer says.
func in(t *testing.T, o Options, answer func(header, []byte) []byte, test func(t *testing.T, c *Client)) {
	synctest.Test(t, func(t *testing.T) {
		o.Dial = func(context.Context, string, string) (net.Conn, error) {
			here, there := net.Pipe()
			go scripted(there, answer)
			return here, nil
		}
		o.SystemID, o.Deliver = "esme", func([]Delivery) error { return nil }
		c := New(o)
		stop := start(t, c)
		test(t, c)
		stop()
	})
}

// always answers messages with a status, and the rest with success.
func always(status uint32) func(header, []byte) []byte {
	return func(h header, _ []byte) []byte {
		if h.id == cmdSubmit && status != statusOK {
			return encodeHeader(h.id|response, status, h.sequence)
		}
		return encodeHeader(h.id|response, statusOK, h.sequence)
	}
}

func TestThrottleHoldsEveryMessageBack(t *testing.T) {
	in(t, Options{}, always(statusThrottled), func(t *testing.T, c *Client) {
		began := time.Now()
		for i, want := range []time.Duration{0, 1, 3, 7, 15, 31, 63, 123, 183} { // pauses of 1, 2, 4 … 60 s
			_, err := c.Submit(t.Context(), short("14155550100", "x"))
			var r *Refused
			if !errors.As(err, &r) || !r.Throttled() || r.Pause != min(time.Second<<i, lastPause) {
				t.Fatalf("message %d: %v, %+v", i, err, r)
			}
			if at := time.Since(began).Round(time.Second); i > 0 && at < want*time.Second || at > (want+1)*time.Second {
				t.Errorf("message %d went out after %v, want %v s", i, at, want)
			}
		}
		hurried, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Submit(hurried, short("14155550100", "x")); err == nil || hurried.Err() != nil {
			t.Errorf("without the time to wait: %v", err)
		}
	})
}

func TestSilentSMSCIsLeft(t *testing.T) {
	var asked atomic.Int32
	mute := func(h header, _ []byte) []byte {
		if h.id == cmdEnquireLink {
			asked.Add(1)
		}
		return nil
	}
	in(t, Options{EnquireLink: 10 * time.Second}, mute, func(t *testing.T, c *Client) {
		began := time.Now()
		_, err := c.Submit(t.Context(), short("14155550100", "x"))
		var lost *Unknown
		if !errors.As(err, &lost) || !errors.Is(err, errSilent) || asked.Load() != 2 {
			t.Errorf("%v after %d questions", err, asked.Load())
		}
		if took := time.Since(began); took < 30*time.Second || took > 41*time.Second {
			t.Errorf("left after %v", took)
		}
	})
}

func TestFullWindowBlocks(t *testing.T) {
	var held atomic.Int32
	mute := func(h header, _ []byte) []byte {
		if h.id == cmdSubmit {
			held.Add(1)
			return nil
		}
		return encodeHeader(h.id|response, statusOK, h.sequence)
	}
	in(t, Options{Window: 3, EnquireLink: time.Hour}, mute, func(t *testing.T, c *Client) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		var unknown, unsent atomic.Int32
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				_, err := c.Submit(ctx, short("14155550100", "x"))
				var u *Unknown
				var n *NotSent
				if errors.As(err, &u) {
					unknown.Add(1)
				} else if errors.As(err, &n) {
					unsent.Add(1)
				}
			})
		}
		wg.Wait()
		if unknown.Load() < 3 || held.Load() != unknown.Load() || unknown.Load()+unsent.Load() != 8 {
			t.Errorf("%d unknown, %d not sent; the SMSC has %d", unknown.Load(), unsent.Load(), held.Load())
		}
	})
}

func TestAnswersThatAreNone(t *testing.T) {
	submitResp := func(body string) func(header, []byte) []byte {
		return func(h header, _ []byte) []byte {
			if h.id != cmdSubmit {
				return encodeHeader(h.id|response, statusOK, h.sequence)
			}
			out := append(encodeHeader(h.id|response, statusOK, h.sequence), body...)
			out[3] = byte(len(out))
			return out
		}
	}
	rows := map[string]struct {
		answer  func(header, []byte) []byte
		unknown bool
		status  uint32
	}{
		"id without an end": {submitResp("2a9f"), true, 0},
		"rest behind":       {submitResp("2a9f\x00\x01"), true, 0},
		"generic_nack":      {func(h header, _ []byte) []byte { return encodeHeader(cmdGenericNack, 0, h.sequence) }, false, statusBadCommand},
		"too short a PDU": {func(h header, _ []byte) []byte {
			out := encodeHeader(h.id|response, 0, h.sequence)
			out[3] = 15
			return out
		}, true, 0},
		"too long a PDU": {func(h header, _ []byte) []byte {
			out := encodeHeader(h.id|response, 0, h.sequence)
			out[1] = 2
			return out
		}, true, 0},
		"unbind":  {func(h header, _ []byte) []byte { return encodeHeader(cmdUnbind, 0, 1) }, true, 0},
		"no bind": {always(statusBadState), false, statusBadState},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			in(t, Options{}, row.answer, func(t *testing.T, c *Client) {
				_, err := c.Submit(t.Context(), short("14155550100", "x"))
				var u *Unknown
				var r *Refused
				if errors.As(err, &u) != row.unknown || errors.As(err, &r) != !row.unknown || r != nil && r.Status != row.status {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

func TestRefusedBind(t *testing.T) {
	r := newRig(t, smsc.Options{}, Options{Password: "wrong"})
	for range 2 { // what comes later fails at once, with the same answer
		_, err := r.Submit(t.Context(), short("14155550100", "x"))
		var refused *Refused
		if !errors.As(err, &refused) || !refused.Bind || refused.Status != 0x0e {
			t.Errorf("got %v", err)
		}
	}
	if _, err := r.Check(t.Context()); err == nil {
		t.Error("a refused account is in order")
	}
}

// The SMSC asks and is asked, brings receipts before answers, and gets its
// deliveries answered: with "try later" while they can't be stored.
func TestDeliveriesAreAnsweredOnceStored(t *testing.T) {
	var tries atomic.Int32
	var r *rig
	store := func(all []Delivery) error {
		if tries.Add(1) == 1 {
			return errors.New("disk full")
		}
		return r.take(all)
	}
	var o Options
	o.Deliver = store
	o.Separate = true
	r = newRig(t, smsc.Options{Ask: time.Millisecond}, o)
	id, err := r.Submit(t.Context(), short("14155550100", "x"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := r.world.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.got) != 1 || tries.Load() != 2 {
		t.Fatalf("%d deliveries after %d tries", len(r.got), tries.Load())
	}
	if got, ok := ParseReceipt(&r.got[0]); !ok || got.ID != id || got.State != Delivered || got.Handset != "14155550100" {
		t.Errorf("receipt %+v of %s", got, id)
	}
}

func TestReceiptBeforeItsAnswer(t *testing.T) {
	r := newRig(t, smsc.Options{Early: true}, Options{})
	if _, err := r.Submit(t.Context(), short("14155550100", "x")); err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.got) != 1 {
		t.Errorf("%d receipts when the answer came, want one", len(r.got))
	}
}

// halting fails a write after some octets.
type halting struct {
	net.Conn
	takes int
}

func (h *halting) Write(b []byte) (int, error) { return min(h.takes, len(b)), errors.New("gone") }

func (h *halting) SetWriteDeadline(time.Time) error { return nil }

// A PDU of which the connection took only a part counts as not written.
func TestWhatIsWrittenInPartIsNotWritten(t *testing.T) {
	w := newWriter(&halting{takes: 40})
	var slots []*slot
	for range 4 {
		s := &slot{}
		slots = append(slots, s)
		w.put(make([]byte, headerSize), s)
	}
	if err := w.run(); err == nil || w.put(make([]byte, headerSize), &slot{}) {
		t.Error("the writer goes on")
	}
	for i, want := range []bool{true, true, false, false} {
		if slots[i].written != want {
			t.Errorf("PDU %d written: %v", i, slots[i].written)
		}
	}
}

func TestSequenceNumbersBeginAnew(t *testing.T) {
	w := newWindow(2)
	w.last = maxSequence - 1
	first, _ := w.register(false)
	second, _ := w.register(false)
	if first != maxSequence || second != 1 {
		t.Errorf("numbers %d and %d", first, second)
	}
	w.last = 0
	if third, _ := w.register(false); third != 2 {
		t.Errorf("a number in use is given again: %d", third)
	}
}

func TestTLS(t *testing.T) {
	certificate, pool := selfSigned(t)
	l := listen(t)
	world := sim.NewWorld(sim.Options{})
	t.Cleanup(world.Close)
	world.Listen(tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{certificate}}), smsc.New(world, smsc.Options{SystemID: "esme"}))
	for name, roots := range map[string]*x509.CertPool{"trusted": pool, "not trusted": x509.NewCertPool()} {
		c := New(Options{Address: l.Addr().String(), TLS: &tls.Config{RootCAs: roots, ServerName: "smsc.test"}, SystemID: "esme"})
		stop := start(t, c)
		_, err := c.Submit(t.Context(), short("14155550100", "x"))
		var notSent *NotSent
		if name == "trusted" && err != nil || name != "trusted" && !errors.As(err, &notSent) {
			t.Errorf("%s: %v", name, err)
		}
		stop()
	}
}

func selfSigned(t *testing.T) (tls.Certificate, *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"smsc.test"}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, _ := x509.ParseCertificate(der)
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}
