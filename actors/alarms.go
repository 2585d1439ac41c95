package actors

// alarms is a heap of moments, the earliest first.
type alarms[T any] struct {
	heap []alarm[T]
}

type alarm[T any] struct {
	at   int64
	what T
}

// earliest returns when the first alarm is due.
func (a *alarms[T]) earliest() (at int64, ok bool) {
	if len(a.heap) == 0 {
		return 0, false
	}
	return a.heap[0].at, true
}

func (a *alarms[T]) add(at int64, what T) {
	a.heap = append(a.heap, alarm[T]{at, what})
	a.up(len(a.heap) - 1)
}

// due removes and returns the first alarm if it is due at now.
func (a *alarms[T]) due(now int64) (what T, ok bool) {
	if len(a.heap) == 0 || a.heap[0].at > now {
		return what, false
	}
	what = a.heap[0].what
	last := len(a.heap) - 1
	a.heap[0] = a.heap[last]
	a.heap[last] = alarm[T]{}
	a.heap = a.heap[:last]
	a.down(0)
	return what, true
}

// prune drops the alarms that keep refuses.
func (a *alarms[T]) prune(keep func(T) bool) {
	kept := a.heap[:0]
	for _, e := range a.heap {
		if keep(e.what) {
			kept = append(kept, e)
		}
	}
	clear(a.heap[len(kept):])
	a.heap = kept
	for i := len(kept)/2 - 1; i >= 0; i-- {
		a.down(i)
	}
}

func (a *alarms[T]) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if a.heap[parent].at <= a.heap[i].at {
			return
		}
		a.heap[parent], a.heap[i] = a.heap[i], a.heap[parent]
		i = parent
	}
}

func (a *alarms[T]) down(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(a.heap); child++ {
			if a.heap[child].at < a.heap[least].at {
				least = child
			}
		}
		if least == i {
			return
		}
		a.heap[i], a.heap[least] = a.heap[least], a.heap[i]
		i = least
	}
}
