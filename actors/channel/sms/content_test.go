package sms

import (
	"errors"
	"testing"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

func TestTextOfAStep(t *testing.T) {
	const link = "https://example.com/a.jpg"
	rows := []struct {
		step message.Step
		want string
		err  channel.Code
	}{
		{text("Hello"), "Hello", ""},
		{media("Your invoice", link), "Your invoice\n" + link, ""},
		{media("", link), link, ""},
		{contentTemplate(content), "", channel.TemplateNotFound},
		{message.Step{ContentType: message.BrandMessage, Content: "x"}, "", channel.ContentRejected},
	}
	for _, row := range rows {
		got, err := textOf(&row.step)
		var e *channel.Error
		if errors.As(err, &e); got != row.want || (err == nil) != (row.err == "") || e != nil && e.Code != row.err {
			t.Errorf("%v: %q, %v; want %q, %s", row.step.ContentType, got, err, row.want, row.err)
		}
	}
}
