package relay

import "fmt"

// SetLimits puts in force, for the next request, what is bounded for each of
// them: InFlight, InFlightBytes, InFlightShare, Backlog, FailuresPerMinute and
// AuditsPerMinute. The others are the HTTP server's and stay as they were.
func (s *Server) SetLimits(l Limits) error {
	l.EnsureDefaults()
	if err := l.Validate(); err != nil {
		return fmt.Errorf("set limits: %w", err)
	}
	s.gate.limits.Store(&l)
	s.failures.setLimit(int64(l.FailuresPerMinute))
	s.audits.limit.Store(int64(l.AuditsPerMinute))
	return nil
}
