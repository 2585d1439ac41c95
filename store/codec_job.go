package store

import (
	"encoding/binary"
	"math"

	"messagehub/store/message"
)

const (
	jobVersion = 1
	// jobID is where a pending row's value holds the message's id.
	jobID = 1
)

// The bits of the byte that holds a Job's priority.
const (
	jobPriority = 3
	jobOnward   = 1 << 2
	jobNumber   = 1 << 3 // Number follows
	jobBits     = jobPriority | jobOnward | jobNumber
)

// appendJob appends the value of a pending row: the Job without its position,
// which is in the key, and since when it waits.
func appendJob(dst []byte, j *message.Job, since message.Time) []byte {
	dst = append(append(dst, jobVersion), j.ID[:]...)
	dst = binary.AppendUvarint(dst, uint64(j.Workspace))
	bits := byte(j.Priority) | bit(j.Onward)*jobOnward | bit(j.Number != 0)*jobNumber
	dst = append(dst, byte(j.Attempt), bits)
	if j.Number != 0 {
		dst = binary.AppendUvarint(dst, j.Number)
	}
	dst = binary.BigEndian.AppendUint64(dst, j.Recipient)
	dst = appendTime(dst, since)
	dst = appendTime(dst, j.Deadline-since)
	return append(dst, j.From...)
}

// decodeJob reads what appendJob wrote. j.From is a part of text.
func decodeJob(j *message.Job, text string) (since message.Time, err error) {
	r := openValue(text, jobVersion)
	r.bytes(j.ID[:])
	j.Workspace = message.WorkspaceID(r.int(math.MaxUint32))
	j.Attempt = int(r.enum(message.MaxAttempts - 1))
	bits := r.enum(jobBits)
	if j.Priority, j.Onward = message.Priority(bits&jobPriority), bits&jobOnward != 0; j.Priority > message.Bulk {
		r.fail()
	}
	if j.Number = 0; bits&jobNumber != 0 {
		j.Number = r.uint64()
	}
	j.Recipient = r.fixed64()
	since = r.time()
	j.Deadline = since + r.time()
	j.From, r.text = r.text, ""
	return since, r.done("pending row")
}
