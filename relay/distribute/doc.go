// Package distribute makes the messages of distributions: one content to many
// recipients.
//
//	log ──OpenDistributions────▶ Runner ── next(distribution, now) ──▶ what to do
//	 ▲                             │
//	 │                             ├── wait for the hour, the rate or the lanes
//	 └──── Expand: messages ◀──────┴── take recipients, route and render them
//	       and place, one record
//
// The decisions are pure: next says when a distribution makes messages and how
// many, route which channels a recipient is sent to, render what he reads, the
// timetable when one who sleeps is sent to. The Runner alone touches clock and log. It is one goroutine for all
// distributions, which take turns.
//
// Guarantees:
//   - Each recipient gets his message once, whatever crashes and whenever: see
//     [message.Expansion].
//   - The rate is kept on the average, a fiftieth of a second's messages at a
//     time, and after a restart none is made up for. Messages that wait for their
//     recipients' morning, and those that a pause has withheld, count for it when
//     they go.
//   - It makes at most [message.RecipientChunkSize] messages at a time, as bulk,
//     and then rests as long as that took.
//
// Not guaranteed: a contact who gets the tag while a distribution is being
// made may be reached, or not.
package distribute
