package relay

import "testing"

// TestSetSenders: other names count for the next request; a channel that is
// not named keeps its own.
func TestSetSenders(t *testing.T) {
	d := openDoor(t, nil)
	body := func(channel, from string) string {
		return `{"to":"+14155550100","channel":"` + channel + `","from":"` + from + `","content":"Hello"}`
	}
	status := func(channel, from string) int {
		return d.ask("POST", "/api/v1/messages/send", d.live, body(channel, from)).status
	}
	if got := status("sms", "second"); got != 400 {
		t.Errorf("before: %d", got)
	}
	d.server.SetSenders([]Channel{{Name: "sms", Configured: true, Senders: []string{"second"}}, {Name: "pigeon"}})
	for from, want := range map[string]int{"second": 202, "main": 400} {
		if got := status("sms", from); got != want {
			t.Errorf("from %s: %d, want %d", from, got, want)
		}
	}
	d.server.SetSenders([]Channel{{Name: "sms"}})
	if got := status("sms", ""); got != 400 {
		t.Errorf("without a sender: %d", got)
	}
}
