package store

import "testing"

// The committer hears that a record is worth a sync when its last caller of
// plentyOps has come, and of no record that is taken already.
func TestQueueTellsOfPlenty(t *testing.T) {
	first, second := new(record), new(record)
	q := newQueue(first)
	fill := func(n int) {
		for range n {
			if _, err := q.put(entry{width: 1}); err != nil {
				t.Fatal(err)
			}
		}
	}
	fill(plentyOps - 1)
	if len(q.plenty) != 0 {
		t.Error("told too early")
	}
	fill(1)
	if len(q.plenty) != 1 {
		t.Error("not told")
	}
	if r := q.take(second); r != first || len(r.entries) != plentyOps {
		t.Errorf("%d operations were taken, want %d", len(r.entries), plentyOps)
	}
	if len(q.plenty) != 0 {
		t.Error("what was told of the record before counts for the next")
	}
	fill(3 * plentyOps)
	if len(q.plenty) != 1 {
		t.Error("not told of the next record")
	}
}
