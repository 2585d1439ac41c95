package relay

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// errLongRecord: a record is longer than it may be. The reader is behind it.
var errLongRecord = errors.New("record is too long")

// recordReader reads the records of NDJSON or CSV, each of bounded length.
type recordReader struct {
	r *bufio.Reader
	// quoted: a line break within quotation marks is part of the record.
	quoted bool
	line   int // on which the last record began
	lines  int // read so far
}

func newRecords(r io.Reader, quoted bool) *recordReader {
	return &recordReader{r: bufio.NewReader(r), quoted: quoted}
}

// next returns the next record that holds anything, in fresh memory.
func (r *recordReader) next() ([]byte, error) {
	for {
		record, err := r.record()
		switch {
		case err != nil:
			return nil, err
		case r.line == 1:
			record = bytes.TrimPrefix(record, []byte("\xef\xbb\xbf"))
		}
		if len(bytes.TrimSpace(record)) > 0 {
			return record, nil
		}
	}
}

// record reads one record, without the line break at its end.
func (r *recordReader) record() (record []byte, err error) {
	r.line = r.lines + 1
	quotes, long := 0, false
	for {
		part, err := r.r.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) && (err != io.EOF || len(part)+len(record) == 0 && !long) {
			return nil, err
		}
		quotes += bytes.Count(part, []byte{'"'})
		if long = long || len(record)+len(part) > maxImportLine; !long {
			record = append(record, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		r.lines++
		if err == nil && r.quoted && quotes%2 == 1 && !long {
			continue
		}
		if long {
			return nil, errLongRecord
		}
		return bytes.TrimRight(record, "\r\n"), nil
	}
}

// countedReader counts what is read.
type countedReader struct {
	r io.Reader
	n int64
}

func (c *countedReader) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	return n, err
}
