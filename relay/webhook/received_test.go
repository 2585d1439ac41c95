package webhook

import (
	"errors"
	"testing"

	"messagehub/store/message"
)

// oneInbound is a log with one message that came in, or with a fault.
type oneInbound struct {
	*memStore
	m   message.Inbound
	err error
}

func (o oneInbound) Inbound(owner message.Owner, id message.ID) (message.Inbound, error) {
	if o.err == nil && (owner != o.m.Owner || id != o.m.ID) {
		return message.Inbound{}, message.ErrNotFound
	}
	return o.m, o.err
}

func TestBodyOfWhatCameIn(t *testing.T) {
	m := message.Inbound{
		ID: message.NewID(message.At(7, 0), 42), Owner: message.Owner{Workspace: 1}, Channel: "whatsapp", Sender: "main",
		From: "+16505551234", Kind: message.KindImage, Text: "look", ProviderID: "wamid.Y", ReplyTo: "wamid.A", At: 1750030073000, ReceivedAt: 1750030074000,
	}
	m.Attach(message.Medium{ID: "1003383421387256", MimeType: "image/jpeg"})
	m.Locate(message.Place{Latitude: 37.5, Longitude: -122.25, Name: "Here"})
	object := string(message.AppendID(nil, message.PrefixInbound, m.ID))
	e := message.Event{
		Workspace: 1, Position: message.At(7, 0), Object: object, Channel: "whatsapp", CreatedAt: m.ReceivedAt,
		Entry: message.Entry{At: m.ReceivedAt, ReceivedAt: m.ReceivedAt, Type: message.MessageReceived},
	}
	head := `{"id":"` + eventID(e.Name()) + `","type":"message.received","timestamp":"2025-06-15T23:27:54.000Z","data":{`
	whole := `"inboundId":"` + object + `","channel":"whatsapp","sender":"main","test":false,"from":"+16505551234","kind":"image","text":"look",` +
		`"media":[{"id":"1003383421387256","url":null,"mimeType":"image/jpeg","filename":null}],` +
		`"location":{"latitude":37.5,"longitude":-122.25,"name":"Here","address":null},` +
		`"providerMessageId":"wamid.Y","replyTo":"wamid.A","at":"2025-06-15T23:27:53.000Z","receivedAt":"2025-06-15T23:27:54.000Z"}}`
	if got, err := Body(&e, oneInbound{m: m}); string(got) != head+whole || err != nil {
		t.Errorf("%s, %v", got, err)
	}
	erased := `"channel":"whatsapp","inboundId":"` + object + `","test":false}}`
	if got, err := Body(&e, oneInbound{err: message.ErrNotFound}); string(got) != head+erased || err != nil {
		t.Errorf("erased: %s, %v", got, err)
	}
	broken := errors.New("disk")
	if _, err := Body(&e, oneInbound{err: broken}); !errors.Is(err, broken) {
		t.Errorf("a log that fails: %v", err)
	}
}
