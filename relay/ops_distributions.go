package relay

import (
	"sync/atomic"

	"messagehub/relay/distribute"
	"messagehub/store/message"
)

// DistributionStanding says how the distributions are.
type DistributionStanding interface {
	Standing() distribute.Standing
}

// distributionMetrics is what is counted of distributions. No label tells one
// from another: clients make them.
type distributionMetrics struct{ reached, invalid, duplicates, optedOut, messages atomic.Uint64 }

// ObserveDistributed counts recipients of distributions whose turn has come.
func (m *Metrics) ObserveDistributed(n message.DistributionCounts) {
	d := &m.distributions
	d.reached.Add(uint64(n.Recipients - n.Invalid - n.Duplicates - n.OptedOut))
	d.invalid.Add(uint64(n.Invalid))
	d.duplicates.Add(uint64(n.Duplicates))
	d.optedOut.Add(uint64(n.OptedOut))
	d.messages.Add(uint64(n.Messages))
}

func (m *Metrics) exposeDistributions(x *exposition) {
	if m.o.Distributions == nil {
		return
	}
	s := m.o.Distributions.Standing()
	x.family("messagehub_distributions", "gauge", "Distributions that are not over, by state.")
	x.sample("messagehub_distributions", `state="expanding"`, float64(s.Expanding))
	x.sample("messagehub_distributions", `state="running"`, float64(s.Running))
	x.sample("messagehub_distributions", `state="paused"`, float64(s.Paused))
	x.family("messagehub_distribution_lag_seconds", "gauge", "How long the next messages of the distribution that is furthest behind its rate have been due; 0 if none is behind.")
	x.sample("messagehub_distribution_lag_seconds", "", s.Behind.Seconds())
	d := &m.distributions
	x.family("messagehub_distribution_recipients_total", "counter", "Recipients of distributions whose turn has come, by what came of it.")
	x.sample("messagehub_distribution_recipients_total", `outcome="reached"`, float64(d.reached.Load()))
	x.sample("messagehub_distribution_recipients_total", `outcome="invalid"`, float64(d.invalid.Load()))
	x.sample("messagehub_distribution_recipients_total", `outcome="duplicate"`, float64(d.duplicates.Load()))
	x.sample("messagehub_distribution_recipients_total", `outcome="opted_out"`, float64(d.optedOut.Load()))
	x.family("messagehub_distribution_messages_total", "counter", "Messages made for distributions.")
	x.sample("messagehub_distribution_messages_total", "", float64(d.messages.Load()))
}
