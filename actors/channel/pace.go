package channel

import (
	"errors"
	"maps"
	"strconv"
	"time"
)

// Pace bounds what one sender does to its provider.
type Pace struct {
	PerSecond float64 // 0: no bound
	Burst     int
	InFlight  int           // sends at once
	Timeout   time.Duration // of one send
}

// The settings of every channel that change its senders' Pace.
const (
	settingPerSecond = "messagesPerSecond"
	settingInFlight  = "maxInFlight"
	settingTimeout   = "timeout"
)

// PaceSettings are the settings by which a sender's configuration changes p;
// a channel ends its Settings with them. The simulated sender is not bound.
func PaceSettings(p Pace) []Setting {
	return []Setting{
		{
			Name: settingPerSecond, Kind: KindText, Default: strconv.FormatFloat(p.PerSecond, 'f', -1, 64), Sandbox: "0",
			Help: "messages a second that the provider grants this sender; 0 for no bound", Check: checkRate,
		},
		{
			Name: settingInFlight, Kind: KindInt, Default: strconv.Itoa(p.InFlight),
			Help: "sends under way at the same time", Check: checkInFlight,
		},
		{
			Name: settingTimeout, Kind: KindDuration, Default: p.Timeout.String(),
			Help: "how long to wait for the provider's answer", Check: checkTimeout,
		},
	}
}

// With returns p as a sender's settings change it.
func (p Pace) With(v Values) Pace {
	if rate, err := strconv.ParseFloat(v[settingPerSecond], 64); err == nil && rate != p.PerSecond {
		p.PerSecond, p.Burst = rate, max(1, int(rate))
	}
	if n := v.Int(settingInFlight); n > 0 {
		p.InFlight = n
	}
	if d := v.Duration(settingTimeout); d > 0 {
		p.Timeout = d
	}
	return p
}

// Unpaced returns the settings without those of [PaceSettings].
func (v Values) Unpaced() Values {
	rest := maps.Clone(v)
	for _, s := range PaceSettings(Pace{}) {
		delete(rest, s.Name)
	}
	return rest
}

func checkRate(value string) error {
	if rate, err := strconv.ParseFloat(value, 64); err != nil || !(rate >= 0 && rate <= 1e6) {
		return errors.New("must be a number between 0 and 1000000")
	}
	return nil
}

func checkInFlight(value string) error {
	if n, err := strconv.Atoi(value); err != nil || n < 1 || n > 10_000 {
		return errors.New("must be between 1 and 10000")
	}
	return nil
}

func checkTimeout(value string) error {
	if d, err := time.ParseDuration(value); err != nil || d < time.Second || d > 5*time.Minute {
		return errors.New("must be between 1s and 5m")
	}
	return nil
}
