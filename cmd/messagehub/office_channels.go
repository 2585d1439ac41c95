package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"messagehub/actors"
	"messagehub/actors/channel"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

// delivery is what administration asks of the senders at work.
type delivery interface {
	Senders() []actors.SenderState
	Pause(lane message.Lane, name string, paused bool) error
	Probe(ctx context.Context, lane message.Lane, name string) (string, error)
}

// probeTime bounds the question whether one sender is in order.
const probeTime = 8 * time.Second

// whichSenders names senders: those of a channel, or one; all where it is
// empty.
type whichSenders struct {
	Channel string `json:"channel"`
	Sender  string `json:"sender"`
	Sandbox bool   `json:"sandbox"`
}

func (w whichSenders) has(s *actors.SenderState) bool {
	return s.Lane.Test == w.Sandbox && (w.Channel == "" || w.Channel == s.Lane.Channel) && (w.Sender == "" || w.Sender == s.Name)
}

func (w whichSenders) String() string {
	name := message.Lane{Channel: w.Channel, Test: w.Sandbox}.String()
	if w.Sender != "" {
		name += ", sender " + w.Sender
	}
	return name
}

// senderView is a sender as it is shown.
type senderView struct {
	Channel   string  `json:"channel"`
	Sender    string  `json:"sender"`
	Sandbox   bool    `json:"sandbox"`
	State     string  `json:"state"` // ok, paused, stopped, probing, slowed
	Reason    string  `json:"reason,omitempty"`
	Since     string  `json:"since,omitempty"`
	Pending   int64   `json:"pending"` // of its channel
	InFlight  int     `json:"inFlight"`
	Limit     int     `json:"maxInFlight"`
	PerSecond float64 `json:"messagesPerSecond"` // 0: no bound
	// Account and Error are what a test found out, Untested why it was none.
	Account  string `json:"account,omitempty"`
	Error    string `json:"error,omitempty"`
	Untested string `json:"untested,omitempty"`
}

func (o *office) senders(which whichSenders) ([]actors.SenderState, error) {
	if o.delivery == nil {
		return nil, fail(exitUnavailable, "start it, or name its data directory with --data", "no server runs here, and channels are at work in a server alone")
	}
	found := slices.DeleteFunc(o.delivery.Senders(), func(s actors.SenderState) bool { return !which.has(&s) })
	if len(found) == 0 && which.Channel != "" {
		return nil, fail(exitFailure, `see "messagehub channels list"; the sandbox's senders need --sandbox`, "there is no sender of %s", which)
	}
	return found, nil
}

func (o *office) listSenders(_ string, which whichSenders) ([]senderView, error) {
	all, err := o.senders(which)
	views := make([]senderView, len(all))
	for i := range all {
		views[i] = o.viewSender(&all[i])
	}
	return views, err
}

func (o *office) viewSender(s *actors.SenderState) senderView {
	v := senderView{
		Channel: s.Lane.Channel, Sender: s.Name, Sandbox: s.Lane.Test, State: "ok", Pending: o.store.Pending(s.Lane),
		InFlight: s.InFlight, Limit: s.Limit, PerSecond: s.PerSecond,
	}
	if v.PerSecond >= unbound {
		v.PerSecond = 0
	}
	if s.Trouble != nil {
		v.Reason, v.Since = string(s.Trouble.Code), s.Trouble.Since.Std().UTC().Format(time.RFC3339)
	}
	switch {
	case s.Paused:
		v.State = "paused"
	case s.Breaker == actors.BreakerOpen:
		v.State = "stopped"
	case s.Breaker == actors.BreakerHalfOpen:
		v.State = "probing"
	case s.Waits > 0:
		v.State = "slowed"
	}
	return v
}

// testSenders asks the providers. What is wrong with a sender is in its view.
func (o *office) testSenders(_ string, which whichSenders) ([]senderView, error) {
	all, err := o.senders(which)
	views := make([]senderView, len(all))
	var work sync.WaitGroup
	for i := range all {
		views[i] = o.viewSender(&all[i])
		work.Go(func() { o.testSender(&all[i], &views[i]) })
	}
	work.Wait()
	return views, err
}

// testSender notes in v what the provider says of the sender.
func (o *office) testSender(s *actors.SenderState, v *senderView) {
	ctx, cancel := context.WithTimeout(context.Background(), probeTime)
	defer cancel()
	account, err := o.delivery.Probe(ctx, s.Lane, s.Name)
	var known *channel.Error
	switch {
	case err == nil:
		v.Account = account
	case errors.Is(err, actors.ErrNoProbe):
		v.Untested = err.Error()
	case errors.As(err, &known):
		v.Error = string(known.Code) + ": " + channel.Rules()[known.Code].Text
		if known.ProviderMessage != "" {
			v.Error += " (" + channel.Clean(known.ProviderCode+" "+known.ProviderMessage) + ")"
		}
	default:
		v.Error = err.Error()
	}
}

func (o *office) pauseSenders(actor string, which whichSenders) ([]senderView, error) {
	return o.hold(actor, which, true)
}

func (o *office) resumeSenders(actor string, which whichSenders) ([]senderView, error) {
	return o.hold(actor, which, false)
}

// hold pauses or resumes senders, durably.
func (o *office) hold(actor string, which whichSenders, paused bool) ([]senderView, error) {
	if which.Channel == "" {
		return nil, usage("name a channel, or a channel and a sender such as sms/main")
	}
	all, err := o.senders(which)
	if err != nil {
		return nil, err
	}
	o.pauses.mu.Lock()
	defer o.pauses.mu.Unlock()
	action := "channels.resume"
	if paused {
		action = "channels.pause"
	}
	if err := o.pauses.change(all, paused); err != nil {
		return nil, err
	}
	if err := o.store.Audit(o.entry(actor, action, which.String())); err != nil {
		return nil, err
	}
	for i := range all {
		if err := o.delivery.Pause(all[i].Lane, all[i].Name, paused); err != nil {
			return nil, err
		}
	}
	return o.listSenders(actor, which)
}

// pauses is which senders are paused, beyond the life of the process. mu is
// held from the change on disk to that at the sender: the two agree.
type pauses struct {
	vault *vault
	mu    sync.Mutex
}

const pausesName = "paused"

// all returns the paused senders' names, as pauseName makes them.
func (p *pauses) all() (map[string]bool, error) {
	text, err := p.vault.load(pausesName)
	if err != nil || text == nil {
		return map[string]bool{}, err
	}
	names := map[string]bool{}
	if err := json.Unmarshal(text, &names); err != nil {
		return nil, fmt.Errorf("read paused senders: %w", err)
	}
	return names, nil
}

func pauseName(lane message.Lane, sender string) string { return lane.String() + "/" + sender }

// change is durable when it returns nil.
func (p *pauses) change(senders []actors.SenderState, paused bool) error {
	names, err := p.all()
	if err != nil {
		return err
	}
	for i := range senders {
		name := pauseName(senders[i].Lane, senders[i].Name)
		if names[name] = true; !paused {
			delete(names, name)
		}
	}
	text, err := json.Marshal(names)
	if err != nil {
		return err
	}
	return p.vault.save(pausesName, text)
}
