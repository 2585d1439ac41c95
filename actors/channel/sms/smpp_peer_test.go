package sms

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sms/gsm"
	"messagehub/store/message"
)

// peerLine is a line of the ledger of an SMSC in testdata/peers.
type peerLine struct {
	At        int64
	To        string
	ID        string
	Throttled bool
	Unbound   bool
	Receipt   string
	Status    *uint32
	Coding    byte
	Text      *string // as the peer has decoded it
	UDH       string
	Octets    string // undecoded
}

// TestPeer sends to an SMSC that is not ours, on which .ci/smpp-peers sets the
// two variables: texts arrive as they were written, receipts are matched, a
// pause that the SMSC asks for is kept.
func TestPeer(t *testing.T) {
	address, ledger := os.Getenv("SMPP_PEER"), os.Getenv("SMPP_PEER_LEDGER")
	if address == "" {
		t.Skip("SMPP_PEER names no SMSC: run .ci/smpp-peers")
	}
	d := newPeer(t, address)
	texts := map[string]string{
		"14155550101": "Order @ £5 {€} ~ ü",
		"14155550102": strings.Repeat("Order 1234 has shipped, [track] it for €0. ", 12),
		"14155550103": strings.Repeat("주문이 발송되었습니다 😀 ", 20),
		"14155550104": strings.Repeat("€", 161),
	}
	for i := range 1000 {
		texts[fmt.Sprint(14155551000+i)] = fmt.Sprint("Message ", i)
	}
	began := time.Now()
	ids := d.sendAll(t, texts)
	took := time.Since(began)
	d.throttled(t)
	waitFor(t, func() bool {
		got := d.delivered()
		for _, id := range ids {
			if !got[id] {
				return false
			}
		}
		return true
	})
	d.stop()
	lines := readPeer(t, ledger)
	for to, text := range texts {
		if got := textAtPeer(lines, to); got != text {
			t.Errorf("%s: arrived %q, want %q", to, got, text)
		}
	}
	delivered, matched := d.delivered(), 0
	for to, id := range ids {
		if !delivered[id] {
			t.Errorf("%s: no receipt for %s", to, id)
			continue
		}
		matched++
	}
	parts, pause := checkPeer(t, lines)
	fmt.Printf("peer %s: %d texts in %d parts byte-exact, %d of %d receipts matched, pause after throttle %d ms, %.0f messages/s\n",
		os.Getenv("SMPP_PEER_NAME"), len(texts), parts, matched, len(ids), pause, float64(parts)/took.Seconds())
}

// checkPeer counts the parts, and checks that the pause was kept, each receipt
// answered with success and that we took leave.
func checkPeer(t *testing.T, lines []peerLine) (parts int, pause int64) {
	var throttled int64
	unbound := false
	for _, l := range lines {
		unbound = unbound || l.Unbound
		switch {
		case l.Throttled:
			throttled = l.At
		case l.ID != "":
			parts++
			if throttled > 0 && pause == 0 {
				pause = l.At - throttled
			}
		case l.Status != nil && *l.Status != 0:
			t.Errorf("receipt %s was answered with status %d", l.Receipt, *l.Status)
		}
	}
	if pause < 950 || !unbound {
		t.Errorf("%d ms between the throttle and the next message; unbound: %v", pause, unbound)
	}
	return parts, pause
}

// textAtPeer puts together what a number was sent.
func textAtPeer(lines []peerLine, to string) string {
	var out strings.Builder
	for _, l := range lines {
		if l.To != to || l.ID == "" {
			continue
		}
		if l.Text != nil {
			out.WriteString(*l.Text)
			continue
		}
		b, _ := hex.DecodeString(l.Octets)
		if strings.HasPrefix(l.Octets, "050003") {
			b = b[6:]
		}
		if l.Coding != 8 {
			out.WriteString(gsm.Form{}.Decode(b))
			continue
		}
		units := make([]uint16, len(b)/2)
		for i := range units {
			units[i] = uint16(b[2*i])<<8 | uint16(b[2*i+1])
		}
		out.WriteString(string(utf16.Decode(units)))
	}
	return out.String()
}

func readPeer(t *testing.T, ledger string) []peerLine {
	b, err := os.ReadFile(ledger)
	if err != nil {
		t.Fatal(err)
	}
	var lines []peerLine
	for line := range strings.Lines(string(b)) {
		var l peerLine
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		lines = append(lines, l)
	}
	return lines
}

// peer is an adapter at an SMSC that is not ours.
type peer struct {
	adapter *smppAdapter
	stop    func()
	mu      sync.Mutex
	got     map[string]bool
}

func newPeer(t *testing.T, address string) *peer {
	d := &peer{got: map[string]bool{}}
	values := channel.Sandbox(Spec().Settings)
	for name, value := range map[string]string{
		settingProvider: providerSMPP, settingSMSC: address, settingSystemID: "esme", settingPassword: "secret", settingWindow: "20",
		settingFrom: "Relay", settingEnquire: "1s",
	} {
		values[name] = value
	}
	a, err := newAdapter(channel.Sender{Name: "main", Settings: values, Report: d.take})
	if err != nil {
		t.Fatal(err)
	}
	d.adapter = a.(*smppAdapter)
	d.stop = runAdapter(t, d.adapter)
	return d
}

func (d *peer) take(all []message.Receipt) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, r := range all {
		if r.Status == message.Delivered {
			d.got[r.ProviderID] = true
		}
	}
	return nil
}

func (d *peer) delivered() map[string]bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := map[string]bool{}
	for id := range d.got {
		out[id] = true
	}
	return out
}

// sendAll sends the texts, 20 at a time, and returns their ids by number.
func (d *peer) sendAll(t *testing.T, texts map[string]string) map[string]string {
	var mu sync.Mutex
	ids := map[string]string{}
	var wg sync.WaitGroup
	places := make(chan struct{}, 20)
	for to, text := range texts {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			got, err := d.adapter.Send(t.Context(), smppRequest("+"+to, text))
			if err != nil {
				t.Errorf("%s: %v %+v", to, err, err)
				return
			}
			mu.Lock()
			ids[to] = got.ProviderID
			mu.Unlock()
		})
	}
	wg.Wait()
	return ids
}

// throttled sends to a number that the peer throttles at first, and at once
// another message.
func (d *peer) throttled(t *testing.T) {
	_, err := d.adapter.Send(t.Context(), smppRequest("+14155550158", "one"))
	if e, ok := err.(*channel.Error); !ok || e.Code != channel.RateLimited || e.RetryAfter <= 0 {
		t.Errorf("the throttled message: %v", err)
	}
	if _, err := d.adapter.Send(t.Context(), smppRequest("+14155550159", "two")); err != nil {
		t.Errorf("after the pause: %v", err)
	}
}
