package store

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"messagehub/store/message"
	"messagehub/store/message/mutate"
)

var anyText = rapid.StringMatching(`[a-z가-힣\x00]{0,20}`)

var anyMoment = rapid.Custom(func(t *rapid.T) message.Time {
	return message.Time(rapid.Int64Range(-1<<40, 1<<42).Draw(t, "time"))
})

var anyID = rapid.Custom(func(t *rapid.T) message.ID {
	sequence := rapid.Uint64Range(1, message.MaxSequence).Draw(t, "sequence")
	index := rapid.IntRange(0, message.MaxIndex).Draw(t, "index")
	return message.NewID(message.At(sequence, index), rapid.Uint64().Draw(t, "salt"))
})

func enumOf[T ~uint8](last T) *rapid.Generator[T] {
	return rapid.Custom(func(t *rapid.T) T { return T(rapid.Uint8Range(0, uint8(last)).Draw(t, "enum")) })
}

var anyStep = rapid.Custom(func(t *rapid.T) message.Step {
	s := message.Step{
		Channel: anyText.Draw(t, "channel"), To: anyText.Draw(t, "to"), From: anyText.Draw(t, "from"),
		ContentType: enumOf(message.BrandMessage).Draw(t, "type"), Content: anyText.Draw(t, "content"),
		TemplateID: anyText.Draw(t, "template"), TemplateLanguage: anyText.Draw(t, "language"),
		MediaURL: anyText.Draw(t, "url"), MediaType: anyText.Draw(t, "media"), Filename: anyText.Draw(t, "file"),
		Success: enumOf(message.Unknown).Draw(t, "success"), Unroutable: anyText.Draw(t, "unroutable"),
		Timeout: time.Duration(rapid.Int64Range(0, 1<<40).Draw(t, "timeout")) * time.Millisecond,
	}
	for range rapid.IntRange(0, 3).Draw(t, "params") {
		s.Params = append(s.Params, message.Param{Name: anyText.Draw(t, "name"), Value: anyText.Draw(t, "value")})
	}
	return s
})

var anyOutbound = rapid.Custom(func(t *rapid.T) *message.Outbound {
	id := anyID.Draw(t, "id")
	o := &message.Outbound{
		ID: id, Workspace: message.WorkspaceID(rapid.Uint32().Draw(t, "workspace")), Test: rapid.Bool().Draw(t, "test"),
		Steps: rapid.SliceOfN(anyStep, 1, maxSteps).Draw(t, "steps"),
		On:    enumOf(message.OnAll).Draw(t, "on"), OnUnknown: enumOf(message.Retry).Draw(t, "unknown"),
		KeepLate: rapid.Bool().Draw(t, "late"), Reference: anyText.Draw(t, "reference"), Metadata: anyText.Draw(t, "metadata"),
		Priority: enumOf(message.Bulk).Draw(t, "priority"), CreatedAt: anyMoment.Draw(t, "created"),
		ScheduledAt: anyMoment.Draw(t, "scheduled"),
		ExpiresIn:   time.Duration(rapid.Int64Range(0, 1<<40).Draw(t, "expires")) * time.Millisecond,
		TraceParent: anyText.Draw(t, "trace"), ClientRequestID: anyText.Draw(t, "request"),
		Contact: anyID.Draw(t, "contact"), Erased: rapid.Bool().Draw(t, "erased"),
	}
	o.Salt = saltOf(id)
	if rapid.Bool().Draw(t, "resent") {
		o.ResendOf = anyID.Draw(t, "resend of")
	}
	if rapid.Bool().Draw(t, "distributed") {
		o.Distribution = anyID.Draw(t, "distribution")
	}
	return o
})

func saltOf(id message.ID) (salt uint64) {
	for _, b := range id[8:] {
		salt = salt<<8 | uint64(b)
	}
	return salt & saltMask
}

var anyFailure = rapid.Custom(func(t *rapid.T) *message.Failure {
	return &message.Failure{
		Code: anyText.Draw(t, "code"), Class: enumOf(message.Internal).Draw(t, "class"), Permanent: rapid.Bool().Draw(t, "permanent"),
		ProviderCode: anyText.Draw(t, "provider code"), ProviderMessage: anyText.Draw(t, "provider message"),
	}
})

var anyEntry = rapid.Custom(func(t *rapid.T) message.Entry {
	return message.Entry{
		At: anyMoment.Draw(t, "at"), ReceivedAt: anyMoment.Draw(t, "received"), Type: enumOf(message.LastEntryType).Draw(t, "type"),
		Attempt: rapid.IntRange(0, message.MaxAttempts-1).Draw(t, "attempt"), Code: anyText.Draw(t, "code"),
	}
})

