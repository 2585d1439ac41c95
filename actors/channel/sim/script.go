package sim

import (
	"strconv"
	"strings"
	"time"

	"messagehub/store/message"
)

// Reserved begins the recipients that say themselves what happens to them.
const Reserved = "sim:"

// Answer is how a provider answers a send.
type Answer uint8

// The answers that a Script can ask for.
const (
	Accept Answer = iota
	NotOnChannel
	OptedOut
	Throttled
	ServerError
	// NoAnswer: the message is taken, and the connection closed unanswered.
	NoAnswer
)

// Script is what a simulated provider does with one message.
type Script struct {
	Answer   Answer
	Delay    time.Duration // before the answer
	Receipts []Stage
}

// Stage is one receipt of a Script, After the answer.
type Stage struct {
	Status message.Status
	After  time.Duration
}

// gap is the time between two receipts of one message.
const gap = 20 * time.Millisecond

// Script returns what happens to a message to the given address: by its
// reserved name, or by the knobs. tries is how often this very message has
// been asked for before.
func (w *World) Script(to string, tries int) Script {
	k := w.Knobs()
	s := Script{Delay: k.Latency, Receipts: stages(k.ReceiptDelay, message.Sent, message.Delivered)}
	if name, ok := strings.CutPrefix(to, Reserved); ok {
		s.reserved(name, tries, k.ReceiptDelay)
		return s
	}
	switch {
	case chance(k.Throttle):
		s.Answer = Throttled
	case chance(k.Fail):
		s.Answer = ServerError
	case chance(k.DropAnswer):
		s.Answer = NoAnswer
	}
	if chance(k.ReorderReceipt) {
		reverse(s.Receipts)
	}
	var kept []Stage
	for _, stage := range s.Receipts {
		if chance(k.LoseReceipt) {
			continue
		}
		kept = append(kept, stage)
		if chance(k.DoubleReceipt) {
			kept = append(kept, stage)
		}
	}
	s.Receipts = kept
	return s
}

// reserved applies the sandbox's reserved recipients (contract, section 11).
func (s *Script) reserved(name string, tries int, delay time.Duration) {
	name, arg, _ := strings.Cut(name, ":")
	switch name {
	case "read":
		s.Receipts = stages(delay, message.Sent, message.Delivered, message.Read)
	case "sent_only":
		s.Receipts = stages(delay, message.Sent)
	case "failed":
		s.Receipts = stages(delay, message.Sent, message.Failed)
	case "not_on_channel":
		s.Answer, s.Receipts = NotOnChannel, nil
	case "opted_out":
		s.Answer, s.Receipts = OptedOut, nil
	case "rate_limited":
		if tries == 0 {
			s.Answer = Throttled
		}
	case "slow":
		if seconds, _ := strconv.ParseFloat(arg, 64); seconds > 0 {
			s.Delay += time.Duration(min(seconds, 3600) * float64(time.Second))
		}
	case "no_receipt":
		s.Receipts = nil
	case "provider_500":
		s.Answer, s.Receipts = ServerError, nil
	case "timeout":
		s.Answer, s.Receipts = NoAnswer, nil
	case "duplicate_receipt":
		s.Receipts = stages(delay, message.Sent, message.Sent, message.Delivered, message.Delivered)
	case "out_of_order":
		s.Receipts = stages(delay, message.Read, message.Delivered, message.Sent)
	}
}

// ReservedNames returns the reserved recipients' names, without arguments.
func ReservedNames() []string {
	return []string{
		"delivered", "read", "sent_only", "failed", "not_on_channel", "opted_out", "rate_limited", "slow",
		"no_receipt", "provider_500", "timeout", "duplicate_receipt", "out_of_order",
	}
}

// reverse lets the statuses come in the opposite order, at the same times.
func reverse(stages []Stage) {
	for i, j := 0, len(stages)-1; i < j; i, j = i+1, j-1 {
		stages[i].Status, stages[j].Status = stages[j].Status, stages[i].Status
	}
}

func stages(delay time.Duration, statuses ...message.Status) []Stage {
	out := make([]Stage, len(statuses))
	for i, s := range statuses {
		out[i] = Stage{s, delay + gap*time.Duration(i+1)}
	}
	return out
}
