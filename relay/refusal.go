package relay

import "time"

// refusal is a whole answer that the HTTP server has no part in: a row of the
// error table for a request that it never sees.
type refusal struct {
	row   *problemRow
	fault Fault    // what it says beside its row; may be empty
	id    [16]byte // of the request
	quota quota
	after int64 // Retry-After, seconds; 0: none
	close bool
}

// append appends the answer, as the HTTP server would write it.
func (r *refusal) append(b []byte, now time.Time) []byte {
	h := heading{status: r.row.Status, length: r.length(), id: r.id, quota: r.quota, after: r.after, close: r.close}
	return r.appendBody(h.append(b, now))
}

func (r *refusal) appendBody(b []byte) []byte {
	if r.fault == (Fault{}) {
		return r.row.appendPlain(b, r.id)
	}
	return r.row.appendBody(b, r.id, r.fault, nil)
}

// length is that of the body.
func (r *refusal) length() int {
	if r.fault == (Fault{}) {
		return len(r.row.before) + requestIDLength + len(r.row.after)
	}
	return len(r.appendBody(nil))
}

// requestIDLength is how long a request id is as clients see it.
const requestIDLength = len("req_00000000000000000000000000")

// lastWord is the refusal that ends a connection.
func (s *Server) lastWord(code Code) []byte {
	row, at := s.problem(code), s.o.Now()
	r := refusal{row: row, id: requestID(at), after: int64(row.RetryAfter), close: true}
	return r.append(nil, time.Now())
}
