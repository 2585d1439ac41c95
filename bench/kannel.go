package bench

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"messagehub/bench/load"
)

// kannel drives a Kannel gateway as deliver drives the relay: bench/kannel.sh
// starts it, with a mock of a provider behind it.
type kannel struct{ mock string }

// Flags implements [Scenario].
func (s *kannel) Flags(f *flag.FlagSet) {
	f.StringVar(&s.mock, "mock", "", "address of the mock that Kannel sends to")
}

// Run implements [Scenario]. A round lasts until the mock has everything that
// Kannel took.
func (s *kannel) Run(ctx context.Context, b *Bench) error {
	if b.Target == nil || s.mock == "" {
		return errors.New("give Kannel's address with --target and the mock's with --mock; bench/kannel.sh does")
	}
	srv := &server{name: "kannel", target: b.Target}
	b.plan(b.Rounds)
	to := b.side("kannel")
	err := b.repeat(func() error {
		before, err := s.received(ctx)
		if err != nil {
			return err
		}
		began := time.Now()
		m, err := b.measure(ctx, to, srv, load.Load{Target: b.Target, Sources: []load.Source{{
			Requests: sendsms(b.Target.Host), Connections: b.Connections,
		}}})
		if err != nil {
			return err
		}
		if err := failed(m.Outcome); err != nil {
			return err
		}
		last, err := s.settle(ctx, before+m.All().Accepted)
		m.round["delivered"] = m.round["messages"] / last.Sub(began).Seconds()
		return err
	})
	b.figure("kannel.rate", to.Values("delivered")...)
	return err
}

func (s *kannel) received(ctx context.Context) (int64, error) {
	body, err := get(ctx, "http://"+s.mock+"/count", "")
	if err != nil {
		return 0, fmt.Errorf("ask the mock: %w", err)
	}
	return strconv.ParseInt(strings.TrimSpace(string(body)), 10, 64)
}

// settle waits until the mock has received n messages.
func (s *kannel) settle(ctx context.Context, n int64) (time.Time, error) {
	for deadline := time.Now().Add(settleTime); ; {
		got, err := s.received(ctx)
		now := time.Now()
		switch {
		case err != nil || got >= n:
			return now, err
		case now.After(deadline):
			return now, fmt.Errorf("of %d messages the mock received only %d within %v", n, got, settleTime)
		}
		select {
		case <-ctx.Done():
			return now, ctx.Err()
		case <-time.After(settleEvery):
		}
	}
}

// sendsms makes requests of Kannel's HTTP interface: a text of 140 bytes, one
// part of an SMS.
func sendsms(host string) load.Requests {
	const path = "/cgi-bin/sendsms?username=bench&password=bench&from=15005550006&to=919"
	text := strings.ReplaceAll(load.Text(0)[load.RefDigits+1:load.RefDigits+141], " ", "+")
	head := "GET " + path
	return &numbered{
		bytes: []byte(head + "000000000&text=" + text + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n"), at: len(head),
	}
}

// numbered is requests that differ in nine digits.
type numbered struct {
	bytes []byte
	at    int
}

// Each implements [load.Requests]: answers hold no ids.
func (r *numbered) Each() int { return 0 }

// Clone implements [load.Requests].
func (r *numbered) Clone() load.Requests {
	return &numbered{append([]byte(nil), r.bytes...), r.at}
}

// Next implements [load.Requests].
func (r *numbered) Next(uint64, uint64) []byte {
	for i := r.at + 8; i >= r.at; i-- {
		if r.bytes[i]++; r.bytes[i] <= '9' {
			break
		}
		r.bytes[i] = '0'
	}
	return r.bytes
}

// ServeMock is the provider behind Kannel: it takes everything, and counts.
func ServeMock(ln net.Listener) error {
	var count atomic.Int64
	server := &fasthttp.Server{NoDefaultServerHeader: true, Handler: func(ctx *fasthttp.RequestCtx) {
		if string(ctx.Path()) == "/count" {
			fmt.Fprintln(ctx, count.Load())
			return
		}
		count.Add(1)
		ctx.SetStatusCode(fasthttp.StatusAccepted)
		ctx.SetBodyString("0: Accepted for delivery")
	}}
	return server.Serve(ln)
}
