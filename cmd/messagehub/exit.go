package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// The exit codes, after sysexits.h.
const (
	exitOK          = 0
	exitFailure     = 1  // anything not listed below
	exitUsage       = 64 // the command line is wrong
	exitCorrupt     = 65 // the data directory is damaged
	exitUnavailable = 69 // the server can't be reached, or refuses for now
	exitPoisoned    = 70 // a write to the store failed: nothing more is acknowledged
	exitLocked      = 73 // another process has the data directory
	exitDenied      = 77 // the key is refused
	exitConfig      = 78 // the configuration is wrong
)

// failure is an error that says how the process ends and what to do about it.
type failure struct {
	code   int
	err    error
	remedy string
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// fail makes a failure with a remedy, which may be empty.
func fail(code int, remedy, format string, args ...any) error {
	return &failure{code: code, err: fmt.Errorf(format, args...), remedy: remedy}
}

// usage makes the failure of a wrong command line.
func usage(format string, args ...any) error { return fail(exitUsage, "", format, args...) }

// exitCode returns what the process ends with after err.
func exitCode(err error) int {
	var f *failure
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &f):
		return f.code
	}
	return exitFailure
}

// remedyOf returns the remedy of err with a line break behind it, if it has one.
func remedyOf(err error) string {
	var f *failure
	if errors.As(err, &f) && f.remedy != "" {
		return f.remedy + "\n"
	}
	return ""
}

// report tells the user about err: what is wrong, then what to do.
func report(w io.Writer, err error) {
	fmt.Fprintf(w, "%s %s\n", styleOf(w).red("messagehub:"), strings.TrimRight(err.Error(), "\n"))
	var f *failure
	if errors.As(err, &f) && f.remedy != "" {
		fmt.Fprintf(w, "  %s\n", strings.ReplaceAll(f.remedy, "\n", "\n  "))
	}
}
