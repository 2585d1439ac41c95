package message

// Job is a message waiting in a lane: all that a shard needs to decide about
// it. The content stays in the log until it is sent.
type Job struct {
	Position  Position
	ID        ID
	Workspace WorkspaceID
	Attempt   int
	Recipient uint64 // hash of the address; equal addresses keep their order
	Number    uint64 // the address, if it is a phone number; else 0
	Priority  Priority
	Onward    bool // a failure takes the message to a further step
	Deadline  Time // it must be handed to a provider before this
	From      string
}

// Job returns the job of an attempt that is at step, but for its Position and
// its Deadline. From is the step's.
func (o *Outbound) Job(step, attempt int) Job {
	s := &o.Steps[step]
	return Job{
		ID: o.ID, Workspace: o.Workspace, Attempt: attempt, Recipient: RecipientHash(s.To), Number: PhoneNumber(s.To),
		Priority: o.Priority, Onward: o.Onward(step), From: s.From,
	}
}

// Bind makes the job one that only the attempt's own sender may have, if the
// attempt is Bound.
func (j *Job) Bind(a *Attempt) {
	if a.Bound {
		j.From, j.Onward = a.Sender, false
	}
}

// RecipientHash is FNV-1a of the address.
func RecipientHash(to string) uint64 {
	h := uint64(14695981039346656037)
	for i := 0; i < len(to); i++ {
		h = (h ^ uint64(to[i])) * 1099511628211
	}
	return h
}

// ShardOf returns which of a lane's shards owns the recipient.
func ShardOf(recipient uint64, shards int) int { return int(recipient % uint64(shards)) }

// maxDigits is what E.164 allows.
const maxDigits = 15

// PhoneNumber returns the digits of an address of the form "+14155550100" as
// a number, and 0 for any other. No country's code begins with 0, so none is
// lost.
func PhoneNumber(to string) uint64 {
	if len(to) < 2 || len(to) > 1+maxDigits || to[0] != '+' || to[1] == '0' {
		return 0
	}
	n := uint64(0)
	for i := 1; i < len(to); i++ {
		digit := to[i] - '0'
		if digit > 9 {
			return 0
		}
		n = n*10 + uint64(digit)
	}
	return n
}
