package telegram

import (
	"testing"

	"go.uber.org/goleak"
)

// fasthttp keeps its clock for ever, and a stopped server's cleaner asleep
// for up to ten seconds.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"))
}
