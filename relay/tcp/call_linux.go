//go:build !race

package tcp

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// These calls never block, so the scheduler need not hear of them. They are the
// sockets' own: read and write would first go through what all files share.

func read(fd int, p []byte) (int, unix.Errno)  { return call(unix.SYS_RECVFROM, fd, p) }
func write(fd int, p []byte) (int, unix.Errno) { return call(unix.SYS_SENDTO, fd, p) }

func call(trap uintptr, fd int, p []byte) (int, unix.Errno) {
	const flags = unix.MSG_DONTWAIT | unix.MSG_NOSIGNAL
	for {
		n, _, errno := unix.RawSyscall6(trap, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), flags, 0, 0)
		if errno != unix.EINTR {
			return int(n), errno
		}
	}
}
