//go:build race

package tcp

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// Under the race detector the calls go through the standard library, which
// tells it what they order.

func read(fd int, p []byte) (int, unix.Errno)  { return again(syscall.Read, fd, p) }
func write(fd int, p []byte) (int, unix.Errno) { return again(syscall.Write, fd, p) }

func again(call func(int, []byte) (int, error), fd int, p []byte) (int, unix.Errno) {
	for {
		n, err := call(fd, p)
		errno, _ := err.(unix.Errno)
		if errno != unix.EINTR {
			return max(n, 0), errno
		}
	}
}
