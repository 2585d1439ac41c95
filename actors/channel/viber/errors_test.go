package viber

import (
	"fmt"
	"slices"
	"testing"

	"messagehub/actors/channel/channeltest"
)

// TestWhatFollowsAtInfobip goes through the groups of Infobip's table.
func TestWhatFollowsAtInfobip(t *testing.T) {
	rows := []struct {
		channeltest.Follow
		statuses, errors []int
	}{
		{channeltest.Retry(), []int{21, 100}, []int{7017, 7050, 7051, 7052, 7080, 7082}},
		{channeltest.FallBack(), []int{8, 10, 14, 51, 52}, []int{7002, 7003, 7025, 7030, 7201}},
		{channeltest.FallBack(), []int{20}, []int{7016}},
		{channeltest.FallBack(), []int{15, 29}, []int{7010}},
		{channeltest.ToCaller(), nil, []int{7006, 7007, 7008, 7009, 7013, 7014, 7015, 7022, 7027}},
		{channeltest.Operator(), []int{6, 11, 12, 13, 17, 18, 19}, []int{7004, 7005, 7011, 7012, 7019, 7081, 7083}},
	}
	for _, row := range rows {
		for _, id := range row.statuses {
			row.Check(t, fmt.Sprint("status ", id), codeOfStatus(id))
			if code := codeOfStatus(id); code == "" {
				t.Errorf("status %d has no code of its own", id)
			}
		}
		for _, id := range row.errors {
			row.Check(t, fmt.Sprint("error ", id), codeOfError(id))
		}
	}
}

// TestWhatFollowsAtTheBotAPI goes through the groups of Viber's table.
func TestWhatFollowsAtTheBotAPI(t *testing.T) {
	rows := []struct {
		channeltest.Follow
		statuses []int
	}{
		{channeltest.Operator(), []int{1, 2, 7, 8, 9, 10, 15, 16, 17, 18, 19, 20, 23, 24}},
		{channeltest.ToCaller(), []int{3, 4, 14, 22}},
		{channeltest.FallBack(), []int{5, 6, 11, 13, 21}},
		{channeltest.Retry(), []int{12, 25, 100, -1}},
	}
	for _, row := range rows {
		for _, status := range row.statuses {
			row.Check(t, fmt.Sprint("status ", status), codeOfBot(status))
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
