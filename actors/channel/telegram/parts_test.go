package telegram

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sim"
	"messagehub/store/message"
)

func yes1(id int) string {
	return fmt.Sprintf(`{"ok":true,"result":{"message_id":%d,"chat":{"id":7,"type":"private"},"date":1750000000}}`, id)
}

const (
	wait  = `{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 3","parameters":{"retry_after":3}}`
	never = `{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 60","parameters":{"retry_after":60}}`
	gone  = `{"ok":false,"error_code":403,"description":"Forbidden: bot was blocked by the user"}`
)

// TestParts: what a message in three parts comes to, by what Telegram answers.
func TestParts(t *testing.T) {
	whole := strings.Repeat(strings.Repeat("a", 63)+" ", 160) // 10,240 characters
	rows := []struct {
		name    string
		answers []string
		code    channel.Code
		calls   int
		waited  time.Duration
	}{
		{"all taken", []string{yes1(1), yes1(2), yes1(3)}, "", 3, 0},
		{"the first refused", []string{gone}, channel.Blocked, 1, 0},
		{"the first limited", []string{wait}, channel.RecipientRateLimited, 1, 0},
		{"the second refused", []string{yes1(1), gone}, channel.OutcomeUnknown, 2, 0},
		{"the second lost", []string{yes1(1), ""}, channel.OutcomeUnknown, 2, 0},
		{"the second limited", []string{yes1(1), wait, yes1(2), yes1(3)}, "", 4, 3 * time.Second},
		{"the second limited twice", []string{yes1(1), wait, wait}, channel.OutcomeUnknown, 3, 3 * time.Second},
		{"the last limited for too long", []string{yes1(1), yes1(2), never}, channel.OutcomeUnknown, 3, 0},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &server{answers: row.answers}
				step, start := text("7", whole), time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				got, err := adapterOver(t, l, nil).Send(ctx, &channel.Request{Step: &step})
				var e *channel.Error
				if errors.As(err, &e); (e == nil) != (row.code == "") || e != nil && e.Code != row.code {
					t.Errorf("%+v, want %q", e, row.code)
				}
				if e == nil && got.ProviderID != "7:1" {
					t.Errorf("accepted as %q, want the first part's id", got.ProviderID)
				}
				if waited := time.Since(start); len(l.sent) != row.calls || waited != row.waited {
					t.Errorf("%d calls in %v, want %d in %v", len(l.sent), waited, row.calls, row.waited)
				}
				if row.code == "" && len(l.sent) == 3 && l.sent[0].Text+l.sent[1].Text+l.sent[2].Text != whole {
					t.Error("the parts are not the whole")
				}
			})
		})
	}
}

// TestWaitForAPartEnds: a send that is given up does not wait on.
func TestWaitForAPartEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &server{answers: []string{yes1(1), never}}
		step, start := text("7", strings.Repeat("a", 5000)), time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err := adapterOver(t, l, nil).Send(ctx, &channel.Request{Step: &step})
		var e *channel.Error
		if errors.As(err, &e); e == nil || e.Code != channel.OutcomeUnknown || time.Since(start) != time.Second {
			t.Errorf("%+v after %v", e, time.Since(start))
		}
	})
}

// TestPartsFollowTheGroup: the parts after a move go where the first went.
func TestPartsFollowTheGroup(t *testing.T) {
	l := &server{answers: []string{moved, success2, success2}}
	step := text("-4242", strings.Repeat("a", 5000))
	if _, err := adapterOver(t, l, nil).Send(t.Context(), &channel.Request{Step: &step}); err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{-4242, -1009876543210, -1009876543210} {
		if l.sent[i].Chat != want {
			t.Errorf("call %d is of chat %v, want %v", i, l.sent[i].Chat, want)
		}
	}
}

// TestPartsWaitWhereTheGroupIs: a group that moves between two parts, and asks
// to wait in its new place.
func TestPartsWaitWhereTheGroupIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &server{answers: []string{success2, moved, wait, success2}}
		step := text("-4242", strings.Repeat("a", 5000))
		if _, err := adapterOver(t, l, nil).Send(t.Context(), &channel.Request{Step: &step}); err != nil {
			t.Fatal(err)
		}
		if chats := strings.Join(l.chats, " "); chats != "-4242 -4242 -1009876543210 -1009876543210" {
			t.Errorf("sent to %s", chats)
		}
	})
}

// TestLongCaption: it goes on below the medium, with the settings of a text.
func TestLongCaption(t *testing.T) {
	l := &server{answers: []string{yes1(1), yes1(2)}}
	step := media("image", "https://example.com/a.jpg", strings.Repeat("a", 1000)+"\n"+strings.Repeat("b", 1000))
	a := adapterOver(t, l, channel.Values{"linkPreview": "false", "disableNotification": "true", "parseMode": "HTML"})
	if _, err := a.Send(t.Context(), &channel.Request{Step: &step}); err != nil {
		t.Fatal(err)
	}
	if first := l.sent[0]; l.methods[0] != "sendPhoto" || first.Caption != strings.Repeat("a", 1000)+"\n" || first.Preview != nil {
		t.Errorf("first call %s %+v", l.methods[0], first)
	}
	if second := l.sent[1]; l.methods[1] != "sendMessage" || second.Text != strings.Repeat("b", 1000) || second.Photo != "" ||
		second.Preview == nil || !second.Silent || second.Mode != "HTML" {
		t.Errorf("second call %s %+v", l.methods[1], second)
	}
}

// TestPartsAreTaken: the simulated Telegram takes the longest text, and a
// message to the group that has moved.
func TestPartsAreTaken(t *testing.T) {
	d := newDesk(t, sim.Knobs{})
	a := adapterOver(t, d, nil)
	for to, content := range map[string]string{"7": strings.Repeat("고 ", maxWhole/2), upgraded: "hello"} {
		step := message.Step{To: to, ContentType: message.Text, Content: content}
		if _, err := a.Send(t.Context(), &channel.Request{Step: &step}); err != nil {
			t.Errorf("%s: %+v", to, err)
		}
	}
	texts := 0
	for _, line := range d.world.Ledger.Lines(0) {
		if texts++; line.To != "7" && line.To != "-1000000000404" {
			t.Errorf("ledger %+v", line)
		}
	}
	if texts != 11 {
		t.Errorf("%d messages, want ten parts and one", texts)
	}
}
