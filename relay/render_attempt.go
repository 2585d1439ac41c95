package relay

import (
	"strconv"

	"messagehub/store/message"
)

// appendAttempts appends what was tried, in order, and then as "pending" the
// steps that may still be tried. A chain that is over has no pending ones.
func appendAttempts(dst []byte, o *message.Outbound, s *message.State) []byte {
	dst = append(dst, '[')
	for i := range s.Attempts {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendAttempt(dst, i, &o.Steps[s.Attempts[i].Step], &s.Attempts[i])
	}
	if s.Settled {
		return append(dst, ']')
	}
	pending := message.Attempt{Status: message.Pending}
	for step := s.Attempts[s.Current()].Step + 1; step < len(o.Steps); step++ {
		index := len(s.Attempts) + step - s.Attempts[s.Current()].Step - 1
		dst = appendAttempt(append(dst, ','), index, &o.Steps[step], &pending)
	}
	return append(dst, ']')
}

func appendAttempt(dst []byte, index int, step *message.Step, a *message.Attempt) []byte {
	dst = append(dst, `{"index":`...)
	dst = strconv.AppendInt(dst, int64(index), 10)
	dst = appendStringMember(dst, "channel", step.Channel)
	dst = appendOptionalMember(dst, "to", step.To)
	dst = appendStringMember(dst, "status", a.Status.String())
	dst = appendBoolMember(dst, "superseded", a.Superseded)
	dst = appendIntMember(dst, "tries", a.Tries)
	dst = appendOptionalMember(dst, "sender", a.Sender)
	dst = appendOptionalMember(dst, "providerMessageId", a.ProviderID)
	dst = appendFailure(appendMember(dst, "error"), a.Error)
	dst = appendMember(dst, "segments")
	if a.Segments == 0 {
		dst = append(dst, "null"...)
	} else {
		dst = strconv.AppendInt(dst, int64(a.Segments), 10)
	}
	dst = appendTimeMember(dst, "queuedAt", a.QueuedAt)
	dst = appendTimeMember(dst, "sentAt", a.SentAt)
	dst = appendTimeMember(dst, "endedAt", a.EndedAt)
	return append(dst, '}')
}

func appendTimeline(dst []byte, o *message.Outbound, s *message.State) []byte {
	dst = append(dst, '[')
	for i := range s.Timeline {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendEntry(dst, o, s, &s.Timeline[i])
	}
	return append(dst, ']')
}

func appendEntry(dst []byte, o *message.Outbound, s *message.State, e *message.Entry) []byte {
	dst = append(dst, `{"at":`...)
	dst = appendTime(dst, e.At)
	dst = appendTimeMember(dst, "receivedAt", e.ReceivedAt)
	dst = appendStringMember(dst, "type", e.Type.String())
	dst = appendIntMember(dst, "attempt", e.Attempt)
	dst = appendStringMember(dst, "channel", o.Steps[s.Attempts[e.Attempt].Step].Channel)
	dst = appendOptionalMember(dst, "code", e.Code)
	return append(dst, '}')
}
