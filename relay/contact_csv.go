package relay

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"messagehub/store/message"
)

// csvTable is what the header line of a CSV says about the lines below: the
// name of each column. They are the members of a contact (tags separated by
// semicolons), the channels for addresses, optOut.CHANNEL and metadata.NAME. An
// empty field leaves what there is.
type csvTable struct {
	reader  *reader
	columns []string
}

// newCSVTable reads the header line. Its error is in words that follow "The
// header line".
func newCSVTable(text []byte, r *reader) (*csvTable, error) {
	columns, err := splitCSV(text)
	if err != nil {
		return nil, errors.New("is not CSV: " + err.Error())
	}
	known := append([]string{"externalId", "name", "tags", "locale", "timezone", "optOut.all"}, r.names()...)
	for i, name := range columns {
		columns[i] = strings.TrimSpace(name)
		name = columns[i]
		channel, isOptOut := strings.CutPrefix(name, "optOut.")
		meta, isMeta := strings.CutPrefix(name, "metadata.")
		switch {
		case slices.Contains(columns[:i], name):
			return nil, fmt.Errorf("has the column %q twice", shorten(name))
		case slices.Contains(known, name), isOptOut && slices.Contains(r.names(), channel), isMeta && meta != "":
		default:
			near := nearest(name, known)
			if near != "" {
				return nil, fmt.Errorf("has a column %q; did you mean %q", shorten(name), near)
			}
			return nil, fmt.Errorf("has a column %q; there are %s, optOut.CHANNEL and metadata.NAME", shorten(name), strings.Join(known, ", "))
		}
	}
	if !slices.Contains(columns, "externalId") {
		return nil, errors.New("has no column externalId: an import finds contacts by it")
	}
	return &csvTable{r, columns}, nil
}

func splitCSV(text []byte) ([]string, error) {
	c := csv.NewReader(bytes.NewReader(text))
	c.FieldsPerRecord = -1
	fields, err := c.Read()
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		err = parse.Err
	}
	return fields, err
}

// read reads one line of the table.
func (t *csvTable) read(text []byte, test bool) *contactDraft {
	d := &contactDraft{reader: t.reader, test: test, form: contactLine}
	fields, err := splitCSV(text)
	switch {
	case err != nil:
		d.add("", InvalidImport, "The line is not CSV: "+err.Error()+".")
		return d
	case len(fields) != len(t.columns):
		d.add("", InvalidImport, "The line has "+strconv.Itoa(len(fields))+" fields; the header has "+strconv.Itoa(len(t.columns))+".")
		return d
	}
	for i, name := range t.columns {
		if value := strings.TrimSpace(strings.ToValidUTF8(fields[i], "\ufffd")); value != "" {
			t.field(d, name, value)
		}
	}
	d.finish()
	return d
}

func (t *csvTable) field(d *contactDraft, name, value string) {
	if scope, ok := strings.CutPrefix(name, "optOut."); ok {
		switch strings.ToLower(value) {
		case "true", "yes", "1":
			d.optOutFrom(name, scope, true)
		case "false", "no", "0":
			d.optOutFrom(name, scope, false)
		default:
			d.add(name, InvalidType, name+" must be true or false, not "+strconv.Quote(shorten(value))+".")
		}
		return
	}
	if key, ok := strings.CutPrefix(name, "metadata."); ok {
		if d.line(name, value, maxMetadata) {
			d.change.Metadata = append(d.change.Metadata, message.Param{Name: key, Value: string(appendString(nil, value))})
		}
		return
	}
	switch name {
	case "externalId", "name", "locale", "timezone":
		d.text(name, value)
	case "tags":
		d.change.Set |= message.ContactTags
		for tag := range strings.SplitSeq(value, ";") {
			d.tag(name, strings.TrimSpace(tag))
		}
	default:
		d.address(name, name, value)
	}
}
