package sim

import (
	"bufio"
	"errors"
	"time"

	"github.com/valyala/fasthttp"

	"messagehub/store/message/json"
)

// control begins the paths of the simulator's own routes.
const control = "/_sim/"

// control serves the routes with which tests steer the world:
//
//	GET  knobs   the knobs in force
//	PUT  knobs   the same form; what is left out keeps its value
//	GET  ledger  what the providers received, as NDJSON
//	GET  status  counts: lines of the ledger, receipts waiting and dropped
//	POST write   has a user write to an account, see [Written]
//	POST reset   forgets the ledger
func (m *Mux) control(ctx *fasthttp.RequestCtx, name string) {
	switch string(ctx.Method()) + " " + name {
	case "GET knobs":
		answer(ctx, wireOf(m.world.Knobs()))
	case "PUT knobs":
		m.putKnobs(ctx)
	case "GET ledger":
		ctx.SetContentType("application/x-ndjson")
		ctx.SetBodyStreamWriter(func(w *bufio.Writer) { _, _ = m.world.Ledger.WriteTo(w) })
	case "GET status":
		waiting, dropped := m.world.outbox.counts()
		answer(ctx, status{m.world.Ledger.Len(), waiting, dropped})
	case "POST write":
		m.postWrite(ctx)
	case "POST reset":
		m.world.Reset()
		ctx.SetStatusCode(fasthttp.StatusNoContent)
	default:
		ctx.Error("no such route", fasthttp.StatusNotFound)
	}
}

type status struct {
	Ledger  int    `json:"ledger"`
	Waiting int    `json:"waiting"`
	Dropped uint64 `json:"dropped"`
}

func answer(ctx *fasthttp.RequestCtx, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		ctx.Error(err.Error(), fasthttp.StatusInternalServerError)
		return
	}
	ctx.SetContentType("application/json")
	ctx.SetBody(append(b, '\n'))
}

func (m *Mux) putKnobs(ctx *fasthttp.RequestCtx) {
	wire := wireOf(m.world.Knobs())
	err := json.UnmarshalStrict(ctx.PostBody(), &wire)
	var knobs Knobs
	if err == nil {
		knobs, err = wire.knobs()
	}
	if err != nil {
		ctx.Error(err.Error(), fasthttp.StatusBadRequest)
		return
	}
	m.world.SetKnobs(knobs)
	answer(ctx, wireOf(knobs))
}

// wireWritten is what a user writes, and to which account.
type wireWritten struct {
	Account  string `json:"account"`
	From     string `json:"from"`
	Kind     string `json:"kind"` // default text
	Text     string `json:"text"`
	MediaURL string `json:"mediaUrl"`
	ReplyTo  string `json:"replyTo"`
}

func (m *Mux) postWrite(ctx *fasthttp.RequestCtx) {
	wire := wireWritten{Kind: WritesText}
	err := json.UnmarshalStrict(ctx.PostBody(), &wire)
	if err == nil {
		err = m.Write(wire.Account, Written{wire.From, wire.Kind, wire.Text, wire.MediaURL, wire.ReplyTo})
	}
	if err != nil {
		ctx.Error(err.Error(), fasthttp.StatusBadRequest)
		return
	}
	ctx.SetStatusCode(fasthttp.StatusAccepted)
}

// wireKnobs are Knobs with durations such as "150ms".
type wireKnobs struct {
	Latency        string  `json:"latency"`
	Throttle       float64 `json:"throttle"`
	Fail           float64 `json:"fail"`
	DropAnswer     float64 `json:"dropAnswer"`
	LoseReceipt    float64 `json:"loseReceipt"`
	DoubleReceipt  float64 `json:"doubleReceipt"`
	ReorderReceipt float64 `json:"reorderReceipt"`
	ReceiptDelay   string  `json:"receiptDelay"`
}

func wireOf(k Knobs) wireKnobs {
	return wireKnobs{
		k.Latency.String(), k.Throttle, k.Fail, k.DropAnswer,
		k.LoseReceipt, k.DoubleReceipt, k.ReorderReceipt, k.ReceiptDelay.String(),
	}
}

func (w wireKnobs) knobs() (Knobs, error) {
	latency, err1 := time.ParseDuration(w.Latency)
	delay, err2 := time.ParseDuration(w.ReceiptDelay)
	k := Knobs{
		latency, w.Throttle, w.Fail, w.DropAnswer,
		w.LoseReceipt, w.DoubleReceipt, w.ReorderReceipt, delay,
	}
	return k, errors.Join(err1, err2, k.Validate())
}
