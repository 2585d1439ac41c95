package webhook

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"messagehub/store/message"
)

// The example of the Standard Webhooks reference libraries.
func TestSignatureOfTheSpecification(t *testing.T) {
	const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	at := message.Time(1614265330_000)
	got, err := sign([]string{secret}, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; err != nil || got != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
	two, err := sign([]string{newSecret(), secret}, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, []byte(`{"test": 2432232314}`))
	if first, second, ok := strings.Cut(two, " "); err != nil || !ok || second != got || first == got {
		t.Errorf("two secrets: %q, %v", two, err)
	}
	for _, bad := range []string{"", "whsec_!", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"} {
		if _, err := sign([]string{bad}, "i", at, nil); !errors.Is(err, errSecret) || (bad != "" && strings.Contains(err.Error(), bad)) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestSecretsAreOfTheForm(t *testing.T) {
	a, b := newSecret(), newSecret()
	if form := regexp.MustCompile(`^whsec_[A-Za-z0-9+/]{43}=$`); !form.MatchString(a) || a == b {
		t.Errorf("%s, %s", a, b)
	}
}
