package relay

import (
	"strconv"
	"strings"
)

// parameter is one query parameter of a route; Q is what the query is read
// into.
type parameter[Q any] struct {
	name string
	read func(s *Server, value string, q *Q) *Fault
}

// maxQueryFaults bounds the answer to a query of nothing but faults.
const maxQueryFaults = 20

// readQuery reads the query into q and lists all that is wrong with it.
//
// Ownership: the values given to the parameters own their memory.
func readQuery[Q any](c *call, known []parameter[Q], q *Q) []Fault {
	var faults []Fault
	seen := make(map[string]bool, len(known))
	for key, value := range c.http.QueryArgs().All() {
		name := string(key)
		fault := readParameter(c.server, known, seen, name, string(value), q)
		if fault != nil {
			fault.Param = shorten(name)
			faults = append(faults, *fault)
		}
		if len(faults) == maxQueryFaults {
			break
		}
	}
	return faults
}

func readParameter[Q any](s *Server, known []parameter[Q], seen map[string]bool, name, value string, q *Q) *Fault {
	for _, p := range known {
		if p.name != name {
			continue
		}
		if seen[name] {
			return &Fault{Code: DuplicateMember, Message: name + " is given twice."}
		}
		seen[name] = true
		if value == "" {
			return &Fault{Code: InvalidParameter, Message: name + " is empty; leave it out to see everything."}
		}
		return p.read(s, value, q)
	}
	return &Fault{Code: UnknownParameter, Message: unknownQuery(known, name)}
}

func unknownQuery[Q any](known []parameter[Q], name string) string {
	names := make([]string, len(known))
	for i, p := range known {
		names[i] = p.name
	}
	return "There is no query parameter " + strconv.Quote(shorten(name)) + "; there are " + strings.Join(names, ", ") + "."
}
