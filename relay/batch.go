package relay

import (
	"bytes"
	"math/rand/v2"
	"strconv"

	"messagehub/store/message"
)

// Batches takes many messages in one request.
type Batches interface {
	NewBatch(ws message.WorkspaceID, test bool, at message.Time, salt uint64) message.BatchEntry
}

const (
	batchPath = "/api/v1/messages/batch"
	// maxBatchJSON and maxBatchLines are how many messages a batch may have, as
	// one JSON document and as NDJSON.
	maxBatchJSON  = 1000
	maxBatchLines = 10_000
	// maxBatchBytes is the largest batch.
	maxBatchBytes = 16 << 20
	// maxLargeBatches bounds the batches beyond the API's limit that are held
	// at once.
	maxLargeBatches = 8
)

// batch is one POST /api/v1/messages/batch.
type batch struct {
	*call
	options batchOptions
	entry   message.BatchEntry
	bad     int
}

// sendBatch is POST /api/v1/messages/batch.
//
// Guarantee: it is answered 202 once every accepted message is durable.
func (s *Server) sendBatch(c *call) {
	body := c.http.Request.Body()
	defer c.doneBatch(len(body))
	if !c.enterGate(len(body)) {
		c.shed(Overloaded, retryJitter())
		return
	}
	key, fault := c.idempotency(message.BatchRoute, body)
	if fault != nil {
		c.failAs(*fault)
		return
	}
	b := &batch{call: c}
	messages, fault := b.read(body)
	if fault != nil {
		c.failAs(*fault)
		return
	}
	if !s.waiters.hold(c.key.Workspace, key) {
		c.failAs(Fault{Code: InProgress, Param: idempotencyHeader})
		return
	}
	defer s.waiters.release(c.key.Workspace, key)
	b.accept(messages, key)
}

// doneBatch gives back the place that a large batch took, or one of unknown
// length.
func (c *call) doneBatch(size int) {
	if c.head.coding {
		size = maxBatchBytes
	}
	c.server.batches.done(size, c.server.o.Limits.BodyBytes)
}

// read reads what is said about the batch, and returns its messages.
func (b *batch) read(body []byte) (messages [][]byte, fault *Fault) {
	lines := b.head.lines()
	if fault := b.options.query(b.call); fault != nil {
		return nil, fault
	}
	limit := maxBatchJSON
	if lines {
		limit = maxBatchLines
		messages = splitLines(body)
	} else if messages, fault = b.options.document(body, b.server.reader, b.key, b.at); fault != nil {
		return nil, fault
	}
	switch {
	case len(messages) == 0:
		return nil, &Fault{Code: MissingParameter, Param: "messages", Message: "The batch holds no message."}
	case len(messages) > limit:
		return nil, &Fault{Code: BatchTooLarge, Param: "messages", Message: "The batch has " + strconv.Itoa(len(messages)) + " messages."}
	}
	return messages, nil
}

// splitLines returns the lines that hold anything.
func splitLines(body []byte) [][]byte {
	var lines [][]byte
	for len(body) > 0 {
		var line []byte
		line, body, _ = bytes.Cut(body, []byte{'\n'})
		if line = bytes.TrimSpace(line); len(line) > 0 {
			lines = append(lines, line)
		}
	}
	return lines
}

// accept puts the good messages into the log and answers.
func (b *batch) accept(messages [][]byte, key message.Idempotency) {
	s := b.server
	b.entry = s.o.Batches.NewBatch(b.key.Workspace, b.key.Test, b.at, rand.Uint64()&(1<<44-1))
	for _, text := range messages {
		b.add(text)
	}
	if b.bad > 0 && b.options.atomic {
		b.abort(messages)
		return
	}
	b.inLog = true
	done, err := b.entry.Commit(key)
	b.inLog = false
	b.leaveGate()
	if err != nil {
		b.failAccept(err)
		return
	}
	b.writeBatch(&done)
}

