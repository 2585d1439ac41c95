package actors

import (
	"fmt"
	"testing"

	"messagehub/store/message"
)

func jobTo(to string) *message.Job {
	return &message.Job{Recipient: message.RecipientHash(to), Number: message.PhoneNumber(to)}
}

func all(int) bool { return true }

// choiceOf makes the choice of a lane with these senders, by index from 1.
func choiceOf(shares ...Share) *choice {
	candidates := []candidate{{}}
	for i, s := range shares {
		candidates = append(candidates, candidate{name: fmt.Sprint("s", i+1), share: s})
	}
	return newChoice(candidates)
}

// TestChoiceFollowsTheWeights: each sender has its part, and when one comes or
// goes no recipient moves between the others.
func TestChoiceFollowsTheWeights(t *testing.T) {
	const recipients = 20_000
	two, three := choiceOf(Share{Weight: 3}, Share{Weight: 1}), choiceOf(Share{Weight: 3}, Share{Weight: 1}, Share{Weight: 4})
	var counts [2][4]int
	for i := range recipients {
		job := jobTo(fmt.Sprintf("+1415555%05d", i))
		a, b := two.pick(job, all), three.pick(job, all)
		counts[0][a]++
		counts[1][b]++
		if a != b && b != 3 {
			t.Fatalf("recipient %d moved from %d to %d", i, a, b)
		}
		if without := three.pick(job, func(s int) bool { return s != 3 }); without != a {
			t.Fatalf("recipient %d goes to %d while sender 3 is down, without it to %d", i, without, a)
		}
	}
	for i, want := range [2][4]float64{{0, .75, .25, 0}, {0, .375, .125, .5}} {
		for sender, share := range want {
			if got := float64(counts[i][sender]) / recipients; got < share-.02 || got > share+.02 {
				t.Errorf("case %d: sender %d has %.3f of the recipients, want %.3f", i, sender, got, share)
			}
		}
	}
}

func TestChoice(t *testing.T) {
	mixed := choiceOf(Share{}, Share{Prefixes: []uint64{49, 4420}}, Share{Weight: 5, Prefixes: []uint64{4930}}, Share{Standby: true}, Share{})
	only := choiceOf(Share{Prefixes: []uint64{91}})
	for _, row := range []struct {
		name   string
		choice *choice
		to     string
		from   string
		down   int
		want   int
	}{
		{"the first is the default", mixed, "+15550100", "", 0, 1},
		{"a prefix", mixed, "+4917000", "", 0, 2},
		{"another one of it", mixed, "+44201", "", 0, 2},
		{"not quite a prefix", mixed, "+44211", "", 0, 1},
		{"shorter than the prefix", mixed, "+442", "", 0, 1},
		{"the longest prefix", mixed, "+4930123", "", 0, 3},
		{"the next longest", mixed, "+4930123", "", 3, 2},
		{"all others down but the standby", choiceOf(Share{}, Share{Standby: true}), "+1555", "", 1, 2},
		{"by its name alone", mixed, "+4930123", "s5", 0, 5},
		{"a named one that is down", mixed, "+4930123", "s5", 5, 5},
		{"a name that is not there", mixed, "+1555", "other", 0, nobodyIndex},
		{"nobody for this number", only, "+1555", "", 0, nobodyIndex},
		{"its number, though it is down", only, "+9155", "", 1, 1},
		{"no number at all", only, "sim:read", "", 0, 1},
		{"no sender at all", lone(), "+1555", "", 0, nobodyIndex},
		{"the first is gone", newChoice([]candidate{{}, {name: "a", gone: true}, {name: "b"}}), "+1555", "", 0, 2},
	} {
		job := jobTo(row.to)
		job.From = row.from
		if got := row.choice.pick(job, func(s int) bool { return s != row.down }); got != row.want {
			t.Errorf("%s: sender %d, want %d", row.name, got, row.want)
		}
	}
}

func TestPickAllocatesNothing(t *testing.T) {
	c := choiceOf(Share{Weight: 1}, Share{Weight: 2, Prefixes: []uint64{49}}, Share{Standby: true})
	s := newShard(limits{window: 8, share: 8, asks: 8, expiry: 1}, c)
	job := jobTo("+4930123")
	if n := testing.AllocsPerRun(100, func() { c.pick(job, s.upNow) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkPick(b *testing.B) {
	s := newShard(limits{window: 8, share: 8, asks: 8, expiry: 1}, choiceOf(Share{Weight: 1}, Share{Weight: 2}, Share{Weight: 3}))
	job := jobTo("+4930123")
	for b.Loop() {
		s.choice.pick(job, s.upNow)
	}
}
