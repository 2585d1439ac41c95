package bench

import (
	"fmt"
	"sort"
)

// Told is the relay's word about one message.
type Told struct {
	ID       string
	To       string
	Status   string
	Attempts []ToldAttempt
}

// ToldAttempt is one attempt of it.
type ToldAttempt struct {
	Channel    string
	Status     string
	ProviderID string
}

// Ledgers are the three accounts of a run that must agree: what clients were
// promised, what the relay says, and what the providers received. A message
// is known by its reference, which its text carries to the provider.
type Ledgers struct {
	Promised map[string]string // reference → id of the 202
	Relay    map[string]Told   // id → the relay's word; absent: not found
	Received map[string]int    // reference → how often providers took it
}

// Audit is the outcome of comparing Ledgers.
type Audit struct {
	Messages    int
	Lost        []string // promised, but the relay does not know it
	Stuck       []string // the relay knows it, but it came to no end
	Unsent      []string // said to be with a provider that never received it
	Unexplained []string // received more often than attempts account for
	Unpromised  []string // received, but never promised
	Duplicates  int      // received more than once, each explained by an unknown attempt
	Unknown     int      // attempts recorded as unknown
}

// Compare audits the ledgers.
func (l Ledgers) Compare() Audit {
	a := Audit{Messages: len(l.Promised)}
	for ref, id := range l.Promised {
		told, ok := l.Relay[id]
		if !ok {
			a.Lost = append(a.Lost, id)
			continue
		}
		l.one(&a, ref, told)
	}
	for ref := range l.Received {
		if _, ok := l.Promised[ref]; !ok {
			a.Unpromised = append(a.Unpromised, ref)
		}
	}
	for _, list := range []*[]string{&a.Lost, &a.Stuck, &a.Unsent, &a.Unexplained, &a.Unpromised} {
		sort.Strings(*list)
	}
	return a
}

// one audits a message: each attempt that a provider has is one reception,
// each unknown one is none or one, any other none.
func (l Ledgers) one(a *Audit, ref string, told Told) {
	has, unknown := told.sends()
	got := l.Received[ref]
	a.Unknown += unknown
	switch {
	case !told.ended():
		a.Stuck = append(a.Stuck, told.ID)
	case got < has:
		a.Unsent = append(a.Unsent, told.ID)
	case got > has+unknown:
		a.Unexplained = append(a.Unexplained, fmt.Sprintf("%s (%d times)", told.ID, got))
	case got > 1:
		a.Duplicates++
	}
}

// sends counts the attempts that a provider has, and those of which nobody
// knows.
func (t Told) sends() (has, unknown int) {
	for _, attempt := range t.Attempts {
		switch {
		case attempt.ProviderID != "", attempt.Status == "sent", attempt.Status == "delivered", attempt.Status == "read":
			has++
		case attempt.Status == "unknown":
			unknown++
		}
	}
	return has, unknown
}

// ended reports whether the message has come to an end.
func (t Told) ended() bool {
	switch t.Status {
	case "sent", "delivered", "read", "failed", "expired", "canceled":
		return true
	}
	return false
}

// held reports whether the message waits for word of an attempt that nobody
// knows the outcome of.
func (t Told) held() bool {
	return !t.ended() && len(t.Attempts) > 0 && t.Attempts[len(t.Attempts)-1].Status == "unknown"
}

// Err returns what the audit found wrong, or nil.
func (a Audit) Err() error {
	if len(a.Lost)+len(a.Stuck)+len(a.Unsent)+len(a.Unexplained)+len(a.Unpromised) == 0 {
		return nil
	}
	first := func(list []string) string {
		if len(list) == 0 {
			return ""
		}
		return ", first " + list[0]
	}
	return fmt.Errorf("of %d messages %d lost%s; %d stuck%s; %d not sent%s; %d duplicates unexplained%s; %d never promised%s",
		a.Messages, len(a.Lost), first(a.Lost), len(a.Stuck), first(a.Stuck), len(a.Unsent), first(a.Unsent),
		len(a.Unexplained), first(a.Unexplained), len(a.Unpromised), first(a.Unpromised))
}

// String says the audit in one line.
func (a Audit) String() string {
	return fmt.Sprintf("%d messages: %d lost, %d stuck, %d unexplained duplicates; %d duplicates explained by %d unknown attempts",
		a.Messages, len(a.Lost), len(a.Stuck), len(a.Unexplained), a.Duplicates, a.Unknown)
}
