package sms

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sms/smpp"
	"messagehub/actors/channel/sms/smsc"
	"messagehub/store/message"
)

func TestSMPPSettingsThatDoNotFit(t *testing.T) {
	good := channel.Sandbox(Spec().Settings)
	good[settingProvider] = providerSMPP
	for name, change := range map[string]channel.Values{
		settingSMSC: {settingSMSC: ""}, settingSystemID: {settingSystemID: ""}, settingPassword: {settingPassword: ""}, settingFrom: {settingFrom: ""},
		settingCA: {settingTLS: "true", settingCA: "no PEM"}, settingDataCoding: {settingDataCoding: "0", settingAlphabet: alphabetMixed},
		settingLanguages: {settingLanguages: "turkish", settingAlphabet: alphabetLatin1},
	} {
		v := channel.Values{}
		for _, m := range []channel.Values{good, change} {
			for key, value := range m {
				v[key] = value
			}
		}
		if _, err := newAdapter(channel.Sender{Settings: v}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for setting, value := range map[string]string{
		settingSMSC: "smpp.example.com", settingPassword: "longerthan8", settingWindow: "0", settingEnquire: "1ms", settingDestTON: "7",
		settingStatusCodes: `{"0x401": "no_such_code"}`, settingLong: "parts",
	} {
		v := channel.Sandbox(Spec().Settings)
		v[setting] = value
		if _, err := channel.Complete(Spec().Settings, v); err == nil || !strings.Contains(err.Error(), setting) {
			t.Errorf("%s %s: %v", setting, value, err)
		}
	}
}

func TestSMPPValidity(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for _, row := range []struct {
		form string
		left time.Duration
		want string
	}{
		{validityRelative, 25*time.Hour + 61*time.Second, "000001010101000R"},
		{validityRelative, -time.Hour, "000000000001000R"},
		{validityRelative, 1000 * time.Hour, "000030000000000R"},
		{validityAbsolute, time.Hour, "261122130000000+"},
		{validityNone, time.Hour, ""},
	} {
		if got := validity(row.form, now, message.TimeOf(now.Add(row.left))); got != row.want {
			t.Errorf("%s, %v: %q, want %q", row.form, row.left, got, row.want)
		}
	}
}

func TestSMPPIDs(t *testing.T) {
	for _, row := range []struct {
		format             idFormat
		answered, receipts string
	}{
		{idSame, "000A1B", "a1b"},
		{idSame, "Zz-9", "Zz-9"},
		{idSame, " 7 ", "7"},
		{idSame, "0", "000"},
		{idHexToDec, "DEADBEEF", "3735928559"},
		{idHexToDec, "ff", "0000000255"},
		{idDecToHex, "255", "00FF"},
		{idHexToDec, "ffffffffffffffffffff", "1208925819614629174706175"},
	} {
		if a, r := row.format.answered(row.answered), row.format.receipted(row.receipts); a != r || a == "" {
			t.Errorf("%s: answer %q, receipt %q", row.format, a, r)
		}
	}
	for _, bad := range []string{"", " ", "a b", "a\nb", "é", strings.Repeat("1", 65)} {
		if id := idFormat(idSame).answered(bad); id != "" {
			t.Errorf("%q is usable as %q", bad, id)
		}
	}
}

func TestSMPPStates(t *testing.T) {
	plain := smppStates{accepted: stateSent, unknown: stateIgnored}
	for _, row := range []struct {
		states smppStates
		state  smpp.State
		status message.Status // 0: nothing is said
		code   channel.Code
	}{
		{plain, smpp.Scheduled, 0, ""},
		{plain, smpp.EnRoute, message.Sent, ""},
		{plain, smpp.Delivered, message.Delivered, ""},
		{plain, smpp.Expired, message.Failed, channel.DeliveryExpired},
		{plain, smpp.Deleted, message.Failed, channel.ProviderError},
		{plain, smpp.Undeliverable, message.Failed, channel.Unreachable},
		{plain, smpp.Accepted, message.Sent, ""},
		{plain, smpp.UnknownState, 0, ""},
		{plain, smpp.Rejected, message.Failed, channel.Restricted},
		{plain, smpp.Skipped, message.Failed, channel.ProviderError},
		{plain, smpp.NoState, 0, ""},
		{smppStates{accepted: stateDelivered}, smpp.Accepted, message.Delivered, ""},
		{smppStates{unknown: stateFailed}, smpp.UnknownState, message.Failed, channel.ProviderError},
	} {
		status, failure, ok := row.states.outcome(smpp.Receipt{ID: "1", State: row.state, Error: "00b"})
		if ok != (row.status != 0) || ok && status != row.status {
			t.Errorf("state %d: %v, %v", row.state, status, ok)
		}
		if (failure != nil) != (row.code != "") || failure != nil && (failure.Code != string(row.code) || failure.ProviderCode != "00b") {
			t.Errorf("state %d: failure %+v", row.state, failure)
		}
	}
}

func TestSMPPBindRefusals(t *testing.T) {
	a := &smppAdapter{}
	for status, want := range map[uint32]channel.Code{
		0x0d: channel.BadCredentials, 0x0e: channel.BadCredentials, 0x0f: channel.BadCredentials, 0x53: channel.BadCredentials,
		0x05: channel.ProviderUnavailable, 0x08: channel.ProviderUnavailable, 0x58: channel.RateLimited,
	} {
		if e := a.failed(&smpp.Refused{Status: status, Bind: true}); e.Code != want {
			t.Errorf("0x%02X: %s, want %s", status, e.Code, want)
		}
	}
	a.statuses = map[uint32]channel.Code{0x401: channel.Blocked}
	if e := a.failed(&smpp.Refused{Status: 0x401}); e.Code != channel.Blocked || e.ProviderCode != "0x401" {
		t.Errorf("a status of the SMSC's own: %+v", e)
	}
}

// A message in parts is delivered once every part is, in whatever order and
// however often the receipts come, and before the answers or after them.
func TestLongMessageIsDeliveredWithItsLastPart(t *testing.T) {
	for name, o := range map[string]smsc.Options{
		"after": {HexAnswers: true, HexReceipts: true}, "before": {HexAnswers: true, HexReceipts: true, Early: true},
		"text alone": {Receipts: smsc.TextOnly, LongDates: true}, "parameters alone": {Receipts: smsc.OptionsOnly},
	} {
		d := newSMPPDesk(t, o, nil)
		got, err := d.adapter.Send(t.Context(), smppRequest("+14155550100", strings.Repeat("a", 400)))
		if err != nil || strings.Count(got.ProviderID, "+") != 2 {
			t.Fatalf("%s: %+v, %v", name, got, err)
		}
		waitFor(t, func() bool { return countOf(d.settled(t), got.ProviderID, message.Delivered) == 1 })
	}
}

func TestLongMessageFailsWithAPart(t *testing.T) {
	d := newSMPPDesk(t, smsc.Options{HexAnswers: true, HexReceipts: true}, nil)
	got, err := d.adapter.Send(t.Context(), smppRequest("sim:failed", strings.Repeat("a", 400)))
	if err != nil {
		t.Fatal(err)
	}
	all := d.settled(t)
	if countOf(all, got.ProviderID, message.Failed) == 0 || countOf(all, got.ProviderID, message.Delivered) > 0 {
		t.Errorf("receipts %+v", all)
	}
}

func countOf(all []message.Receipt, id string, status message.Status) (n int) {
	for _, r := range all {
		if r.ProviderID == id && r.Status == status {
			n++
		}
	}
	return n
}

// What waits for receipts outlives a restart; a part's receipt is never taken
// for the message's.
func TestLongMessagesAreRestored(t *testing.T) {
	var before, after longMessages
	id, _ := before.add([]string{"a1", "a2"})
	part := func(id string) message.Receipt {
		return message.Receipt{ProviderID: id, Status: message.Delivered}
	}
	if r, ok := before.receive(part("a1")); ok {
		t.Errorf("one part of two: %+v", r)
	}
	after.restore(before.snapshot())
	if before.snapshot() != nil {
		t.Error("nothing has changed, but it is written again")
	}
	if r, ok := after.receive(part("a2")); !ok || r.ProviderID != id {
		t.Errorf("after the restart: %+v, %v", r, ok)
	}
	var forgotten longMessages
	if r, _ := forgotten.receive(part("a1")); r.ProviderID == id {
		t.Errorf("a part stands for the message: %+v", r)
	}
	after.restore([]byte("[null, {\"id\":\"x\",\"parts\":[\"1\"]}, 7"))
}

// Receipts that can't be stored are brought again.
func TestSMPPReceiptsComeAgainUntilStored(t *testing.T) {
	d := newSMPPDesk(t, smsc.Options{HexAnswers: true, HexReceipts: true}, nil)
	d.fault = errors.New("disk full")
	got, err := d.adapter.Send(t.Context(), smppRequest("+14155550100", "x"))
	if err != nil {
		t.Fatal(err)
	}
	d.mu.Lock()
	d.fault = nil
	d.mu.Unlock()
	if all := d.settled(t); countOf(all, got.ProviderID, message.Delivered) != 1 {
		t.Errorf("receipts %+v", all)
	}
}

// A receipt with our reference settles a message whose answer was lost, and
// only that.
func TestReferenceSettlesWhatIsUnknown(t *testing.T) {
	d := newSMPPDesk(t, smsc.Options{HexAnswers: true, HexReceipts: true, DropAfter: 1}, channel.Values{settingReference: "true"})
	r := smppRequest("+14155550100", "x")
	_, err := d.adapter.Send(t.Context(), r)
	if e, ok := err.(*channel.Error); !ok || e.Code != channel.OutcomeUnknown {
		t.Fatalf("got %v", err)
	}
	all := d.settled(t)
	if len(all) != 1 || all[0].Ref != r.Ref || all[0].Status != message.Delivered {
		t.Errorf("receipts %+v, want one of %s", all, r.Ref)
	}
	var refs smppReferences
	n := refs.add("ref", "1")
	if refs.find(n, "2") != "" || refs.find(n, "1") != "ref" {
		t.Error("a receipt of another handset counts")
	}
	if refs.settle(n, "ref"); refs.find(n, "1") != "" {
		t.Error("a message that has an id is found by its reference")
	}
}

// TestManyLongMessages lets receipts of many long messages race their answers.
func TestManyLongMessages(t *testing.T) {
	d := newSMPPDesk(t, smsc.Options{HexAnswers: true, HexReceipts: true, Early: true}, channel.Values{settingWindow: "50"})
	var mu sync.Mutex
	ids := map[string]bool{}
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			got, err := d.adapter.Send(t.Context(), smppRequest("+14155550100", strings.Repeat("a", 200)))
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			ids[got.ProviderID] = true
			mu.Unlock()
		})
	}
	wg.Wait()
	all := d.settled(t)
	for id := range ids {
		if countOf(all, id, message.Delivered) == 0 {
			t.Errorf("%s is not delivered", id)
		}
	}
	if len(ids) != 100 {
		t.Errorf("%d ids of 100 messages", len(ids))
	}
}
