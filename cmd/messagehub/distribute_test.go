package main

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"
)

// distribution is a distribution as clients see it.
type distribution struct {
	DistributionID, Status                              string
	Recipients, Messages, Invalid, Duplicates, OptedOut int
	Estimate                                            struct{ Segments, Seconds int }
	Progress                                            struct{ Expected, Done int }
	Counts                                              struct{ Recipients, Messages, Invalid, Duplicates, OptedOut int }
	Statuses                                            map[string]map[string]int
	Outcome                                             struct{ Waiting, Withheld, Sent, Canceled, Failed, Skipped int }
	TakingBack                                          bool
	InvalidRecipients                                   []struct {
		Index                *int
		ContactID            *string
		Code, Param, Message string
	}
}

func (th *testHub) distribute(body string, header ...string) (distribution, answered) {
	th.t.Helper()
	a := request(th.t, "POST", th.URL()+"/api/v1/content/distribute", th.key, body, header...)
	var d distribution
	if a.status == 202 || a.status == 200 {
		a.data(th.t, &d)
	}
	return d, a
}

func (th *testHub) distribution(id string) (d distribution) {
	th.t.Helper()
	request(th.t, "GET", th.URL()+"/api/v1/content/distributions/"+id, th.key, "").data(th.t, &d)
	return d
}

// untilDistribution waits for a state.
func (th *testHub) untilDistribution(id, status string) distribution {
	th.t.Helper()
	return th.awaitDistribution(id, func(d *distribution) bool { return d.Status == status && !d.TakingBack })
}

// awaitDistribution waits until a distribution is as is said: from outside, the
// API has nothing to wait on but its events.
func (th *testHub) awaitDistribution(id string, is func(*distribution) bool) distribution {
	th.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		d := th.distribution(id)
		if is(&d) {
			return d
		}
		if time.Now().After(deadline) {
			th.t.Fatalf("the distribution stays %+v", d)
		}
	}
}

// One content to people who are named by address, as contacts and by tags: each
// gets it once, over his own channels, in his own words.
func TestDistributeEndToEnd(t *testing.T) {
	th := startHub(t, t.TempDir(), nil)
	contact := func(body string) string {
		var c struct{ ID string }
		request(t, "POST", th.URL()+"/api/v1/contacts", th.key, body).data(t, &c)
		return c.ID
	}
	kim := contact(`{"name":"Kim","identities":{"whatsapp":"+821000000001","sms":"+821000000001"},"tags":["vip"],"metadata":{"tier":"gold"}}`)
	contact(`{"name":"Lee","identities":{"sms":"+821000000002"},"tags":["vip","new"],"metadata":{"tier":"silver"}}`)
	contact(`{"name":"Out","identities":{"sms":"+821000000003"},"tags":["new"],"optOut":{"all":true},"metadata":{"tier":"x"}}`)
	contact(`{"identities":{"sms":"+821000000004"},"tags":["new"],"metadata":{"tier":"x"}}`)
	body := `{
		"content": {"default": {"content": "Hi {{name}} ({{metadata.tier}})"}, "sms": {"content": "{{name}}: {{metadata.tier}}"}},
		"recipients": [
			{"contactId": "` + kim + `", "params": {"name": "Dr. Kim"}},
			{"to": {"whatsapp": "+821000000001"}, "params": {"name": "again", "metadata.tier": "y"}},
			{"to": {"sms": "+82 10-0000-0009"}, "params": {"name": "Park", "metadata.tier": 3}},
			{"to": {"sms": "12"}}, {"to": {"sms": "+821000000008"}}],
		"audience": {"tags": ["vip", "new"]},
		"routing": {"mode": "fallback", "channels": ["whatsapp", "sms"], "successStatus": "delivered", "timeout": 60}, "rate": {"perSecond": 1000}, "reference": "sale-1"}`
	first, a := th.distribute(body)
	if a.status != 202 || first.Duplicates != 1 || first.Invalid < 2 || first.Status != "expanding" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	d := th.untilDistribution(first.DistributionID, "completed")
	if feed := request(t, "GET", th.URL()+"/api/v1/events?type=distribution.completed", th.key, "").body; !strings.Contains(feed, `"distributionId":"`+d.DistributionID+`"`) {
		t.Errorf("the feed has %s", feed)
	}
	c := d.Counts
	if c.Messages != 3 || c.Invalid != 3 || c.Duplicates != 3 || c.OptedOut != 1 {
		t.Errorf("%+v", d)
	}
	if want := map[string]map[string]int{"whatsapp": {"delivered": 1}, "sms": {"delivered": 2}}; !maps.EqualFunc(d.Statuses, want, func(a, b map[string]int) bool { return maps.Equal(a, b) }) {
		t.Errorf("statuses %v", d.Statuses)
	}
	got := request(t, "GET", th.URL()+"/api/v1/messages?reference=sale-1", th.key, "").body
	if n := strings.Count(got, `"reference":"sale-1"`); n != 3 {
		t.Errorf("%d messages: %s", n, got)
	}
	if list := request(t, "GET", th.URL()+"/api/v1/content/distributions", th.key, "").body; strings.Count(list, `"distributionId"`) != 1 {
		t.Error(list)
	}
}

