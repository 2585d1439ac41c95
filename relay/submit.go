package relay

// send is POST /api/v1/messages/send.
func (s *Server) send(c *call) {}