var anyAttempt = rapid.Custom(func(t *rapid.T) message.Attempt {
	a := message.Attempt{
		Step: rapid.IntRange(0, maxSteps-1).Draw(t, "step"), Status: enumOf(message.Unknown).Draw(t, "status"),
		Superseded: rapid.Bool().Draw(t, "superseded"), Bound: rapid.Bool().Draw(t, "bound"), Tries: rapid.IntRange(0, maxCount).Draw(t, "tries"),
		QueuedAt: anyMoment.Draw(t, "queued"), Deadline: anyMoment.Draw(t, "deadline"),
	}
	if rapid.Bool().Draw(t, "failed") {
		a.Error = anyFailure.Draw(t, "error")
	}
	if rapid.Bool().Draw(t, "sent") {
		a.Sender, a.ProviderID = anyText.Draw(t, "sender"), anyText.Draw(t, "provider id")
		a.Segments, a.SentAt = rapid.IntRange(0, maxCount).Draw(t, "segments"), anyMoment.Draw(t, "sent at")
	}
	if rapid.Bool().Draw(t, "timed") {
		a.NotBefore, a.EndedAt, a.Due = anyMoment.Draw(t, "not before"), anyMoment.Draw(t, "ended"), anyMoment.Draw(t, "due")
	}
	return a
})

var anyState = rapid.Custom(func(t *rapid.T) *message.State {
	s := &message.State{
		Status: enumOf(message.Unknown).Draw(t, "status"), Settled: rapid.Bool().Draw(t, "settled"), Late: rapid.Bool().Draw(t, "late"),
		Duplicates: rapid.IntRange(0, maxCount).Draw(t, "duplicates"), UpdatedAt: anyMoment.Draw(t, "updated"),
		Waiting:  message.Position(rapid.Uint64Range(0, 1<<56-1).Draw(t, "waiting")),
		Attempts: rapid.SliceOfN(anyAttempt, 1, message.MaxAttempts).Draw(t, "attempts"),
		Timeline: rapid.SliceOfN(anyEntry, 0, 100).Draw(t, "timeline"),
	}
	s.SetTold(rapid.Uint16().Draw(t, "told"))
	return s
})

// exact compares everything, also what is not exported.
var exact = cmp.Options{cmp.AllowUnexported(message.State{}), cmpopts.EquateEmpty()}

func same(t testing.TB, what string, got, want any, err error) {
	t.Helper()
	if diff := cmp.Diff(want, got, exact); err != nil || diff != "" {
		t.Fatalf("%s: %v\n%s", what, err, diff)
	}
}

func TestMessageCodecs(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		o := anyOutbound.Draw(rt, "outbound")
		var gotO message.Outbound
		err := decodeOutbound(&gotO, o.Workspace, o.ID, string(appendOutbound(nil, o)))
		same(t, "outbound", &gotO, o, err)

		s := anyState.Draw(rt, "state")
		var gotS message.State
		p, err := decodeState(&gotS, string(appendState(nil, s, 77)), maxSteps)
		same(t, "state", &gotS, s, err)
		same(t, "position", p, message.Position(77), nil)
	})
}

func TestIndexCodecs(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		j := message.Job{
			ID: anyID.Draw(rt, "id"), Workspace: message.WorkspaceID(rapid.Uint32().Draw(rt, "workspace")),
			Attempt:   rapid.IntRange(0, message.MaxAttempts-1).Draw(rt, "attempt"),
			Recipient: rapid.Uint64().Draw(rt, "recipient"), Priority: enumOf(message.Bulk).Draw(rt, "priority"),
			Number: rapid.Uint64().Draw(rt, "number"), Onward: rapid.Bool().Draw(rt, "onward"),
			Deadline: anyMoment.Draw(rt, "deadline"), From: anyText.Draw(rt, "from"),
		}
		since := anyMoment.Draw(rt, "since")
		var gotJ message.Job
		gotSince, err := decodeJob(&gotJ, string(appendJob(nil, &j, since)))
		same(t, "job", gotJ, j, err)
		same(t, "since", gotSince, since, nil)

		e := message.Event{
			Message: j.ID, Test: rapid.Bool().Draw(rt, "test"), Channel: anyText.Draw(rt, "channel"),
			Status: enumOf(message.Unknown).Draw(rt, "status"), CreatedAt: since, Entry: anyEntry.Draw(rt, "entry"),
		}
		var gotE message.Event
		err = decodeEvent(&gotE, string(appendEvent(nil, &e)))
		same(t, "event", gotE, e, err)

		want := target{j.Workspace, j.ID, j.Attempt}
		var gotT target
		err = decodeTarget(&gotT, string(appendTarget(nil, want)))
		if err != nil || gotT != want {
			t.Fatalf("target %+v, %v; want %+v", gotT, err, want)
		}
	})
}

