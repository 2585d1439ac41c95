package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"messagehub/store/message/json"
)

// base is a log of delivered messages that has come to rest: what relays begin
// with that are to hold many. They belong to the demo's workspace.
type base struct {
	dir     string
	Stored  int
	Written int64 // bytes, by all who made it
}

// demo is the workspace of a relay that delivers nothing.
const demo = "demo"

// The parts of a base's directory. The note is written last: without it the
// base is not whole.
const (
	baseData = "data"
	baseNote = "base.json"
)

// base returns a base of so many messages: of this run, or one that was kept.
func (b *Bench) base(ctx context.Context, stored int) (*base, error) {
	o := &base{dir: b.path("base-" + strconv.Itoa(stored)), Stored: stored}
	if b.Filled != "" {
		o.dir = filepath.Join(b.Filled, strconv.Itoa(stored))
	}
	note, err := os.ReadFile(filepath.Join(o.dir, baseNote))
	if err == nil {
		return o, json.Unmarshal(note, o)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read kept log: %w", err)
	}
	if err := o.make(ctx, b); err != nil {
		return nil, fmt.Errorf("fill log: %w", err)
	}
	if note, err = json.Marshal(o); err != nil {
		return nil, err
	}
	return o, os.WriteFile(filepath.Join(o.dir, baseNote), note, 0o600)
}

// make fills the base, and lets the relay write its tables anew until it has
// nothing left to do.
func (o *base) make(ctx context.Context, b *Bench) error {
	data := filepath.Join(o.dir, baseData)
	if err := errors.Join(os.RemoveAll(o.dir), os.MkdirAll(data, 0o700)); err != nil {
		return err
	}
	relay := &server{name: "base", dir: data}
	if err := b.startPaused(ctx, relay); err != nil {
		return err
	}
	if err := relay.stop(); err != nil {
		return err
	}
	filler, _, err := b.fill(ctx, data, Filling{Workspace: demo, Test: true, Stored: o.Stored})
	if err != nil {
		return err
	}
	if err := filler.stop(); err != nil {
		return err
	}
	if err := b.startPaused(ctx, relay); err != nil {
		return err
	}
	if err := errors.Join(relay.idle(ctx), relay.stop()); err != nil {
		return err
	}
	o.Written = filler.written() + relay.process.written()
	return nil
}

// copyTo gives a relay that has not been started yet the base for its data.
// Tables never change, so they are linked; all else is copied. Of nil it does
// nothing.
func (o *base) copyTo(dir string) error {
	if o == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("copy filled log: %w", err)
	}
	entries, err := os.ReadDir(filepath.Join(o.dir, baseData))
	for _, e := range entries {
		if err != nil || !e.Type().IsRegular() {
			continue
		}
		from, to := filepath.Join(o.dir, baseData, e.Name()), filepath.Join(dir, e.Name())
		if filepath.Ext(from) != ".sst" || os.Link(from, to) != nil {
			err = copyFile(from, to)
		}
	}
	if err != nil {
		return fmt.Errorf("copy filled log: %w", err)
	}
	return nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
