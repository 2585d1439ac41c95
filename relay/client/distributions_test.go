package client

import (
	"testing"
	"time"
)

const forecast = `"recipients":2,"messages":1,"invalid":1,"duplicates":0,"optedOut":0,"exact":true,"estimate":{"segments":1,"seconds":null},` +
	`"invalidRecipients":[{"index":0,"contactId":null,"code":"missing_parameter","param":"name","message":"No name."}]`

func TestDistribute(t *testing.T) {
	c, s := scripted(t, answer{}, answer{202, "", `{"data":{"distributionId":"dst_1","status":"expanding",` + forecast + `,"test":true}}`})
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	d := Distribution{
		Content:    map[string]Content{"default": {Content: "Hi {{name}}"}},
		Recipients: []Recipient{{ContactID: "con_1"}, {To: map[string]string{"sms": "+14155550100"}, Params: map[string]any{"name": "Kim"}}},
		Audience:   &Audience{Tags: []string{"vip"}}, Routing: Routing{Mode: "fallback", Channels: []string{"sms"}}, Rate: &Rate{500},
		Window: &Window{From: "09:00", To: "20:00", Timezone: "recipient"}, ScheduledAt: &at, Reference: "sale",
	}
	f, err := c.Distribute(t.Context(), d, "sale-1")
	if err != nil || f.DistributionID != "dst_1" || f.Recipients != 2 || !f.Exact || f.Estimate.Segments != 1 || f.Estimate.Seconds != nil ||
		*f.InvalidRecipients[0].Index != 0 || f.InvalidRecipients[0].Code != "missing_parameter" {
		t.Fatalf("%+v, %v", f, err)
	}
	want := `{"content":{"default":{"content":"Hi {{name}}"}},"recipients":[{"contactId":"con_1"},{"to":{"sms":"+14155550100"},"params":{"name":"Kim"}}],` +
		`"audience":{"tags":["vip"]},"routing":{"mode":"fallback","channels":["sms"]},"rate":{"perSecond":500},` +
		`"window":{"from":"09:00","to":"20:00","timezone":"recipient"},"scheduledAt":"2026-01-31T12:00:00Z","reference":"sale"}`
	for _, a := range s.asked { // a lost answer is asked for again
		if a.line != "POST /api/v1/content/distribute" || a.body != want || a.header.Get("Idempotency-Key") != "sale-1" {
			t.Errorf("%+v\nwant %s", a, want)
		}
	}
	c, s = scripted(t, answer{200, "", `{"data":{"dryRun":true,` + forecast + `}}`})
	if f, err := c.Estimate(t.Context(), d); err != nil || f.DistributionID != "" || f.Messages != 1 || s.asked[0].line != "POST /api/v1/content/distribute?dryRun=true" {
		t.Errorf("%+v, %v: %s", f, err, s.lines())
	}
}

func TestDistributionCalls(t *testing.T) {
	one := `{"distributionId":"dst_1","status":"canceled","progress":{"expected":2,"done":1},"counts":{"messages":1},"takingBack":true,"statuses":{"sms":{"queued":1}},"outcome":{"waiting":1,"failed":2,"reasons":{"blocked":2}}}`
	c, s := scripted(t, answer{200, "", `{"data":` + one + `}`}, answer{}, answer{200, "", `{"data":` + one + `}`}, answer{200, "", `{"data":` + one + `}`},
		answer{200, "", `{"data":` + one + `}`}, answer{200, "", `{"data":[` + one + `],"page":{"next":null}}`})
	for _, call := range []func() (*DistributionStatus, error){
		func() (*DistributionStatus, error) { return c.Distribution(t.Context(), "dst_1") },
		func() (*DistributionStatus, error) { return c.PauseDistribution(t.Context(), "dst_1") },
		func() (*DistributionStatus, error) { return c.ResumeDistribution(t.Context(), "dst_1") },
		func() (*DistributionStatus, error) { return c.CancelDistribution(t.Context(), "dst_1") },
	} {
		if d, err := call(); err != nil || d.Progress.Done != 1 || d.Counts.Messages != 1 || !d.TakingBack || d.Statuses["sms"]["queued"] != 1 ||
			d.Outcome.Waiting != 1 || d.Outcome.Failed != 2 || d.Outcome.Reasons["blocked"] != 2 {
			t.Errorf("%+v, %v", d, err)
		}
	}
	for d, err := range c.Distributions(t.Context()) {
		if err != nil || d.DistributionID != "dst_1" {
			t.Errorf("%+v, %v", d, err)
		}
	}
	const path = "/api/v1/content/distributions"
	want := "GET " + path + "/dst_1\nPOST " + path + "/dst_1/pause\nPOST " + path + "/dst_1/pause\nPOST " + path + "/dst_1/resume\nPOST " + path + "/dst_1/cancel\nGET " + path
	if s.lines() != want {
		t.Errorf("%s\nwant %s", s.lines(), want)
	}
}
