package actors

import (
	"fmt"
	"hash/fnv"
	"path"
	"runtime"
	"strings"
)

// panicOf describes a panic that has just been recovered. The value itself is
// left out: it may quote a message.
func panicOf(value any) *Panic {
	p := &Panic{Type: fmt.Sprintf("%T", value)}
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	hash, raised := fnv.New64a(), false
	for more := true; more; {
		var f runtime.Frame
		f, more = frames.Next()
		if !raised {
			raised = f.Function == "runtime.gopanic"
			continue
		}
		fmt.Fprintf(hash, "%s:%d\n", f.Function, f.Line)
		if p.Place == "" && !strings.HasPrefix(f.Function, "runtime.") {
			p.Place = fmt.Sprintf("%s:%d", path.Base(f.Function), f.Line)
		}
	}
	p.Hash = hash.Sum64()
	return p
}
