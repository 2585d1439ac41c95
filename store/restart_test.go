package store

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"messagehub/store/message"
)

// BenchmarkRestart measures the way from Open to the first message taken,
// after a kill, with a hundred thousand of a million messages still pending.
func BenchmarkRestart(b *testing.B) {
	const messages, pending = 1_000_000, 100_000
	live, dir := filepath.Join(b.TempDir(), "data"), filepath.Join(b.TempDir(), "killed")
	s := openBench(b, live)
	fillStore(b, s, messages, pending)
	copyDir(b, live, dir)
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for range b.N {
		b.StopTimer()
		again := filepath.Join(b.TempDir(), "again")
		copyDir(b, dir, again)
		b.StartTimer()
		start := time.Now()
		s := openBench(b, again)
		opened := time.Since(start)
		if _, err := s.Accept(testOutbound(), message.Idempotency{}); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(time.Since(start).Milliseconds()), "ms-to-first-accept")
		b.ReportMetric(float64(opened.Milliseconds()), "ms-to-open")
		b.StopTimer()
		drainBacklog(b, s, pending+1)
		b.ReportMetric(float64(time.Since(start).Milliseconds()), "ms-to-whole-backlog")
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

func openBench(b *testing.B, dir string) *Store {
	s, err := Open(dir, Options{LowWater: -1})
	if err != nil {
		b.Fatal(err)
	}
	s.Start(Hooks{})
	return s
}

// fillStore accepts messages, and hands all but the last few to a provider.
func fillStore(b *testing.B, s *Store, messages, pending int) {
	const callers = 256
	var wg sync.WaitGroup
	for g := range callers {
		wg.Go(func() {
			o := testOutbound()
			for i := g; i < messages; i += callers {
				o.Steps[0].To, o.Salt = fmt.Sprint("+82", i), uint64(i)
				got, err := s.Accept(o, message.Idempotency{})
				if err != nil {
					b.Error(err)
					return
				}
				if i >= messages-pending {
					continue
				}
				fact := message.Fact{Kind: message.Started, At: noon, Position: got.ID.Position(), Sender: "main"}
				_, err = s.Fold(1, got.ID, fact)
				if err == nil {
					_, err = s.Fold(1, got.ID, message.Fact{Kind: message.Accepted, At: noon, ProviderID: fmt.Sprint("wamid.", i)})
				}
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func drainBacklog(b *testing.B, s *Store, want int) {
	n := 0
	lane := message.Lane{Channel: "whatsapp"}
	page := make([]message.Job, 0, 1000)
	for shard := range s.Shards() {
		after := message.Position(0)
		for {
			jobs, err := s.Backlog(lane, shard, after, page[:0])
			if err != nil {
				b.Fatal(err)
			}
			if len(jobs) == 0 {
				break
			}
			n += len(jobs)
			after = jobs[len(jobs)-1].Position
		}
	}
	if n != want || s.Pending(lane) != int64(want) {
		b.Fatalf("%d jobs, %d pending, want %d", n, s.Pending(lane), want)
	}
}

func copyDir(b *testing.B, from, to string) {
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		b.Fatal(err)
	}
}
