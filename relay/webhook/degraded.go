package webhook

import (
	"context"
	"slices"

	"messagehub/store/message"
)

// Publisher writes events that are of no message.
type Publisher interface {
	Publish(message.Event) error
}

// maxTroubles bounds the troubles that wait to be published. Beyond that, they
// are forgotten: metrics and log have them, too.
const maxTroubles = 64

// trouble is a sender that its provider does not serve any more.
type trouble struct {
	lane message.Lane
	at   message.Time
}

// Degraded notes that a sender of a channel is in trouble, or is in order
// again. A trouble is told once, until it is over, to the workspaces with an
// endpoint that wants to know. It never blocks.
func (d *Deliverer) Degraded(lane message.Lane, sender string, bad bool) {
	key := lane.String() + "/" + sender
	d.mu.Lock()
	known := d.troubled[key]
	if bad {
		d.troubled[key] = true
	} else {
		delete(d.troubled, key)
	}
	d.mu.Unlock()
	if !bad || known {
		return
	}
	select {
	case d.troubles <- trouble{lane, d.Now()}:
	default:
	}
}

// publish writes the troubles into the feeds, until ctx ends.
func (d *Deliverer) publish(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case t := <-d.troubles:
			for _, ws := range d.interested(t.lane.Test) {
				err := d.Publisher.Publish(message.Event{
					Workspace: ws, Test: t.lane.Test, Channel: t.lane.Channel,
					Entry: message.Entry{At: t.at, ReceivedAt: t.at, Type: message.ChannelDegraded},
				})
				if err != nil {
					d.Logger.Error("publish event", "type", message.ChannelDegraded.String(), "error", err)
				}
			}
		}
	}
}

// interested returns the workspaces with an endpoint that gets
// channel.degraded.
func (d *Deliverer) interested(test bool) []message.WorkspaceID {
	d.mu.RLock()
	defer d.mu.RUnlock()
	var all []message.WorkspaceID
	for ws, of := range d.couriers {
		for _, c := range of {
			if c.wants(test, message.ChannelDegraded) {
				all = append(all, ws)
				break
			}
		}
	}
	slices.Sort(all)
	return all
}
