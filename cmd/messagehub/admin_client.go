package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"messagehub/cmd/messagehub/config"
	"messagehub/relay/access"
	"messagehub/store"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

// administer runs a verb: on the server that has the directory open, else on
// the directory itself.
func administer[Out any](dir, name string, in any) (Out, error) {
	var out Out
	args, err := json.Marshal(in)
	if err != nil {
		return out, err
	}
	request := adminRequest{name, args}
	reply, err := ask(dir, request)
	if errors.Is(err, errNoServer) {
		reply, err = enactAlone(dir, request)
	}
	switch {
	case err != nil:
		return out, err
	case reply.Error != nil:
		return out, reply.Error.failure()
	}
	return out, json.Unmarshal(reply.Data, &out)
}

// errNoServer: nobody answers at the socket.
var errNoServer = errors.New("no server runs")

// ask sends a request to the server of a data directory.
func ask(dir string, request adminRequest) (adminReply, error) {
	var reply adminReply
	conn, err := dialUnix(filepath.Join(dir, adminSocket))
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOTDIR):
		return reply, errNoServer
	case errors.Is(err, fs.ErrPermission):
		return reply, fail(exitDenied, "run this as the user that the server runs as", "open admin socket in %s: %w", dir, reason(err))
	case err != nil:
		return reply, fmt.Errorf("open admin socket in %s: %w", dir, reason(err))
	}
	defer conn.Close()
	line, err := json.Marshal(request)
	if err != nil {
		return reply, err
	}
	if _, err := conn.Write(append(line, '\n')); err != nil {
		return reply, fmt.Errorf("ask the server: %w", reason(err))
	}
	answer, err := bufio.NewReader(conn).ReadBytes('\n')
	if err != nil {
		return reply, fail(exitUnavailable, "it may have stopped in between: look at its log, then try again", "the server did not answer")
	}
	return reply, json.Unmarshal(answer, &reply)
}

// enactAlone runs a verb on a directory that no server has open.
func enactAlone(dir string, request adminRequest) (adminReply, error) {
	if err := mustHoldStore(dir); err != nil {
		return adminReply{}, err
	}
	s, err := store.Open(dir, store.Options{})
	if err != nil {
		return adminReply{}, openFailure(dir, err)
	}
	o := &office{
		store: s, keys: access.NewBook(s, nil), tiers: func() map[string]int { return config.Default().Tiers },
		now:   func() message.Time { return message.TimeOf(time.Now()) },
		vault: func(keyFile string) (*vault, error) { return findVault(s, os.Getenv(vaultEnv), keyFile, dir) },
	}
	actor := fmt.Sprintf("command line uid=%d pid=%d", os.Getuid(), os.Getpid())
	reply := answer(o.enact(actor, request.Verb, request.Args))
	return reply, s.Close()
}

// mustHoldStore refuses a directory that holds no store: opening would make
// one.
func mustHoldStore(dir string) error {
	names, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && len(names) == 0:
		return fail(exitFailure, "start the server on it once, or name another with --data", "there is no store in %s", dir)
	case err != nil:
		return fmt.Errorf("read %s: %w", dir, reason(err))
	}
	return nil
}

// openFailure says what an error of opening a store means to its operator.
func openFailure(dir string, err error) error {
	switch {
	case errors.Is(err, store.ErrLocked):
		return fail(exitLocked, "stop that one, or choose another directory with --data; if it is just starting or stopping, try again",
			"another process has the store in %s open", dir)
	case errors.Is(err, store.ErrLostTail), errors.Is(err, store.ErrNoSuperblock):
		return fail(exitCorrupt, "Nothing was written to it. Keep a copy, then restore a backup (messagehub restore), or\naccept the loss with --accept-loss, which is noted in the audit log.", "%w", err)
	case errors.Is(err, store.ErrCorrupt), errors.Is(err, store.ErrBadRow):
		return fail(exitCorrupt, "Keep a copy, see what \"messagehub store check\" says, and restore a backup.", "%w", err)
	case errors.Is(err, store.ErrShards):
		return fail(exitConfig, "delivery.shards is fixed when a directory is made: set it back", "%w", err)
	case errors.Is(err, store.ErrNewer):
		return fail(exitConfig, "run the newer version, or restore a backup of this one", "%w", err)
	case errors.Is(err, fs.ErrPermission):
		return fail(exitFailure, "the directory must belong to the user that runs this", "open store in %s: %w", dir, reason(err))
	}
	return err
}

// maxUnixPath is what fits a socket's address, less room for the name.
const maxUnixPath = 100

// listenUnix and dialUnix work for paths of any length: a long one is reached
// through a descriptor of its directory.
func listenUnix(path string) (*net.UnixListener, error) {
	short, release, err := shortPath(path)
	if err != nil {
		return nil, err
	}
	defer release()
	return net.ListenUnix("unix", &net.UnixAddr{Name: short, Net: "unix"})
}

func dialUnix(path string) (*net.UnixConn, error) {
	short, release, err := shortPath(path)
	if err != nil {
		return nil, err
	}
	defer release()
	return net.DialUnix("unix", nil, &net.UnixAddr{Name: short, Net: "unix"})
}

func shortPath(path string) (short string, release func(), err error) {
	if len(path) <= maxUnixPath {
		return path, func() {}, nil
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return "", nil, err
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(path)), func() { _ = dir.Close() }, nil
}
