package webhook

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"messagehub/store/message"
)

// While secrets rotate, both sign; then the new one alone. No secret is ever
// in the audit log, nor the query of a URL.
func TestRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newConsumers()
		o := openOffice(t, newMemStore(), net)
		defer o.close()
		net.set("a.example", always(200))
		synctest.Wait()
		e := o.endpoint("a.example")
		signatures := func() (string, int) {
			o.store.happen(1, false, message.MessageSent)
			synctest.Wait()
			h := net.headers["a.example"].Get("Webhook-Signature")
			return h, strings.Count(h, "v1,")
		}
		if h, n := signatures(); n != 1 {
			t.Errorf("%q", h)
		}
		_, secret, err := o.Rotate(someone(), e.ID, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if h, n := signatures(); n != 2 {
			t.Errorf("in the overlap: %q", h)
		}
		time.Sleep(time.Hour)
		if h, n := signatures(); n != 1 {
			t.Errorf("after it: %q", h)
		}
		for _, a := range o.store.audits {
			if text := a.Before + a.After; strings.Contains(text, secret) || strings.Contains(text, "whsec") || strings.Contains(text, "s3cret") {
				t.Errorf("a secret is in the audit log: %s", text)
			}
		}
		if !strings.HasPrefix(o.store.endpoints[e.ID].Secrets[0].Sealed, "webhook/1/"+endpointID(e.ID)+"|whsec_") {
			t.Error("the secret is not sealed under the endpoint's name")
		}
	})
}

func TestReplayAndTest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newConsumers()
		o := openOffice(t, newMemStore(), net)
		defer o.close()
		net.set("a.example", always(200))
		synctest.Wait()
		since := message.TimeOf(time.Now())
		e := o.endpoint("a.example")
		var first message.Event
		for i := range 10 {
			if event := o.store.happen(1, false, message.MessageSent); i == 0 {
				first = event
			}
			time.Sleep(time.Minute)
		}
		if err := o.ReplayEvent(someone(), e.ID, first.Name()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got := net.got["a.example"]; len(got) != 11 || got[10] != got[0] {
			t.Errorf("one event again: %v", got)
		}
		if err := o.ReplayRange(someone(), e.ID, since.Add(2*time.Minute), since.Add(5*time.Minute)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got := net.got["a.example"]; len(got) != 14 || !slices.Equal(slices.Sorted(slices.Values(got[11:])), got[2:5]) {
			t.Errorf("a range again: %v", got)
		}
		net.set("a.example", func(*http.Request) (int, http.Header, error) { time.Sleep(time.Second); return 200, nil, nil })
		if err := o.ReplayRange(someone(), e.ID, since, 0); err != nil {
			t.Fatal(err)
		}
		if err := o.ReplayRange(someone(), e.ID, since, 0); !errors.Is(err, ErrReplaying) {
			t.Errorf("a second one at the same time: %v", err)
		}
		r, err := o.Test(t.Context(), someone(), e.ID)
		if err != nil || r.Outcome != message.DeliveryDone || r.Status != 200 || r.Took != time.Second {
			t.Errorf("%+v, %v", r, err)
		}
		log, err := o.Deliveries(someone(), e.ID, 0, 3)
		if err != nil || len(log) != 3 || log[0].Type != message.MessageSent || log[0].Status != 200 {
			t.Errorf("%+v, %v", log, err)
		}
		if want := "webhook.create webhook.replay webhook.replay webhook.replay webhook.replay"; o.store.actions() != want {
			t.Errorf("audit log: %s", o.store.actions())
		}
	})
}

// Whoever is not of the workspace, or of the other of live and test, finds
// nothing; nor does anybody after a deletion.
func TestOthersFindNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t, newMemStore(), newConsumers())
		defer o.close()
		synctest.Wait()
		e := o.endpoint("a.example")
		event := o.store.happen(1, false, message.MessageSent)
		stranger, tester := someone(), someone()
		stranger.Workspace, tester.Test = 2, true
		try := func(who Who, id message.ID) {
			t.Helper()
			_, get := o.Get(who, id)
			_, update := o.Update(who, id, Change{})
			_, _, rotate := o.Rotate(who, id, 0)
			_, test := o.Test(t.Context(), who, id)
			_, log := o.Deliveries(who, id, 0, 1)
			for what, err := range map[string]error{
				"get": get, "update": update, "rotate": rotate, "test": test, "deliveries": log, "delete": o.Delete(who, id),
				"replay": o.ReplayEvent(who, id, event.Name()), "range": o.ReplayRange(who, id, 1, 0),
			} {
				if !errors.Is(err, message.ErrNotFound) {
					t.Errorf("%s: %v", what, err)
				}
			}
		}
		try(stranger, e.ID)
		try(tester, e.ID)
		if all, err := o.List(stranger); err != nil || len(all) != 0 {
			t.Errorf("%d, %v", len(all), err)
		}
		if err := o.Delete(someone(), e.ID); err != nil {
			t.Fatal(err)
		}
		try(someone(), e.ID)
		if s := o.Standing(); s != (Standing{}) || o.serving.Load() != 0 {
			t.Errorf("a courier is left: %+v", s)
		}
	})
}

func TestEndpointsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t, newMemStore(), newConsumers())
		defer o.close()
		synctest.Wait()
		var last message.Endpoint
		for range MaxEndpoints {
			last = o.endpoint("a.example")
		}
		url := "https://a.example/"
		if _, _, err := o.Create(someone(), Change{URL: &url}); !errors.Is(err, ErrTooMany) {
			t.Errorf("%v", err)
		}
		o.store.refuse = []error{message.ErrRevision, message.ErrRevision}
		text := "changed at the third try"
		if e, err := o.Update(someone(), last.ID, Change{Description: &text}); err != nil || e.Description != text {
			t.Errorf("%+v, %v", e, err)
		}
	})
}
