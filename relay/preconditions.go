package relay

import (
	"crypto/sha256"
	"strconv"

	"messagehub/store/message"
)

// preconditions reads what a request that makes messages says beside its body,
// once there is room for it. If ok is false it has answered.
func (c *call) preconditions(route string, body []byte) (dry bool, key message.Idempotency, ok bool) {
	if !c.enterGate(len(body)) {
		c.shed(Overloaded, retryJitter())
		return false, key, false
	}
	dry, fault := c.dryRun()
	if fault == nil {
		key, fault = c.idempotency(route, body)
	}
	if fault != nil {
		c.failAs(*fault)
	}
	return dry, key, fault == nil
}

const (
	idempotencyHeader = "Idempotency-Key"
	maxIdempotencyKey = 255
)

// idempotency reads the client's Idempotency-Key for a route. The body, which the
// key stands for, is hashed only if there is one.
func (c *call) idempotency(route string, body []byte) (message.Idempotency, *Fault) {
	if !c.head.hasKey {
		return message.Idempotency{}, nil
	}
	key := c.head.idempotencyKey
	if len(key) == 0 || len(key) > maxIdempotencyKey || !printable(key) {
		return message.Idempotency{}, &Fault{
			Code: InvalidParameter, Param: idempotencyHeader,
			Message: "Idempotency-Key must have 1 to " + strconv.Itoa(maxIdempotencyKey) + " printable ASCII characters.",
		}
	}
	return message.Idempotency{Route: route, Key: borrow(key), Body: sha256.Sum256(body), At: c.at}, nil
}

// dryRun reads the query, which may hold nothing else.
func (c *call) dryRun() (bool, *Fault) {
	if len(c.http.URI().QueryString()) == 0 {
		return false, nil
	}
	dry := false
	for name, value := range c.http.QueryArgs().All() {
		switch {
		case string(name) != "dryRun":
			return false, &Fault{
				Code: UnknownParameter, Param: shorten(string(name)),
				Message: "There is no query parameter " + strconv.Quote(shorten(string(name))) + " here; there is dryRun.",
			}
		case string(value) == "true":
			dry = true
		case string(value) != "false":
			return false, &Fault{
				Code: InvalidParameter, Param: "dryRun",
				Message: "dryRun must be true or false, not " + strconv.Quote(shorten(string(value))) + ".",
			}
		}
	}
	return dry, nil
}
