package store

import (
	"cmp"
	"errors"
	"reflect"
	"slices"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"messagehub/store/message"
)

// backlog returns all jobs of the store in log order.
func (w *twins) backlog(t *rapid.T) []message.Job {
	var all []message.Job
	for _, lane := range w.store.Lanes() {
		n := len(all)
		for shard := range w.store.Shards() {
			all = w.readShard(t, lane, shard, all)
		}
		if got := w.store.Pending(lane); got != int64(len(all)-n) {
			t.Fatalf("%s: %d pending, but %d in the backlog", lane, got, len(all)-n)
		}
	}
	slices.SortFunc(all, func(a, b message.Job) int { return cmp.Compare(a.Position, b.Position) })
	return all
}

func (w *twins) readShard(t *rapid.T, lane message.Lane, shard int, all []message.Job) []message.Job {
	page, after := make([]message.Job, 0, 2), message.Position(0)
	for {
		got, err := w.store.Backlog(lane, shard, after, page[:0])
		if err != nil {
			t.Fatal(err)
		}
		if len(got) == 0 {
			return all
		}
		for _, j := range got {
			if j.Position <= after || message.ShardOf(j.Recipient, w.store.Shards()) != shard {
				t.Fatalf("job %+v in shard %d after %d", j, shard, after)
			}
			after = j.Position
		}
		all = append(all, got...)
	}
}

func (w *twins) compareState(t *rapid.T, what string, got, want *message.State) {
	g, m := *got, *want
	if (g.Waiting == 0) != (m.Waiting == 0) {
		t.Fatalf("%s: waiting at %d, want %d", what, g.Waiting, m.Waiting)
	}
	g.Waiting, m.Waiting = 0, 0
	if !reflect.DeepEqual(m, g) {
		t.Fatalf("%s: %s", what, gocmp.Diff(m, g, exact))
	}
}

// checkTimers compares the timers that are armed.
func (w *twins) checkTimers(t *rapid.T) {
	var got, want []string
	err := eachRow(w.store.db, []byte{prefixTimer}, func(key, _ []byte) error {
		got = append(got, string(key))
		return nil
	})
	for timer := range w.model.timers {
		want = append(want, timer.key())
	}
	slices.Sort(want)
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("timers %q, want %q, %v", got, want, err)
	}
}

// check compares all that can be read.
func (w *twins) check(t *rapid.T) {
	w.checkBacklog(t)
	w.checkTimers(t)
	for _, id := range w.model.order {
		mm := w.model.messages[id]
		o, s, err := w.store.Message(mm.outbound.Workspace, id)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(mm.outbound, o) {
			t.Fatal(gocmp.Diff(mm.outbound, o, exact))
		}
		w.compareState(t, "read", s, &mm.state)
		if _, _, err := w.store.Message(3-mm.outbound.Workspace, id); !errors.Is(err, message.ErrNotFound) {
			t.Fatalf("another workspace reads the message: %v", err)
		}
	}
	for ws := range message.WorkspaceID(3) {
		w.checkEvents(t, ws)
		w.checkList(t, ws)
	}
}

func (w *twins) checkBacklog(t *rapid.T) {
	jobs := w.backlog(t)
	if len(jobs) != len(w.model.pending) {
		t.Fatalf("%d jobs, want %d", len(jobs), len(w.model.pending))
	}
	oldest := map[message.Lane]message.Time{}
	for i, j := range jobs {
		want := w.model.pending[i]
		lane := w.model.messages[j.ID].outbound.Lane(w.model.messages[j.ID].state.Attempts[j.Attempt].Step)
		if since := w.model.since[want.Position]; oldest[lane] == 0 || since < oldest[lane] {
			oldest[lane] = since
		}
		want.Position = j.Position
		if j != want {
			t.Fatalf("job %+v, want %+v", j, want)
		}
	}
	for _, lane := range w.store.Lanes() {
		if got, ok := w.store.OldestPending(lane); got != oldest[lane] || ok != (oldest[lane] != 0) {
			t.Fatalf("%s: oldest %d, want %d", lane, got, oldest[lane])
		}
	}
}

func (w *twins) checkEvents(t *rapid.T, ws message.WorkspaceID) {
	var got []message.Event
	after := message.Position(0)
	limit := rapid.IntRange(1, 4).Draw(t, "limit")
	for {
		page, err := w.store.Events(ws, after, limit)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		if page[0].Position <= after {
			t.Fatalf("page after %d begins at %d", after, page[0].Position)
		}
		after = page[len(page)-1].Position
		got = append(got, page...)
	}
	if !slices.IsSortedFunc(got, func(a, b message.Event) int { return cmp.Compare(a.Position, b.Position) }) {
		t.Fatal("events are not in log order")
	}
	heard := slices.DeleteFunc(slices.Clone(w.heard), func(e message.Event) bool { return e.Workspace != ws })
	if !slices.Equal(heard, got) {
		t.Fatalf("observed and read: %s", gocmp.Diff(heard, got, exact))
	}
	for i := range got {
		got[i].Position, got[i].Ordinal = 0, 0
	}
	if !slices.Equal(w.model.events[ws], got) {
		t.Fatalf("events of workspace %d: %s", ws, gocmp.Diff(w.model.events[ws], got, exact))
	}
}

func (w *twins) checkList(t *rapid.T, ws message.WorkspaceID) {
	q := message.Query{
		Test: rapid.Bool().Draw(t, "test"), Limit: rapid.IntRange(1, 3).Draw(t, "page"),
		Status:    rapid.SampledFrom([]message.Status{0, 0, message.Queued, message.Sent}).Draw(t, "status"),
		Channel:   rapid.SampledFrom([]string{"", "", "sms"}).Draw(t, "channel"),
		To:        rapid.SampledFrom([]string{"", "", "kim"}).Draw(t, "to"),
		Reference: rapid.SampledFrom([]string{"", "", "r1"}).Draw(t, "reference"),
	}
	if rapid.Bool().Draw(t, "window") {
		span := int64(w.model.now - noon)
		q.From = noon + message.Time(rapid.Int64Range(0, span).Draw(t, "from"))
		q.Until = q.From + message.Time(rapid.Int64Range(0, span+1).Draw(t, "until"))
	}
	want := []message.ID(nil)
	for _, id := range slices.Backward(w.model.order) {
		mm := w.model.messages[id]
		if mm.outbound.Workspace == ws && matches(&q, mm.outbound) && matchesState(&q, mm.outbound, &mm.state) {
			want = append(want, id)
		}
	}
	var got []message.ID
	for {
		page, err := w.store.List(ws, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range page.Messages {
			got = append(got, f.Outbound.ID)
			w.compareState(t, "listed", f.State, &w.model.messages[f.Outbound.ID].state)
		}
		if q.After = page.Next; q.After == 0 {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Fatalf("list of %d with %+v: %v, want %v", ws, q, got, want)
	}
}

// checkFed compares what was fed with what was dispatched: I1, in log order.
func (w *twins) checkFed(t *rapid.T) {
	if !slices.IsSortedFunc(w.fed, func(a, b message.Job) int { return cmp.Compare(a.Position, b.Position) }) {
		t.Fatal("jobs were not fed in log order")
	}
	seen := map[message.Position]bool{}
	for _, j := range w.fed {
		if seen[j.Position] {
			t.Fatalf("job %d was fed twice", j.Position)
		}
		seen[j.Position] = true
	}
	for _, j := range w.backlog(t) {
		if !seen[j.Position] {
			t.Fatalf("job %d is in the backlog, but was never fed", j.Position)
		}
	}
}
