// Package bench measures the relay: each scenario starts the processes that it
// needs, puts load on them, audits what became of every message, and leaves a
// [result.Result] behind. The generator is this process; the servers are
// others, so that what each costs can be told apart.
package bench

import (
	"context"
	"flag"
)

// Scenario is one thing to measure. It lives in a file of its own.
type Scenario interface {
	// Flags declares what can be chosen beside the [Options].
	Flags(f *flag.FlagSet)
	// Run measures. It adds sides, figures and audits to the Bench.
	Run(ctx context.Context, b *Bench) error
}

// Entry is a scenario's place in the table.
type Entry struct {
	Name  string
	Title string
	New   func() Scenario
}

// Scenarios is the table of what can be measured.
func Scenarios() []Entry {
	return []Entry{
		{"accept", "Durable 202s beside a bare server that answers the same bytes", func() Scenario { return &accept{} }},
		{"deliver", "From the request over provider and receipt to the last event", func() Scenario { return &deliver{} }},
		{"tiers", "How many enterprise workspaces at their full rate one relay serves", func() Scenario { return &tiers{} }},
		{"batch", "Batches of 1,000 messages beside single sends, and 10,000 messages in one request", func() Scenario { return &batch{} }},
		{"fallback-storm", "One channel goes down and everything moves on to the next", func() Scenario { return &fallbackStorm{} }},
		{"noisy-neighbour", "One workspace far above its limit, and what the others notice", func() Scenario { return &noisyNeighbour{} }},
		{"distribute", "Single sends beside a distribution to many contacts", func() Scenario { return &distribute{} }},
		{"overload", "More than the relay can take, half of it from one greedy workspace", func() Scenario { return &overload{} }},
		{"receipts", "A flood of signed receipts, each of them twice", func() Scenario { return &receipts{} }},
		{"recovery", "kill -9 of a full relay: time to the first 202, and until the backlog is gone", func() Scenario { return &recovery{} }},
		{"find-max", "The highest constant rate that keeps to an objective", func() Scenario { return &findMax{} }},
		{"growth", "CPU per message with many messages, workspaces, keys and connections beside few", func() Scenario { return &growth{} }},
		{"footprint", "Bytes on disk per message, memory with many stored, memory per pending", func() Scenario { return &footprint{} }},
		{"contacts", "An import of many contacts, look-ups by phone number, and one erasure", func() Scenario { return &contacts{} }},
		{"shed", "CPU per refused request beside an accepted one", func() Scenario { return &shed{} }},
		{"kannel", "From the request to the last event beside Kannel 1.4.5, which must be installed", func() Scenario { return &kannel{} }},
		{"load", "A constant rate on any relay, at --target", func() Scenario { return &anyLoad{} }},
	}
}

// Find returns the scenario of that name.
func Find(name string) (Entry, bool) {
	for _, e := range Scenarios() {
		if e.Name == name {
			return e, true
		}
	}
	return Entry{}, false
}
