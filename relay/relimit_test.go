package relay

import (
	"testing"

	"messagehub/store/message"
)

type backlogOf int64

func (w backlogOf) Pending(message.Lane) int64 { return int64(w) }

func TestSetLimitsCountsForTheNextRequest(t *testing.T) {
	s, err := New(Options{
		Log: nobodyLog{}, Keys: NewKeyring(), Now: func() message.Time { return 1 }, Backlog: backlogOf(10),
		Limits: Limits{Backlog: 11, InFlight: 2, InFlightShare: 2},
	})
	if err != nil {
		t.Fatal(err)
	}
	lane, owner := message.Lane{Channel: "sms"}, &tenant{}
	if s.full(lane) || !s.gate.enter(owner, 1) {
		t.Fatal("refused within the limits")
	}
	if err := s.SetLimits(Limits{Backlog: 10, InFlight: 1}); err != nil {
		t.Fatal(err)
	}
	if !s.full(lane) || s.gate.enter(owner, 1) {
		t.Error("the old limits are in force")
	}
	if err := s.SetLimits(Limits{Backlog: -1}); err == nil {
		t.Error("a negative limit was taken")
	}
	if !s.full(lane) {
		t.Error("limits that can't be have changed something")
	}
}

type nobodyLog struct{}

func (nobodyLog) Enter(*message.Outbound, message.Idempotency) (message.Ticket, error) {
	return nil, message.ErrUnavailable
}

func (nobodyLog) Submit(*message.Outbound, message.Idempotency, message.Completion) (message.Acceptance, error) {
	return message.Acceptance{}, message.ErrUnavailable
}

func (nobodyLog) Await(message.Ticket) (message.Acceptance, error) {
	return message.Acceptance{}, message.ErrUnavailable
}
