package kakao

import (
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

// korea has had no daylight saving time since 1988.
func korea() *time.Location { return time.FixedZone("KST", 9*60*60) }

// morning returns the moment at which advertising may be sent again; ok is
// false where it may be sent now. It is barred from 20:50 to 08:00 in Korea.
func morning(now time.Time) (at time.Time, ok bool) {
	local := now.In(korea())
	minute := local.Hour()*60 + local.Minute()
	day := local.Day()
	switch {
	case minute >= 20*60+50:
		day++
	case minute >= 8*60:
		return time.Time{}, false
	}
	return time.Date(local.Year(), local.Month(), day, 8, 0, 0, 0, local.Location()), true
}

// dateForm is how NHN writes moments in requests. They name no zone.
const dateForm = "2006-01-02 15:04"

// requestDate is when NHN is to send a Brand Message: empty for at once.
func (a *adapter) requestDate(expires message.Time) (string, *channel.Error) {
	at, night := morning(a.now())
	switch {
	case !night || a.night == nightSend:
		return "", nil
	case a.night == nightSchedule && at.Before(expires.Std()):
		return at.In(a.zone).Format(dateForm), nil
	}
	return "", channel.Failed(channel.MarketingCap, "", "advertising is not sent between 20:50 and 08:00 in Korea; nothing was sent")
}
