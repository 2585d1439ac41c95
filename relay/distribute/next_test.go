package distribute

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"messagehub/store/message"
)

const stampForm = "2006-01-02T15:04:05.000Z"

func at(t *testing.T, text string) message.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return message.TimeOf(v)
}

// TestNext reads testdata/next.txt: of each part, the lines before ---- are what
// happens, and those behind it what the distribution says it does next.
func TestNext(t *testing.T) {
	text, err := os.ReadFile("testdata/next.txt")
	if err != nil {
		t.Fatal(err)
	}
	for part := range strings.SplitSeq(string(text), "\n\n") {
		asked, want, _ := strings.Cut(part, "----\n")
		title, asked, _ := strings.Cut(asked, "\n")
		var got strings.Builder
		d := new(message.Distribution)
		now := message.Time(0)
		for line := range strings.SplitSeq(strings.TrimSpace(asked), "\n") {
			words := strings.Fields(line)
			switch words[0] {
			case "plan":
				for _, w := range words[1:] {
					plan(t, d, w)
				}
			case "state":
				plan(t, d, "state="+words[1])
			case "spans":
				_, err = fmt.Sscan(words[1], &d.Progress.Spans)
			case "held":
				_, err = fmt.Sscan(words[1], &d.Progress.Held)
			case "booked":
				b := message.Booking{From: at(t, words[1])}
				_, err = fmt.Sscan(words[2], &b.N)
				d.Progress.Booked = append(d.Progress.Booked, b)
			case "made":
				var n int
				_, err = fmt.Sscan(words[1], &n)
				d.Progress.NextAt = paced(d.Progress.NextAt, now, n, d.Plan.PerSecond)
			default:
				now = at(t, words[1])
				got.WriteString(said(next(d, now, words[0] == "full")) + "\n")
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if strings.TrimSpace(got.String()) != strings.TrimSpace(want) {
			t.Errorf("%s\ngot:\n%swant:\n%s", title, got.String(), want)
		}
	}
}

func plan(t *testing.T, d *message.Distribution, word string) {
	t.Helper()
	name, value, _ := strings.Cut(word, "=")
	var err error
	switch w := &d.Plan.Window; name {
	case "rate":
		_, err = fmt.Sscan(value, &d.Plan.PerSecond)
	case "scheduled":
		d.Plan.ScheduledAt = at(t, value)
	case "zone":
		w.Zone = value
	case "window":
		var h1, m1, h2, m2 int
		_, err = fmt.Sscanf(value, "%d:%d-%d:%d", &h1, &m1, &h2, &m2)
		w.From, w.To = 60*h1+m1, 60*h2+m2
	case "state":
		for s := message.Expanding; s <= message.LastDistributionState; s++ {
			if s.String() == value {
				d.Progress.State = s
			}
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

func said(w turn) string {
	switch w.kind {
	case wait:
		if w.until == message.Never {
			return "wait for a client"
		}
		return "wait " + w.until.Std().Format(stampForm)
	case expand:
		return fmt.Sprint("expand ", w.messages)
	}
	return map[kind]string{nothing: "nothing", check: "check", release: "release", sweep: "sweep"}[w.kind]
}
