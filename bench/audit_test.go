package bench

import "testing"

func TestAudit(t *testing.T) {
	attempt := func(status string) []ToldAttempt { return []ToldAttempt{{Channel: "sms", Status: status}} }
	unknownThenSent := []ToldAttempt{{Channel: "sms", Status: "unknown"}, {Channel: "sms", Status: "delivered"}}
	for name, c := range map[string]struct {
		told     Told
		received int
		bad      bool
		explain  int
	}{
		"delivered once":                   {Told{Status: "delivered", Attempts: attempt("delivered")}, 1, false, 0},
		"sent twice unexplained":           {Told{Status: "delivered", Attempts: attempt("delivered")}, 2, true, 0},
		"sent twice, one unknown":          {Told{Status: "delivered", Attempts: unknownThenSent}, 2, false, 1},
		"sent thrice, one unknown":         {Told{Status: "delivered", Attempts: unknownThenSent}, 3, true, 0},
		"unknown and never received":       {Told{Status: "failed", Attempts: attempt("unknown")}, 0, false, 0},
		"said sent, never received":        {Told{Status: "sent", Attempts: attempt("sent")}, 0, true, 0},
		"accepted, then failed":            {Told{Status: "failed", Attempts: []ToldAttempt{{"sms", "failed", "SM1"}}}, 1, false, 0},
		"still queued":                     {Told{Status: "queued", Attempts: attempt("queued")}, 0, true, 0},
		"refused, yet a provider took it":  {Told{Status: "failed", Attempts: attempt("failed")}, 1, true, 0},
		"refused, and no provider took it": {Told{Status: "failed", Attempts: attempt("failed")}, 0, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			l := Ledgers{Promised: map[string]string{"r": "id"}, Relay: map[string]Told{"id": c.told}, Received: map[string]int{}}
			if c.received > 0 {
				l.Received["r"] = c.received
			}
			a := l.Compare()
			if (a.Err() != nil) != c.bad || a.Duplicates != c.explain {
				t.Errorf("%s: %v", a, a.Err())
			}
		})
	}
}

func TestAuditMissesNothing(t *testing.T) {
	l := Ledgers{
		Promised: map[string]string{"a": "1"}, Relay: map[string]Told{}, Received: map[string]int{"b": 1},
	}
	a := l.Compare()
	if len(a.Lost) != 1 || len(a.Unpromised) != 1 {
		t.Errorf("%+v", a)
	}
}
