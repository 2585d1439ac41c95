package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"messagehub/store/message/json"
)

// adminServer answers administrative commands on the socket of a data
// directory.
type adminServer struct {
	office *office
	log    *slog.Logger
	path   string
	ln     *net.UnixListener
	work   sync.WaitGroup
}

const (
	// adminTime is how long a client may take to say what it wants, and to
	// take the reply.
	adminTime   = 10 * time.Second
	acceptPause = 100 * time.Millisecond
)

// newAdminServer opens the socket. The caller holds the lock of dir, so what
// lies there is of a process that is gone.
func newAdminServer(dir string, o *office, log *slog.Logger) (*adminServer, error) {
	path := filepath.Join(dir, adminSocket)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open admin socket: %w", err)
	}
	ln, err := listenPrivate(path)
	if err != nil {
		return nil, fmt.Errorf("open admin socket: %w", err)
	}
	return &adminServer{office: o, log: log, path: path, ln: ln}, nil
}

// listenPrivate opens a socket that only this user can connect to, from its
// first moment on: it is made under a name in a private directory and moved.
func listenPrivate(path string) (*net.UnixListener, error) {
	dir, err := os.MkdirTemp(filepath.Dir(path), ".admin-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	made := filepath.Join(dir, "s")
	ln, err := listenUnix(made)
	if err != nil {
		return nil, err
	}
	ln.SetUnlinkOnClose(false)
	if err = os.Chmod(made, 0o600); err == nil {
		err = os.Rename(made, path)
	}
	if err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	return ln, nil
}

// serve answers until close.
func (a *adminServer) serve() {
	for {
		conn, err := a.ln.AcceptUnix()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // out of descriptors, for now
			a.log.Warn("admin socket", "error", err)
			time.Sleep(acceptPause)
		default:
			a.work.Go(func() { a.answer(conn) })
		}
	}
}

// close ends serve, after the commands in progress.
func (a *adminServer) close() {
	_ = a.ln.Close()
	a.work.Wait()
	_ = os.Remove(a.path)
}

func (a *adminServer) answer(conn *net.UnixConn) {
	defer conn.Close()
	actor, err := peer(conn)
	if err != nil {
		a.log.Warn("admin socket: caller is not known", "error", err)
		return
	}
	_ = conn.SetDeadline(time.Now().Add(adminTime))
	line, err := bufio.NewReader(io.LimitReader(conn, maxAdminRequest)).ReadBytes('\n')
	if err != nil {
		return // it went away, or says nothing
	}
	reply := a.enact(actor, line)
	_ = conn.SetDeadline(time.Now().Add(adminTime))
	if b, err := json.Marshal(reply); err == nil {
		_, _ = conn.Write(append(b, '\n'))
	}
}

func (a *adminServer) enact(actor string, line []byte) adminReply {
	request, err := readRequest(line)
	if err != nil {
		return answer(nil, err)
	}
	reply := answer(a.office.enact(actor, request.Verb, request.Args))
	if reply.Error != nil {
		a.log.Info("admin command refused", "verb", request.Verb, "actor", actor, "error", reply.Error.Message)
	} else {
		a.log.Info("admin command", "verb", request.Verb, "actor", actor)
	}
	return reply
}

// peer names the process at the other end, as the kernel knows it.
func peer(conn *net.UnixConn) (string, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return "", err
	}
	var cred *unix.Ucred
	var credErr error
	if err := raw.Control(func(fd uintptr) { cred, credErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) }); err != nil {
		return "", err
	}
	if credErr != nil {
		return "", credErr
	}
	return fmt.Sprintf("admin socket uid=%d pid=%d", cred.Uid, cred.Pid), nil
}
