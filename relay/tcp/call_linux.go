//go:build !race

package tcp

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// These calls never block, so the scheduler need not hear of them.

func read(fd int, p []byte) (int, unix.Errno)  { return call(unix.SYS_READ, fd, p) }
func write(fd int, p []byte) (int, unix.Errno) { return call(unix.SYS_WRITE, fd, p) }

func call(trap uintptr, fd int, p []byte) (int, unix.Errno) {
	for {
		n, _, errno := unix.RawSyscall(trap, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
		if errno != unix.EINTR {
			return int(n), errno
		}
	}
}