// add reads one message and enters it, or why it is not taken.
func (b *batch) add(text []byte) {
	s := b.server
	d := s.reader.readWith(text, b.options.defaults, b.key, b.at)
	defer s.reader.release(d)
	if len(d.faults) == 0 && s.full(d.out.Lane(0)) {
		d.add(Fault{Code: BacklogFull, Message: s.problem(BacklogFull).Text})
	}
	if len(d.faults) == 0 {
		d.out.Salt = rand.Uint64() & (1<<44 - 1)
		d.out.TraceParent = traceParent(borrow(b.head.traceParent))
		d.out.ClientRequestID = clientRequestID(borrow(b.head.requestID))
		b.inLog = true
		err := b.entry.Add(&d.out, b.options.dedupe)
		b.inLog = false
		if err == nil {
			return
		}
		d.add(Fault{Code: Internal, Message: s.problem(Internal).Text})
	}
	b.bad++
	b.entry.Reject(string(s.appendRejection(nil, d.faults)))
}

// appendRejection appends why a message of a batch is not taken.
func (s *Server) appendRejection(dst []byte, faults []Fault) []byte {
	first := faults[0]
	if first.Message == "" {
		first.Message = s.problem(first.Code).Text
	}
	dst = append(dst, `{"code":`...)
	dst = appendString(dst, string(first.Code))
	dst = appendStringMember(dst, "message", first.Message)
	dst = appendOptionalMember(dst, "param", first.Param)
	dst = append(dst, `,"errors":[`...)
	for i := range faults {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendFault(dst, &faults[i])
	}
	return append(dst, "]}"...)
}

// abort answers 400 for an atomic batch with a bad message: nothing of it has
// been accepted.
func (b *batch) abort(messages [][]byte) {
	aborted := b.server.appendRejection(nil, []Fault{{Code: BatchRefused}})
	refused := message.Batch{Items: make([]message.BatchItem, len(messages))}
	for i, text := range messages {
		d := b.server.reader.readWith(text, b.options.defaults, b.key, b.at)
		refused.Items[i].Error = string(aborted)
		if len(d.faults) > 0 {
			refused.Items[i].Error = string(b.server.appendRejection(nil, d.faults))
		}
		b.server.reader.release(d)
	}
	b.writeBatch(&refused)
}

// writeBatch answers with what became of each message: 202, or 400 where none
// was taken.
func (b *batch) writeBatch(done *message.Batch) {
	out := append(b.buf[:0], `{"data":{"batchId":`...)
	if done.ID.IsZero() {
		out = append(out, "null"...)
	} else {
		out = append(message.AppendID(append(out, '"'), message.PrefixBatch, done.ID), '"')
	}
	out = appendBatchCounts(out, done)
	if done.Test || b.key.Test {
		out = appendBoolMember(out, "test", true)
	}
	out = append(appendMember(out, "results"), '[')
	for i := range done.Items {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendBatchItem(out, i, &done.Items[i])
	}
	b.buf = append(out, "]}}"...)
	if done.Replayed {
		b.set("Idempotency-Replayed", bytesOf("true"))
	}
	status := 202
	if done.Count(message.BatchRejected) == len(done.Items) {
		status = 400
	}
	b.write(status, b.buf)
}

func appendBatchCounts(out []byte, b *message.Batch) []byte {
	out = appendIntMember(out, "accepted", b.Count(message.BatchAccepted))
	out = appendIntMember(out, "rejected", b.Count(message.BatchRejected))
	return appendIntMember(out, "duplicates", b.Count(message.BatchDuplicate))
}

func appendBatchItem(out []byte, i int, item *message.BatchItem) []byte {
	out = strconv.AppendInt(append(out, `{"index":`...), int64(i), 10)
	switch item.Kind {
	case message.BatchRejected:
		return append(append(appendMember(out, "error"), item.Error...), '}')
	case message.BatchDuplicate:
		out = append(message.AppendID(append(out, `,"messageId":"`...), message.PrefixMessage, item.ID), '"')
		return append(out, `,"status":"duplicate"}`...)
	}
	out = append(message.AppendID(append(out, `,"messageId":"`...), message.PrefixMessage, item.ID), '"')
	return append(appendStringMember(out, "status", item.Status.String()), '}')
}
