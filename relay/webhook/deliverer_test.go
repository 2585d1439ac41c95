package webhook

import (
	"encoding/json"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"messagehub/store/message"
)

// A consumer that is down for a day gets everything once it is back, in no
// more than a quarter of an hour; meanwhile it is asked seldom, nothing piles
// up in memory, and the other endpoint does not notice.
func TestConsumerDownForADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newConsumers()
		o := openOffice(t, newMemStore(), net)
		defer o.close()
		slow := func(*http.Request) (int, http.Header, error) { time.Sleep(40 * time.Millisecond); return 200, nil, nil }
		net.set("alive.example", slow)
		synctest.Wait()
		dead, alive := o.endpoint("dead.example"), o.endpoint("alive.example")
		const events = 24 * 60 * 6
		for range events {
			o.store.happen(1, false, message.MessageSent)
			time.Sleep(10 * time.Second)
		}
		synctest.Wait()
		if got, _, tried := net.count("dead.example"); got != 0 || tried > 24*4*2+40 {
			t.Errorf("%d events taken by a dead endpoint, which was tried %d times", got, tried)
		}
		if got, distinct, _ := net.count("alive.example"); got != events || distinct != events {
			t.Errorf("the other endpoint got %d of %d", got, events)
		}
		for _, a := range o.attempts {
			if a.Outcome == message.DeliveryDone && (a.Delay > time.Second || a.Delay == 0) {
				t.Fatalf("the other endpoint waited %s", a.Delay)
			}
		}
		err := o.courier(1, dead.ID).ask(func(box *outbox) error {
			if len(box.live.events) > maxWindow+pageSize || len(box.later) > 2*maxWindow {
				t.Errorf("%d events and %d redeliveries in memory", len(box.live.events), len(box.later))
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		if s := o.Standing(); s.Healthy != 1 || s.Failing != 1 || s.Oldest < 23*time.Hour {
			t.Errorf("%+v", s)
		}
		net.set("dead.example", slow)
		time.Sleep(probeMost + 5*time.Minute)
		synctest.Wait()
		if _, distinct, _ := net.count("dead.example"); distinct != events {
			t.Errorf("back again, it got %d of %d", distinct, events)
		}
		if s := o.Standing(); s.Healthy != 2 || s.Oldest != 0 {
			t.Errorf("%+v", s)
		}
		if e, _ := o.Get(someone(), alive.ID); e.Disabled != message.NotDisabled {
			t.Error("disabled")
		}
	})
}

// However often the process ends, at whatever moment, every event is
// delivered, under the same id each time.
func TestRestartsForgetNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, net := newMemStore(), newConsumers()
		var n atomic.Int32
		net.set("a.example", func(*http.Request) (int, http.Header, error) {
			time.Sleep(30 * time.Millisecond)
			if n.Add(1)%7 == 0 {
				return 500, nil, nil
			}
			return 200, nil, nil
		})
		var want []string
		for i := range 20 {
			o := openOffice(t, s, net)
			synctest.Wait()
			if i == 0 {
				o.endpoint("a.example")
			}
			for range 30 {
				e := s.happen(1, false, message.MessageSent)
				want = append(want, eventID(e.Name()))
			}
			time.Sleep(time.Duration(i*17) * time.Millisecond)
			o.Cut()
			o.close()
		}
		o := openOffice(t, s, net)
		time.Sleep(3 * 24 * time.Hour)
		o.close()
		for _, id := range want {
			if !net.seen["a.example"][id] {
				t.Errorf("%s was never delivered", id)
			}
		}
		if len(net.seen["a.example"]) != len(want) {
			t.Errorf("%d ids, want %d", len(net.seen["a.example"]), len(want))
		}
	})
}

// A drain lets what is under way end, and what it came to is durable.
func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, net := newMemStore(), newConsumers()
		net.set("slow.example", func(*http.Request) (int, http.Header, error) { time.Sleep(3 * time.Second); return 200, nil, nil })
		net.set("stuck.example", func(r *http.Request) (int, http.Header, error) {
			<-r.Context().Done()
			return 0, nil, r.Context().Err()
		})
		o := openOffice(t, s, net)
		synctest.Wait()
		slow, stuck := o.endpoint("slow.example"), o.endpoint("stuck.example")
		e := s.happen(1, false, message.MessageSent)
		synctest.Wait()
		start := time.Now()
		o.close()
		if took := time.Since(start); took != o.Drain {
			t.Errorf("drained in %s", took)
		}
		if s.outboxes[slow.ID].Cursor != e.Position || len(s.log[slow.ID]) != 1 {
			t.Errorf("%+v, %+v", s.outboxes[slow.ID], s.log[slow.ID])
		}
		if s.outboxes[stuck.ID].Cursor >= e.Position || len(s.log[stuck.ID]) != 0 {
			t.Errorf("what was cut counts: %+v, %+v", s.outboxes[stuck.ID], s.log[stuck.ID])
		}
	})
}

// 410 disables, durably and told in the audit log; enabled again, the endpoint
// goes on where it was.
func TestGoneDisables(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newConsumers()
		o := openOffice(t, newMemStore(), net)
		defer o.close()
		net.set("a.example", always(http.StatusGone))
		synctest.Wait()
		e := o.endpoint("a.example")
		for range 3 {
			o.store.happen(1, false, message.MessageSent)
		}
		time.Sleep(time.Hour)
		got, err := o.Get(someone(), e.ID)
		if err != nil || got.Disabled != message.DisabledGone || got.DisabledAt == 0 {
			t.Fatalf("%+v, %v", got, err)
		}
		if _, _, tried := net.count("a.example"); tried != 1 || o.Standing().Disabled != 1 {
			t.Errorf("tried %d times, %+v", tried, o.Standing())
		}
		net.set("a.example", always(200))
		yes := true
		if got, err = o.Update(someone(), e.ID, Change{Enabled: &yes}); err != nil || got.Disabled != message.NotDisabled {
			t.Fatalf("%+v, %v", got, err)
		}
		synctest.Wait()
		if n, _, _ := net.count("a.example"); n != 3 {
			t.Errorf("%d of 3 delivered", n)
		}
		if want := "webhook.create webhook.disable webhook.update"; o.store.actions() != want {
			t.Errorf("audit log: %s", o.store.actions())
		}
	})
}

