package relay

import "messagehub/store/message"

// route is one line of the route table. Every /api route names the scope that
// a key needs; public says outright that it needs none.
type route struct {
	method  string
	pattern string
	scope   message.Scope
	handle  func(*Server, *call)
	// public: no key is asked for.
	public bool
	// admits: the route takes on new work, so it is refused while the server
	// drains or is overloaded.
	admits bool
	// json: a body must be application/json.
	json bool
}

// routes is the route table: the only place that says what exists and who may
// use it.
func routes() []route {
	return []route{
		{method: "POST", pattern: "/api/v1/messages/send", scope: message.ScopeSend, handle: (*Server).send, admits: true, json: true},
	}
}
