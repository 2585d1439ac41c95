package bench

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"messagehub/bench/result"
)

// footprint measures what messages take: bytes on disk with everything that
// belongs to them, memory with many stored, memory for each that waits while
// the providers answer nothing.
type footprint struct{ stored, pending int }

// Flags implements [Scenario].
func (s *footprint) Flags(f *flag.FlagSet) {
	f.IntVar(&s.stored, "stored", 1_000_000, "messages in the log, delivered")
	f.IntVar(&s.pending, "pending", 500_000, "messages that wait, beside one tenth of them")
}

// Run implements [Scenario].
func (s *footprint) Run(ctx context.Context, b *Bench) error {
	b.set("stored", strconv.Itoa(s.stored))
	b.set("pending", strconv.Itoa(s.pending))
	to := b.side("relay")
	to.Loop = "none"
	stored, err := s.held(ctx, b, "stored", s.stored, 0)
	if err != nil {
		return err
	}
	few, err := s.held(ctx, b, "few", s.pending/10, s.pending/10)
	if err != nil {
		return err
	}
	many, err := s.held(ctx, b, "many", s.pending, s.pending)
	if err != nil {
		return err
	}
	each := (many.heap - few.heap) / float64(s.pending-s.pending/10)
	to.Rounds = append(to.Rounds, result.Round{
		"disk": stored.disk / float64(s.stored), "rss": stored.rss, "heap": stored.heap, "rss-pending": many.rss, "per-pending": each,
	})
	b.figure("footprint.disk", stored.disk/float64(s.stored))
	b.figure("footprint.rss", stored.rss)
	b.figure("footprint.pending", max(each, 0))
	return nil
}

// taken is what a relay takes once it has come to rest.
type taken struct{ disk, rss, heap float64 }

// rest is how long a relay is left alone before it is looked at.
const rest = 2 * time.Second

// held is what a relay takes that holds so many messages, of which some wait
// for providers that answer nothing.
func (s *footprint) held(ctx context.Context, b *Bench, name string, stored, pending int) (taken, error) {
	var t taken
	w, err := b.world(ctx, name, 1)
	if err != nil {
		return t, err
	}
	defer w.close()
	if err := w.server.stop(); err != nil {
		return t, fmt.Errorf("stop relay: %w", err)
	}
	waiting, err := b.fill(ctx, w.dir, filling{stored: stored, pending: pending, first: b.numbers()})
	if err != nil {
		return t, err
	}
	w.promised = waiting
	if err := w.sims[0].knobs(ctx, `{"latency":"20s"}`); err != nil {
		return t, err
	}
	if err := w.start(ctx); err != nil {
		return t, err
	}
	select {
	case <-ctx.Done():
		return t, ctx.Err()
	case <-time.After(rest):
	}
	if t.disk, err = diskUse(w.dir); err != nil {
		return t, err
	}
	if t, err = w.memory(ctx, t); err != nil {
		return t, err
	}
	if pending == 0 {
		return t, nil
	}
	a := NewAccount(name, w.promised)
	a.MayWait, a.Unanswered = true, int64(stored-pending)
	return t, b.concludeNewest(ctx, w.server, a, len(w.promised))
}

// memory reads what the relay takes after a collection.
func (w *world) memory(ctx context.Context, t taken) (taken, error) {
	if _, err := get(ctx, w.ops+"/debug/pprof/heap?gc=1", ""); err != nil {
		return t, fmt.Errorf("collect garbage: %w", err)
	}
	m, err := w.metrics(ctx)
	t.rss, t.heap = m.value("process_resident_memory_bytes"), m.value("go_memstats_heap_inuse_bytes")
	return t, err
}

// diskUse adds up what the files below a directory occupy.
func diskUse(dir string) (float64, error) {
	total := int64(0)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil // the log's files come and go
		}
		var st unix.Stat_t
		if unix.Stat(path, &st) == nil {
			total += st.Blocks * 512
		}
		return nil
	})
	return float64(total), err
}
