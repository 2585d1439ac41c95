package main

import (
	"messagehub/actors/channel"
	"messagehub/relay/docs"
	"messagehub/store/message"
)

// failures documents every way in which an attempt can end without success: the
// closed table of send errors, and what the chain itself decides.
func failures() []docs.Failure {
	out := chainFailures()
	for code, rule := range channel.Rules() {
		out = append(out, docs.Failure{
			Code: string(code), Class: rule.Class.String(), Permanent: rule.Permanent, Text: rule.Text, Action: actionText(rule.Action),
		})
	}
	return out
}

// actionText says what the relay does.
func actionText(a channel.Action) string {
	return map[channel.Action]string{
		channel.Fail:          "The attempt ends, and the message moves on to its next channel.",
		channel.Again:         "The relay tries again after a pause, a bounded number of times.",
		channel.SlowRecipient: "The relay waits before it sends to this recipient again.",
		channel.SlowSender:    "The relay waits before it sends from this sender again.",
		channel.StopSender:    "The relay stops using the sender until it works again. Another sender, or the next channel, takes over.",
		channel.Ask:           `The message's "onUnknown" decides.`,
	}[a]
}

// chainFailures are the outcomes that no provider has a part in.
func chainFailures() []docs.Failure {
	return []docs.Failure{
		{
			Code: "expired", Class: message.Expiry.String(), Permanent: true, Text: "no provider took the message within expiresIn",
			Action: `The attempt ends; the message moves on to its next channel if "on" names expired.`,
		},
		{
			Code: "success_timeout", Class: message.Expiry.String(), Text: "a provider took the message, but its success status did not come within the step's timeout",
			Action: `The message moves on to its next channel if "on" names timeout. The attempt stays open: a late receipt still counts.`,
		},
		{
			Code: message.CodeUnroutable, Class: message.Recipient.String(), Permanent: true, Text: "there is no address of the recipient on the channel",
			Action: `The step is skipped; the message moves on to its next channel if "on" names unroutable.`,
		},
		{
			Code: message.CodeErased, Class: message.Recipient.String(), Permanent: true, Text: "the recipient's personal data has been erased",
			Action: "The step is skipped.",
		},
	}
}
