package message

import "errors"

// Query asks for a workspace's messages, newest first. The zero value of a
// filter lets everything through.
type Query struct {
	Test      bool
	Status    Status
	Channel   string // of the attempt that the message shows
	To        string // the message's own recipient
	Reference string
	From      Time // accepted at or after it
	Until     Time // accepted before it
	// After is the place where the page before ended; 0 starts at the newest.
	After Position
	Limit int
}

// Page is part of the answer to a Query. It may be short, even empty, and
// still not be the last one: a search reads a bounded number of messages.
type Page struct {
	Messages []Folded
	// Next goes into the next Query's After; 0: there is no more.
	Next Position
}

// ErrNotFound is the answer to an id that names nothing of the workspace.
var ErrNotFound = errors.New("no such message")
