package relay

import "messagehub/relay/docs"

// newSite makes the documentation of this server: a page for every row of
// the error table and for every failure of a send.
func newSite(failures []docs.Failure) (*docs.Site, error) {
	rows := Problems()
	problems := make([]docs.Problem, len(rows))
	for i, r := range rows {
		problems[i] = docs.Problem{
			Code: string(r.Code), Status: r.Status, Text: r.Text, Hint: r.Hint,
			Permanent: r.Permanent, RetryAfter: r.RetryAfter,
		}
	}
	return docs.New(problems, append(foldFailures(), failures...))
}

// foldFailures are the failures that the log itself decides on, without any
// provider.
func foldFailures() []docs.Failure {
	return []docs.Failure{
		{
			Code: "expired", Class: "expired", Permanent: true, Text: "it waited for its provider longer than expiresIn allows",
			Action: "The attempt ends without having been handed over, and the message moves to its next step, if it has one.",
		},
		{
			Code: "success_timeout", Class: "expired", Text: "the provider took it, but the success status did not come within the step's timeout",
			Action: "The message moves to its next step, if it has one. A receipt that comes later is still recorded.",
		},
		{
			Code: "erased", Class: "recipient", Permanent: true, Text: "the contact that the message was for has been erased",
			Action: "What no provider had was withdrawn, and no further step starts.",
		},
		{
			Code: "unroutable", Class: "recipient", Permanent: true, Text: "the step has no address that fits its channel",
			Action: "The step is skipped, and the message moves to the one after it, if there is one.",
		},
	}
}

// docs is GET /docs and everything below it.
func (s *Server) docs(c *call) {
	page, ok := s.site.Page(c.param("page"))
	if !ok {
		c.fail(NotFound)
		return
	}
	c.set("X-Content-Type-Options", []byte("nosniff"))
	c.set("Content-Security-Policy", []byte("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"))
	c.set("Cache-Control", []byte("public, max-age=300"))
	c.raw(200, page.ContentType, page.Body)
}
