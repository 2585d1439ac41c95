package relay

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"messagehub/store/message"
	"messagehub/store/message/mutate"
)

// fakeDistributions is a log of distributions in memory.
type fakeDistributions struct {
	mu       sync.Mutex
	requests []string // as JSON: what is kept must be its own
	all      []message.Distribution
	keys     map[string]message.Distribution
	optedOut []message.Identity
	tagged   int
	changed  int
	census   message.Census
}

func (f *fakeDistributions) Distribute(r *message.DistributionRequest) (message.Distribution, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if d, ok := f.keys[r.Key.Key]; ok && r.Key.Key != "" {
		d.Replayed = true
		return d, nil
	}
	text, err := json.Marshal(r)
	f.requests = append(f.requests, string(text))
	var own message.DistributionRequest
	if err == nil {
		err = json.Unmarshal(text, &own)
	}
	d := message.Distribution{ID: testID(len(f.all) + 1), Owner: own.Owner, CreatedAt: own.At, Plan: own.Plan, Progress: own.Progress, Version: 1}
	f.all = append(f.all, d)
	f.keys[strings.Clone(r.Key.Key)] = d
	return d, err
}

func (f *fakeDistributions) TurnDistribution(o message.Owner, id message.ID, to message.DistributionState, _ message.Time) (message.Distribution, error) {
	d, err := f.Distribution(o, id)
	if d.Progress.State == message.DistributionCanceled && to != d.Progress.State {
		return d, message.ErrDistributionState
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.all {
		if f.all[i].ID == id {
			f.all[i].Progress.State = to
			d = f.all[i]
		}
	}
	return d, err
}

func (f *fakeDistributions) Distribution(o message.Owner, id message.ID) (message.Distribution, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, d := range f.all {
		if d.ID == id && d.Owner == o {
			return d, nil
		}
	}
	return message.Distribution{}, message.ErrNotFound
}

func (f *fakeDistributions) Distributions(o message.Owner, before message.Position, limit int) (page []message.Distribution, next message.Position, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := len(f.all) - 1; i >= 0; i-- {
		switch d := f.all[i]; {
		case d.Owner != o || before != 0 && d.ID.Position() >= before:
		case len(page) == limit:
			return page, page[limit-1].ID.Position(), nil
		default:
			page = append(page, d)
		}
	}
	return page, 0, nil
}

func (f *fakeDistributions) CountTagged(message.Owner, string, int) (int, error) {
	return f.tagged, nil
}

func (f *fakeDistributions) DistributionCensus(*message.Distribution) (message.Census, error) {
	return f.census, nil
}

func (f *fakeDistributions) OptedOut(_ message.Owner, i message.Identity) (bool, error) {
	for _, out := range f.optedOut {
		if out == i {
			return true, nil
		}
	}
	return false, nil
}

func newDistributionDesk(t testing.TB) (*desk, *fakeDistributions, *fakeContacts) {
	contacts := &fakeContacts{all: map[message.ID]message.Contact{}, erased: map[message.ID]message.Erasure{}}
	f := &fakeDistributions{keys: map[string]message.Distribution{}}
	d := newDesk(t, func(o *Options) {
		o.ContactBook = contacts
		o.Distributions = &Distributions{Log: f, Book: f, Census: f, OptOuts: f, Changed: func() { f.changed++ }}
	})
	return d.open(), f, contacts
}

func (f *fakeDistributions) last(t *testing.T) (r message.DistributionRequest) {
	t.Helper()
	if len(f.requests) == 0 {
		t.Fatal("nothing was taken on")
	}
	if err := json.Unmarshal([]byte(f.requests[len(f.requests)-1]), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

const smallDistribution = `{"content":{"default":{"content":"Hi {{name}}"}},"recipients":[{"to":{"sms":"+14155550100"},"params":{"name":"Kim"}}],"routing":{"mode":"first_reachable"}}`

// TestDistributeReadsEverything: each member of the contract's example, and more,
// comes to the log as it was meant.
func TestDistributeReadsEverything(t *testing.T) {
	d, f, contacts := newDistributionDesk(t)
	kim := message.Contact{ID: testID(50), Owner: message.Owner{Workspace: 7}, Name: "Kim", Tags: []string{"vip"}, Identities: []message.Identity{{Channel: "sms", Address: "+14155550199"}}}
	contacts.all[kim.ID] = kim
	f.tagged = 3
	body := `{
		"content": {"default": {"content": "Hi \u007b{name}}"}, "whatsapp": {"contentType": "template", "templateId": "promo", "templateParams": {"1": "{{name}}"}, "from": "brand"}, "sms": {"content": "{{name}}: sale"}},
		"recipients": [{"contactId": "` + string(message.AppendID(nil, "con_", kim.ID)) + `", "params": {"name": "K\u0069m", "n": 5, "b": true}}, {"to": {"whatsapp": "+1 415 555 0100", "sms": "+14155550100"}},
			{"to": {"sms": "+14155550101"}, "params": {"name": "Lee"}}, {"to": {"sms": "+14155550101"}, "params": {"name": "Lee"}}, {"to": {"sms": "12"}}, {"to": {"sms": "sim:delivered"}},
			{"contactId": "con_0000000000000000000000000"}, {"to": {"sms": "+14155550102"}, "params": {"name": "Out"}}],
		"audience": {"tags": ["vip"]},
		"routing": {"mode": "fallback", "channels": ["whatsapp", "telegram", "sms"], "successStatus": "delivered", "timeout": 300},
		"rate": {"perSecond": 2}, "window": {"from": "09:00", "to": "20:00", "timezone": "Asia/Seoul"}, "scheduledAt": null, "expiresIn": 3600, "reference": "r-1"}`
	f.optedOut = []message.Identity{{Channel: "sms", Address: "+14155550102"}}
	got := d.do(202, "POST "+distributePath, body)
	r := f.last(t)
	p := r.Plan
	if p.Mode != message.RouteFallback || !p.Fixed || p.PerSecond != 2 || p.ExpiresIn.Seconds() != 3600 || p.Reference != "r-1" ||
		p.Window != (message.Window{From: 540, To: 1200, Zone: "Asia/Seoul", Default: "UTC"}) || !cmp.Equal(p.Tags, []string{"vip"}) {
		t.Errorf("plan %+v", p)
	}
	var steps []string
	for _, s := range p.Contents {
		steps = append(steps, fmt.Sprint(s.Channel, s.ContentType, s.Content, s.TemplateID, s.Params, s.From, s.Success, s.Timeout))
	}
	want := []string{
		"whatsapp" + "template" + "" + "promo" + "[{1 {{name}}}] brand delivered 5m0s", "telegram" + "text" + "Hi {{name}}" + " [] sent 5m0s", "sms" + "text" + "{{name}}: sale" + " [] delivered 5m0s",
	}
	for i := range want {
		if strings.ReplaceAll(steps[i], " ", "") != strings.ReplaceAll(want[i], " ", "") {
			t.Errorf("step %d is %s, want %s", i, steps[i], want[i])
		}
	}
	wantKept := []message.Addressee{
		{Index: 0, Contact: kim.ID, Params: []message.Param{{Name: "name", Value: "Kim"}, {Name: "n", Value: "5"}, {Name: "b", Value: "true"}}},
		{Index: 2, To: []message.Identity{{Channel: "sms", Address: "+14155550101"}}, Params: []message.Param{{Name: "name", Value: "Lee"}}},
		{Index: 7, To: []message.Identity{{Channel: "sms", Address: "+14155550102"}}, Params: []message.Param{{Name: "name", Value: "Out"}}},
	}
	if diff := cmp.Diff(wantKept, r.Recipients); diff != "" {
		t.Error(diff)
	}
	for _, part := range []string{
		`"recipients":11,"messages":5,"invalid":4,"duplicates":1,"optedOut":1,"exact":false,"estimate":{"segments":5,"seconds":3}`,
		`{"index":1,"contactId":null,"code":"missing_parameter","param":"name","message":"There is no value for {{name}}: give it in the recipient's params."}`,
		`{"index":4,"contactId":null,"code":"invalid_recipient","param":"to.sms"`, `{"index":5,"contactId":null,"code":"test_recipient"`, `{"index":6,"contactId":null,"code":"unknown_contact"`,
		`"warnings":[{"param":"routing.successStatus","code":"unsupported_status"`,
	} {
		if !strings.Contains(got.body, part) {
			t.Errorf("no %s in %s", part, got.body)
		}
	}
	if c := r.Progress.Counts; c != (message.DistributionCounts{Recipients: 5, Invalid: 4, Duplicates: 1}) || f.changed != 1 {
		t.Errorf("begins with %+v, told %d times", c, f.changed)
	}
}

// TestDistributeChannels: the channels where the request names none.
func TestDistributeChannels(t *testing.T) {
	d, f, _ := newDistributionDesk(t)
	for body, want := range map[string]string{
		smallDistribution: "whatsapp telegram sms", // kakao carries no text
		strings.Replace(smallDistribution, `"default"`, `"sms"`, 1):                               "sms",
		strings.Replace(smallDistribution, `"content":{`, `"content":{"sms":{"content":"x"},`, 1): "sms whatsapp telegram",
		strings.Replace(smallDistribution, `"mode"`, `"channels":["sms","whatsapp"],"mode"`, 1):   "sms whatsapp",
	} {
		d.do(202, "POST "+distributePath, body)
		var got []string
		for _, s := range f.last(t).Plan.Contents {
			got = append(got, s.Channel)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s goes over %v, want %s", body, got, want)
		}
	}
}

// TestDistributeListsEveryFault: all that is wrong with a body, and nothing is
// taken on.
func TestDistributeListsEveryFault(t *testing.T) {
	d, f, _ := newDistributionDesk(t)
	with := func(old, replaced string) string { return strings.Replace(smallDistribution, old, replaced, 1) }
	rest := func(more string) string { return strings.TrimSuffix(smallDistribution, "}") + "," + more + "}" }
	many := strings.Repeat(`{"to":{"sms":"+14155550100"}},`, message.MaxRecipients)
	for body, want := range map[string][]string{
		``:    {"- invalid_json"},
		`[1]`: {"- invalid_type"},
		`{}`:  {"content missing_parameter", "recipients missing_parameter", "routing.mode missing_parameter"},
		`{"content":{"sms":{"content":"x","contnt":1},"smss":{}},"recipients":[{"to":{"sms":5,"fax":"1"},"x":1},{},7],"audience":{"tags":["a","a",""]},
			"routing":{"mode":"al","channels":["sms","sms","fax","telegram"],"successStatus":"seen","timeout":1},"rate":{"perSecond":0},"window":{"from":"9:00"},
			"scheduledAt":"now","expiresIn":"1","reference":5,"recipient":1}`: {
			"content.smss unsupported_channel", "recipients[0].to.sms invalid_type", "recipients[0].to.fax unsupported_channel", "recipients[0].x unknown_parameter",
			"recipients[1] missing_parameter", "recipients[2] invalid_type", "audience.tags[1] duplicate_parameter", "audience.tags[2] invalid_parameter",
			"routing.mode invalid_parameter", "routing.channels[1] duplicate_parameter", "routing.successStatus invalid_parameter", "routing.timeout invalid_parameter",
			"rate.perSecond invalid_parameter", "window.from invalid_parameter", "window.to missing_parameter", "window.timezone missing_parameter",
			"scheduledAt invalid_parameter", "expiresIn invalid_type", "reference invalid_type", "recipient unknown_parameter",
			"content.sms.contnt unknown_parameter", "routing.channels[1] unsupported_channel", "routing.channels[2] content_required",
		},
		with("Hi {{name}}", "Hi {{name"):                                                            {"content.default.content invalid_parameter"},
		with(`"content":"Hi {{name}}"`, `"contentType":"template"`):                                 {"content.default.templateId template_required"},
		with(`{"content":"Hi {{name}}"}`, `{"contentType":"media","mediaUrl":"https://a.b/{{x}}"}`): {"content.default.mediaUrl invalid_parameter"},
		with(`"mode"`, `"channels":["kakao"],"mode"`):                                               {"routing.channels[0] channel_not_configured", "content.default.contentType unsupported_content_type"},
		with(`{"name":"Kim"}`, `{}`):                                                                {"recipients[0] missing_parameter"},
		with(`"+14155550100"`, `"x"`):                                                               {"recipients[0] invalid_recipient"},
		with(`{"to":{`, many+`{"to":{`):                                                             {"recipients batch_too_large"},
		rest(`"window":{"from":"10:00","to":"10:00","timezone":"UTC"}`):                             {"window.to invalid_parameter"},
		rest(`"window":{"from":"10:00","to":"24:00","timezone":"Mars"}`):                            {"window.timezone invalid_parameter"},
		rest(`"window":{"from":"10:00","to":"11:00","timezone":"UTC","defaultTimezone":"UTC"}`):     {"window.defaultTimezone invalid_parameter"},
		rest(`"scheduledAt":"2027-03-15T08:00:00Z"`):                                                {"scheduledAt invalid_parameter"},
		rest(`"rate":{"perSecond":1},"rate":{"perSecond":1}`):                                       {"rate duplicate_parameter"},
	} {
		got := d.do(400, "POST "+distributePath, body)
		var p trouble
		if err := json.Unmarshal([]byte(got.body), &p); err != nil {
			t.Fatal(err)
		}
		var faults []string
		for _, e := range p.Error.Errors {
			param := "-"
			if e.Param != nil && *e.Param != "" {
				param = *e.Param
			}
			faults = append(faults, param+" "+e.Code)
		}
		if len(faults) == 0 {
			faults = []string{"- " + p.Error.Code}
		}
		if diff := cmp.Diff(want, faults); diff != "" {
			t.Errorf("%.200s\n%s", body, diff)
		}
	}
	if len(f.requests) != 0 {
		t.Errorf("%d were taken on", len(f.requests))
	}
}

// TestDistributeDryAndAgain: a dry run takes nothing on, and a repeat under the
// same key is answered as the first one.
func TestDistributeDryAndAgain(t *testing.T) {
	d, f, _ := newDistributionDesk(t)
	if got := d.do(200, "POST "+distributePath+"?dryRun=true", smallDistribution); !strings.HasPrefix(got.body, `{"data":{"dryRun":true,"recipients":1,"messages":1,`) || len(f.requests) != 0 {
		t.Errorf("dry run: %s", got.body)
	}
	first := d.do(202, "POST "+distributePath, smallDistribution, "Idempotency-Key: k")
	f.all[0].Progress.Counts.Messages = 9
	again := d.do(202, "POST "+distributePath, smallDistribution, "Idempotency-Key: k")
	if first.body != again.body || again.header.Get("Idempotency-Replayed") != "true" || len(f.requests) != 1 {
		t.Errorf("first %s, again %s", first.body, again.body)
	}
	large := strings.Replace(smallDistribution, `"recipients":[`, `"recipients":[`+strings.Repeat(`{"to":{"sms":"+14155550100"},"params":{"name":"Kim"}},`, message.MaxRecipients-1), 1)
	if got := d.do(202, "POST "+distributePath, large); !strings.Contains(got.body, `"recipients":10000,"messages":1,"invalid":0,"duplicates":9999`) || d.server.batches.n != 0 {
		t.Errorf("%.300s, %d places taken", got.body, d.server.batches.n)
	}
	refused(t, d.ask(strings.Replace(d.postTo(distributePath, large), d.live, "cpk_live_nobody", 1)), 413, BodyTooLarge)
}

// TestDistributionsAreTheirOwners: another workspace, and the other of live and
// test, find nothing.
func TestDistributionsAreTheirOwners(t *testing.T) {
	d, f, _ := newDistributionDesk(t)
	d.do(202, "POST "+distributePath, smallDistribution)
	d.do(202, "POST "+distributePath, smallDistribution)
	id := string(message.AppendID(nil, message.PrefixDistribution, f.all[0].ID))
	f.census = message.Census{
		Statuses: map[message.ChannelStatus]int{
			{Channel: "sms", Status: message.Sent}: 2, {Channel: "sms", Status: message.Queued}: 1, {Channel: "whatsapp", Status: message.Failed}: 5,
		},
		Withheld: 1, Skipped: 3, Reasons: map[string]int{"opted_out": 3, "blocked": 2},
	}
	paths := []string{"GET " + distributionsPath + "/" + id}
	for _, what := range []string{"pause", "resume", "cancel"} {
		paths = append(paths, "POST "+distributionsPath+"/"+id+"/"+what)
	}
	d.keys.PutWorkspace(message.Workspace{ID: 8, Name: "other", PerMinute: 1_000_000})
	for _, token := range []string{d.test, d.addKey(message.Key{Workspace: 8, Scopes: message.ScopeAll})} {
		for _, path := range paths {
			refused(t, d.ask(request(path+" HTTP/1.1", "", "Authorization: Bearer "+token)), 404, NotFound)
		}
		if got := d.ask(request("GET "+distributionsPath+" HTTP/1.1", "", "Authorization: Bearer "+token)); !strings.HasPrefix(got.body, `{"data":[]`) {
			t.Error(got.body)
		}
	}
	for _, path := range paths {
		if got := d.do(200, path, ""); !strings.Contains(got.body, `"statuses":{"whatsapp":{"failed":5},"telegram":{},"sms":{"queued":1,"sent":2}},`+
			`"outcome":{"waiting":1,"withheld":1,"sent":2,"canceled":0,"failed":2,"skipped":3,"reasons":{"blocked":2,"opted_out":3}}`) {
			t.Error(got.body)
		}
	}
	refused(t, d.do(409, paths[1], ""), 409, DistributionState)
	d.do(404, "GET "+distributionsPath+"/dst_x", "")
	first := d.do(200, "GET "+distributionsPath+"?limit=1", "")
	var page struct{ Page struct{ Next string } }
	if err := json.Unmarshal([]byte(first.body), &page); err != nil || page.Page.Next == "" {
		t.Fatalf("%v: %s", err, first.body)
	}
	if second := d.do(200, "GET "+distributionsPath+"?limit=1&after="+page.Page.Next, ""); !strings.Contains(second.body, id) || !strings.Contains(second.body, `"next":null`) {
		t.Error(second.body)
	}
	d.do(400, "GET "+distributionsPath+"?limit=0&x=1", "")
}

// FuzzDistribution: whatever a body holds, reading it ends, and what is accepted
// is JSON with a content for each channel and recipients that can be sent to.
func FuzzDistribution(f *testing.F) {
	r := testReader()
	seeds := [][]byte{
		[]byte(smallDistribution),
		[]byte(`{"content":{"sms":{"content":"\u007b{a}} {{b}}"},"whatsapp":{"contentType":"template","templateId":"t","templateParams":{"1":"{{a}}"}}},"audience":{"tags":["vip","\u00e9"]},
			"recipients":[{"contactId":"con_0000000000000000000000000","to":{"sms":"sim:delivered","telegram":"7"},"params":{"a":1,"b":null,"c":true}}],
			"routing":{"mode":"all","channels":["sms","whatsapp"],"successStatus":"read","timeout":60},"rate":{"perSecond":5},
			"window":{"from":"22:00","to":"24:00","timezone":"recipient","defaultTimezone":"Asia/Seoul"},"scheduledAt":"2027-01-15T08:00:01Z","expiresIn":60,"reference":"r"}`),
	}
	mutate.Bytes(f, seeds, func(t testing.TB, body []byte) {
		d := r.readDistribution(body, testKey(true), day)
		if len(d.faults) > maxFaults {
			t.Fatalf("%d faults", len(d.faults))
		}
		if len(d.faults) > 0 {
			return
		}
		p := d.request.Plan
		if !json.Valid(body) || len(p.Contents) == 0 || len(d.request.Recipients)+len(p.Tags)+d.refused == 0 || d.brought > message.MaxRecipients {
			t.Fatalf("accepted %s as %+v", body, d.request)
		}
		for _, a := range d.request.Recipients {
			if a.Erased() {
				t.Fatalf("recipient %d has nothing", a.Index)
			}
		}
	})
}
