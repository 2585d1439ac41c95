package sms

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sim"
	"messagehub/actors/channel/sms/gsm"
	"messagehub/store/message"
)

// gateway sends through a gateway whose HTTP API the settings describe.
type gateway struct {
	test     bool
	http     *channel.Client
	request  gatewayRequest
	answer   gatewayAnswer
	reports  gatewayReports
	inbound  gatewayInbound
	guard    guard
	encoder  gsm.Encoder
	from     string
	callback string // with its token; empty: nobody reports
	username string
	secret   string
	now      func() time.Time
}

func newGateway(s channel.Sender) (channel.Adapter, error) {
	v := withPreset(s.Settings)
	if v.Text(settingBaseURL) == "" {
		return nil, needs(providerHTTP, settingBaseURL)
	}
	g := &gateway{
		test: s.Test, http: s.HTTP, now: time.Now, encoder: encoderOf(v), from: v.Text(settingFrom),
		username: v.Text(settingUsername), secret: v.Text(settingSecret),
	}
	var err error
	if g.request, err = newGatewayRequest(v); err != nil {
		return nil, err
	}
	if g.answer, err = newGatewayAnswer(v); err != nil {
		return nil, err
	}
	if g.guard, err = newGuard(v); err != nil {
		return nil, err
	}
	if g.reports, err = newGatewayReports(v); err != nil {
		return nil, err
	}
	if g.inbound, err = newGatewayInbound(v); err != nil {
		return nil, err
	}
	if g.guard != nil && g.reports.reads() && !g.answer.id.set() && !g.request.names("message_id") {
		return nil, fmt.Errorf("%s is missing: without it receipts are known by {message_id}, which the request does not name", settingID)
	}
	g.callback = callbackOf(v, s.CallbackURL)
	return g, nil
}

// callbackOf returns the address that a gateway is to report to.
func callbackOf(v channel.Values, address string) string {
	switch {
	case v.Text(settingReceiptAuth) == "":
		return ""
	case v.Text(settingReceiptAuth) != receiptAuthQuery || address == "":
		return address
	}
	return address + "?" + url.Values{receiptAuthNameOf(v): {v.Text(settingReceiptSecret)}}.Encode()
}

// Send implements [channel.Adapter].
func (g *gateway) Send(ctx context.Context, r *channel.Request) (channel.Acceptance, error) {
	text, err := textOf(r.Step)
	if err != nil {
		return channel.Acceptance{}, err
	}
	to, err := g.request.to(r.Step.To)
	if err != nil {
		return channel.Acceptance{}, err
	}
	form, text := g.encoder.Measure(text)
	call, err := g.request.call(map[string]string{
		"to": to, "from": g.from, "text": text, "message_id": r.Ref, "callback_url": g.callback,
		"encoding": g.request.encoding(form.Coding), "segments": fmt.Sprint(form.Parts),
		"username": g.username, "secret": g.secret,
	})
	if err != nil {
		return channel.Acceptance{}, channel.Failed(channel.ContentRejected, "", "the text can't be encoded")
	}
	answer, err := g.http.Do(ctx, call)
	if err != nil {
		return channel.Acceptance{}, err
	}
	id, refused := g.answer.read(answer, r.Ref)
	if refused != nil {
		return channel.Acceptance{}, without(refused, g.secret)
	}
	return channel.Acceptance{ProviderID: id, Segments: form.Parts}, nil
}

// Receipts implements [channel.Receiver].
func (g *gateway) Receipts(cb *message.Callback) ([]message.Receipt, message.Reply, error) {
	if g.guard == nil || !g.guard(cb, g.now()) {
		return nil, message.Reply{}, message.ErrUnsigned
	}
	receipts, err := g.reports.read(cb)
	if err != nil && len(g.inbound.read(cb)) == 0 {
		return nil, message.Reply{}, fmt.Errorf("read receipt: %w", message.ErrBadCallback)
	}
	for i := range receipts {
		receipts[i].Test = g.test
	}
	return receipts, message.Reply{ContentType: "text/plain; charset=utf-8", Body: []byte("OK")}, nil
}

// Inbound implements [channel.Inbox].
func (g *gateway) Inbound(cb *message.Callback) []message.Inbound { return g.inbound.read(cb) }

// reserved reports whether to is a recipient of the sandbox.
func reserved(to string) bool { return strings.HasPrefix(to, sim.Reserved) }
