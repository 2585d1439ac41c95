package bench

import "messagehub/bench/result"

// Aim is a figure that scenarios come to. One with a Goal is what a relay is
// judged by: what it is meant to be, and what it must be.
type Aim struct {
	ID, What, Unit string
	Goal           *result.Goal
	Command        string // that measures it
}

func higher(aim, least float64) *result.Goal {
	return &result.Goal{Better: "higher", Aim: aim, Least: least}
}

func lower(aim, least float64) *result.Goal {
	return &result.Goal{Better: "lower", Aim: aim, Least: least}
}

// Aims is the table of figures, in the order in which they are shown.
func Aims() []Aim {
	return []Aim{
		{"accept.throughput", "durable 202s at 256 connections, fsync on, beside a bare fasthttp server", "x", higher(0.90, 0.78), "accept"},
		{"accept.cpu", "CPU per accepted message beside the bare server's request", "x", lower(1.25, 1.5), "accept"},
		{"accept.p99", "p99 at 70 % of the highest rate, open loop, over the bare server's at that rate", "s", lower(0.003, 0.008), "accept"},
		{"accept.allocs", "allocations per accepted message", "", lower(0, 2), "accept"},
		{"batch.throughput", "durable messages a second in batches of 1,000, beside own single sends", "x", higher(8, 5), "batch"},
		{"deliver.kannel", "messages a second end to end, beside Kannel 1.4.5", "x", higher(3, 2), "kannel"},
		{"deliver.allocs", "allocations per delivered message", "", lower(10, 25), "deliver"},
		{"tiers.workspaces", "enterprise workspaces at their full rate with p99 up to 20 ms and no 429", "", higher(400, 250), "tiers"},
		{"shed.cpu", "CPU per refused request beside an accepted one, 256 connections", "x", lower(0.35, 0.5), "shed"},
		{"distribute.p99", "p99 of single sends beside a distribution that runs, of that alone", "x", lower(2, 3), "distribute"},
		{"growth.stored", "CPU per message with many stored beside 100,000", "x", lower(1.1, 1.3), "growth"},
		{"growth.delivered", "the same of messages that are delivered, with receipt and events", "x", lower(1.1, 1.3), "growth"},
		{"growth.workspaces", "CPU per message of 10,000 workspaces beside 10", "x", lower(1.1, 1.3), "growth"},
		{"growth.keys", "CPU per message with 100,000 keys beside one", "x", lower(1.1, 1.3), "growth"},
		{"growth.connections", "CPU per message with 64 connections a client beside one", "x", lower(1.1, 1.3), "growth"},
		{"footprint.disk", "bytes on disk per message of 200 bytes, all in", "B", lower(1000, 2000), "footprint"},
		{"footprint.written", "bytes written to disk per message of 200 bytes, all in", "B", lower(1000, 2000), "footprint"},
		{"footprint.rss", "resident memory with many messages stored, at most, at full load", "B", lower(400e6, 700e6), "footprint --stored 10000000"},
		{"footprint.pending", "memory per pending message beyond the mailboxes", "B", lower(1, 16), "footprint"},
		{"recovery.first", "kill -9 with many stored: first 202", "s", lower(1, 2), "recovery --stored 10000000"},
		{"recovery.moving", "the same: the backlog moves", "s", lower(3, 5), "recovery --stored 10000000"},

		{"recovery.empty", "the same: the backlog is gone", "s", nil, "recovery"},
		{"deliver.rate", "messages a second from the request to the last event", "/s", nil, "deliver"},
		{"kannel.rate", "messages a second through Kannel to a provider that counts", "/s", nil, "kannel"},
		{"kannel.cpu", "CPU per delivered message beside Kannel's, which has no receipts", "x", nil, "kannel"},
		{"shed.flood", "the same in the larger flood, 1,600 connections unless --flood says otherwise", "x", nil, "shed"},
		{"distribute.rate", "messages a second that the distribution made meanwhile", "/s", nil, "distribute"},
		{"batch.lines", "10,000 messages as NDJSON in one request: time to the answer", "s", nil, "batch"},
		{"batch.fsyncs", "syncs of the log for them", "", nil, "batch"},
		{"batch.cpu", "CPU per message of a batch beside that of a single send", "x", nil, "batch"},
		{"fallback.accept-p99", "p99 of accepting with a channel down beside both up", "x", nil, "fallback-storm"},
		{"fallback.cpu", "CPU per message with a channel down beside both up", "x", nil, "fallback-storm"},
		{"fallback.delivered", "mean time from a message's expiry on the first channel to its delivery over the second", "s", nil, "fallback-storm"},
		{"noisy.p99", "p99 of the quiet ones beside the noisy one, of that alone", "x", nil, "noisy-neighbour"},
		{"noisy.refused", "requests of the quiet ones that were refused", "", nil, "noisy-neighbour"},
		{"receipts.rate", "receipts a second, signed, each durable before its answer", "/s", nil, "receipts"},
		{"receipts.cpu", "CPU per receipt", "s", nil, "receipts"},
		{"contacts.import", "contacts a second imported from CSV by the command line", "/s", nil, "contacts"},
		{"contacts.memory", "peak memory of the relay during the import", "B", nil, "contacts"},
		{"contacts.median", "median of a look-up by phone number, on one connection", "s", nil, "contacts"},
		{"contacts.p99", "p99 of the same", "s", nil, "contacts"},
		{"contacts.erasure", "one contact erased among all of them, until no file holds it", "s", nil, "contacts"},
		{"find-max.rate", "highest constant rate that keeps to the objective", "/s", nil, "find-max"},
		{"overload.2.goodput", "accepted at 2 × the peak, of the peak", "x", nil, "overload"},
		{"overload.5.goodput", "accepted at 5 × the peak, of the peak", "x", nil, "overload"},
		{"overload.10.goodput", "accepted at 10 × the peak, of the peak", "x", nil, "overload"},
		{"overload.2.p99", "others' p99 at 2 × the peak, of that alone", "x", nil, "overload"},
		{"overload.5.p99", "others' p99 at 5 × the peak, of that alone", "x", nil, "overload"},
		{"overload.10.p99", "others' p99 at 10 × the peak, of that alone", "x", nil, "overload"},
		{"overload.after", "others' p99 after the overload, of that before", "x", nil, "overload"},
	}
}
