package message

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

var rewrite = flag.Bool("rewrite", false, "write the answers of the transcripts anew")

// TestTranscripts plays testdata/state/*.txt: each block is commands, "----",
// and the state and effects after the last of them.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/state/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { play(t, file) })
	}
}

func play(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	p := &player{t: t, position: 100}
	for block := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n\n") {
		commands, want, _ := strings.Cut(block, "\n----")
		got := p.run(commands)
		if want = strings.TrimPrefix(want, "\n"); !*rewrite && got != want {
			t.Errorf("after\n%s\ngot\n%s\nwant\n%s", commands, got, want)
		}
		out = append(out, commands+"\n----\n"+got)
	}
	if *rewrite {
		if err := os.WriteFile(file, []byte(strings.Join(out, "\n\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// player interprets a transcript. Its clock is in seconds.
type player struct {
	t        *testing.T
	o        Outbound
	s        State
	now      Time
	position Position
}

func (p *player) run(commands string) string {
	var out strings.Builder
	for line := range strings.SplitSeq(commands, "\n") {
		if strings.HasPrefix(line, "#") || line == "" {
			continue
		}
		p.position++
		p.line(&out, strings.Fields(line))
	}
	p.show(&out)
	return strings.TrimRight(out.String(), "\n")
}

func (p *player) line(out *strings.Builder, words []string) {
	switch words[0] {
	case "at":
		p.now = p.seconds(words[1])
	case "message":
		p.o = p.message(words[1:])
		s, effects := Begin(&p.o, p.position)
		p.s = s
		p.effects(out, effects)
	default:
		p.effects(out, p.s.Apply(&p.o, p.fact(words), p.position))
	}
}

func (p *player) seconds(text string) Time {
	n, err := strconv.Atoi(text)
	if err != nil {
		p.t.Fatalf("seconds %q: %v", text, err)
	}
	return Time(n * 1000)
}

// message reads "whatsapp/delivered/60 telegram! sms schedule=…": channel,
// success status, timeout; "!" marks a step without an address.
func (p *player) message(words []string) Outbound {
	o := Outbound{CreatedAt: p.now, On: OnAll, ExpiresIn: DefaultExpiresIn}
	for _, w := range words {
		name, value, isOption := strings.Cut(w, "=")
		if isOption {
			p.option(&o, name, value)
			continue
		}
		part := append(strings.Split(w, "/"), "sent", "0")
		step := Step{Channel: strings.TrimSuffix(part[0], "!")}
		if step.Channel != part[0] {
			step.Unroutable = "no_address"
		}
		step.Success, _ = ParseStatus(part[1])
		if len(part) > 3 {
			n, _ := strconv.Atoi(part[2])
			step.Timeout = time.Duration(n) * time.Second
		}
		o.Steps = append(o.Steps, step)
	}
	return o
}

func (p *player) option(o *Outbound, name, value string) {
	switch name {
	case "schedule":
		o.ScheduledAt = p.seconds(value)
	case "test":
		o.Test = value == "true"
	case "expires":
		o.ExpiresIn = time.Duration(p.seconds(value)) * time.Millisecond
	case "unknown":
		o.OnUnknown = map[string]UnknownPolicy{"hold": Hold, "advance": Advance, "retry": Retry}[value]
	case "late":
		o.KeepLate = value == "continue"
	case "on":
		o.On = 0
		for cause := range strings.SplitSeq(value, ",") {
			o.On |= map[string]Causes{"failed": OnFailed, "expired": OnExpired, "timeout": OnTimeout, "unroutable": OnUnroutable}[cause]
		}
	default:
		p.t.Fatalf("option %q", name)
	}
}

// fact reads "kind attempt [argument]".
func (p *player) fact(words []string) Fact {
	kinds := map[string]FactKind{
		"due": Due, "started": Started, "accepted": Accepted, "rejected": Rejected, "deferred": Deferred,
		"lost": Lost, "reported": Reported, "timed-out": TimedOut, "overdue": Overdue, "cancel": Cancel,
		"barred": Barred, "erased": Erased, "diverted": Diverted, "forwarded": Forwarded,
		"withheld": Withheld, "released": Released,
	}
	kind, ok := kinds[words[0]]
	if !ok {
		p.t.Fatalf("command %q", words[0])
	}
	f := Fact{Kind: kind, At: p.now, Position: p.s.Waiting, Sender: "main"}
	if len(words) > 1 {
		f.Attempt, _ = strconv.Atoi(words[1])
	}
	arg := ""
	if len(words) > 2 {
		arg = words[2]
	}
	switch kind {
	case Accepted:
		f.ProviderID = arg
	case Started, Diverted:
		f.Failure = &Failure{Code: "bad_credentials", Class: Config}
		if arg == "stale" {
			f.Position--
		}
	case Rejected, Lost, Barred:
		f.Failure = &Failure{Code: arg, Class: Recipient}
	case Released:
		if arg != "" {
			f.RetryAt = p.seconds(arg)
		}
	case Forwarded:
		f.By = time.Duration(p.seconds(arg)) * time.Millisecond
	case Deferred:
		f.RetryAt, f.Failure = p.seconds(arg), &Failure{Code: "provider_error", Class: Provider}
		f.Uncounted = len(words) > 3
	case Reported:
		f.Status, _ = ParseStatus(arg)
		if f.Status == Failed {
			f.Failure = &Failure{Code: "not_on_channel", Class: Recipient}
		}
		if len(words) > 3 {
			f.RetryAfter = time.Duration(p.seconds(words[3])) * time.Millisecond
		}
	}
	return f
}

func (p *player) effects(out *strings.Builder, e Effects) {
	if e.Refused {
		out.WriteString("refused\n")
		return
	}
	if e.Drop != 0 {
		fmt.Fprintf(out, "drop %s\n", p.o.Steps[e.DropStep].Channel)
	}
	if e.Dispatch {
		fmt.Fprintf(out, "dispatch %s\n", p.o.Steps[p.s.Attempts[p.s.Current()].Step].Channel)
	}
	if e.Index {
		fmt.Fprintf(out, "index %s\n", p.s.Attempts[e.IndexAttempt].ProviderID)
	}
	names := [...]string{"", "due", "success", "deadline"}
	for _, t := range e.Disarm {
		fmt.Fprintf(out, "disarm %s %d at %d\n", names[t.Kind], t.Attempt, t.At/1000)
	}
	for _, t := range e.Arm {
		fmt.Fprintf(out, "arm %s %d at %d\n", names[t.Kind], t.Attempt, t.At/1000)
	}
	for _, entry := range e.Entries {
		fmt.Fprintf(out, "%s %d %s\n", entry.Type, entry.Attempt, entry.Code)
	}
}

func (p *player) show(out *strings.Builder) {
	fmt.Fprintf(out, "= %s", p.s.Status)
	if p.s.Settled {
		out.WriteString(" settled")
	}
	if p.s.Late {
		out.WriteString(" late")
	}
	if p.s.Duplicates > 0 {
		fmt.Fprintf(out, " duplicates=%d", p.s.Duplicates)
	}
	for i, a := range p.s.Attempts {
		fmt.Fprintf(out, " | %d %s %s", i, p.o.Steps[a.Step].Channel, a.Status)
		if a.Superseded {
			out.WriteString(" superseded")
		}
		if a.Tries > 1 {
			fmt.Fprintf(out, " tries=%d", a.Tries)
		}
	}
}
