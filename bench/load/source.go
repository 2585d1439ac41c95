package load

// source is a Source in progress.
type source struct {
	Source
	schedule schedule
	idle     []*conn // the one that has waited longest comes first
	blocked  bool    // a request is due and no connection free
	over     bool
}

func newSource(s Source, phase float64) *source {
	out := &source{Source: s}
	if s.PerSecond > 0 {
		out.schedule = newSchedule(s.PerSecond, phase)
	}
	out.Requests = s.Requests.Clone()
	return out
}

func (s *source) open() bool { return s.PerSecond > 0 }

// numbering deals out the numbers of messages, a span to each connection.
type numbering struct{ next, span, repeat uint64 }

func (n *numbering) take(each uint64) (from uint64) {
	from = n.next
	n.next += n.span
	unit := n.repeat * max(each, 1)
	return (from + unit - 1) / unit * unit
}

// pop takes the connection that has waited longest: so all of them are used
// alike, as many clients would.
func (s *source) pop() *conn {
	c := s.idle[0]
	s.idle = s.idle[1:]
	return c
}
