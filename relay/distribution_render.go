package relay

import (
	"maps"
	"slices"
	"strconv"

	"messagehub/store/message"
)

func appendDistributionID(dst []byte, id message.ID) []byte {
	return append(message.AppendID(append(dst, '"'), message.PrefixDistribution, id), '"')
}

// writeAcceptedDistribution answers 202, with what the distribution is thought
// to come to.
func (c *call) writeAcceptedDistribution(d *message.Distribution, warnings []Fault) {
	out := appendDistributionID(append(c.buf[:0], `{"data":{"distributionId":`...), d.ID)
	out = appendStringMember(out, "status", message.Expanding.String())
	out = appendForecast(out, &d.Plan, d.Progress.Invalid[:min(d.Plan.Listed, len(d.Progress.Invalid))], warnings)
	if d.Owner.Test {
		out = appendBoolMember(out, "test", true)
	}
	if d.Replayed {
		c.set("Idempotency-Replayed", bytesOf("true"))
	}
	c.buf = append(out, "}}"...)
	c.write(202, c.buf)
}

// writeDryDistribution answers 200 for a distribution that would have been taken
// on.
func (c *call) writeDryDistribution(d *distributionDraft) {
	out := append(c.buf[:0], `{"data":{"dryRun":true`...)
	out = appendForecast(out, &d.request.Plan, d.invalid, d.warnings)
	c.buf = append(out, "}}"...)
	c.write(200, c.buf)
}

// appendForecast appends what a distribution was thought to come to when it came.
func appendForecast(dst []byte, p *message.DistributionPlan, invalid []message.InvalidRecipient, warnings []Fault) []byte {
	dst = appendDistributionCounts(dst, &p.Forecast)
	dst = appendBoolMember(dst, "exact", len(p.Tags) == 0)
	dst = append(appendMember(dst, "estimate"), `{"segments":`...)
	dst = strconv.AppendInt(dst, int64(p.Segments), 10)
	dst = appendMember(dst, "seconds")
	if p.PerSecond > 0 {
		dst = strconv.AppendInt(dst, int64((p.Forecast.Messages+p.PerSecond-1)/p.PerSecond), 10)
	} else {
		dst = append(dst, "null"...)
	}
	dst = appendInvalid(append(dst, '}'), invalid)
	if len(warnings) == 0 {
		return dst
	}
	dst = append(appendMember(dst, "warnings"), '[')
	for i := range warnings {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendFault(dst, &warnings[i])
	}
	return append(dst, ']')
}

func appendDistributionCounts(dst []byte, n *message.DistributionCounts) []byte {
	dst = appendIntMember(dst, "recipients", n.Recipients)
	dst = appendIntMember(dst, "messages", n.Messages)
	dst = appendIntMember(dst, "invalid", n.Invalid)
	dst = appendIntMember(dst, "duplicates", n.Duplicates)
	return appendIntMember(dst, "optedOut", n.OptedOut)
}

