package relay

import (
	"errors"
	"fmt"
	"time"
)

// Limits bounds what clients can make the server do. A zero field takes its
// default.
type Limits struct {
	Connections int           // open at once; more are answered 503
	HeaderBytes int           // request line and header lines
	BodyBytes   int           // of one request
	Read        time.Duration // for one whole request to arrive
	Write       time.Duration // for one answer to leave
	Idle        time.Duration // between two requests of a connection

	InFlight      int   // requests on their way into the log
	InFlightBytes int   // their bodies
	InFlightShare int   // of InFlight, for one workspace
	Backlog       int64 // messages waiting in one lane

	FailuresPerMinute int // requests without a valid key, by client address
	AuditsPerMinute   int // audit entries of refused requests, in all

	// NoBackPressure: refusals are never held back, however fast they are
	// asked for.
	NoBackPressure bool
}

// EnsureDefaults fills in what is zero.
func (l *Limits) EnsureDefaults() {
	setDefault(&l.Connections, 16_384)
	setDefault(&l.HeaderBytes, 8<<10)
	setDefault(&l.BodyBytes, 256<<10)
	setDefault(&l.Read, 10*time.Second)
	setDefault(&l.Write, 10*time.Second)
	setDefault(&l.Idle, 30*time.Second)
	setDefault(&l.InFlight, 4096)
	setDefault(&l.InFlightBytes, 64<<20)
	setDefault(&l.InFlightShare, (l.InFlight+1)/2)
	setDefault(&l.Backlog, 5_000_000)
	setDefault(&l.FailuresPerMinute, 60)
	setDefault(&l.AuditsPerMinute, 600)
}

func setDefault[T int | int64 | time.Duration](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

// Validate returns every limit that can't be.
func (l *Limits) Validate() error {
	var faults []error
	for _, f := range []struct {
		name  string
		value int64
	}{
		{"connections", int64(l.Connections)},
		{"headerBytes", int64(l.HeaderBytes)},
		{"bodyBytes", int64(l.BodyBytes)},
		{"read", int64(l.Read)},
		{"write", int64(l.Write)},
		{"idle", int64(l.Idle)},
		{"inFlight", int64(l.InFlight)},
		{"inFlightBytes", int64(l.InFlightBytes)},
		{"inFlightShare", int64(l.InFlightShare)},
		{"backlog", l.Backlog},
		{"failuresPerMinute", int64(l.FailuresPerMinute)},
		{"auditsPerMinute", int64(l.AuditsPerMinute)},
	} {
		if f.value < 0 {
			faults = append(faults, fmt.Errorf("limit %s is negative", f.name))
		}
	}
	return errors.Join(faults...)
}
