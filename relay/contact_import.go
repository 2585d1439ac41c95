package relay

import (
	"bufio"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http/httputil"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"messagehub/store/message"
)

// Imports takes chunks of contacts.
type Imports interface {
	// ImportContacts says what became of each contact; durable when it returns.
	ImportContacts(*message.ContactImport) ([]message.ContactResult, error)
}

const (
	importPath = contactsPath + "/import"
	// importChunk is how many contacts are stored at a time.
	importChunk = 250
	// maxImportLine is the longest line, or CSV record.
	maxImportLine = 64 << 10
	// maxImportErrors bounds the faults that an answer lists.
	maxImportErrors = 1000
	// maxImports bounds the imports that run at once: each holds a chunk.
	maxImports = 8
)

// importContacts is POST /api/v1/contacts/import. The body is read as it comes,
// so the connection is taken over: see importer.
func (s *Server) importContacts(c *call) {
	fault := c.importFault()
	if fault != nil {
		c.failAs(*fault)
		c.hangUp()
		return
	}
	if !s.imports.enter() {
		c.shed(Overloaded, retryJitter())
		c.hangUp()
		return
	}
	i := &importer{
		server: s, conn: c.conn, owner: c.owner(), id: c.id, csv: c.head.csv(), chunked: c.head.coding, header: c.importHeader(),
	}
	i.length, _ = strconv.ParseInt(borrow(c.head.contentLength), 10, 64) // the HTTP server has read it, too
	c.http.HijackSetNoResponse(true)
	c.http.Hijack(func(conn net.Conn) {
		defer s.imports.leave()
		i.run(conn)
	})
}

// importFault returns why an import is not begun.
func (c *call) importFault() *Fault {
	switch {
	case c.server.o.Imports == nil:
		return &Fault{Code: NotFound}
	case len(c.head.contentEncoding) > 0 || !c.head.csv() && !c.head.lines():
		return &Fault{Code: UnsupportedMedia, Message: "An import is application/x-ndjson or text/csv."}
	case len(c.http.URI().QueryString()) > 0:
		return &Fault{Code: UnknownParameter, Message: "An import has no query parameters."}
	}
	return nil
}

// importHeader returns the header lines of the answer that are known already.
func (c *call) importHeader() []byte {
	c.label()
	var out []byte
	for name, value := range c.http.Response.Header.All() {
		switch string(name) {
		case "Content-Length", "Content-Type", "Connection", "Server", "Date":
		default:
			out = append(append(append(append(out, name...), ": "...), value...), "\r\n"...)
		}
	}
	return out
}

// importer is one import, on a connection of its own. It holds one chunk of the
// body at a time.
type importer struct {
	server  *Server
	conn    *conn // nil where the connection is not one of our listener's
	owner   message.Owner
	id      [16]byte
	csv     bool
	length  int64
	chunked bool
	header  []byte

	chunk message.ContactImport
	lines []int // of the chunk's contacts
	sum   importSum
	inLog bool // see call.inLog
}

// importSum is what has become of the lines so far.
type importSum struct {
	lines, created, updated, failed int
	errors                          []lineFault
}

type lineFault struct {
	line  int
	fault Fault
}

// run reads the body, stores what is in it, and answers.
func (i *importer) run(conn net.Conn) {
	fault := i.readAll(i.body(conn))
	i.answer(conn, fault)
	if fault != nil && i.conn != nil { // what is still coming must not keep the answer from being read
		i.conn.linger = true
	}
}

// readAll reads and stores the whole body. A panic over foreign bytes ends the
// import; one inside the log is not survived, as in [Server.finish].
func (i *importer) readAll(body io.Reader) (fault *Fault) {
	defer func() {
		if cause := recover(); cause != nil {
			if i.inLog {
				panic(cause)
			}
			i.server.o.Logger.Error("import panicked", "stack", string(debug.Stack()))
			fault = &Fault{Code: Internal}
		}
	}()
	if fault := i.read(body); fault != nil {
		return fault
	}
	return i.flush()
}

// body returns what follows the header.
func (i *importer) body(conn net.Conn) io.Reader {
	timed := &timedReader{conn: conn, patience: i.server.o.Limits.Read}
	if i.chunked {
		return httputil.NewChunkedReader(bufio.NewReader(timed))
	}
	return io.LimitReader(timed, i.length)
}

// timedReader gives the client some time for every read.
type timedReader struct {
	conn     net.Conn
	patience time.Duration
}

func (t *timedReader) Read(b []byte) (int, error) {
	if err := t.conn.SetReadDeadline(time.Now().Add(t.patience)); err != nil {
		return 0, err
	}
	return t.conn.Read(b)
}

