package store

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"messagehub/store/message"
)

// BenchmarkAccept measures a message from the front door's hands to the disk,
// with its sync, at 256 callers.
func BenchmarkAccept(b *testing.B) {
	for _, callers := range []int{1, 16, 256} {
		b.Run(fmt.Sprint(callers), func(b *testing.B) { benchmarkAccept(b, callers) })
	}
}

func benchmarkAccept(b *testing.B, callers int) {
	var records atomic.Int64
	s, err := Open(b.TempDir(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	s.Start(Hooks{
		Feed:      func(message.Lane, int, message.Job) {},
		Observe:   func(message.Event) {},
		Committed: func(int, time.Duration) { records.Add(1) },
	})
	defer s.Close()
	b.ReportAllocs()
	before := cpuTime(b)
	b.ResetTimer()
	var wg sync.WaitGroup
	var next atomic.Int64
	for c := range callers {
		wg.Go(func() {
			o := testOutbound()
			for {
				i := next.Add(1)
				if i > int64(b.N) {
					return
				}
				o.Salt = uint64(i)*2654435761 + uint64(c)
				if _, err := s.Accept(o, message.Idempotency{}); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N), "cpu-ns/op")
	b.ReportMetric(float64(b.N)/float64(records.Load()), "ops/sync")
	runtime.KeepAlive(s)
}

func cpuTime(t testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkLife measures all of a message's operations: accepted, started,
// taken by its provider, delivered.
func BenchmarkLife(b *testing.B) {
	s := openBench(b, b.TempDir())
	defer s.Close()
	b.ReportAllocs()
	before := cpuTime(b)
	b.ResetTimer()
	const callers = 256
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			for i := c; i < b.N; i += callers {
				if err := liveOnce(s, i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N), "cpu-ns/op")
}

func liveOnce(s *Store, i int) error {
	o := testOutbound()
	o.Salt = uint64(i)
	got, err := s.Accept(o, message.Idempotency{})
	if err != nil {
		return err
	}
	providerID := fmt.Sprint("wamid.", i)
	facts := []message.Fact{
		{Kind: message.Started, At: noon, Position: got.ID.Position(), Sender: "main"},
		{Kind: message.Accepted, At: noon, ProviderID: providerID, Segments: 1},
	}
	for _, f := range facts {
		if _, err := s.Fold(1, got.ID, f); err != nil {
			return err
		}
	}
	return s.Report([]message.Receipt{{Channel: "whatsapp", ProviderID: providerID, Status: message.Delivered, At: noon}}, noon)
}
