package message

// ChannelStatus is what the messages of a distribution are counted by.
type ChannelStatus struct {
	Channel string
	Status  Status
}

// Census is what became of the messages of a distribution. Those that retention
// has removed are not in it.
type Census struct {
	Statuses map[ChannelStatus]int // by the channel and the status that they show
	// Withheld are those, of the queued ones, that a pause holds back.
	Withheld int
	// Skipped are those, of the failed ones, that no step could be tried of.
	Skipped int
	// Reasons are the codes under which messages have failed, expired or were
	// skipped.
	Reasons map[string]int
}

// Count adds a message.
func (c *Census) Count(o *Outbound, s *State) {
	if c.Statuses == nil {
		c.Statuses, c.Reasons = map[ChannelStatus]int{}, map[string]int{}
	}
	a := &s.Attempts[s.Shown(o)]
	c.Statuses[ChannelStatus{o.Steps[a.Step].Channel, s.Status}]++
	switch s.Status {
	case Queued:
		if s.Attempts[s.Current()].Withheld() {
			c.Withheld++
		}
	case Failed, Expired:
		if a.Status == Skipped {
			c.Skipped++
		}
		if a.Error != nil {
			c.Reasons[a.Error.Code]++
		}
	}
}

// Of returns how many messages have one of the statuses.
func (c *Census) Of(statuses ...Status) (n int) {
	for at, count := range c.Statuses {
		for _, s := range statuses {
			if at.Status == s {
				n += count
			}
		}
	}
	return n
}
