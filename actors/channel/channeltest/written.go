package channeltest

import (
	"strings"
	"testing"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sim"
	"messagehub/store/message"
)

// usersWrite checks that what a user of the simulated provider writes or does
// comes in as it was meant, each by an id of its own.
func (g *rig) usersWrite(t *testing.T) {
	if p, ok := g.adapter.(channel.Prober); ok && g.c.Stream != nil { // it is bound
		if _, err := p.Probe(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ids := make(map[string]bool)
	for _, w := range []sim.Written{
		{Kind: sim.WritesText, Text: "STOP"},
		{Kind: sim.WritesText, Text: "STOP"},
		{Kind: sim.WritesText, Text: "안녕 😀 & 100% \"ok\" \\ +\nsecond"},
		{Kind: sim.WritesText, Text: strings.Repeat("long ", 60)},
		{Kind: sim.WritesImage, Text: "look", MediaURL: "https://example.com/a.jpg"},
		{Kind: sim.WritesOut},
		{Kind: sim.WritesIn},
	} {
		w.From = g.c.Writer
		if w.From == "" {
			w.From = g.c.Ordinary
		}
		g.reset()
		err := g.provider.(sim.Writer).Write(w)
		if err != nil && w.Kind != sim.WritesText { // not all providers bring it
			continue
		}
		got := g.reported(t)
		g.mu.Lock()
		written := g.written
		g.mu.Unlock()
		if err != nil || len(got) != 0 || len(written) != 1 {
			t.Errorf("%+v: %d receipts, %+v, %v", w, len(got), written, err)
			continue
		}
		g.meant(t, &w, &written[0])
		if id := written[0].ProviderID; id != "" && ids[id] {
			t.Errorf("%+v has the id of another", w)
		}
		ids[written[0].ProviderID] = true
	}
	if g.provider.(sim.Writer).Write(sim.Written{Kind: "hologram", From: g.c.Ordinary}) == nil {
		t.Error("a message of a kind that does not exist is brought")
	}
}

// meant checks that what came in is what was written.
func (g *rig) meant(t *testing.T, w *sim.Written, got *message.Inbound) {
	t.Helper()
	captionless := w.Kind == sim.WritesImage && got.Text == ""
	if got.From != w.From || got.Kind != w.Kind || got.Text != w.Text && !captionless {
		t.Errorf("%+v came in as %+v", w, got)
	}
	if w.Kind == sim.WritesImage && (len(got.Media) != 1 || got.Media[0].ID != w.MediaURL && got.Media[0].URL != w.MediaURL) {
		t.Errorf("%+v came in with %+v", w, got.Media)
	}
	if g.c.Stream == nil {
		g.c.soundInbound(t, []message.Inbound{*got})
	}
}
