//go:build !linux || !cgo

package main

// oneArena does nothing: without the C library the cache is Go's own memory.
func oneArena() {}
