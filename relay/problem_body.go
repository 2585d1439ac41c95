package relay

import "messagehub/store/message"

// problemRow is a row of the error table, with the body of an answer that has
// nothing to add to it: all but the request id, which stands between the two.
type problemRow struct {
	Problem
	docURL        string
	before, after []byte
}

// problemRows indexes the table by code. publicURL is put before the paths of
// the pages.
func problemRows(publicURL string) map[Code]*problemRow {
	rows := make(map[Code]*problemRow)
	for _, p := range Problems() {
		r := &problemRow{Problem: p, docURL: publicURL + "/docs/errors/" + string(p.Code)}
		r.before = r.appendBefore(nil, Fault{Code: p.Code})
		r.after = r.appendAfter(nil, nil)
		rows[p.Code] = r
	}
	return rows
}

// appendPlain appends the error body of the contract without a message of its
// own: what a flood is refused with costs two copies.
func (r *problemRow) appendPlain(dst []byte, id [16]byte) []byte {
	dst = message.AppendID(append(dst, r.before...), message.PrefixRequest, id)
	return append(dst, r.after...)
}

// appendBody appends the error body of the contract.
func (r *problemRow) appendBody(dst []byte, id [16]byte, headline Fault, faults []Fault) []byte {
	dst = message.AppendID(r.appendBefore(dst, headline), message.PrefixRequest, id)
	return r.appendAfter(dst, faults)
}

func (r *problemRow) appendBefore(dst []byte, headline Fault) []byte {
	text := headline.Message
	if text == "" {
		text = r.Text
	}
	dst = append(dst, `{"error":{"code":"`...)
	dst = append(dst, r.Code...)
	dst = append(dst, '"')
	dst = appendStringMember(dst, "message", text)
	dst = appendOptionalMember(dst, "param", headline.Param)
	dst = appendStringMember(dst, "hint", r.Hint)
	dst = appendStringMember(dst, "docUrl", r.docURL)
	return append(dst, `,"requestId":"`...)
}

func (r *problemRow) appendAfter(dst []byte, faults []Fault) []byte {
	dst = append(dst, '"')
	dst = appendBoolMember(dst, "permanent", r.Permanent)
	dst = append(dst, `,"errors":[`...)
	for i := range faults {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendFault(dst, &faults[i])
	}
	return append(dst, "]}}"...)
}

// problem returns the row of a code; a code of a channel that the table does
// not have is an invalid parameter.
func (s *Server) problem(code Code) *problemRow {
	if row := s.problems[code]; row != nil {
		return row
	}
	return s.problems[InvalidParameter]
}