func anyOrphans(rt *rapid.T) orphans {
	early := orphans{expires: anyMoment.Draw(rt, "expires")}
	for range rapid.IntRange(0, maxOrphans).Draw(rt, "receipts") {
		r := message.Receipt{
			Status: enumOf(message.Unknown).Draw(rt, "status"), At: anyMoment.Draw(rt, "at"),
			RetryAfter: time.Duration(rapid.Int64().Draw(rt, "after")),
		}
		if rapid.Bool().Draw(rt, "failed") {
			r.Failure = anyFailure.Draw(rt, "failure")
		}
		early.receipts = append(early.receipts, orphan{anyMoment.Draw(rt, "came"), r})
	}
	return early
}

func TestOrphansCodec(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		want := anyOrphans(rt)
		var got orphans
		err := decodeOrphans(&got, string(appendOrphans(nil, &want)))
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(orphans{}, orphan{})); err != nil || diff != "" {
			t.Fatal(err, diff)
		}
	})
}

func TestNumbersAtTheirEnds(t *testing.T) {
	for _, n := range []int64{0, 1, -1, 63, 64, -64, -65, math.MaxInt64, math.MinInt64} {
		r := reader{text: string(appendTime(nil, message.Time(n)))}
		if got := r.int64(); got != n || r.done("number") != nil {
			t.Errorf("%d reads as %d", n, got)
		}
	}
	for _, text := range []string{"", "\x80", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"} {
		r := reader{text: text}
		if r.uint64(); !r.fault {
			t.Errorf("%q is no number, but was read", text)
		}
	}
}

// FuzzMessageRows feeds foreign bytes to the decoders of messages. What one of
// them takes must come back from its encoder, and must not break Apply.
func FuzzMessageRows(f *testing.F) {
	o := testOutbound()
	state, _ := message.Begin(o, message.At(3, 0))
	state.Apply(o, message.Fact{Kind: message.Started, At: 5, Position: message.At(3, 0), Sender: "main"}, message.At(4, 0))
	seeds := []string{string(appendOutbound(nil, o)), string(appendState(nil, &state, 9))}
	mutate.Strings(f, seeds, func(t testing.TB, text string) {
		id := message.NewID(message.At(3, 0), 4)
		var got, again message.Outbound
		if decodeOutbound(&got, 1, id, text) == nil {
			err := decodeOutbound(&again, 1, id, string(appendOutbound(nil, &got)))
			same(t, "outbound", &again, &got, err)
		}
		var s, s2 message.State
		if p, err := decodeState(&s, text, 2); err == nil {
			p2, err := decodeState(&s2, string(appendState(nil, &s, p)), 2)
			same(t, "state", &s2, &s, err)
			same(t, "position", p2, p, nil)
		}
	})
}

// FuzzIndexRows feeds foreign bytes to the decoders of all other rows.
func FuzzIndexRows(f *testing.F) {
	id := message.NewID(message.At(3, 0), 4)
	seeds := []string{
		string(appendJob(nil, &message.Job{ID: id, Workspace: 1, From: "main"}, 5)),
		string(appendEvent(nil, &message.Event{Message: id, Channel: "sms", Entry: message.Entry{At: 4, Type: message.MessageSent}})),
		string(appendTarget(nil, target{1, id, 2})),
		string(appendOrphans(nil, &orphans{expires: 9, receipts: []orphan{{at: 3, receipt: message.Receipt{Status: message.Read}}}})),
		string(appendTimerKey(nil, message.Timer{At: 5, Kind: message.TimerDue}, 1, id)),
	}
	mutate.Strings(f, seeds, func(t testing.TB, text string) {
		var j, j2 message.Job
		if since, err := decodeJob(&j, text); err == nil {
			since2, err := decodeJob(&j2, string(appendJob(nil, &j, since)))
			same(t, "job", j2, j, err)
			same(t, "since", since2, since, nil)
		}
		var e, e2 message.Event
		if decodeEvent(&e, text) == nil {
			err := decodeEvent(&e2, string(appendEvent(nil, &e)))
			same(t, "event", e2, e, err)
		}
		var early orphans
		_ = decodeOrphans(&early, text)
		_, _ = readHead(text, func(message.Lane, int64) {})
		_, _ = decodePromise(text)
		var found target
		_ = decodeTarget(&found, text)
		_, _ = parseTimer([]byte(text))
	})
}
