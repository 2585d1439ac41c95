package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails if a test leaves a goroutine behind.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"),
		goleak.Cleanup(func(code int) {
			_ = os.RemoveAll(binaryDir())
			os.Exit(code)
		}))
}

// binaryDir is where the tests' binary is built.
var binaryDir = sync.OnceValue(func() string {
	dir, err := os.MkdirTemp("", "messagehub-test-")
	if err != nil {
		panic(err)
	}
	return dir
})

// built builds the binary once for all tests.
var built = sync.OnceValues(func() (string, error) {
	path := filepath.Join(binaryDir(), "messagehub")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return path, nil
})

// buildBinary returns the product's binary, for tests that need real
// processes.
func buildBinary(t *testing.T) string {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return path
}
