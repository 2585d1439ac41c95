package relay

import (
	"slices"
	"strconv"
	"strings"

	"messagehub/store/message"
)

// listContacts is GET /api/v1/contacts, in the order in which they were made.
func (s *Server) listContacts(c *call) {
	if s.o.ContactBook == nil {
		c.fail(NotFound)
		return
	}
	q, faults := s.contactQuery(c)
	if len(faults) > 0 {
		c.refuse(faults)
		return
	}
	c.inLog = true
	page, err := s.o.ContactBook.Contacts(c.owner(), q)
	c.inLog = false
	if err != nil {
		c.failLog(err)
		return
	}
	out := append(c.buf[:0], `{"data":[`...)
	for i := range page.Contacts {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendContact(out, &page.Contacts[i])
	}
	c.buf = appendNext(append(out, ']'), page.Next)
	c.write(200, c.buf)
}

// contactParameters are what a listing of contacts can be asked for.
var contactParameters = [...]string{"tag", "externalId", "channel", "address", "limit", "after"}

// contactQuery reads the query and lists all that is wrong with it.
//
// Ownership: the result owns its memory.
func (s *Server) contactQuery(c *call) (q message.ContactQuery, faults []Fault) {
	q.Limit = defaultLimit
	seen := map[string]bool{}
	for key, value := range c.http.QueryArgs().All() {
		name, text := string(key), string(value)
		fault := s.contactParameter(name, text, &q)
		if seen[name] {
			fault = &Fault{Code: DuplicateMember, Message: shorten(name) + " is given twice."}
		}
		seen[name] = true
		if fault != nil && len(faults) < maxQueryFaults {
			fault.Param = shorten(name)
			faults = append(faults, *fault)
		}
	}
	if seen["channel"] != seen["address"] {
		faults = append(faults, Fault{"address", MissingParameter, "channel and address go together: one says what the other means."})
	}
	carriers := *s.reader.carriers.Load()
	if i := slices.IndexFunc(carriers, func(c carrier) bool { return c.Name == q.Identity.Channel }); i >= 0 {
		q.Identity.Address = carriers[i].plainAddress(q.Identity.Address)
	}
	return q, faults
}

func (s *Server) contactParameter(name, value string, q *message.ContactQuery) *Fault {
	switch {
	case !slices.Contains(contactParameters[:], name):
		return &Fault{Code: UnknownParameter, Message: "There is no query parameter " + strconv.Quote(shorten(name)) + "; there are " + strings.Join(contactParameters[:], ", ") + "."}
	case value == "":
		return invalid(name + " is empty; leave it out to see everything.")
	case len(value) > maxFilter:
		return invalid(name + " is longer than " + strconv.Itoa(maxFilter) + " bytes.")
	}
	var list message.Query
	var fault *Fault
	switch name {
	case "tag":
		q.Tag = value
	case "externalId":
		q.ExternalID = value
	case "address":
		q.Identity.Address = plusForSpace(value)
	case "channel":
		fault = readChannel(s, value, &list)
		q.Identity.Channel = list.Channel
	case "limit":
		list.Limit = defaultLimit
		fault = readLimit(s, value, &list)
		q.Limit = list.Limit
	case "after":
		fault = readAfter(s, value, &list)
		q.After = list.After
	}
	return fault
}
