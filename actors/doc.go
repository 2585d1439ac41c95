// Package actors delivers what the log holds: it takes each waiting job at its
// turn, hands it to its channel's provider once, and records what came of it.
//
// A [System] has a lane for each channel, live and test apart; a lane has
// shards, and all messages to one recipient meet in one shard. A shard is one
// goroutine, the actor, around a pure core:
//
//	log ──feed──▶ mailbox ──▶ shard.step(event) ──▶ actions
//	 │  ◀──Backlog── behind      │    ▲                │
//	 │                        asks    │ permits        ▼
//	 │                         gate of the sender   attempt: Started, Send, outcome
//	 ◀─────────────────────────── facts ────────────────┘
//
// The shard decides the order: recipients, workspaces, priorities, deadlines.
// The gate of a sender, shared by the shards of its lane, decides the pace:
// rate, Retry-After, sends in flight, breaker. The retry policy decides what an
// outcome means. All three are pure; the actor alone touches clock, log and
// network.
//
// Guarantees:
//   - Nothing is sent whose start is not durable, and no job is started twice:
//     a crash leaves an attempt that is known to be unknown.
//   - A sender has at most one send to a recipient in flight, and messages of
//     one workspace and priority to one recipient are started in log order,
//     until one is retried.
//   - The choice of a sender is pure: while the senders of a lane stay as they
//     are, a recipient keeps its own. When one comes, goes, fails or recovers,
//     what waits is read again from the log and goes, in log order, where the
//     choice then says.
//   - A sender that is paused, stopped or slow holds back its own messages
//     alone: those that name it, and those that no other sender can take. And a
//     workspace that floods a lane holds back its own alone: what has no place
//     in the window stays in the log and is read again.
//   - A message is never handed over after its deadline.
//
// Not guaranteed: order between priorities, workspaces, senders or channels,
// and order after a retry or a fallback. While a recipient changes its sender,
// one send of each can be in flight to it.
package actors
