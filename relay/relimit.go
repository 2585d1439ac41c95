package relay

import "fmt"

// SetLimits puts limits in force for the next request: all but Connections,
// HeaderBytes and BodyBytes, which the HTTP server was made with.
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
