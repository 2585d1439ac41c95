package relay

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"messagehub/store/message"
)

type resent struct {
	Data struct{ MessageID, Channel, Status, ResendOf string }
}

func TestResendMakesAMessageThatPointsToTheOldOne(t *testing.T) {
	d := openDoor(t, nil)
	old := plain()
	old.Reference, old.ScheduledAt = "order 1", day.Add(time.Hour)
	old.Steps = append(old.Steps, message.Step{Channel: "whatsapp", To: "+14155550100", ContentType: message.Text, Content: "hello", Success: message.Sent})
	id := d.log.put(ours, old)
	path := "/api/v1/messages/" + id.String()
	d.wants(d.ask("POST", path+"/resend", d.live, ""), 409, NotResendable)
	d.log.fold(ours, id, message.Fact{Kind: message.Cancel})
	a := d.ask("POST", path+"/resend", d.live, "{}")
	var r resent
	if err := json.Unmarshal([]byte(a.body), &r); err != nil || a.status != 202 || r.Data.ResendOf != id.String() || r.Data.Status != "queued" {
		t.Fatalf("%v: %d %s", err, a.status, a.body)
	}
	fresh, _ := message.ParseID(message.PrefixMessage, r.Data.MessageID)
	got, _, err := d.log.Message(ours, fresh)
	if err != nil || got.ResendOf != id || got.Reference != old.Reference || got.ScheduledAt != 0 || got.CreatedAt != day || len(got.Steps) != len(old.Steps) {
		t.Errorf("%v: %+v", err, got)
	}
	if a := d.ask("GET", "/api/v1/messages/"+r.Data.MessageID, d.live, ""); !strings.Contains(a.body, `"resendOf":"`+id.String()+`"`) {
		t.Errorf("%s", a.body)
	}
	erased := d.log.put(ours, old.Erase())
	d.wants(d.ask("POST", "/api/v1/messages/"+erased.String()+"/resend", d.live, ""), 409, NotResendable)
	d.wants(d.ask("POST", path+"/resend", d.live, `{"to": "+1"}`), 400, UnknownParameter)
	d.wants(d.ask("POST", path+"/resend", d.other, ""), 404, NotFound)
	d.wants(d.ask("POST", path+"/resend", d.test, ""), 404, NotFound)
}

// What the message needs may be gone since.
func TestResendChecksChannelsAndSendersAnew(t *testing.T) {
	d := openDoor(t, nil)
	kakao, nobody := plain(), plain()
	kakao.Steps[0].Channel, nobody.Steps[0].From = "kakao", "gone"
	for _, c := range []struct {
		o    *message.Outbound
		code Code
	}{{kakao, ChannelNotSet}, {nobody, UnknownSender}} {
		id := d.log.put(ours, c.o)
		d.log.fold(ours, id, message.Fact{Kind: message.Cancel})
		d.wants(d.ask("POST", "/api/v1/messages/"+id.String()+"/resend", d.live, ""), 400, c.code)
	}
}
