package relay

import "slices"

// SetSenders puts the senders of the channels in force, for the next request:
// Configured, Senders, TestSenders and Segments. A channel that is not among
// them keeps its own.
func (s *Server) SetSenders(channels []Channel) {
	carriers := slices.Clone(*s.reader.carriers.Load())
	for i := range carriers {
		c := &carriers[i]
		for k := range channels {
			if to := &channels[k]; to.Name == c.Name {
				c.Configured, c.Senders, c.TestSenders, c.Segments = to.Configured, to.Senders, to.TestSenders, to.Segments
			}
		}
	}
	s.reader.carriers.Store(&carriers)
}