// read takes line by line. A fault ends the import.
func (i *importer) read(body io.Reader) *Fault {
	counted := &countedReader{r: body}
	records := newRecords(counted, i.csv)
	var table *csvTable
	for {
		text, err := records.next()
		switch {
		case err == io.EOF && !i.chunked && counted.n < i.length:
			return &Fault{Code: RequestTimeout, Message: i.stoppedAt(records.line, "the body ended early")}
		case err == io.EOF:
			return nil
		case errors.Is(err, errLongRecord):
			i.fail(records.line, []Fault{{Code: InvalidParameter, Message: "The line is longer than " + strconv.Itoa(maxImportLine) + " bytes."}})
			continue
		case err != nil:
			return &Fault{Code: RequestTimeout, Message: i.stoppedAt(records.line, "the body did not arrive")}
		}
		if i.csv && table == nil {
			if table, err = newCSVTable(text, i.server.reader); err != nil {
				return &Fault{Code: InvalidImport, Message: "The header line " + err.Error() + "."}
			}
			continue
		}
		if fault := i.take(records.line, text, table); fault != nil {
			return fault
		}
	}
}

func (i *importer) stoppedAt(line int, why string) string {
	return "The import stopped at line " + strconv.Itoa(line) + ": " + why + ". The contacts before it are stored."
}

// take takes one line. A fault ends the import.
func (i *importer) take(line int, text []byte, table *csvTable) *Fault {
	i.sum.lines++
	var d *contactDraft
	if table != nil {
		d = table.read(text, i.owner.Test)
	} else {
		d = i.server.reader.readContact(text, i.owner.Test, contactLine)
	}
	if len(d.faults) > 0 {
		i.fail(line, d.faults)
		return nil
	}
	i.chunk.Changes = append(i.chunk.Changes, d.change)
	i.lines = append(i.lines, line)
	if len(i.lines) < importChunk {
		return nil
	}
	if i.server.drained.Load() {
		return &Fault{Code: Draining, Message: i.stoppedAt(i.lines[0], "the server is shutting down")}
	}
	return i.flush()
}

func (i *importer) fail(line int, faults []Fault) {
	i.sum.failed++
	for _, f := range faults {
		if len(i.sum.errors) < maxImportErrors {
			i.sum.errors = append(i.sum.errors, lineFault{line, f})
		}
	}
}

// flush stores the chunk.
func (i *importer) flush() *Fault {
	if len(i.lines) == 0 {
		return nil
	}
	i.chunk.Owner, i.chunk.At, i.chunk.Salt = i.owner, i.server.o.Now(), rand.Uint64()&(1<<44-1)
	i.inLog = true
	results, err := i.server.o.Imports.ImportContacts(&i.chunk)
	i.inLog = false
	if err != nil {
		code := Internal
		if errors.Is(err, message.ErrUnavailable) {
			code = Unavailable
		}
		return &Fault{Code: code, Message: i.stoppedAt(i.lines[0], "the storage can't take more")}
	}
	for k, r := range results {
		switch {
		case r.Err != nil:
			i.fail(i.lines[k], []Fault{{Param: "externalId", Code: ExternalIDTaken, Message: r.Err.Error() + "."}})
		case r.Created:
			i.sum.created++
		default:
			i.sum.updated++
		}
	}
	clear(i.chunk.Changes)
	i.chunk.Changes, i.lines = i.chunk.Changes[:0], i.lines[:0]
	return nil
}

// answer writes the whole answer: the connection is not the HTTP server's any
// more.
func (i *importer) answer(conn net.Conn, fault *Fault) {
	status, body := fasthttp.StatusOK, i.sum.append(nil)
	if fault != nil {
		row := i.server.problem(fault.Code)
		status, body = row.Status, row.appendBody(nil, i.id, *fault, nil)
	}
	out := append([]byte("HTTP/1.1 "), strconv.Itoa(status)...)
	out = append(append(append(out, ' '), fasthttp.StatusMessage(status)...), "\r\n"...)
	out = append(append(out, i.header...), "Content-Type: application/json\r\nConnection: close\r\nContent-Length: "...)
	out = append(strconv.AppendInt(out, int64(len(body)), 10), "\r\n\r\n"...)
	_ = conn.SetWriteDeadline(time.Now().Add(i.server.o.Limits.Write))
	_, _ = conn.Write(append(out, body...))
}

// append appends the answer to an import that was read to its end.
func (s *importSum) append(out []byte) []byte {
	out = strconv.AppendInt(append(out, `{"data":{"lines":`...), int64(s.lines), 10)
	out = appendIntMember(out, "created", s.created)
	out = appendIntMember(out, "updated", s.updated)
	out = appendIntMember(out, "failed", s.failed)
	out = append(appendMember(out, "errors"), '[')
	for i := range s.errors {
		if i > 0 {
			out = append(out, ',')
		}
		out = strconv.AppendInt(append(out, `{"line":`...), int64(s.errors[i].line), 10)
		f := appendFault(nil, &s.errors[i].fault)
		out = append(append(out, ','), f[1:]...)
	}
	return append(out, "]}}"...)
}
