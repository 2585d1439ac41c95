package client

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"
)

func TestReceivedMessages(t *testing.T) {
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	want := Received{
		ID: "inb_1", Channel: "whatsapp", Sender: "main", From: "+16505551234", Kind: "image", Text: "look", Media: []ReceivedMedium{{ID: "7", MimeType: "image/jpeg"}},
		Location: &ReceivedPlace{Latitude: 1.5, Longitude: -2}, ProviderMessageID: "wamid.1", ReceivedAt: at,
	}
	const members = `"channel":"whatsapp","sender":"main","test":false,"from":"+16505551234","kind":"image","text":"look","media":[{"id":"7","url":null,"mimeType":"image/jpeg","filename":null}],` +
		`"location":{"latitude":1.5,"longitude":-2,"name":null,"address":null},"providerMessageId":"wamid.1","replyTo":null,"at":null,"receivedAt":"2026-01-31T12:00:00.000Z"}`
	e := Event{Type: "message.received", Data: json.RawMessage(`{"inboundId":"inb_1",` + members)}
	if got, err := e.Received(); err != nil || !reflect.DeepEqual(*got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := (&Event{Data: json.RawMessage(`{"messageId":"msg_1"}`)}).Received(); err == nil {
		t.Error("a message that came in, in an event of another")
	}
	c, s := scripted(t, answer{202, "", `{"data":{}}`}, answer{200, "", `{"data":{"id":"inb_1",` + members + `}`}, answer{200, "", `{"data":[{"id":"inb_1",` + members + `],"page":{"next":null}}`})
	if err := c.Write(t.Context(), Writing{Channel: "sms", From: "+14155550100", Text: "STOP"}); err != nil {
		t.Error(err)
	}
	if got, err := c.ReceivedMessage(t.Context(), "inb_1"); err != nil || !reflect.DeepEqual(*got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	for got, err := range c.Received(t.Context()) {
		if err != nil || !reflect.DeepEqual(*got, want) {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if s.lines() != "POST /api/v1/messages/received\nGET /api/v1/messages/received/inb_1\nGET /api/v1/messages/received" || s.asked[0].body != `{"channel":"sms","from":"+14155550100","text":"STOP"}` {
		t.Errorf("%s%s", s.lines(), s.asked[0].body)
	}
}
