package bench

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"messagehub/bench/load"
	"messagehub/store/message/json"
)

// receipts lets messages be sent to a provider that reports nothing, then
// posts all their receipts at once, signed as WhatsApp signs, each twice.
type receipts struct{ count int }

// Flags implements [Scenario].
func (s *receipts) Flags(f *flag.FlagSet) {
	f.IntVar(&s.count, "messages", 20_000, "messages sent before the flood of a round")
}

// Run implements [Scenario].
func (s *receipts) Run(ctx context.Context, b *Bench) error {
	w, err := b.world(ctx, "relay", 1)
	if err != nil {
		return err
	}
	defer w.close()
	if err := w.sims[0].knobs(ctx, `{"loseReceipt":1}`); err != nil {
		return err
	}
	b.set("messages of a round", strconv.Itoa(s.count))
	b.plan(b.Rounds)
	flood := b.side("receipts")
	seen := 0
	if err := b.repeat(func() (err error) {
		seen, err = s.round(ctx, b, w, flood, seen)
		return err
	}); err != nil {
		return err
	}
	b.figure("receipts.rate", flood.Values("rate")...)
	b.figure("receipts.cpu", flood.Values("cpu")...)
	return w.audit(ctx)
}

// round sends the messages and posts their receipts. seen is how many lines of
// the ledger were there before.
func (s *receipts) round(ctx context.Context, b *Bench, w *world, to *side, seen int) (int, error) {
	if err := s.send(ctx, b, w); err != nil {
		return seen, err
	}
	if err := w.until(ctx, func(m scrape) bool { return m.backlog() == 0 }); err != nil {
		return seen, err
	}
	lines, err := w.sims[0].received(ctx)
	if err != nil {
		return seen, err
	}
	before, err := w.metrics(ctx)
	if err != nil {
		return seen, err
	}
	fresh := lines[seen:]
	flood := &load.Recorded{List: floodOf(w.target, fresh)}
	m, err := b.measure(ctx, to, w.server, load.Load{Target: w.target, Duration: time.Minute, Sources: []load.Source{
		{Requests: flood, Connections: b.Connections, Once: true},
	}})
	if err != nil {
		return seen, err
	}
	if _, err := w.settle(ctx, before, float64(len(fresh))); err != nil {
		return seen, err
	}
	return len(lines), failed(m.Outcome)
}

func (s *receipts) send(ctx context.Context, b *Bench, w *world) error {
	const rate = 4000
	out, err := load.Load{
		Target: w.target, First: b.numbers(), Duration: time.Duration(s.count) * time.Second / rate,
		Sources: []load.Source{{
			Requests: load.Send(w.target, w.key, load.Message{Channel: "whatsapp"}), Connections: b.Connections, PerSecond: rate,
		}},
	}.Run(ctx)
	if err != nil {
		return err
	}
	w.promised = append(w.promised, out.Promises...)
	w.unanswered += out.Unanswered
	return failed(out)
}

// sentLine is a line of a simulated provider's ledger.
type sentLine struct{ To, Ref, ProviderID string }

func (s *simulator) received(ctx context.Context) (out []sentLine, err error) {
	body, err := open(ctx, s.url+"/_sim/ledger", "")
	if err != nil {
		return nil, fmt.Errorf("read ledger: %w", err)
	}
	defer body.Close()
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var l sentLine
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return nil, fmt.Errorf("read ledger: %w", err)
		}
		out = append(out, l)
	}
	return out, lines.Err()
}

// floodOf makes the posts: "delivered" of each message, and the same again as
// the provider repeats itself.
func floodOf(target *url.URL, lines []sentLine) [][]byte {
	at := strconv.FormatInt(time.Now().Unix(), 10)
	var out [][]byte
	for range 2 {
		for _, l := range lines {
			out = append(out, receiptPost(target, l, at))
		}
	}
	return out
}

// receiptPost is a callback of the WhatsApp Cloud API, with the signature that
// Meta describes: HMAC-SHA256 of the body under the app's secret.
func receiptPost(target *url.URL, l sentLine, at string) []byte {
	body := fmt.Sprintf(`{"object":"whatsapp_business_account","entry":[{"id":"102290129340398","changes":[{"field":"messages","value":{`+
		`"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550783881","phone_number_id":"106540352242922"},`+
		`"statuses":[{"id":%q,"status":"delivered","timestamp":%q,"recipient_id":%q,"biz_opaque_callback_data":%q}]}}]}]}`,
		l.ProviderID, at, l.To, l.Ref)
	mac := hmac.New(sha256.New, []byte(simSecret))
	mac.Write([]byte(body))
	return fmt.Appendf(nil, "POST /api/v1/webhooks/delivery/whatsapp/main HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n"+
		"X-Hub-Signature-256: sha256=%s\r\nContent-Length: %d\r\n\r\n%s", target.Host, hex.EncodeToString(mac.Sum(nil)), len(body), body)
}
