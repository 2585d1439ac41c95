package store

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// onDisk opens a store in dir on the real disk.
func onDisk(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(dir, Options{LowWater: -1})
	if err != nil {
		t.Fatal(err)
	}
	return begun(s)
}

func TestSecondOpenOnDiskIsRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	s := onDisk(t, dir)
	p := populate(t, s, 1)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Dir(dir))
	for _, name := range []string{dir, dir + "/", "data", link, filepath.Join(dir, "..", "data")} {
		if _, err := Open(name, Options{}); !errors.Is(err, ErrLocked) {
			t.Fatalf("opened a second time as %s: %v", name, err)
		}
		if _, err := Check(name, nil); !errors.Is(err, ErrLocked) {
			t.Fatalf("checked as %s while it is open: %v", name, err)
		}
	}
	if err := inAnotherProcess(t, dir); !strings.Contains(err, ErrLocked.Error()) {
		t.Fatalf("opened by another process: %q", err)
	}
	p.round(t, s, 1) // the first is unharmed
	if err := p.missing(s); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := inAnotherProcess(t, dir); err != "" {
		t.Fatalf("after Close, another process: %q", err)
	}
	report, err := Check(dir, nil)
	if err != nil || report.Total != 0 {
		t.Fatalf("%+v, %v", report, err)
	}
}

const otherProcess = "MESSAGEHUB_TEST_OPEN"

// inAnotherProcess opens dir in a child process and returns its error.
func inAnotherProcess(t *testing.T, dir string) string {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestOtherProcess$")
	cmd.Env = append(os.Environ(), otherProcess+"="+dir)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	line, _ := bufio.NewReader(strings.NewReader(string(out))).ReadString('\n')
	text, ok := strings.CutPrefix(line, "open: ")
	if !ok {
		t.Fatalf("child said %q", out)
	}
	return strings.TrimSpace(text)
}

// TestOtherProcess is the child of inAnotherProcess.
func TestOtherProcess(t *testing.T) {
	dir := os.Getenv(otherProcess)
	if dir == "" {
		t.Skip("only runs as a child of TestSecondOpenOnDiskIsRefused")
	}
	s, err := Open(dir, Options{LowWater: -1})
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		fmt.Printf("open: %s\n", strings.ReplaceAll(err.Error(), "\n", " "))
		return
	}
	fmt.Println("open: ")
}

// A crash of the process leaves the lock free, and everything there.
func TestOnDiskAfterClose(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "data")
	s := onDisk(t, dir)
	p := populate(t, s, 2)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = onDisk(t, dir)
	if err := p.missing(s); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Backup(filepath.Join(t.TempDir(), "backup")); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("directory is open to others: %v, %v", info.Mode(), err)
	}
}

func TestOpenWhereADirectoryCannotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(file, "data"), "/proc/nothing/data"} {
		_, err := Open(dir, Options{})
		if err == nil || errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v", dir, err)
		}
	}
}

// A directory that can't be written is refused with the reason, whether it is
// new or holds a store, and stays as it is.
func TestOpenWhereNothingCanBeWritten(t *testing.T) {
	old := vfs.NewCrashableMem()
	s := begun(onDir(t, old))
	populate(t, s, 1)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	empty := vfs.NewCrashableMem()
	if err := empty.MkdirAll("data", 0o700); err != nil {
		t.Fatal(err)
	}
	for name, files := range map[string]*vfs.MemFS{"a store": old, "an empty directory": empty} {
		for _, cause := range []error{syscall.EROFS, syscall.EACCES} {
			before := dirHash(t, files, "data")
			_, err := tryDir(readOnly(files, cause))
			if !errors.Is(err, cause) || errors.Is(err, ErrLocked) {
				t.Errorf("%s, %v: opened with %v", name, cause, err)
			}
			if dirHash(t, files, "data") != before {
				t.Errorf("%s, %v: it has changed", name, cause)
			}
		}
	}
}

// readOnly refuses every write with cause, as a disk does.
func readOnly(files vfs.FS, cause error) vfs.FS {
	return lockless{errorfs.Wrap(files, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind == errorfs.OpMkdirAll || op.Kind.ReadOrWrite() == errorfs.OpIsRead {
			return nil
		}
		return &fs.PathError{Op: "open", Path: op.Path, Err: cause}
	})), cause}
}

// lockless can't make the file of a lock.
type lockless struct {
	vfs.FS
	cause error
}

func (l lockless) Lock(name string) (io.Closer, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: l.cause}
}
