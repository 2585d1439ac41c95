package webhook

import (
	"slices"

	"messagehub/store/message"
)

// settle takes in what a delivery came to, and returns why the endpoint must
// be disabled, if it must. random is in [0,1).
func (o *outbox) settle(now message.Time, name message.EventName, r result, random float64) message.DisableReason {
	f := o.landed(name)
	o.changed = true
	line := message.Delivery{
		Event: name, Type: r.kind, At: now.Add(-r.took), Attempt: f.attempt, Outcome: r.outcome, Status: r.status, Took: r.took,
	}
	reason := message.NotDisabled
	switch r.outcome {
	case message.DeliveryDone:
		o.over(name)
		o.alive(now)
	case message.EventRemoved:
		line.GivenUp = true
		o.over(name)
	case message.EndpointGone:
		o.back(name)
		reason = message.DisabledGone
	default:
		reason = o.failed(now, f, r, random, &line)
	}
	o.state.Logged++
	line.Number = o.state.Logged
	o.changes.Log = append(o.changes.Log, line)
	o.endReplay()
	return reason
}

// landed ends a flight.
func (o *outbox) landed(name message.EventName) flight {
	f := o.flights[name]
	delete(o.flights, name)
	if m := f.event.Message; !m.IsZero() {
		if o.messages[m]--; o.messages[m] == 0 {
			delete(o.messages, m)
		}
	}
	return f
}

// abandon takes a delivery back that has no outcome: it was cut off, or what it
// needs could not be read.
func (o *outbox) abandon(now message.Time, name message.EventName) {
	o.landed(name)
	o.back(name)
	o.state.Health.NotBefore = max(o.state.Health.NotBefore, now.Add(leastDelay))
}

// over ends an event: it is delivered, or given up.
func (o *outbox) over(name message.EventName) {
	o.live.mark(name, settled)
	o.replay.mark(name, settled)
	if i, found := o.find(name); found {
		o.later = slices.Delete(o.later, i, i+1)
		o.changes.Later = slices.DeleteFunc(o.changes.Later, func(r message.Redelivery) bool { return r.Event == name })
		o.changes.Done = append(o.changes.Done, name)
	}
}

// back lets an event wait where it was.
func (o *outbox) back(name message.EventName) {
	o.live.mark(name, waiting)
	o.replay.mark(name, waiting)
}

// alive notes that the endpoint has taken something. What waits because it was
// down is due at once; the window opens slowly.
func (o *outbox) alive(now message.Time) {
	o.window = min(o.window+1, maxWindow)
	if o.down() {
		o.window = 1
		for i := range o.later {
			if r := o.later[i]; r.Due > now {
				r.Due = now
				o.postpone(r)
			}
		}
	}
	o.state.Health = message.EndpointHealth{}
}

// failed takes in a failure. While the endpoint is down it is not the
// event's: the event waits where it was, and has used up no try.
func (o *outbox) failed(now message.Time, f flight, r result, random float64, line *message.Delivery) message.DisableReason {
	h, wasDown := &o.state.Health, o.down()
	if h.Failures == 0 {
		h.FirstAt = now
	} else if h.LastFailed != line.Event {
		h.Several = true
	}
	h.Failures++
	h.LastFailed = line.Event
	o.window = max(o.window/2, 1)
	if r.after > 0 {
		h.NotBefore = max(h.NotBefore, now.Add(r.after))
	}
	switch {
	case f.probe:
		h.Probes++
		h.NotBefore = max(h.NotBefore, now.Add(jittered(probeDelay(h.Probes), random)))
		o.back(line.Event)
	case wasDown: // it was under way when the others failed
		o.back(line.Event)
	default:
		o.tryLater(now, f, r, random, line)
		if o.down() {
			h.NotBefore = max(h.NotBefore, now.Add(jittered(probeDelay(0), random)))
		}
	}
	if o.down() {
		line.NextAt = h.NotBefore
		if now.Sub(h.FirstAt) >= o.disableAfter {
			return message.DisabledFailing
		}
	}
	return message.NotDisabled
}

// tryLater makes a redelivery of an event that could not be delivered, or
// gives it up.
func (o *outbox) tryLater(now message.Time, f flight, r result, random float64, line *message.Delivery) {
	h := &o.state.Health
	steps := delays()
	if f.attempt > len(steps) {
		line.GivenUp = true
		o.over(line.Event)
		return
	}
	line.NextAt = now.Add(max(jittered(steps[f.attempt-1], random), r.after))
	if _, found := o.find(line.Event); !found && len(o.later) >= maxRedeliveries {
		h.NotBefore = max(h.NotBefore, line.NextAt)
		o.back(line.Event)
		return
	}
	o.postpone(message.Redelivery{Event: line.Event, Attempts: f.attempt, Due: line.NextAt})
	o.live.mark(line.Event, settled)
	o.replay.mark(line.Event, settled)
}
