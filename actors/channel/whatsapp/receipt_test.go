package whatsapp

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"messagehub/actors/channel"
	"messagehub/actors/channel/channeltest"
	"messagehub/store/message"
)

// ref is one of ours.
func ref() string { return message.AttemptRef(1, message.NewID(message.At(7, 0), 42), 0) }

// envelope wraps statuses as Meta does.
func envelope(statuses ...string) string {
	return `{"object":"whatsapp_business_account","entry":[{"id":"102290129340398","changes":[{"field":"messages","value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550783881","phone_number_id":"106540352242922"},"contacts":[{"profile":{"name":"Zo\u00eb \ud83d\ude00","username":"@zoe"},"wa_id":"16505551234","user_id":"US.1349"}],"statuses":[` +
		strings.Join(statuses, ",") + `]}}]}]}`
}

func reported(id, status, more string) string {
	return fmt.Sprintf(`{"id":%q,"status":%q,"timestamp":"1750030073","recipient_id":"16505551234"%s}`, id, status, more)
}

const reportedAt = message.Time(1750030073000)

func receipt(id string, s message.Status) message.Receipt {
	return message.Receipt{ProviderID: id, Status: s, At: reportedAt}
}

func withRef(r message.Receipt) message.Receipt { r.Ref = ref(); return r }

func failed(id string, code channel.Code, number int, text string, pause time.Duration) message.Receipt {
	r := receipt(id, message.Failed)
	provider := ""
	if number != 0 {
		provider = strconv.Itoa(number)
	}
	r.Failure, r.RetryAfter = channel.Failed(code, provider, text).Failure(), pause
	return r
}

func errorsOf(code int) string {
	return fmt.Sprintf(`,"errors":[{"code":%d,"title":"t","message":"t","error_data":{"details":"why"},"href":"/documentation"}]`, code)
}

// value wraps what is no status.
func value(members string) string {
	return `{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"1","phone_number_id":"2"},` + members + `}}]}]}`
}

// thousand is the largest batch that Meta posts, each message's statuses in
// the wrong order.
func thousand() channeltest.Callback {
	out := channeltest.Callback{Name: "a thousand statuses"}
	var all []string
	for i := range 500 {
		id := "wamid." + strconv.Itoa(i)
		all = append(all, reported(id, "read", ""), reported(id, "delivered", ""))
		out.Want = append(out.Want, receipt(id, message.Read), receipt(id, message.Delivered))
	}
	out.Body = envelope(all...)
	return out
}

