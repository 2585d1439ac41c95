package relay

import (
	"strconv"
	"time"

	"messagehub/store/message"
	"messagehub/store/message/json"
)

// AppendMessage appends the message as clients see it, as one JSON object.
// Every member is always there; what is not known is null.
func AppendMessage(dst []byte, o *message.Outbound, s *message.State) []byte {
	shown := s.Shown(o)
	own := &o.Steps[0]
	dst = append(dst, `{"id":"`...)
	dst = message.AppendID(dst, message.PrefixMessage, o.ID)
	dst = append(dst, '"')
	dst = appendStringMember(dst, "status", s.Status.String())
	dst = appendStringMember(dst, "channel", o.Steps[s.Attempts[shown].Step].Channel)
	dst = appendBoolMember(dst, "test", o.Test)
	dst = appendStringMember(dst, "to", own.To)
	dst = appendContactID(appendMember(dst, "contactId"), o.Contact)
	dst = appendStringMember(dst, "contentType", own.ContentType.String())
	dst = appendOptionalMember(dst, "reference", o.Reference)
	dst = appendMetadata(appendMember(dst, "metadata"), o.Metadata)
	dst = appendStringMember(dst, "priority", o.Priority.String())
	dst = appendTimeMember(dst, "createdAt", o.CreatedAt)
	dst = appendTimeMember(dst, "updatedAt", s.UpdatedAt)
	dst = appendTimeMember(dst, "scheduledAt", o.ScheduledAt)
	dst = appendResendOf(dst, o.ResendOf)
	dst = appendBoolMember(dst, "late", s.Late)
	dst = appendIntMember(dst, "duplicates", s.Duplicates)
	dst = appendBoolMember(dst, "erased", o.Erased)
	dst = appendFailure(appendMember(dst, "error"), reason(o, s))
	dst = appendFallback(appendMember(dst, "fallback"), o)
	dst = appendAttempts(appendMember(dst, "attempts"), o, s)
	dst = appendTimeline(appendMember(dst, "timeline"), o, s)
	return append(dst, '}')
}

// appendResendOf appends the id of the message that is sent again, or null.
func appendResendOf(dst []byte, id message.ID) []byte {
	if dst = appendMember(dst, "resendOf"); id.IsZero() {
		return append(dst, "null"...)
	}
	return append(message.AppendID(append(dst, '"'), message.PrefixMessage, id), '"')
}

// reason returns why a message failed or expired, else nil.
func reason(o *message.Outbound, s *message.State) *message.Failure {
	if s.Status != message.Failed && s.Status != message.Expired {
		return nil
	}
	return s.Attempts[s.Shown(o)].Error
}

// appendMetadata appends the client's own object as it was written. It was
// checked on the way in; whatever else it might be would break the answer.
func appendMetadata(dst []byte, metadata string) []byte {
	if metadata == "" || !json.Valid([]byte(metadata)) {
		return append(dst, "null"...)
	}
	return append(dst, metadata...)
}

func appendFailure(dst []byte, f *message.Failure) []byte {
	if f == nil {
		return append(dst, "null"...)
	}
	dst = append(dst, `{"code":`...)
	dst = appendString(dst, f.Code)
	dst = appendStringMember(dst, "class", f.Class.String())
	dst = appendBoolMember(dst, "permanent", f.Permanent)
	dst = appendMember(dst, "provider")
	if f.ProviderCode == "" && f.ProviderMessage == "" {
		return append(dst, "null}"...)
	}
	dst = append(dst, `{"code":`...)
	dst = appendOptional(dst, f.ProviderCode)
	dst = appendOptionalMember(dst, "message", f.ProviderMessage)
	return append(dst, "}}"...)
}

// appendFallback appends the chain as it was understood: steps after the
// message's own, and the rules that move it on. A message without one has
// null.
func appendFallback(dst []byte, o *message.Outbound) []byte {
	if len(o.Steps) < 2 {
		return append(dst, "null"...)
	}
	dst = append(dst, `{"successStatus":`...)
	dst = appendString(dst, o.Steps[0].Success.String())
	dst = appendSecondsMember(dst, "timeout", o.Steps[0].Timeout)
	dst = appendMember(dst, "channels")
	for i := range o.Steps[1:] {
		step := &o.Steps[1+i]
		dst = append(dst, "[,"[min(i, 1)], '{')
		dst = append(dst, `"channel":`...)
		dst = appendString(dst, step.Channel)
		dst = appendOptionalMember(dst, "to", step.To)
		dst = appendStringMember(dst, "contentType", step.ContentType.String())
		dst = appendStringMember(dst, "successStatus", step.Success.String())
		dst = appendSecondsMember(dst, "timeout", step.Timeout)
		dst = append(dst, '}')
	}
	dst = append(dst, ']')
	dst = appendCauses(appendMember(dst, "on"), o.On)
	dst = appendStringMember(dst, "lateReceipt", lateReceipt(o))
	dst = appendStringMember(dst, "onUnknown", onUnknown(o.OnUnknown))
	return append(dst, '}')
}

func lateReceipt(o *message.Outbound) string {
	if o.KeepLate {
		return "continue"
	}
	return "cancel"
}

func onUnknown(p message.UnknownPolicy) string {
	switch p {
	case message.Advance:
		return "advance"
	case message.Retry:
		return "retry"
	}
	return "hold"
}

func appendCauses(dst []byte, on message.Causes) []byte {
	names := [...]string{"failed", "expired", "timeout", "unroutable"}
	dst = append(dst, '[')
	first := true
	for i, name := range names {
		if on&(1<<i) == 0 {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		dst = appendString(dst, name)
		first = false
	}
	return append(dst, ']')
}

func appendSecondsMember(dst []byte, name string, d time.Duration) []byte {
	dst = appendMember(dst, name)
	if d == 0 {
		return append(dst, "null"...)
	}
	return strconv.AppendInt(dst, int64(d/time.Second), 10)
}
