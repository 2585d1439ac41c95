package viber

import (
	"fmt"
	"slices"
	"testing"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

// follow is what the providers' documents say has to follow: what delivery
// does, and whether it is the operator who has to act.
type follow struct {
	actions []channel.Action
	classes []message.Class
}

func retry() follow {
	return follow{[]channel.Action{channel.Again, channel.SlowSender}, []message.Class{message.Provider, message.Capacity}}
}

func fallBack() follow {
	return follow{[]channel.Action{channel.Fail}, []message.Class{message.Recipient, message.Policy, message.Expiry}}
}

func toCaller() follow {
	return follow{[]channel.Action{channel.Fail}, []message.Class{message.Content, message.Policy}}
}

func operator() follow {
	return follow{[]channel.Action{channel.Fail, channel.StopSender}, []message.Class{message.Config, message.Policy, message.Capacity}}
}

func (f follow) check(t *testing.T, what string, code channel.Code) {
	t.Helper()
	rule, ok := channel.Rules()[code]
	if !ok || !slices.Contains(f.actions, rule.Action) || !slices.Contains(f.classes, rule.Class) {
		t.Errorf("%s: %s, action %d, class %v; want one of %v and of %v", what, code, rule.Action, rule.Class, f.actions, f.classes)
	}
}

// TestWhatFollowsAtInfobip goes through the groups of Infobip's table.
func TestWhatFollowsAtInfobip(t *testing.T) {
	rows := []struct {
		follow
		statuses, errors []int
	}{
		{retry(), []int{21, 100}, []int{7017, 7050, 7051, 7052, 7080, 7082}},
		{fallBack(), []int{8, 10, 14, 51, 52}, []int{7002, 7003, 7025, 7030, 7201}},
		{fallBack(), []int{20}, []int{7016}},
		{fallBack(), []int{15, 29}, []int{7010}},
		{toCaller(), nil, []int{7006, 7007, 7008, 7009, 7013, 7014, 7015, 7022, 7027}},
		{operator(), []int{6, 11, 12, 13, 17, 18, 19}, []int{7004, 7005, 7011, 7012, 7019, 7081, 7083}},
	}
	for _, row := range rows {
		for _, id := range row.statuses {
			row.check(t, fmt.Sprint("status ", id), codeOfStatus(id))
			if code := codeOfStatus(id); code == "" {
				t.Errorf("status %d has no code of its own", id)
			}
		}
		for _, id := range row.errors {
			row.check(t, fmt.Sprint("error ", id), codeOfError(id))
		}
	}
}

// TestWhatFollowsAtTheBotAPI goes through the groups of Viber's table.
func TestWhatFollowsAtTheBotAPI(t *testing.T) {
	rows := []struct {
		follow
		statuses []int
	}{
		{operator(), []int{1, 2, 7, 8, 9, 10, 15, 16, 17, 18, 19, 20, 23, 24}},
		{toCaller(), []int{3, 4, 14, 22}},
		{fallBack(), []int{5, 6, 11, 13, 21}},
		{retry(), []int{12, 25, 100, -1}},
	}
	for _, row := range rows {
		for _, status := range row.statuses {
			row.check(t, fmt.Sprint("status ", status), codeOfBot(status))
		}
	}
}

// TestPassingFailuresAreTriedAgain: a report of what the table calls passing
// asks for another try, any other one for none.
func TestPassingFailuresAreTriedAgain(t *testing.T) {
	for _, r := range append(errorRows(), statusRows()...) {
		s := infobipStatus{GroupName: groupUndeliverable, ID: r.id}
		e := infobipError{ID: r.id, Permanent: r.permanent}
		_, pause := s.failure(&e)
		if passing := slices.Contains([]int{21, 100, 7017, 7050, 7051, 7052, 7080, 7082}, r.id); passing != (pause > 0) {
			t.Errorf("%d %s: tried again after %v", r.id, r.name, pause)
		}
	}
}
