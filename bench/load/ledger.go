package load

// ledger is a list of promises that grows without moving what it holds: a copy
// of some megabytes would hold its worker up.
type ledger struct{ pages [][]Promise }

const pagePromises = 4096

func (l *ledger) add(p Promise) {
	last := len(l.pages) - 1
	if last < 0 || len(l.pages[last]) == pagePromises {
		l.pages = append(l.pages, make([]Promise, 0, pagePromises))
		last++
	}
	l.pages[last] = append(l.pages[last], p)
}

func (l *ledger) appendTo(to []Promise) []Promise {
	for _, page := range l.pages {
		to = append(to, page...)
	}
	return to
}
