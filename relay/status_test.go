package relay

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"messagehub/store/message"
)

type oneMessage struct {
	Data struct {
		ID, Status, Channel string
		Attempts            []struct{ Status string }
	}
}

func decodeMessage(t *testing.T, a answer) oneMessage {
	t.Helper()
	var m oneMessage
	if err := json.Unmarshal([]byte(a.body), &m); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
	return m
}

func TestStatusShowsTheMessage(t *testing.T) {
	d := openDoor(t, nil)
	id := d.log.put(ours, plain())
	d.log.fold(ours, id, message.Fact{Kind: message.Started, Sender: "main"}, message.Fact{Kind: message.Accepted, ProviderID: "SM1"})
	a := d.ask("GET", "/api/v1/messages/"+id.String(), d.live, "")
	m := decodeMessage(t, a)
	if a.status != 200 || m.Data.ID != id.String() || m.Data.Status != "sent" {
		t.Errorf("got %d %s", a.status, a.body)
	}
	if got := a.header.Get("Content-Type"); got != "application/json" {
		t.Errorf("content type %q", got)
	}
}

// API1: an id of somebody else's looks exactly like one that never was.
func TestForeignIDsAreNotFoundAlike(t *testing.T) {
	d := openDoor(t, nil)
	mine, foreign := d.log.put(ours, plain()), d.log.put(theirs, plain())
	sandbox := plain()
	sandbox.Test = true
	tested := d.log.put(ours, sandbox)
	never := message.NewID(message.At(999, 0), 1).String()
	neighbour := message.NewID(mine.Position(), 12345).String()
	cases := map[string]struct{ id, key string }{
		"another workspace's": {foreign.String(), d.live},
		"ours, their key":     {mine.String(), d.other},
		"test id, live key":   {tested.String(), d.live},
		"live id, test key":   {mine.String(), d.test},
		"wrong random part":   {neighbour, d.live},
		"no form":             {"42", d.live},
		"other kind":          {"key_" + never[4:], d.live},
		"upper case":          {"MSG_" + never[4:], d.live},
		"cut":                 {never[:20], d.live},
	}
	for _, route := range []struct{ method, suffix string }{{"GET", ""}, {"POST", "/cancel"}, {"POST", "/resend"}} {
		want := d.ask(route.method, "/api/v1/messages/"+never+route.suffix, d.live, "")
		d.wants(want, 404, NotFound)
		for name, c := range cases {
			if got := d.ask(route.method, "/api/v1/messages/"+c.id+route.suffix, c.key, ""); !sameButID(t, got, want) {
				t.Errorf("%s %s: got %d %s", route.method, name, got.status, got.body)
			}
		}
	}
	for _, id := range []message.ID{mine, foreign, tested} {
		if m := d.log.messages[id]; m.s.Status != message.Queued {
			t.Errorf("message %s was changed by somebody else: %s", id, m.s.Status)
		}
	}
}

func TestStatusWhenTheLogFails(t *testing.T) {
	d := openDoor(t, nil)
	id := d.log.put(ours, plain()).String()
	d.log.fail(message.ErrUnavailable)
	a := d.ask("GET", "/api/v1/messages/"+id, d.live, "")
	d.wants(a, 503, Unavailable)
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	d.wants(d.ask("GET", "/api/v1/messages", d.live, ""), 503, Unavailable)
	d.log.fail(errors.New("secret path /data/7"))
	if p := d.wants(d.ask("GET", "/api/v1/messages/"+id, d.live, ""), 500, Internal); p.Error.Message != d.server.problem(Internal).Text {
		t.Errorf("the cause leaks: %s", p.Error.Message)
	}
}

func liveChain() *message.Outbound {
	o := chain()
	o.Test = false
	return o
}

func TestCancelTakesBackWhatIsQueued(t *testing.T) {
	d := openDoor(t, nil)
	id := d.log.put(ours, plain()).String()
	for range 2 { // the second one repeats a request whose answer was lost
		a := d.ask("POST", "/api/v1/messages/"+id+"/cancel", d.live, "")
		if m := decodeMessage(t, a); a.status != 200 || m.Data.Status != "canceled" {
			t.Errorf("got %d %s", a.status, a.body)
		}
	}
}

func TestCancelRefusesWhatIsHandedOver(t *testing.T) {
	started := message.Fact{Kind: message.Started, Sender: "main"}
	accepted := message.Fact{Kind: message.Accepted, ProviderID: "SM1"}
	rejected := message.Fact{Kind: message.Rejected, Failure: notOnChannel()}
	for _, test := range []struct {
		name  string
		o     *message.Outbound
		facts []message.Fact
		want  string
	}{
		{"sending", plain(), []message.Fact{started}, "sending"},
		{"sent", plain(), []message.Fact{started, accepted}, "sent"},
		{"failed", plain(), []message.Fact{started, rejected}, "failed"},
		{"moved on by timeout", liveChain(), []message.Fact{started, accepted, {Kind: message.TimedOut, At: day.Add(time.Hour)}}, "queued"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := openDoor(t, nil)
			id := d.log.put(ours, test.o)
			d.log.fold(ours, id, test.facts...)
			a := d.ask("POST", "/api/v1/messages/"+id.String()+"/cancel", d.live, "")
			p := d.wants(a, 409, NotCancelable)
			if !strings.Contains(p.Error.Message, test.want) {
				t.Errorf("message %q does not name the state %s", p.Error.Message, test.want)
			}
		})
	}
}

// A message that moved on after a refusal has not been handed to anybody.
func TestCancelAfterFallback(t *testing.T) {
	d := openDoor(t, nil)
	id := d.log.put(ours, liveChain())
	d.log.fold(ours, id, message.Fact{Kind: message.Started, Sender: "main"}, message.Fact{Kind: message.Rejected, Failure: notOnChannel()})
	a := d.ask("POST", "/api/v1/messages/"+id.String()+"/cancel", d.live, "")
	if m := decodeMessage(t, a); a.status != 200 || m.Data.Status != "canceled" {
		t.Errorf("got %d %s", a.status, a.body)
	}
}
