package message

import "testing"

func TestPhoneNumber(t *testing.T) {
	for to, want := range map[string]uint64{
		"+14155550100": 14155550100, "+999999999999999": 999_999_999_999_999, "+7": 7,
		"14155550100": 0, "+": 0, "": 0, "+0155": 0, "+1415x": 0, "+1234567890123456": 0, "sim:read": 0, "+1:5": 0, "+1/5": 0,
	} {
		if got := PhoneNumber(to); got != want {
			t.Errorf("%q is %d, want %d", to, got, want)
		}
	}
}

// A bound attempt is for its own sender alone, and stays where it is.
func TestBoundJob(t *testing.T) {
	o := &Outbound{On: OnAll, Steps: []Step{{Channel: "line", To: "U1", From: "main"}, {Channel: "sms"}}}
	j := o.Job(0, 0)
	j.Bind(&Attempt{Sender: "other"})
	if j.From != "main" || !j.Onward {
		t.Errorf("free job %+v", j)
	}
	j.Bind(&Attempt{Sender: "other", Bound: true})
	if j.From != "other" || j.Onward {
		t.Errorf("bound job %+v", j)
	}
}
