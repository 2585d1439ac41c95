package channeltest

import (
	"slices"
	"testing"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

// Follow is what has to follow a group of errors by a provider's own
// documentation: what delivery may do, and whose turn it may be.
type Follow struct {
	Actions []channel.Action
	Classes []message.Class
}

// Retry is for what passes: the message is tried again on the channel.
func Retry() Follow {
	return Follow{[]channel.Action{channel.Again, channel.SlowSender, channel.SlowRecipient}, []message.Class{message.Provider, message.Capacity}}
}

// FallBack is for what concerns the recipient: the chain moves on at once.
func FallBack() Follow {
	return Follow{[]channel.Action{channel.Fail}, []message.Class{message.Recipient, message.Policy, message.Expiry}}
}

// ToCaller is for what is wrong with the message: it is not tried again.
func ToCaller() Follow {
	return Follow{[]channel.Action{channel.Fail}, []message.Class{message.Content, message.Policy}}
}

// Operator is for what is wrong with the sender: the chain moves on, and
// somebody has to act.
func Operator() Follow {
	return Follow{[]channel.Action{channel.Fail, channel.StopSender}, []message.Class{message.Config, message.Policy, message.Capacity}}
}

// Medium is for a medium that could not be fetched: it is tried again, and
// is the caller's in the end.
func Medium() Follow {
	return Follow{[]channel.Action{channel.Again}, []message.Class{message.Content}}
}

// Check fails unless code has that.
func (f Follow) Check(t testing.TB, what string, code channel.Code) {
	t.Helper()
	rule, ok := channel.Rules()[code]
	if !ok || !slices.Contains(f.Actions, rule.Action) || !slices.Contains(f.Classes, rule.Class) {
		t.Errorf("%s: %q, action %d, class %v; want one of %v and of %v", what, code, rule.Action, rule.Class, f.Actions, f.Classes)
	}
}
