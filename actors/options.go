package actors

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

// Log is where facts go. It alone decides about a message's state. An error
// that is not [message.ErrNotFound] means that it takes nothing any more.
type Log interface {
	// FoldInto records a fact. It is durable when FoldInto returns. The State, if
	// not nil, becomes the message's; its memory is used again.
	FoldInto(message.WorkspaceID, message.ID, message.Fact, *message.State) (message.Folded, error)
	// Message reads a message as it stands.
	Message(message.WorkspaceID, message.ID) (*message.Outbound, *message.State, error)
}

// Backlog reads the jobs that wait in the log.
type Backlog interface {
	// Backlog appends jobs after the given position to dst, in log order, up
	// to its capacity; fewer mean that there are no more.
	Backlog(lane message.Lane, shard int, after message.Position, dst []message.Job) ([]message.Job, error)
}

// Inbox is where messages of recipients go; durable when it returns nil.
type Inbox interface {
	Receive([]message.Inbound) error
}

// Options of a System. Zero values mean the defaults, except where it says
// that they are required.
type Options struct {
	Specs []channel.Spec // required
	// Senders are the configured ways to the providers, which [System.Reload]
	// may replace. A lane without any refuses its messages.
	Senders []Sender
	Log     Log     // required
	Backlog Backlog // required
	// Reports takes what adapters are told outside of callbacks. It may be nil
	// where none of them is.
	Reports Reports
	// Inbox takes what recipients write. It may be nil: that is dropped.
	Inbox Inbox
	// Shards of each lane; required, and the same as the log's.
	Shards   int
	Listener Listener
	Now      func() time.Time
	// Random returns numbers in [0,1); it is called from many goroutines.
	Random func() float64
	// Drain is how long sends in flight may take to finish at the end.
	Drain time.Duration
	// Overlap is how long receipts are taken for settings of a sender, or a
	// whole sender, that a reload has put an end to.
	Overlap time.Duration
	// Mailbox is how many jobs a shard's mailbox holds, Window how many jobs of
	// one sender a shard looks at, a quarter of them of one flow.
	Mailbox, Window int
	// grace is what sends have to notice that they are abandoned.
	grace time.Duration
}

// Sender is a sender of a channel. Members of Pace that are zero are the
// channel's.
type Sender struct {
	Channel string
	channel.Sender
	Pace  channel.Pace
	Share Share
	// Paused: it starts nothing until it is resumed, if it is not at work yet.
	Paused bool
	// Former are settings that it had in another life of the process, the newest
	// first. A reload does not look at them: what it replaces, the System knows.
	Former []Former
}

// Former are settings that a sender had: receipts for them are still taken.
type Former struct {
	Settings    channel.Values
	CallbackURL string
	Until       message.Time
}

const (
	defaultDrain    = 10 * time.Second
	defaultOverlap  = 24 * time.Hour
	defaultGrace    = 5 * time.Second
	defaultMailbox  = 1024
	defaultWindow   = 4096
	defaultInFlight = 16
	defaultTimeout  = 30 * time.Second
	maxAsks         = 64
	maxExpiring     = 64
)

// EnsureDefaults fills in what is left zero.
func (o *Options) EnsureDefaults() {
	o.Listener.ensureDefaults()
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Float64
	}
	if o.Drain == 0 {
		o.Drain = defaultDrain
	}
	if o.Overlap == 0 {
		o.Overlap = defaultOverlap
	}
	if o.grace == 0 {
		o.grace = defaultGrace
	}
	if o.Mailbox == 0 {
		o.Mailbox = defaultMailbox
	}
	if o.Window == 0 {
		o.Window = defaultWindow
	}
}

// Validate reports everything that is wrong.
func (o *Options) Validate() error {
	var faults []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	check(o.Log != nil, "log is missing")
	check(o.Backlog != nil, "backlog is missing")
	check(o.Shards > 0, "shards must be positive")
	check(o.Mailbox > 0, "mailbox must be positive")
	check(o.Window > 0, "window must be positive")
	check(o.Drain > 0, "drain must be positive")
	specs := make(map[string]bool)
	for _, spec := range o.Specs {
		check(!specs[spec.Name], "channel %s is listed twice", spec.Name)
		specs[spec.Name] = true
	}
	type name struct {
		lane message.Lane
		name string
	}
	senders := make(map[name]bool)
	for _, s := range o.Senders {
		key := name{s.lane(), s.Name}
		check(s.Name != "", "a sender of %s has no name", s.lane())
		check(specs[s.Channel], "sender %s: no channel %s", s.Name, s.Channel)
		check(!senders[key], "sender %s of %s is listed twice", s.Name, s.lane())
		senders[key] = true
	}
	return errors.Join(faults...)
}

func (s *Sender) lane() message.Lane { return message.Lane{Channel: s.Channel, Test: s.Test} }

// paced returns the sender's pace: its own where set, else the channel's.
func (s *Sender) paced(spec channel.Pace) channel.Pace {
	p := s.Pace
	if p.PerSecond == 0 {
		p.PerSecond = spec.PerSecond
	}
	if p.Burst == 0 {
		p.Burst = spec.Burst
	}
	if p.InFlight == 0 {
		p.InFlight = spec.InFlight
	}
	if p.Timeout == 0 {
		p.Timeout = spec.Timeout
	}
	if p.InFlight <= 0 {
		p.InFlight = defaultInFlight
	}
	if p.Timeout <= 0 {
		p.Timeout = defaultTimeout
	}
	return p
}