func TestFailingForDaysDisables(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newConsumers()
		o := openOffice(t, newMemStore(), net)
		defer o.close()
		net.set("a.example", always(503))
		synctest.Wait()
		e := o.endpoint("a.example")
		for range 6 * 24 {
			o.store.happen(1, false, message.MessageSent)
			time.Sleep(time.Hour)
		}
		got, err := o.Get(someone(), e.ID)
		if days := got.DisabledAt.Sub(got.CreatedAt); err != nil || got.Disabled != message.DisabledFailing || days < o.DisableAfter || days > o.DisableAfter+time.Hour {
			t.Errorf("%s after %s, %v", got.Disabled, days, err)
		}
	})
}

// Test events go to test endpoints, types to those who ask for them, and
// another workspace's to nobody else.
func TestEndpointsGetWhatTheyAskFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newConsumers()
		o := openOffice(t, newMemStore(), net)
		defer o.close()
		for _, host := range []string{"all.example", "failed.example", "test.example"} {
			net.set(host, always(200))
		}
		synctest.Wait()
		o.endpoint("all.example")
		o.endpoint("failed.example", "message.failed", "message.received")
		url, tester := "https://test.example/", someone()
		tester.Test = true
		if _, _, err := o.Create(tester, Change{URL: &url}); err != nil {
			t.Fatal(err)
		}
		o.store.happen(1, false, message.MessageSent)
		o.store.happen(1, false, message.MessageFailed)
		o.store.happen(1, true, message.MessageSent)
		o.store.happen(2, false, message.MessageFailed)
		synctest.Wait()
		for host, want := range map[string]int{"all.example": 2, "failed.example": 1, "test.example": 1} {
			if got, _, _ := net.count(host); got != want {
				t.Errorf("%s got %d, want %d", host, got, want)
			}
		}
	})
}

// A channel in trouble is told once, to the workspaces that want to know.
func TestDegraded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newConsumers()
		o := openOffice(t, newMemStore(), net)
		defer o.close()
		net.set("a.example", always(200))
		synctest.Wait()
		o.endpoint("a.example", "channel.degraded")
		sms := message.Lane{Channel: "sms"}
		for _, bad := range []bool{true, true, false, true} {
			o.Degraded(sms, "main", bad)
		}
		o.Degraded(message.Lane{Channel: "sms", Test: true}, "main", true)
		synctest.Wait()
		if got, _, _ := net.count("a.example"); got != 2 || len(o.store.feeds[1]) != 2 {
			t.Errorf("told %d times: %+v", got, o.store.feeds[1])
		}
	})
}

// The committer pays one load for an event while there are no endpoints, and
// no memory at any time.
func TestTellAllocatesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t, newMemStore(), newConsumers())
		defer o.close()
		synctest.Wait()
		e := message.Event{Workspace: 1, Entry: message.Entry{Type: message.MessageSent}}
		for _, types := range []string{"", "message.failed", "message.sent"} {
			if types != "" {
				o.endpoint("a.example", types)
			}
			if n := testing.AllocsPerRun(100, func() { o.Tell(&e) }); n != 0 {
				t.Errorf("%q: %v allocations", types, n)
			}
		}
	})
}

func TestBodies(t *testing.T) {
	s := newMemStore()
	for want, e := range map[string]message.Event{
		`{"id":"evt_0g000000000000200000000000","type":"message.failed","timestamp":"2027-01-15T08:00:00.000Z","data":{"messageId":"msg_0g000000000000200000000007","status":"failed","channel":"sms","test":false,"attempt":1,"code":"not_on_channel","reference":"order-1","metadata":{"k":1},"createdAt":"2027-01-15T07:59:00.000Z","receivedAt":"2027-01-15T08:00:01.000Z"}}`: {
			Position: message.At(1, 0), Message: message.NewID(message.At(1, 0), 7), Channel: "sms", Status: message.Failed, CreatedAt: noon.Add(-time.Minute),
			Entry: message.Entry{At: noon, ReceivedAt: noon.Add(time.Second), Type: message.MessageFailed, Attempt: 1, Code: "not_on_channel"},
		},
		`{"id":"evt_0g000000000000200000000001","type":"channel.degraded","timestamp":"2027-01-15T08:00:00.000Z","data":{"channel":"sms","test":true}}`: {
			Position: message.At(1, 0), Ordinal: 1, Channel: "sms", Test: true, Entry: message.Entry{At: noon, Type: message.ChannelDegraded},
		},
		`{"id":"evt_0g000000000000200000000000","type":"endpoint.disabled","timestamp":"2027-01-15T08:00:00.000Z","data":{"endpointId":"whe_1","reason":"gone","test":false}}`: {
			Position: message.At(1, 0), Object: "whe_1", Entry: message.Entry{At: noon, Type: message.EndpointDisabled, Code: "gone"},
		},
	} {
		got, err := Body(&e, s)
		if err != nil || string(got) != want || !json.Valid(got) {
			t.Errorf("%v\n%s\nwant\n%s", err, got, want)
		}
	}
}