func callbacks() []channeltest.Callback {
	withOurs := `,"biz_opaque_callback_data":"` + ref() + `"`
	out := []channeltest.Callback{
		{Name: "sent", Body: envelope(reported("wamid.A", "sent", withOurs+`,"pricing":{"billable":true,"pricing_model":"PMP","type":"regular","category":"marketing"}`)), Want: []message.Receipt{withRef(receipt("wamid.A", message.Sent))}},
		{Name: "delivered", Body: envelope(reported("wamid.A", "delivered", "")), Want: []message.Receipt{receipt("wamid.A", message.Delivered)}},
		{Name: "read", Body: envelope(reported("wamid.A", "read", "")), Want: []message.Receipt{receipt("wamid.A", message.Read)}},
		{Name: "played", Body: envelope(reported("wamid.A", "played", "")), Want: []message.Receipt{receipt("wamid.A", message.Read)}},
		{Name: "foreign ref", Body: envelope(reported("wamid.A", "sent", `,"biz_opaque_callback_data":"order-17"`)), Want: []message.Receipt{receipt("wamid.A", message.Sent)}},
		{Name: "user id alone", Body: envelope(`{"id":"wamid.A","status":"sent","timestamp":"1750030073","recipient_user_id":"US.1349"}`), Want: []message.Receipt{receipt("wamid.A", message.Sent)}},
		{Name: "batch out of order", Body: envelope(reported("wamid.A", "read", ""), reported("wamid.B", "delivered", ""), reported("wamid.A", "sent", ""), reported("wamid.A", "sent", "")), Want: []message.Receipt{
			receipt("wamid.A", message.Read), receipt("wamid.B", message.Delivered), receipt("wamid.A", message.Sent), receipt("wamid.A", message.Sent),
		}},
		{Name: "unknown statuses", Body: envelope(reported("wamid.A", "deleted", ""), reported("wamid.A", "warning", ""), reported("wamid.A", "", ""))},
		{Name: "one of an unknown form", Body: envelope(`{"id":7,"status":"sent"}`, `"text"`, `null`, `{"status":"sent"}`, reported("wamid.B", "sent", "")), Want: []message.Receipt{receipt("wamid.B", message.Sent)}},
		{Name: "odd timestamps", Body: envelope(`{"id":"wamid.A","status":"sent","timestamp":1750030073}`, `{"id":"wamid.B","status":"sent","timestamp":"soon"}`, `{"id":"wamid.C","status":"sent","timestamp":"99999999999999999"}`, `{"id":"wamid.D","status":"sent"}`), Want: []message.Receipt{
			receipt("wamid.A", message.Sent), {ProviderID: "wamid.B", Status: message.Sent}, {ProviderID: "wamid.C", Status: message.Sent}, {ProviderID: "wamid.D", Status: message.Sent},
		}},
		{Name: "id too long", Body: envelope(reported(strings.Repeat("w", 257), "sent", ""))},
		{Name: "failed without a reason", Body: envelope(reported("wamid.A", "failed", "")), Want: []message.Receipt{failed("wamid.A", channel.ContentRejected, 0, "Meta gave no reason", 0)}},
		{Name: "failed for an unknown reason", Body: envelope(reported("wamid.A", "failed", errorsOf(999))), Want: []message.Receipt{failed("wamid.A", channel.ContentRejected, 999, "why", 0)}},
		{Name: "failed for a reason of the future", Body: envelope(reported("wamid.A", "failed", `,"errors":{"code":1}`)), Want: []message.Receipt{failed("wamid.A", channel.ContentRejected, 0, "Meta gave no reason", 0)}},
		{Name: "conversation and pricing", Body: envelope(
			reported("wamid.A", "sent", `,"conversation":{"id":"c","expiration_timestamp":"1750116473","origin":{"type":"marketing"}},"pricing":{"billable":true,"pricing_model":"CBP","category":"marketing"}`),
			reported("wamid.B", "delivered", `,"pricing":{"billable":false,"pricing_model":"PMP","type":"free_entry_point","category":"marketing"}`),
		), Want: []message.Receipt{receipt("wamid.A", message.Sent), receipt("wamid.B", message.Delivered)}},
		{Name: "conversation and pricing of the future", Body: envelope(
			reported("wamid.A", "delivered", `,"conversation":null,"pricing":{"billable":"no"}`),
			reported("wamid.B", "read", `,"conversation":"new","pricing":[{"model":3}],"payment":{"x":1}`),
		), Want: []message.Receipt{receipt("wamid.A", message.Delivered), receipt("wamid.B", message.Read)}},
		{Name: "hidden number", Body: envelope(`{"id":"wamid.A","status":"delivered","timestamp":"1750030073","recipient_id":"","recipient_user_id":"US.1349","recipient_parent_user_id":"US.ENT.1"}`), Want: []message.Receipt{receipt("wamid.A", message.Delivered)}},
		thousand(),
		{Name: "errors of the account", Body: value(`"errors":[{"code":130429,"title":"Rate limit hit","message":"Rate limit hit","error_data":{"details":"d"}}]`)},
		{Name: "errors of an inbound message of nobody", Body: value(`"messages":[{"from":"1","id":"wamid.X","timestamp":"1750030073","type":"unsupported","errors":[{"code":131051,"title":"Message type is not supported"}]}]`)},
		{Name: "changed user id", Body: value(`"messages":[{"id":"wamid.X","timestamp":"1750030073","type":"system","system":{"type":"user_changed_user_id","user_id":"US.2"}}]`)},
		{Name: "marketing preference", Body: strings.Replace(value(`"user_preferences":[{"wa_id":"1","category":"marketing_messages","value":"stop"}]`), `"field":"messages"`, `"field":"user_preferences"`, 1)},
		{Name: "other field", Body: strings.Replace(envelope(reported("wamid.A", "sent", "")), `"field":"messages"`, `"field":"account_update"`, 1)},
		{Name: "other object", Body: strings.Replace(envelope(reported("wamid.A", "sent", "")), "whatsapp_business_account", "page", 1)},
		{Name: "no json", Body: "not JSON", Err: message.ErrBadCallback},
		{Name: "wrong types", Body: `{"object":"whatsapp_business_account","entry":{"id":"0"}}`, Err: message.ErrBadCallback},
		{Name: "too deep", Body: strings.Repeat("[", 1000), Err: message.ErrBadCallback},
		{Name: "unsigned", Body: envelope(reported("wamid.A", "sent", "")), Unsigned: true, Err: message.ErrUnsigned},
	}
	return append(append(append(out, inbounds()...), failures()...), handshakes()...)
}

