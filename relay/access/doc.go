// Package access manages API keys: for clients over the API, and for the
// operator over the admin socket.
//
// Guarantees: a change is durable and counts on the next request when its
// method returns. It is in the audit log, in the same record. Changes of one
// key never undo each other. A client's key gives nothing away that it does
// not have itself, and sees the keys of its own workspace alone; a test key
// sees test keys alone.
package access
