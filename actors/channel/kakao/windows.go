package kakao

import (
	"slices"
	"time"
)

// agenda is what is still to be asked for: spans of time in which messages may
// have been requested whose results are not all known. All that lies before
// Next and in no window is settled, and nothing after Next has been asked for.
//
// It is pure, and small: it is what the vault keeps. Losing the latest state
// costs only questions that are asked again.
type agenda struct {
	Next int64    `json:"next"` // Unix minutes
	Open []window `json:"open"`
}

// window is a span of minutes, [From, To).
type window struct {
	From  int64 `json:"from"`
	To    int64 `json:"to"`
	Due   int64 `json:"due"` // when to ask, Unix seconds
	Tries int   `json:"tries"`
}

// timing says when windows are asked for.
type timing struct {
	every time.Duration // how often anything is asked
	delay time.Duration // from a window's end to the first question
}

const (
	// settle is how old a window must be to be closed: NHN's list may lag, and
	// its clock may differ from ours.
	settle = 10 * time.Minute
	// reconcile is the delay where results come by webhook, and are asked for
	// only in case one was lost.
	reconcile = 15 * time.Minute
	// horizon is how long a result is waited for: NHN speaks of three days.
	horizon = 73 * time.Hour
	// maxOpen bounds the windows: the oldest are joined.
	maxOpen = 128
)

func timingOf(every time.Duration, webhook bool) timing {
	if webhook {
		return timing{max(every, time.Minute), reconcile}
	}
	return timing{every: every}
}

// newAgenda begins at the time of a sender's first message.
func newAgenda(now time.Time) *agenda {
	return &agenda{Next: now.Add(-settle).Unix() / 60}
}

// cut makes a window of the time that has come since the last one, up to the
// minute that has begun.
func (a *agenda) cut(now time.Time, t timing) {
	to := now.Unix()/60 + 1
	a.Next = max(a.Next, now.Add(-horizon).Unix()/60)
	if now.Unix() < a.Next*60 {
		return
	}
	w := window{From: a.Next, To: to, Due: now.Unix()}
	if t.delay > 0 {
		w.Due = to*60 + int64(t.delay.Seconds())
	}
	a.Open = append(a.Open, w)
	a.Next = to
	if len(a.Open) > maxOpen {
		old := &a.Open[1]
		old.From, old.Due = a.Open[0].From, min(a.Open[0].Due, old.Due)
		a.Open = slices.Delete(a.Open, 0, 1)
	}
}

// due returns the windows to ask for now.
func (a *agenda) due(now time.Time) []window {
	var out []window
	for _, w := range a.Open {
		if w.Due <= now.Unix() {
			out = append(out, w)
		}
	}
	return out
}

// asked says that all of w is known and recorded by now, unless something
// pends.
func (a *agenda) asked(w window, pending bool, now time.Time, t timing) {
	i := slices.Index(a.Open, w)
	if i < 0 {
		return
	}
	end := time.Unix(w.To*60, 0)
	at := &a.Open[i]
	switch {
	case now.Sub(end) > horizon, !pending && now.Sub(end) >= settle:
		a.Open = slices.Delete(a.Open, i, i+1)
	case now.Before(end.Add(time.Minute)): // messages still come into it
		at.Due = now.Add(t.every).Unix()
	case pending:
		at.Due, at.Tries = now.Add(t.every<<min(w.Tries, 16)).Unix(), w.Tries+1
	default:
		at.Due = end.Add(settle).Unix()
	}
}
