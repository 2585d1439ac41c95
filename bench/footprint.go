package bench

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// footprint measures what messages take: bytes on disk with everything that
// belongs to them, bytes written for them, memory of a relay that holds many
// and works, memory for each that waits while the providers answer nothing.
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
	to := b.side("full relay at work")
	if err := s.full(ctx, b, to); err != nil {
		return err
	}
	few, err := s.waiting(ctx, b, "few", s.pending/10)
	if err != nil {
		return err
	}
	many, err := s.waiting(ctx, b, "many", s.pending)
	if err != nil {
		return err
	}
	each := (many - few) / float64(s.pending-s.pending/10)
	to.Rounds[0]["per-pending"] = each
	for _, f := range []string{"disk", "written", "rss"} {
		b.figure("footprint."+f, to.Rounds[0][f])
	}
	b.figure("footprint.pending", max(each, 0))
	return nil
}

// full measures a relay that holds many messages while it takes as many more
// as it can, hands them to providers that answer nothing, and reads old ones:
// its caches, its mailboxes and what it sorts in memory are full then.
func (s *footprint) full(ctx context.Context, b *Bench, to *side) error {
	on, err := b.base(ctx, s.stored)
	if err != nil {
		return err
	}
	disk, err := diskUse(filepath.Join(on.dir, baseData))
	if err != nil {
		return err
	}
	w, err := b.worldOn(ctx, "full", 1, on)
	if err != nil {
		return err
	}
	defer w.abandon()
	if err := w.sims[0].knobs(ctx, silent); err != nil {
		return err
	}
	rested, err := w.metrics(ctx)
	if err != nil {
		return err
	}
	read := make(chan error, 1)
	go func() { read <- s.read(ctx, b, w.server) }()
	m, err := b.measure(ctx, to, w.server, b.single(w.server, b.Rate))
	if err = errors.Join(err, <-read); err != nil {
		return err
	}
	if err := failed(m.Outcome); err != nil {
		return err
	}
	peak, err := w.process.peakMemory()
	if err != nil {
		return err
	}
	n := float64(s.stored)
	m.round["disk"], m.round["written"] = disk/n, float64(on.Written)/n
	m.round["rss"], m.round["rss-at-rest"] = float64(peak), rested.value("process_resident_memory_bytes")
	b.view.Say(fmt.Sprintf("%.0f MB resident after the start, %.0f MB at most; %.0f B written and %.0f B kept for each message",
		m.round["rss-at-rest"]/1e6, m.round["rss"]/1e6, m.round["written"], m.round["disk"]))
	return b.audit(ctx, w.server)
}

// silent makes providers answer nothing for as long as a relay waits.
const silent = `{"latency":"20s"}`

// abandon is close for a world whose providers are silent: nobody waits for
// their answers.
func (w *world) abandon() {
	_ = w.kill()
	for _, s := range w.sims {
		_ = s.kill()
	}
}

// readBack is how many old messages are listed: several times what the caches
// have room for.
const readBack = 400_000

// read lists what the relay has held from the start.
func (s *footprint) read(ctx context.Context, b *Bench, srv *server) error {
	key, err := b.Admin.CreateKey(srv.dir, demo, true)
	if err != nil {
		return err
	}
	told := 0
	return list(ctx, srv.target.String(), key, func(Told) bool {
		told++
		return told < readBack
	})
}

// rest is how long a relay is left alone before it is looked at.
const rest = 2 * time.Second

// waiting is the memory that a relay's own objects take while so many messages
// wait for providers that answer nothing.
func (s *footprint) waiting(ctx context.Context, b *Bench, name string, pending int) (float64, error) {
	w, err := b.world(ctx, name, 1)
	if err != nil {
		return 0, err
	}
	defer w.abandon()
	if err := w.server.stop(); err != nil {
		return 0, fmt.Errorf("stop relay: %w", err)
	}
	filler, waiting, err := b.fill(ctx, w.dir, Filling{Workspace: live, Stored: pending, Pending: pending})
	if err == nil {
		err = filler.stop()
	}
	if err != nil {
		return 0, err
	}
	w.promised = waiting
	if err := w.sims[0].knobs(ctx, silent); err != nil {
		return 0, err
	}
	if err := w.start(ctx); err != nil {
		return 0, err
	}
	select {
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-time.After(rest):
	}
	memory, err := w.memory(ctx)
	if err != nil {
		return 0, err
	}
	return memory, b.audit(ctx, w.server)
}

// memory returns what the relay's objects take after two collections: the
// first leaves what pools still hold.
func (w *world) memory(ctx context.Context) (float64, error) {
	for range 2 {
		if _, err := get(ctx, w.ops+"/debug/pprof/heap?gc=1", ""); err != nil {
			return 0, fmt.Errorf("collect garbage: %w", err)
		}
	}
	m, err := w.metrics(ctx)
	return m.value("go_memstats_heap_alloc_bytes"), err
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
