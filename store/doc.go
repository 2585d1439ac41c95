// Package store is the durable log of messages and the rows that it folds into.
// Pebble's own write-ahead log is the journal: nothing is written twice.
//
// # How a message is written
//
//	caller     encode ─▶ put ──▶ queue                               ┌─▶ returns
//	committer                     └─▶ number, copy ─▶ sync ─▶ feed, observe, answer
//
// One goroutine, the committer, writes. It takes all operations that wait as
// one record: a Pebble batch with one log sequence and one sync. An operation's
// place in the log is its Position, sequence and index; the id of a message
// holds the position at which it was accepted, so a look-up needs no index.
// What is decided against rows (a fact about a message, a receipt, an
// idempotency key) is decided by the committer, against the rows as the
// operations before have left them.
//
// # Guarantees
//
//   - What was acknowledged is on disk: no caller has an answer, no mailbox a
//     job, no observer an event and no reader a row before the record's sync.
//   - Jobs and events are told in log order, once per life of the process; the
//     Backlog and Events say the same again after a restart.
//   - A message has one id per idempotency key for 24 hours, whatever happens.
//   - The feed has no gaps: whoever goes on from the last position he has seen
//     misses nothing.
//   - After the first write or sync that fails, nothing is acknowledged any
//     more; a later success of the disk does not count.
//   - Operations are deterministic: the same ones on the same rows write the
//     same bytes. Times and random bits are in them.
//   - A workspace never reads another's rows: it is the first part of their keys.
//   - Nobody is sent to whose opt-out was durable before the send was started:
//     the committer decides, whatever way the message came.
//   - When an erasure is done, no file of the directory holds what it erased, but
//     for what Erasing below says of provider ids.
//
// # Non-guarantees
//
//   - An operation that was answered with ErrPoisoned may be on disk, or not.
//   - Jobs told before a crash are not told again: their rows are in the
//     Backlog. Whether a provider has a message that was Started is for its
//     shard to find out.
//   - A timer can fire late, and after it has become pointless: its fact is
//     then refused.
//   - Receipts for an unknown provider id are kept for 24 hours, at most 16 of
//     each id; provider ids are found for 32 to 64 days.
//   - After the wall clock was set back by more than an hour, a List with Until
//     can miss messages from that time.
//
// # Keys
//
// Numbers are big endian. A lane is the channel's name, 0, and 1 for the
// sandbox or 0.
//
//	m workspace 4 id 16                          a message as it was asked for
//	s workspace 4 id 16                          its state; absent: as accepted
//	p lane shard 2 position 8                    a job that waits
//	t due 8 kind 1 attempt 1 workspace 4 id 16   a timer of a message
//	t due 8 0x80 lane provider id                a timer of early receipts
//	e workspace 4 position 8 ordinal 1           a public event but the first
//	x period 4 lane provider id                  the attempt of a provider's id
//	o lane provider id                           early receipts
//	i day 4 workspace 4 route 0 key              an idempotency key's message
//	b workspace 4 id 16                          a batch and what became of it
//	c i workspace 4 test 1 id 16                 a contact
//	c x workspace 4 test 1 hash 16               the contact of an external id
//	c a workspace 4 test 1 hash 16 id 16         a contact of an address
//	c t workspace 4 test 1 hash 16 id 16         a contact of a tag
//	c o workspace 4 test 1 hash 16               an opt-out of an address
//	c d workspace 4 test 1 id 16                 the erasure of a contact
//	r workspace 4 id 16                          a message that a recipient wrote
//	d p workspace 4 id 16                        a distribution as it was asked for
//	d s workspace 4 id 16                        how far it has come
//	d r workspace 4 id 16 chunk 4                its own recipients, until they have their messages
//	d c workspace 4 id 16 number 4               a run of messages that were made for it
//	d x workspace 4 id 16 hash 16                a contact or an address that it has reached, until all have
//	w, k, a                                      workspaces, keys, audit log
//	v name                                       a value that its owner has sealed
//	h kind 1 workspace 4 id 16                   an endpoint for events, its outbox ('o'), its replay ('p')
//	h r workspace 4 id 16 position 8 ordinal 1   an event that is delivered to it again
//	h d workspace 4 id 16 number 8               a line of its log of deliveries
//	z/head                                       how far the log has come
//	z/hour/ hour 4                               the first sequence of an hour
//	z/schema, z/…                                what the directory was made with
//
// An accept writes two rows, m and p (and i): the event that it is, is read
// from m. So the feed merges the m and e rows of a workspace, both of which
// sort by position. Rows found by a foreign key lie in periods (32 days, a
// day), and go by removing whole periods.
//
// # Values
//
//	┌───────────┬──────────────────────────────────────────┐
//	│ version 1 │ members in a fixed order                 │
//	└───────────┴──────────────────────────────────────────┘
//
// Numbers are uvarints, zigzag where they can be negative; texts have their
// length before them; rare members follow only where a bit says so. The State
// begins with the position of the fact that made it: a reader who finds one
// that is not durable yet waits.
//
// # Erasing
//
// What an erasure has removed from the rows is still in old logs and tables, and
// keys stay in the manifest. So keys hold hashes in place of what is personal;
// and an erasure is done only when the engine has changed its logs, has written
// the tables anew and has removed the old ones. An opt-out is a row by the hash
// of an address, and outlives the contact. A provider's own id can hold an
// address: it is gone from all rows, but as the bound of a table it can stay in
// the manifest until the next start.
//
// # Beside the rows
//
// Pebble does not notice the loss of the last blocks of its log. Two slots of
// a superblock, hw.0 and hw.1, say how far the log had come at the least; a
// directory that ends before is refused.
package store
