package load

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// poller waits for sockets.
type poller struct {
	fd     int
	events []unix.EpollEvent
}

func newPoller() (*poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make epoll: %w", err)
	}
	return &poller{fd: fd, events: make([]unix.EpollEvent, 256)}, nil
}

// watch reports the socket under the given number: when it can be read, and,
// if asked, when it can be written.
func (p *poller) watch(fd int, number int32, again, write bool) error {
	e := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLRDHUP, Fd: number}
	if write {
		e.Events |= unix.EPOLLOUT
	}
	op := unix.EPOLL_CTL_ADD
	if again {
		op = unix.EPOLL_CTL_MOD
	}
	return unix.EpollCtl(p.fd, op, fd, &e)
}

// wait returns what has happened, at the latest after d. It is precise to the
// timer of the kernel, where epoll_wait rounds to milliseconds.
func (p *poller) wait(d time.Duration) []unix.EpollEvent {
	t := unix.NsecToTimespec(int64(d))
	n, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(p.fd), uintptr(unsafe.Pointer(&p.events[0])),
		uintptr(len(p.events)), uintptr(unsafe.Pointer(&t)), 0, 0)
	if errno == unix.ENOSYS { // Linux before 5.11
		m, err := unix.EpollWait(p.fd, p.events, int(max(d.Milliseconds(), 1)))
		return p.events[:max(m, 0)*b2i(err == nil)]
	}
	if errno != 0 {
		return nil
	}
	return p.events[:n]
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (p *poller) close() { _ = unix.Close(p.fd) }

// connect begins a connection. It is up once the socket can be written.
func connect(address netip.AddrPort) (int, error) {
	family, sockaddr := unix.AF_INET, unix.Sockaddr(nil)
	if ip := address.Addr().Unmap(); ip.Is4() {
		sockaddr = &unix.SockaddrInet4{Port: int(address.Port()), Addr: ip.As4()}
	} else {
		family, sockaddr = unix.AF_INET6, &unix.SockaddrInet6{Port: int(address.Port()), Addr: ip.As16()}
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("make socket: %w", err)
	}
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	if err := unix.Connect(fd, sockaddr); err != nil && !errors.Is(err, unix.EINPROGRESS) {
		_ = unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// connected returns why a connection did not come up; nil: it did.
func connected(fd int) error {
	code, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && code != 0 {
		err = unix.Errno(code)
	}
	return err
}

// cpuOfThread is the CPU time of the calling thread.
func cpuOfThread() time.Duration {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_THREAD, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func lookUp(host string) (netip.AddrPort, error) {
	a, err := net.ResolveTCPAddr("tcp", host)
	if err != nil {
		return netip.AddrPort{}, connectError(host, err)
	}
	return a.AddrPort(), nil
}
