package sms

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sim"
	"messagehub/actors/channel/sms/smsc"
	"messagehub/store/message"
)

// smppDesk is an adapter at a simulated SMSC.
type smppDesk struct {
	world   *sim.World
	smsc    *smsc.SMSC
	adapter *smppAdapter

	mu       sync.Mutex
	receipts []message.Receipt
	written  []message.Inbound
	fault    error // of the one who takes receipts
	refusals int   // of the one who takes messages of handsets
}

func newSMPPDesk(t testing.TB, o smsc.Options, settings channel.Values) *smppDesk {
	t.Helper()
	d := &smppDesk{world: sim.NewWorld(sim.Options{})}
	t.Cleanup(d.world.Close)
	values := channel.Sandbox(Spec().Settings)
	values[settingProvider] = providerSMPP
	for name, value := range settings {
		values[name] = value
	}
	o.Channel, o.SystemID, o.Password = name, values[settingSystemID], values[settingPassword]
	d.smsc = smsc.New(d.world, o)
	a, err := newAdapter(channel.Sender{
		Name: "main", Test: true, Settings: values, Dial: d.world.Dial(d.smsc), Report: d.take, Receive: d.receive,
	})
	if err != nil {
		t.Fatal(err)
	}
	d.adapter = a.(*smppAdapter)
	runAdapter(t, d.adapter)
	return d
}

// runAdapter runs the work of a until the test ends or stop is called.
func runAdapter(t testing.TB, a *smppAdapter) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); a.Run(ctx) }()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

// waitFor waits until what is asked for is so.
func waitFor(t testing.TB, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !so(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not come to be within 30 s")
		}
	}
}

func (d *smppDesk) take(all []message.Receipt) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fault == nil {
		d.receipts = append(d.receipts, all...)
	}
	return d.fault
}

func (d *smppDesk) receive(all []message.Inbound) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.refusals > 0 {
		d.refusals--
		return errors.New("disk full")
	}
	d.written = append(d.written, all...)
	return nil
}

// settled waits for the receipts and returns them.
func (d *smppDesk) settled(t testing.TB) []message.Receipt {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := d.world.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]message.Receipt(nil), d.receipts...)
}

func smppRequest(to, text string) *channel.Request {
	step := smppText(text)
	step.To = to
	return &channel.Request{Ref: message.AttemptRef(1, message.NewID(message.At(7, 0), 42), 0), Test: true, Step: &step, Expires: message.TimeOf(time.Now().Add(time.Hour))}
}

// Every text arrives as it was written, in every alphabet and every form of
// long messages: the SMSC reads with tables of its own.
func TestSMPPTextsArriveWhole(t *testing.T) {
	texts := []string{
		"@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ÄÖÑÜ§¿äöñüà\f^{}\\[~]|€",
		strings.Repeat("a", 160), strings.Repeat("a", 161), strings.Repeat("€", 153), strings.Repeat("1234567", 44) + "1",
		strings.Repeat("д", 71), strings.Repeat("😀", 36), strings.Repeat("Ça va? ", 39), strings.Repeat("ğ€ış ", 60),
	}
	for _, alphabet := range []string{alphabetGSM7, alphabetPacked, alphabetMixed, alphabetLatin1} {
		for _, long := range []string{longUDH8, longUDH16, longSAR, longPayload} {
			t.Run(alphabet+" "+long, func(t *testing.T) {
				v := channel.Values{settingAlphabet: alphabet, settingLong: long, settingLanguages: "turkish,spanish"}
				if alphabet == alphabetLatin1 {
					delete(v, settingLanguages)
				}
				o := smsc.Options{Alphabet: map[string]smsc.Alphabet{alphabetPacked: smsc.PackedGSM, alphabetLatin1: smsc.Latin1}[alphabet]}
				d := newSMPPDesk(t, o, v)
				for i, text := range texts {
					got, err := d.adapter.Send(t.Context(), smppRequest("+14155550100", text))
					if err != nil {
						t.Fatalf("text %d: %v %+v", i, err, err)
					}
					lines := d.world.Ledger.Lines(i)
					if n, _ := counter(d.values(v))(text); len(lines) != 1 || lines[0].Text != text || got.Segments != n {
						t.Errorf("text %d: %d segments, counted %d; arrived %+v", i, got.Segments, n, lines)
					}
				}
			})
		}
	}
}

func (d *smppDesk) values(v channel.Values) channel.Values {
	v[settingProvider] = providerSMPP
	return v
}