// failures are the codes that come in statuses, and the pause after which the
// passing ones are tried again.
func failures() []channeltest.Callback {
	pauses := map[channel.Code]time.Duration{
		channel.ProviderError: 30 * time.Second, channel.ProviderUnavailable: 30 * time.Second,
		channel.MediaUnavailable: 30 * time.Second, channel.RateLimited: time.Minute,
	}
	var out []channeltest.Callback
	add := func(code channel.Code, number int, pause time.Duration) {
		out = append(out, channeltest.Callback{
			Name: "failed " + strconv.Itoa(number), Body: envelope(reported("wamid.A", "failed", errorsOf(number))),
			Want: []message.Receipt{failed("wamid.A", code, number, "why", pause)},
		})
	}
	for _, row := range table {
		for _, number := range row.codes {
			if number != 0 {
				add(row.code, number, pauses[row.code])
			}
		}
	}
	add(channel.RecipientRateLimited, 131056, 6*time.Second)
	add(channel.ProviderUnavailable, 131057, time.Minute)
	return out
}

func handshakes() []channeltest.Callback {
	get := func(name, query string) channeltest.Callback {
		return channeltest.Callback{Name: name, Method: http.MethodGet, Unsigned: true, URL: "https://relay.example.com/api/v1/webhooks/delivery?" + query}
	}
	good := get("handshake", "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=sandbox-verify-token")
	good.Reply = message.Reply{ContentType: "text/plain; charset=utf-8", Body: []byte("1158201444")}
	out := []channeltest.Callback{good}
	for name, query := range map[string]string{
		"wrong token": "hub.mode=subscribe&hub.challenge=1&hub.verify_token=sandbox-verify-tokem",
		"no token":    "hub.mode=subscribe&hub.challenge=1",
		"other mode":  "hub.mode=unsubscribe&hub.challenge=1&hub.verify_token=sandbox-verify-token",
		"no mode":     "hub.challenge=1&hub.verify_token=sandbox-verify-token",
		"bad query":   "hub.mode=subscribe&%zz&hub.verify_token=sandbox-verify-token",
		"empty":       "",
	} {
		cb := get("handshake with "+name, query)
		cb.Err = message.ErrUnsigned
		out = append(out, cb)
	}
	long := get("handshake with a long challenge", "hub.mode=subscribe&hub.verify_token=sandbox-verify-token&hub.challenge="+strings.Repeat("1", 257))
	long.Err = message.ErrBadCallback
	return append(out, long)
}

// TestSignatureVectors checks the published computation on fixed bytes.
func TestSignatureVectors(t *testing.T) {
	a := &adapter{macs: channel.NewMACs(sha256.New, []byte("test_app_secret"))}
	for signature, body := range map[string]string{
		"sha256=ffe3b014509739c86468435c063aa1f42076a50096b201777f1db7b96b0264b3": `{"object":"whatsapp_business_account","entry":[{"id":"0","changes":[{"field":"messages","value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550783881","phone_number_id":"106540352242922"},"statuses":[{"id":"wamid.TEST1","status":"delivered","timestamp":"1750030073","recipient_id":"16505551234"}]}}]}]}`,
		"sha256=08185ee8b8f81399387fbd3d440d3d2f249585d7974415a2e73960e4c02dd1d1": `{"text":"\u00e9\ud83d\ude00"}`,
	} {
		if !a.signed(signature, []byte(body)) {
			t.Errorf("%s does not verify", signature)
		}
		if a.signed(strings.ToUpper(signature), []byte(body)) || a.signed(signature[7:], []byte(body)) {
			t.Errorf("a signature of another form verifies")
		}
	}
	s := &simulator{secret: []byte("test_app_secret")}
	escaped := simEscape(nil, []byte(`{"text":"é😀"}`))
	if got := s.sign(escaped); got != "sha256=08185ee8b8f81399387fbd3d440d3d2f249585d7974415a2e73960e4c02dd1d1" {
		t.Errorf("the simulator signs %s with %s", escaped, got)
	}
}

// TestHandshakeWithoutToken checks that an unset token matches nothing.
func TestHandshakeWithoutToken(t *testing.T) {
	a := &adapter{}
	if _, err := a.handshake("hub.mode=subscribe&hub.challenge=1&hub.verify_token="); err != message.ErrUnsigned {
		t.Errorf("error %v, want %v", err, message.ErrUnsigned)
	}
}