// Pause, resume and cancel, over a restart.
func TestDistributionTurnsEndToEnd(t *testing.T) {
	dir := t.TempDir()
	th := startHub(t, dir, nil)
	var recipients strings.Builder
	const n = 60
	for i := range n {
		fmt.Fprintf(&recipients, `,{"to":{"sms":"+1415555%04d"}}`, i)
	}
	body := `{"content":{"sms":{"content":"Hello"}},"recipients":[` + recipients.String()[1:] + `],"routing":{"mode":"all"},"rate":{"perSecond":4}}`
	d, a := th.distribute(body, "Idempotency-Key", "k1")
	if a.status != 202 || d.Messages != n || d.Estimate.Seconds != n/4 || d.Estimate.Segments != n {
		t.Fatalf("%d %s", a.status, a.body)
	}
	turn := func(what string, status int) {
		t.Helper()
		if a := request(t, "POST", th.URL()+"/api/v1/content/distributions/"+d.DistributionID+"/"+what, th.key, ""); a.status != status {
			t.Errorf("%s: %d %s", what, a.status, a.body)
		}
	}
	turn("pause", 200)
	paused := th.distribution(d.DistributionID)
	th.stop()
	th = startHub(t, dir, nil)
	if again, r := th.distribute(body, "Idempotency-Key", "k1"); r.body != a.body || r.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("the repeat is answered %s, %+v", r.body, again)
	}
	if now := th.distribution(d.DistributionID); now.Status != "paused" || now.Counts != paused.Counts {
		t.Errorf("after a restart %+v, before %+v", now, paused)
	}
	turn("resume", 200)
	for th.distribution(d.DistributionID).Counts.Messages == paused.Counts.Messages {
		time.Sleep(5 * time.Millisecond)
	}
	turn("cancel", 200)
	turn("cancel", 200)
	turn("resume", 409)
	if end := th.untilDistribution(d.DistributionID, "canceled"); end.Counts.Messages == n {
		t.Errorf("%+v", end)
	}
}

// A pause holds messages that are made already, over a restart, until they are
// resumed.
func TestPausedDistributionHoldsWhatWaits(t *testing.T) {
	dir := t.TempDir()
	th := startHub(t, dir, nil)
	which := whichSenders{Channel: "sms", Sandbox: true}
	mustAdminister[[]senderView](t, dir, "channels.pause", which)
	const n = 20
	var recipients strings.Builder
	for i := range n {
		fmt.Fprintf(&recipients, `,{"to":{"sms":"+1415555%04d"}}`, i)
	}
	d, a := th.distribute(`{"content":{"sms":{"content":"Hello"}},"recipients":[` + recipients.String()[1:] + `],"routing":{"mode":"all"}}`)
	if a.status != 202 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	id := d.DistributionID
	th.untilDistribution(id, "running") // all are made, and wait for the sender
	turn := func(what string) {
		t.Helper()
		if a := request(t, "POST", th.URL()+"/api/v1/content/distributions/"+id+"/"+what, th.key, ""); a.status != 200 {
			t.Errorf("%s: %d %s", what, a.status, a.body)
		}
	}
	turn("pause")
	mustAdminister[[]senderView](t, dir, "channels.resume", which)
	th.awaitDistribution(id, func(d *distribution) bool { return d.Outcome.Withheld == n })
	th.stop()
	th = startHub(t, dir, nil)
	if now := th.distribution(id); now.Status != "paused" || now.Outcome.Withheld != n || now.Outcome.Waiting != n {
		t.Errorf("after a restart %+v", now)
	}
	turn("resume")
	if end := th.untilDistribution(id, "completed"); end.Outcome.Sent != n || end.Outcome.Waiting != 0 {
		t.Errorf("in the end %+v", end)
	}
}