// appendInvalid appends recipients who get no message, and why.
func appendInvalid(dst []byte, list []message.InvalidRecipient) []byte {
	dst = append(appendMember(dst, "invalidRecipients"), '[')
	for i := range list {
		v := &list[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"index":`...)
		if v.Index < 0 {
			dst = append(dst, "null"...)
		} else {
			dst = strconv.AppendInt(dst, int64(v.Index), 10)
		}
		dst = appendContactID(appendMember(dst, "contactId"), v.Contact)
		dst = appendStringMember(dst, "code", v.Code)
		dst = appendOptionalMember(dst, "param", v.Param)
		dst = append(appendStringMember(dst, "message", invalidText(v)), '}')
	}
	return append(dst, ']')
}

// writeDistribution answers with one distribution, and the statuses of its
// messages.
func (c *call) writeDistribution(d *message.Distribution) {
	censuses := c.server.censuses
	select {
	case censuses <- struct{}{}:
		defer func() { <-censuses }()
	default:
		c.shed(Overloaded, retryJitter())
		return
	}
	c.inLog = true
	census, err := c.server.o.Distributions.Census.DistributionCensus(d)
	c.inLog = false
	if err != nil {
		c.failLog(err)
		return
	}
	out := appendDistribution(append(c.buf[:0], `{"data":`...), d)
	out = append(appendMember(out, "statuses"), '{')
	for i := range d.Plan.Contents {
		channel := d.Plan.Contents[i].Channel
		out = append(appendKey(out, i, channel), ":{"...)
		n := 0
		for status := message.NoStatus; status <= message.Unknown; status++ {
			if count := census.Statuses[message.ChannelStatus{Channel: channel, Status: status}]; count > 0 {
				out = strconv.AppendInt(append(appendKey(out, n, status.String()), ':'), int64(count), 10)
				n++
			}
		}
		out = append(out, '}')
	}
	out = appendOutcome(append(out, '}'), &census)
	out = appendInvalid(out, d.Progress.Invalid)
	c.buf = append(out, "}}"...)
	c.write(200, c.buf)
}

// appendOutcome appends what became of the messages of a distribution.
func appendOutcome(dst []byte, n *message.Census) []byte {
	dst = append(appendMember(dst, "outcome"), '{')
	dst = strconv.AppendInt(append(appendKey(dst, 0, "waiting"), ':'), int64(n.Of(message.Scheduled, message.Queued, message.Sending)), 10)
	dst = appendIntMember(dst, "withheld", n.Withheld)
	dst = appendIntMember(dst, "sent", n.Of(message.Sent, message.Delivered, message.Read))
	dst = appendIntMember(dst, "canceled", n.Of(message.Canceled))
	dst = appendIntMember(dst, "failed", n.Of(message.Failed, message.Expired)-n.Skipped)
	dst = appendIntMember(dst, "skipped", n.Skipped)
	dst = append(appendMember(dst, "reasons"), '{')
	for i, code := range slices.Sorted(maps.Keys(n.Reasons)) {
		dst = strconv.AppendInt(append(appendKey(dst, i, code), ':'), int64(n.Reasons[code]), 10)
	}
	return append(dst, "}}"...)
}

// appendDistribution appends a distribution as clients see it, but for the
// bracket that closes it.
func appendDistribution(dst []byte, d *message.Distribution) []byte {
	dst = appendDistributionID(append(dst, `{"distributionId":`...), d.ID)
	dst = appendStringMember(dst, "status", d.Progress.State.String())
	dst = appendStringMember(dst, "mode", d.Plan.Mode.String())
	dst = append(appendMember(dst, "channels"), '[')
	for i := range d.Plan.Contents {
		dst = appendKey(dst, i, d.Plan.Contents[i].Channel)
	}
	dst = appendStrings(appendMember(append(dst, ']'), "tags"), d.Plan.Tags)
	dst = appendOptionalMember(dst, "reference", d.Plan.Reference)
	dst = appendTimeMember(dst, "scheduledAt", d.Plan.ScheduledAt)
	dst = append(appendMember(dst, "progress"), `{"expected":`...)
	dst = strconv.AppendInt(dst, int64(d.Plan.Forecast.Recipients), 10)
	dst = append(appendIntMember(dst, "done", d.Progress.Counts.Recipients), '}')
	dst = append(appendMember(dst, "counts"), '{')
	counts := appendDistributionCounts(nil, &d.Progress.Counts)
	dst = append(append(dst, counts[1:]...), '}')
	if d.Progress.State == message.DistributionCanceled {
		dst = appendBoolMember(dst, "takingBack", d.Active())
	}
	dst = appendBoolMember(dst, "test", d.Owner.Test)
	dst = appendTimeMember(dst, "createdAt", d.CreatedAt)
	return appendTimeMember(dst, "updatedAt", d.Progress.UpdatedAt)
}
