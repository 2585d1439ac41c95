package relay

import (
	"net/http"
	"net/http/pprof"
	"runtime"
	"sync"
)

// What is recorded of waiting while a profile of it is taken.
const (
	mutexFraction = 10     // of the events, one in so many
	blockRate     = 10_000 // nanoseconds of waiting for each sample
)

// contention answers with a profile of what goroutines have waited for in the
// next ?seconds=N. It is recorded only as long, since that costs, and for one
// request at a time.
func contention(name string, on, off func()) http.HandlerFunc {
	profile := pprof.Handler(name)
	var mu sync.Mutex
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		on()
		defer off()
		profile.ServeHTTP(w, r)
	}
}

func mutexes() http.HandlerFunc {
	return contention("mutex", func() { runtime.SetMutexProfileFraction(mutexFraction) }, func() { runtime.SetMutexProfileFraction(0) })
}

func blocks() http.HandlerFunc {
	return contention("block", func() { runtime.SetBlockProfileRate(blockRate) }, func() { runtime.SetBlockProfileRate(0) })
}
