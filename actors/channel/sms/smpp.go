package sms

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sms/smpp"
	"messagehub/store/message"
)

// smppAdapter sends over binds of its own to an SMSC.
type smppAdapter struct {
	test      bool
	client    *smpp.Client
	form      smppForm
	ids       idFormat
	states    smppStates
	statuses  map[uint32]channel.Code
	report    func([]message.Receipt) error
	take      func([]message.Inbound) error
	parts     writtenParts
	handing   sync.Mutex // held while messages of handsets are handed over
	long      longMessages
	vault     channel.Vault
	reference atomic.Uint32 // of the latest long message
	refs      *smppReferences
}

func newSMPP(s channel.Sender) (channel.Adapter, error) {
	v := s.Settings
	if err := checkSMPP(v); err != nil {
		return nil, fmt.Errorf("check settings: %w", err)
	}
	config, err := tlsOf(v)
	if err != nil {
		return nil, fmt.Errorf("check settings: %w", err)
	}
	a := &smppAdapter{
		test: s.Test, form: smppFormOf(v), ids: idFormat(v.Text(settingIDFormat)), report: s.Report, take: s.Receive, vault: s.Vault,
		states: smppStates{accepted: v.Text(settingAccepted), unknown: v.Text(settingUnknown)},
	}
	if v.Bool(settingReference) {
		a.refs = &smppReferences{}
	}
	a.statuses, _ = statusesOf(v.Text(settingStatusCodes)) // checked with the settings
	a.reference.Store(rand.Uint32())
	a.client = smpp.New(smpp.Options{
		Address: v.Text(settingSMSC), Dial: s.Dial, TLS: config,
		SystemID: v.Text(settingSystemID), Password: v.Text(settingPassword), SystemType: v.Text(settingSystemType),
		Separate: v.Text(settingBindMode) == bindSeparate, Binds: v.Int(settingBinds), Window: v.Int(settingWindow),
		EnquireLink: v.Duration(settingEnquire), Deliver: a.deliver,
	})
	return a, nil
}

// tlsOf makes the configuration of TLS; nil if it is not to be spoken.
func tlsOf(v channel.Values) (*tls.Config, error) {
	if !v.Bool(settingTLS) {
		return nil, nil
	}
	host, _, _ := net.SplitHostPort(v.Text(settingSMSC))
	config := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if pem := v.Text(settingCA); pem != "" {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM([]byte(pem)) {
			return nil, errors.New(settingCA + " has no certificate in PEM")
		}
	}
	return config, nil
}

// longEvery is how often the long messages that wait for receipts are written
// down, and those that wait for parts looked at.
const longEvery = 10 * time.Second

// Run implements [channel.Runner]: it holds the binds.
func (a *smppAdapter) Run(ctx context.Context) {
	a.loadLong()
	a.loadParts()
	done := make(chan struct{})
	go func() { defer close(done); a.client.Run(ctx) }()
	ticker := time.NewTicker(longEvery)
	defer ticker.Stop()
	for {
		select {
		case now := <-ticker.C:
			a.saveLong()
			_ = a.handOver(nil, now) // what is not taken waits for the next time
		case <-done:
			a.saveLong()
			return
		}
	}
}

// Probe implements [channel.Prober]: it asks the SMSC over a bind.
func (a *smppAdapter) Probe(ctx context.Context) (string, error) {
	peer, err := a.client.Check(ctx)
	if err != nil {
		return "", a.failed(err)
	}
	return channel.Clean(peer), nil
}

// Send implements [channel.Adapter]. The parts of a long text go one after the
// other: if the first is refused, nothing was sent.
func (a *smppAdapter) Send(ctx context.Context, r *channel.Request) (channel.Acceptance, error) {
	parts, segments, err := a.form.encode(r, uint16(a.reference.Add(1)), time.Now())
	if err != nil {
		return channel.Acceptance{}, err
	}
	if len(parts) == 1 {
		id, err := a.submit(ctx, r, parts[0])
		if err != nil {
			return channel.Acceptance{}, err
		}
		return channel.Acceptance{ProviderID: id, Segments: segments}, nil
	}
	id, err := a.sendLong(ctx, parts)
	if err != nil {
		return channel.Acceptance{}, err
	}
	return channel.Acceptance{ProviderID: id, Segments: segments}, nil
}

// submit sends a message of one part, and remembers whose it is where the
// SMSC is told a reference.
func (a *smppAdapter) submit(ctx context.Context, r *channel.Request, m *smpp.ShortMessage) (string, error) {
	if a.refs == nil {
		return a.submitOne(ctx, m)
	}
	reference := a.refs.add(r.Ref, m.Dest.Number)
	m.TLVs = append(m.TLVs, smpp.TLV{Tag: smpp.UserMessageReference, Value: []byte{byte(reference >> 8), byte(reference)}})
	id, err := a.submitOne(ctx, m)
	if err == nil {
		a.refs.settle(reference, r.Ref)
	}
	return id, err
}

// submitOne sends one submit_sm, and returns its id in the form that receipts
// are brought to.
func (a *smppAdapter) submitOne(ctx context.Context, m *smpp.ShortMessage) (string, error) {
	given, err := a.client.Submit(ctx, m)
	if err != nil {
		return "", a.failed(err)
	}
	id := a.ids.answered(given)
	if id == "" {
		return "", channel.Failed(channel.OutcomeUnknown, "", "the SMSC took the message but gave it no usable id")
	}
	return id, nil
}

// sendLong sends the parts of a text. Once one is taken, the others are tried
// again for as long as the SMSC throttles, and any other failure leaves the
// outcome unknown.
func (a *smppAdapter) sendLong(ctx context.Context, parts []*smpp.ShortMessage) (string, error) {
	a.long.begin()
	defer a.long.end()
	ids := make([]string, 0, len(parts))
	for len(ids) < len(parts) {
		id, err := a.submitOne(ctx, parts[len(ids)])
		if err == nil {
			ids = append(ids, id)
			continue
		}
		e := err.(*channel.Error)
		switch {
		case len(ids) == 0:
			return "", e
		case e.Code == channel.RateLimited && !tooLate(ctx, e.RetryAfter):
			continue
		}
		e.Code, e.RetryAfter = channel.OutcomeUnknown, 0
		return "", e
	}
	id, early := a.long.add(ids)
	a.reportLater(early)
	return id, nil
}

// tooLate reports whether ctx ends before so long.
func tooLate(ctx context.Context, d time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return ok && time.Until(deadline) < d
}
