package main

import (
	"strings"
	"sync"
	"testing"

	"messagehub/bench/load"
	"messagehub/cmd/messagehub/config"
	"messagehub/store/message"
)

// BenchmarkDeliver is a message from its request to its last event: accepted
// over HTTP, sent to Twilio's API on loopback, reported as sent and as
// delivered by two signed callbacks. Client and provider are in this process
// and allocate nothing for a message: the allocations are the relay's.
func BenchmarkDeliver(b *testing.B) {
	p := newBenchProvider(b)
	dir := b.TempDir()
	th := startHub(b, dir, func(o *hubOptions) {
		o.observed = func(message.Event) {}
		o.config.PublicURL = benchPublic
		o.log.attempts.Store(false)
		o.config.Limits.Backlog = 1 << 40
		o.config.Senders = []config.Sender{{Channel: "sms", Name: "main", Settings: p.settings(b, o.specs)}}
	})
	key, err := benchAdmin{}.CreateKey(dir, "demo", false)
	if err != nil {
		b.Fatal(err)
	}
	p.relay = strings.TrimPrefix(th.URL(), "http://")
	p.deliver(b, key, 512) // until connections and pools are there
	b.ReportAllocs()
	b.ResetTimer()
	p.deliver(b, key, b.N)
	b.StopTimer()
}

// deliver sends n messages and returns when all of them are delivered.
func (p *benchProvider) deliver(b *testing.B, key string, n int) {
	p.reports = make(chan [34]byte, n)
	target := mustParseURL(b, "http://"+p.relay)
	shape := load.Send(target, key, load.Message{Channel: "sms"})
	var clients sync.WaitGroup
	for i := range benchClients {
		clients.Go(func() {
			c := p.dial(b)
			defer c.Close()
			requests := shape.Clone()
			for k := i; k < n; k += benchClients {
				c.exchange(requests.Next(uint64(k), 2), "202")
			}
		})
	}
	var posters sync.WaitGroup
	for i := range benchPosters {
		posters.Go(func() {
			c := p.dial(b)
			defer c.Close()
			r, sid := newBenchReporter(), new([34]byte)
			for k := i; k < n; k += benchPosters {
				*sid = <-p.reports
				c.exchange(r.report(sid, "sent"), "200")
				c.exchange(r.report(sid, "delivered"), "200")
			}
		})
	}
	clients.Wait()
	posters.Wait()
}
