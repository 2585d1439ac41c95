//go:build linux && cgo

package main

/*
#include <malloc.h>

static void one_arena(void) {
#ifdef M_ARENA_MAX
	mallopt(M_ARENA_MAX, 1);
#endif
}
*/
import "C"

// oneArena keeps the memory that the log's cache takes from the C library in one
// arena. By default there are eight for each processor, and what one has freed
// no other uses: the cache then takes up to twice its size. It must come before
// the first threads.
func oneArena() { C.one_arena() }
