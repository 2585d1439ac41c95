// Command messagehub is the relay: one binary that serves, simulates its
// providers, and administers its store.
package main

import (
	"context"
	"os"
	_ "time/tzdata" // zones of contacts are known wherever it runs
)

// version is set by the linker.
var version = ""

func main() {
	oneArena()
	os.Exit(execute(context.Background(), os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr}))
}
