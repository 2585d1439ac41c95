package message

// Booking is a part of a distribution's rate that is taken: N messages from the
// moment From, one after the other.
type Booking struct {
	From Time
	N    int
}

// MaxBookings bounds the bookings of a distribution.
const MaxBookings = 256

// Release lets messages go that a pause has withheld: those of the next of the
// Held runs, and of runs before it that hold none.
//
// Ownership: the log keeps nothing of it.
type Release struct {
	ID    ID
	Owner Owner
	// Version is the one that the distribution must have.
	Version Position
	At      Time
	// Progress is the new one.
	Progress DistributionProgress
	// Messages are those that are withheld; each goes at its moment, or at once
	// where that is 0.
	Messages []Going
}

// Going is a message that is released.
type Going struct {
	Message *Outbound
	At      Time
}
