package relay

import (
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/valyala/fasthttp"

	"messagehub/store/message"
)

// otherLabel stands for everything that is not of a fixed set.
const otherLabel = "other"

// codeSet numbers the codes of failed sends. 0 is no code, 1 is any code that
// is not in the set.
type codeSet struct {
	byCode map[string]int
	labels []string
}

func newCodeSet(codes map[string]message.Class) *codeSet {
	s := &codeSet{byCode: make(map[string]int), labels: []string{`code="",class=""`, `code="` + otherLabel + `",class=""`}}
	names := make([]string, 0, len(codes))
	for code := range codes {
		names = append(names, code)
	}
	slices.Sort(names)
	for _, code := range names {
		s.byCode[code] = len(s.labels)
		s.labels = append(s.labels, `code="`+code+`",class="`+codes[code].String()+`"`)
	}
	return s
}

func (s *codeSet) size() int { return len(s.labels) }

func (s *codeSet) index(code string) int {
	if code == "" {
		return 0
	}
	if i, ok := s.byCode[code]; ok {
		return i
	}
	return 1
}

// The outcomes of a send, as they are counted.
const sendOutcomes = 5

func sendOutcome(k message.FactKind) int {
	switch k {
	case message.Accepted:
		return 0
	case message.Rejected:
		return 1
	case message.Deferred:
		return 2
	case message.Lost:
		return 3
	}
	return 4
}

func sendOutcomeLabel(i int) string {
	return `outcome="` + [sendOutcomes]string{"accepted", "rejected", "deferred", "unknown", otherLabel}[i] + `"`
}

// The statuses that a receipt can report, as they are counted.
const receiptStatuses = 5

func receiptStatus(s message.Status) int {
	switch s {
	case message.Sent:
		return 0
	case message.Delivered:
		return 1
	case message.Read:
		return 2
	case message.Failed:
		return 3
	}
	return 4
}

func receiptStatusLabel(i int) string {
	return `status="` + [receiptStatuses]string{"sent", "delivered", "read", "failed", otherLabel}[i] + `"`
}

// publicEvents is one more than the largest entry type; some in between are not
// public, and stay zero.
const publicEvents = int(message.LastEntryType) + 1

// answers counts the answers of the API, by route and status, and the refused
// ones by code.
type answers struct {
	routes   map[string]int // 0: no route
	patterns []string
	statuses map[int]int // 0: any other
	numbers  []int
	counts   [][]atomic.Uint64 // by route, then status

	codes   map[Code]int // 0: any other
	names   []string
	refused []atomic.Uint64 // by code
}

func newAnswers() *answers {
	a := &answers{
		routes: make(map[string]int), patterns: []string{""},
		statuses: make(map[int]int), numbers: []int{0},
		codes: make(map[Code]int), names: []string{otherLabel},
	}
	for _, r := range routes() {
		if _, ok := a.routes[r.pattern]; !ok {
			a.routes[r.pattern] = len(a.patterns)
			a.patterns = append(a.patterns, r.pattern)
		}
	}
	a.addStatus(200)
	a.addStatus(fasthttp.StatusCreated)
	a.addStatus(fasthttp.StatusAccepted)
	for _, row := range Problems() {
		a.addStatus(row.Status)
		a.codes[row.Code] = len(a.names)
		a.names = append(a.names, string(row.Code))
	}
	a.refused = make([]atomic.Uint64, len(a.names))
	a.counts = make([][]atomic.Uint64, len(a.patterns))
	for i := range a.counts {
		a.counts[i] = make([]atomic.Uint64, len(a.numbers))
	}
	return a
}

func (a *answers) addStatus(status int) {
	if _, ok := a.statuses[status]; !ok {
		a.statuses[status] = len(a.numbers)
		a.numbers = append(a.numbers, status)
	}
}

func (a *answers) count(x Answer) {
	a.counts[a.routes[x.Route]][a.statuses[x.Status]].Add(1)
	if x.Code != "" {
		a.refused[a.codes[x.Code]].Add(1)
	}
}

func (a *answers) write(x *exposition) {
	x.family("messagehub_requests_total", "counter", "Answered requests by route and status; no route is the empty one.")
	for r := range a.counts {
		for s := range a.counts[r] {
			if n := a.counts[r][s].Load(); n != 0 {
				x.sample("messagehub_requests_total", `route="`+a.patterns[r]+`",status="`+a.statusLabel(s)+`"`, float64(n))
			}
		}
	}
	x.family("messagehub_refusals_total", "counter", "Refused requests by error code.")
	for i := range a.refused {
		if n := a.refused[i].Load(); n != 0 || i != 0 {
			x.sample("messagehub_refusals_total", `code="`+a.names[i]+`"`, float64(n))
		}
	}
}

func (a *answers) statusLabel(i int) string {
	if i == 0 {
		return otherLabel
	}
	return strconv.Itoa(a.numbers[i])
}

// breakerState is the state of a sender's breaker.
type breakerState int

func breakerStates() [3]string { return [...]string{"closed", "half-open", "open"} }

// breakers holds the state of each sender's breaker. The senders are those of
// the configuration.
type breakers struct {
	mu     sync.Mutex
	states map[breakerKey]breakerState
}

type breakerKey struct {
	lane   message.Lane
	sender string
}

func (b *breakers) note(lane message.Lane, sender, state string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, name := range breakerStates() {
		if name == state {
			b.states[breakerKey{lane, sender}] = breakerState(i)
		}
	}
}

// counts returns how many senders of the lane are in each state, as far as
// their breakers have ever changed.
func (b *breakers) counts(lane message.Lane) [3]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	var n [3]int
	for key, state := range b.states {
		if key.lane == lane {
			n[state]++
		}
	}
	return n
}
