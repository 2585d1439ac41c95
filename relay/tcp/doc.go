// Package tcp waits for many TCP connections with one goroutine, where the
// runtime would need one for each of them.
//
// The runtime's way costs a read that finds nothing, a goroutine put to sleep
// and one woken for every request. Here the one goroutine that waits learns
// which connections have something, reads once from each, and passes those that
// need to wait to goroutines of their own.
//
// It is made for Linux. Elsewhere [NewPoller] says that it is not supported.
package tcp

import "errors"

// ErrAgain says that a connection has nothing to read, or takes nothing, now.
var ErrAgain = errors.New("connection is not ready")
