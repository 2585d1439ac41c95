package channel

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"time"
)

func someSettings() []Setting {
	return []Setting{
		{Name: "url", Kind: KindURL, Default: "https://example.com"},
		{Name: "token", Required: true, Secret: true, Sandbox: "sandbox-token", Help: "the account's token"},
		{Name: "count", Kind: KindInt, Default: "3"},
		{Name: "flag", Kind: KindBool},
		{Name: "wait", Kind: KindDuration, Default: "10s"},
		{Name: "words", Kind: KindMap},
		{Name: "even", Check: func(v string) error {
			if len(v)%2 != 0 {
				return errors.New("must have an even length")
			}
			return nil
		}},
	}
}

func TestCompleteFillsDefaults(t *testing.T) {
	got, err := Complete(someSettings(), Values{"token": "t", "count": "", "flag": "true"})
	if err != nil {
		t.Fatal(err)
	}
	want := Values{"url": "https://example.com", "token": "t", "count": "3", "flag": "true", "wait": "10s", "words": "", "even": ""}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got.Text("token") != "t" || got.Int("count") != 3 || !got.Bool("flag") || got.Duration("wait") != 10*time.Second {
		t.Errorf("values %q %d %v %v", got.Text("token"), got.Int("count"), got.Bool("flag"), got.Duration("wait"))
	}
	if got.Text("none") != "" || got.Int("none") != 0 || got.Bool("none") || got.Duration("none") != 0 {
		t.Error("a value that is not there is not zero")
	}
}

// TestCompleteListsEveryFault checks that nothing has to be found out one by
// one.
func TestCompleteListsEveryFault(t *testing.T) {
	_, err := Complete(someSettings(), Values{
		"url": "ftp://example.com", "count": "three", "flag": "perhaps", "wait": "10", "words": "[]", "even": "abc", "tokne": "t",
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"url must be an http(s) URL", "token is missing: the account's token", "count must be a whole number", "flag must be true or false",
		"wait must be a duration such as 30s", "words must be a mapping of names to texts", "even must have an even length", "tokne is not a setting of this channel",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error does not say %q:\n%v", want, err)
		}
	}
}

// TestFaultsTellNoValue checks that a secret put in the wrong place is not
// shown.
func TestFaultsTellNoValue(t *testing.T) {
	_, err := Complete(someSettings(), Values{"url": "SECRET", "count": "SECRET", "flag": "SECRET", "wait": "SECRET", "words": "SECRET", "even": "SECRETS"})
	if err == nil || strings.Contains(err.Error(), "SECRET") {
		t.Errorf("error %v", err)
	}
}

func TestURLSettings(t *testing.T) {
	s := Setting{Kind: KindURL}
	for value, ok := range map[string]bool{
		"http://a": true, "https://a.example:8443/x": true, "": true, "http://": false, "/path": false, "a.example": false,
		"file:///etc/passwd": false, "http://a b": false, "https://a?x=1": false, "https://a#f": false, "https://u:p@a": false,
	} {
		if err := s.check(value); (err == nil) != ok {
			t.Errorf("%q: %v", value, err)
		}
	}
}

func TestSandboxIsComplete(t *testing.T) {
	values := Sandbox(someSettings())
	if values["token"] != "sandbox-token" || values["count"] != "3" {
		t.Errorf("values %v", values)
	}
	if _, err := Complete(someSettings(), values); err != nil {
		t.Error(err)
	}
}

func TestPaceOfSettings(t *testing.T) {
	p := Pace{PerSecond: 80, Burst: 80, InFlight: 64, Timeout: 30 * time.Second}
	settings := PaceSettings(p)
	with := func(given Values) Pace {
		t.Helper()
		values, err := Complete(settings, given)
		if err != nil {
			t.Fatal(err)
		}
		return p.With(values)
	}
	if got := with(nil); got != p {
		t.Errorf("without settings: %+v", got)
	}
	if got, want := with(Values{"messagesPerSecond": "0.5", "maxInFlight": "2", "timeout": "5s"}), (Pace{0.5, 1, 2, 5 * time.Second}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := with(Values{"messagesPerSecond": "1000"}); got.Burst != 1000 || got.PerSecond != 1000 {
		t.Errorf("got %+v", got)
	}
	if got := p.With(Sandbox(settings)); got.PerSecond != 0 {
		t.Errorf("the simulated sender is bound to %v a second", got.PerSecond)
	}
	if got := p.With(nil); got != p {
		t.Errorf("without values: %+v", got)
	}
	for _, bad := range []Values{
		{"messagesPerSecond": "-1"},
		{"messagesPerSecond": "NaN"},
		{"messagesPerSecond": "fast"},
		{"messagesPerSecond": "1e9"},
		{"maxInFlight": "0"},
		{"maxInFlight": "10001"},
		{"timeout": "0s"},
		{"timeout": "1h"},
	} {
		if _, err := Complete(settings, bad); err == nil {
			t.Errorf("%v is taken", bad)
		}
	}
}
