package actors

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

var rewrite = flag.Bool("rewrite", false, "write what the transcripts give into them")

// TestTranscripts plays testdata/shard. A transcript is blocks of commands,
// each followed by "----" and what came of them:
//
//	lane NAME [senders=SENDER,…] [inflight=N] [rate=N] [burst=N] [window=N] [share=N] [mailbox=N]
//	deliver NAME LANE[>LANE…] to=ADDRESS [from=SENDER] [ws=N] [prio=high|bulk] [expires=D] [unknown=retry|advance]
//	sent NAME ok|panic|CODE [retry-after=D]
//	senders LANE SENDER,… | pause LANE SENDER | resume LANE SENDER
//	cancel NAME | advance D | jump D | drain | restart | status NAME…
//
// A SENDER is a name, with its weight as in "a*2" (0: standby) and its prefixes
// as in "a+49+4420".
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/shard/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { play(t, file) })
	}
}

func play(t *testing.T, file string) {
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got := (&player{t: t, world: newWorld()}).play(string(raw))
	if *rewrite {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != string(raw) {
		t.Errorf("%s differs:\n%s", file, firstDifference(string(raw), got))
	}
}

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(w), len(g)) {
		if w[i] != g[i] {
			return fmt.Sprintf("line %d\nwant %s\ngot  %s", i+1, w[i], g[i])
		}
	}
	return fmt.Sprintf("want %d lines, got %d", len(w), len(g))
}

type player struct {
	*world
	t *testing.T
}

// play returns the transcript with the output that its commands give.
func (p *player) play(text string) string {
	var out strings.Builder
	expecting := false
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		line := lines.Text()
		switch {
		case line == "----":
			fmt.Fprintf(&out, "----\n%s", p.out.String())
			p.out.Reset()
			expecting = true
		case line == "":
			out.WriteString("\n")
			expecting = false
		case expecting: // what came of it the last time
		default:
			out.WriteString(line + "\n")
			if !strings.HasPrefix(line, "#") {
				p.command(strings.Fields(line))
			}
		}
	}
	return out.String()
}

func (p *player) command(words []string) {
	var args []string
	options := map[string]string{}
	for _, word := range words[1:] {
		if name, value, ok := strings.Cut(word, "="); ok {
			options[name] = value
		} else {
			args = append(args, word)
		}
	}
	switch words[0] {
	case "lane":
		p.addLane(p.lane(args[0], options))
	case "deliver":
		p.deliver(args[0], args[1], options)
	case "sent":
		p.sent(args[0], args[1], options)
	case "senders":
		l := p.lanes[message.Lane{Channel: args[0]}]
		p.reload(l, p.senders(args[1], newPace(0, 0), 8))
		p.settleDown()
	case "pause", "resume":
		l := p.lanes[message.Lane{Channel: args[0]}]
		i := slices.IndexFunc(l.senders, func(s worldSender) bool { return s.name == args[1] })
		l.gates[i].paused = words[0] == "pause"
		p.settleDown()
	case "cancel":
		_, _ = p.fold(p.names[args[0]], message.Fact{Kind: message.Cancel, At: p.now.wall})
		p.settleDown()
	case "advance":
		p.advance(p.duration(args[0]))
	case "jump":
		p.now.wall = p.now.wall.Add(p.duration(args[0]))
		p.advance(0)
	case "drain":
		p.drain()
	case "restart":
		p.restart()
	case "status":
		for _, name := range args {
			fmt.Fprintf(&p.out, "%s: %s\n", name, p.statuses(p.names[name]))
		}
	default:
		p.t.Fatalf("no command %q", words[0])
	}
}

func (p *player) lane(name string, options map[string]string) *worldLane {
	number := func(option string, missing float64) float64 {
		if options[option] == "" {
			return missing
		}
		n, err := strconv.ParseFloat(options[option], 64)
		if err != nil {
			p.t.Fatal(err)
		}
		return n
	}
	l := &worldLane{
		lane: message.Lane{Channel: name}, ring: int(number("mailbox", 64)),
		limits: limits{window: int(number("window", 64)), share: int(number("share", 64)), asks: 8, expiry: 2},
	}
	senders := options["senders"]
	if senders == "" {
		senders = "main"
	}
	l.senders = append(l.senders, worldSender{inFlight: 8}) // nobody
	pace := newPace(number("rate", 0), int(number("burst", 1)))
	l.senders = append(l.senders, p.senders(senders, pace, int(number("inflight", 8)))...)
	return l
}

// senders reads "a*2,b*0+49+4420".
func (p *player) senders(text string, pace pace, inFlight int) []worldSender {
	var all []worldSender
	for _, s := range strings.Split(text, ",") {
		words := strings.Split(s, "+")
		name, weight, weighted := strings.Cut(words[0], "*")
		share := Share{}
		if weighted {
			share.Weight, _ = strconv.Atoi(weight)
			share.Standby = share.Weight == 0
		}
		for _, w := range words[1:] {
			n, err := strconv.ParseUint(w, 10, 64)
			if err != nil {
				p.t.Fatal(err)
			}
			share.Prefixes = append(share.Prefixes, n)
		}
		all = append(all, worldSender{candidate{name: name, share: share}, pace, inFlight})
	}
	return all
}

func (p *player) deliver(name, chain string, options map[string]string) {
	o := &message.Outbound{
		Workspace: 1, On: message.OnAll, CreatedAt: p.now.wall, ExpiresIn: message.DefaultExpiresIn,
		Priority:  map[string]message.Priority{"high": message.High, "bulk": message.Bulk}[options["prio"]],
		OnUnknown: map[string]message.UnknownPolicy{"retry": message.Retry, "advance": message.Advance}[options["unknown"]],
	}
	if ws := options["ws"]; ws != "" {
		n, err := strconv.Atoi(ws)
		if err != nil {
			p.t.Fatal(err)
		}
		o.Workspace = message.WorkspaceID(n)
	}
	if expires := options["expires"]; expires != "" {
		o.ExpiresIn = p.duration(expires)
	}
	for _, lane := range strings.Split(chain, ">") {
		o.Steps = append(o.Steps, message.Step{Channel: lane, To: options["to"], From: options["from"], Success: message.Sent})
	}
	p.names[name] = p.accept(o)
	p.called[o.ID] = name
	p.settleDown()
}

func (p *player) sent(name, what string, options map[string]string) {
	f := p.flightOf(name)
	if f == nil {
		fmt.Fprintf(&p.out, "%s is not in flight\n", name)
		return
	}
	switch what {
	case "ok":
		p.answer(f, result{acceptance: channel.Acceptance{ProviderID: "id-" + name}})
	case "panic":
		p.answer(f, result{panicked: true})
	default:
		err := &channel.Error{Code: channel.Code(what)}
		if after := options["retry-after"]; after != "" {
			err.RetryAfter = p.duration(after)
		}
		p.answer(f, result{err: err})
	}
}

func (p *player) duration(text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		p.t.Fatal(err)
	}
	return d
}
