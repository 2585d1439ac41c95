package channeltest

import (
	"testing"

	"go.uber.org/goleak"
)

// Main runs a package's tests and fails if they leave a goroutine behind. The
// simulators' server leaves two that end by themselves.
func Main(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"))
}
