package relay

import "messagehub/store/message"

// BatchLog knows the batches that came.
type BatchLog interface {
	Batch(ws message.WorkspaceID, id message.ID) (message.Batch, error)
	// BatchStatuses counts the statuses of the accepted messages.
	BatchStatuses(*message.Batch) (map[message.Status]int, error)
}

// batchStatus is GET /api/v1/batches/{batchId}.
func (s *Server) batchStatus(c *call) {
	id, err := message.ParseID(message.PrefixBatch, c.param("batchId"))
	if err != nil {
		c.fail(NotFound)
		return
	}
	c.inLog = true
	b, err := s.o.BatchLog.Batch(c.key.Workspace, id)
	var counts map[message.Status]int
	if err == nil && b.Test != c.key.Test {
		err = message.ErrNotFound
	}
	if err == nil {
		counts, err = s.o.BatchLog.BatchStatuses(&b)
	}
	c.inLog = false
	if err != nil {
		c.failLog(err)
		return
	}
	c.writeBatchStatus(&b, counts)
}

func (c *call) writeBatchStatus(b *message.Batch, counts map[message.Status]int) {
	out := append(c.buf[:0], `{"data":{"batchId":"`...)
	out = append(message.AppendID(out, message.PrefixBatch, b.ID), '"')
	out = appendTimeMember(out, "createdAt", b.CreatedAt)
	out = appendBatchCounts(out, b)
	if b.Test {
		out = appendBoolMember(out, "test", true)
	}
	out = append(appendMember(out, "counts"), '{')
	first := true
	for status := message.NoStatus; status <= message.Unknown; status++ {
		if n := counts[status]; n > 0 {
			member := appendIntMember(nil, status.String(), n)
			if first {
				member = member[1:]
			}
			out, first = append(out, member...), false
		}
	}
	c.buf = append(out, "}}}"...)
	c.write(200, c.buf)
}
