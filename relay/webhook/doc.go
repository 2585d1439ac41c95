// Package webhook delivers the events of a workspace to its endpoints, as
// Standard Webhooks 1.0 says (https://www.standardwebhooks.com).
//
//	feed ──▶ page ──▶ window ──▶ POST ──▶ settled ──▶ outbox, durable
//	           │         ▲                   │
//	         cursor      └──── redeliveries ─┘
//
// Each endpoint has a courier of its own: a goroutine around an outbox, which
// is pure and decides what is delivered next. The outbox follows the feed with
// a cursor. An event that can't be delivered becomes a redelivery, durable
// before the cursor passes it, and the events behind it go on.
//
// # Guarantees
//
//   - At least once: the cursor passes an event only once it was delivered, was
//     given up after the last try, or waits as a redelivery.
//   - No endpoint waits for another one.
//   - Memory is bounded, whatever waits: a page of events and maxRedeliveries
//     names for each endpoint.
//   - A later event of a message is not sent while an earlier one is under way.
//     Redeliveries are out of order.
//   - No connection is opened to an address that the [Guard] denies, whatever a
//     name resolves to at the moment.
//   - While an endpoint is down, no event uses up its tries.
package webhook
