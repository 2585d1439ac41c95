package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"messagehub/store/message/json"
)

// maxBatchDocument bounds a JSON document, which is read whole; NDJSON has no
// bound.
const maxBatchDocument = 1 << 30

// chunkBytes is how long a chunk may become, unless one line alone is longer.
const chunkBytes = 4 << 20

// headBytes is how much is looked at to tell what a file is: more than one
// message may have.
const headBytes = 512 << 10

// batchFile is a file of messages as NDJSON, one on each line.
type batchFile struct {
	io.Reader
	size int64 // in bytes; -1: not known
	file io.Closer
}

// Close closes the file behind it.
func (f *batchFile) Close() error { return f.file.Close() }

// openBatchFile opens NDJSON, or a JSON document.
func openBatchFile(s streams, name string) (*batchFile, error) {
	f := &batchFile{size: -1, file: io.NopCloser(nil)}
	in := s.in
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, reason(err))
		}
		if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
			f.size = info.Size()
		}
		in, f.file = file, file
	}
	r := bufio.NewReaderSize(in, headBytes)
	f.Reader = r
	head, _ := r.Peek(headBytes)
	if !isDocument(head) {
		return f, nil
	}
	whole, err := io.ReadAll(io.LimitReader(r, maxBatchDocument+1))
	if err == nil && len(whole) > maxBatchDocument {
		err = usage("%s is longer than %d bytes: write it as NDJSON, one message on each line", name, maxBatchDocument)
	}
	var lines []byte
	if err == nil {
		lines, err = linesOf(whole)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read %s: %w", name, reason(err)), f.Close())
	}
	f.Reader, f.size = bytes.NewReader(lines), int64(len(lines))
	return f, nil
}

// isDocument tells a JSON document from NDJSON by how it begins: with an array,
// with an object that does not end on its line, or with one that has messages.
func isDocument(head []byte) bool {
	head = bytes.TrimSpace(head)
	if len(head) == 0 || head[0] != '{' {
		return len(head) > 0 && head[0] == '['
	}
	line, _, _ := bytes.Cut(head, []byte{'\n'})
	var first struct {
		Messages json.RawMessage `json:"messages"`
	}
	if json.Unmarshal(line, &first) == nil {
		return first.Messages != nil
	}
	// An object that is cut off where the line ends goes on behind it; one that
	// is broken in itself is a bad line.
	return !bytes.HasSuffix(bytes.TrimSpace(line), []byte{'}'})
}

// batchDocument is a batch as the API takes it.
type batchDocument struct {
	Messages []map[string]json.RawMessage `json:"messages"`
	Defaults map[string]json.RawMessage   `json:"defaults"`
}

// linesOf makes NDJSON of a document, with the defaults in every message that
// does not bring the member itself.
func linesOf(document []byte) ([]byte, error) {
	var d batchDocument
	var err error
	if bytes.TrimSpace(document)[0] == '[' {
		err = json.Unmarshal(document, &d.Messages)
	} else {
		err = json.UnmarshalStrict(document, &d)
	}
	if err != nil {
		return nil, fmt.Errorf(`it must be NDJSON, an array of messages, or an object with "messages" and "defaults": %w`, err)
	}
	var out []byte
	for _, m := range d.Messages {
		if m == nil {
			m = map[string]json.RawMessage{}
		}
		for name, value := range d.Defaults {
			if _, own := m[name]; !own {
				m[name] = value
			}
		}
		line, err := json.Marshal(m)
		if err != nil {
			return nil, err
		}
		out = append(append(out, line...), '\n')
	}
	return out, nil
}

// chunk is the lines of one request.
type chunk struct {
	lines [][]byte
	body  []byte
}

// chunker cuts NDJSON into chunks: the same ones for the same lines, wherever
// it begins at a chunk.
type chunker struct {
	in   *bufio.Reader
	most int
	next []byte // read, but too long for the last chunk
}

func newChunker(in io.Reader, most int) *chunker {
	return &chunker{in: bufio.NewReaderSize(in, 64<<10), most: most}
}

// read returns the next chunk; without lines at the end.
func (c *chunker) read() (chunk, error) {
	var out chunk
	for len(out.lines) < c.most {
		line, err := c.line()
		if err != nil && !errors.Is(err, io.EOF) {
			return out, fmt.Errorf("read messages: %w", reason(err))
		}
		if line == nil {
			break
		}
		if len(out.lines) > 0 && len(out.body)+len(line) >= chunkBytes {
			c.next = line
			break
		}
		out.lines = append(out.lines, line)
		out.body = append(append(out.body, line...), '\n')
	}
	return out, nil
}

// line returns the next line that holds anything; nil at the end.
func (c *chunker) line() (line []byte, err error) {
	if line = c.next; line != nil {
		c.next = nil
		return line, nil
	}
	for err == nil {
		var raw []byte
		raw, err = c.in.ReadBytes('\n')
		if line = bytes.TrimSpace(raw); len(line) > 0 {
			return line, nil
		}
	}
	return nil, err
}

// skip passes the lines over that an earlier run has done.
func (c *chunker) skip(n int) error {
	for ; n > 0; n-- {
		line, err := c.line()
		if line == nil {
			return fail(exitUsage, "begin anew with --restart", "the file has become shorter since the run that was stopped: %w", err)
		}
	}
	return nil
}
