package message

import (
	"math"
	"strings"
	"testing"
)

// What foreign bytes attach is bounded, and belongs to the message.
func TestAttachAndLocateAreBounded(t *testing.T) {
	var m Inbound
	for _, bad := range []Medium{{}, {MimeType: "image/png"}, {ID: strings.Repeat("x", 2049)}, {URL: strings.Repeat("x", 2049)}} {
		m.Attach(bad)
	}
	for _, bad := range []Place{{Latitude: 90.1}, {Longitude: -181}, {Latitude: math.NaN()}, {Longitude: math.Inf(1)}} {
		m.Locate(bad)
	}
	if m.Media != nil || m.Place != nil {
		t.Errorf("%+v", m)
	}
	for range MaxMedia + 1 {
		m.Attach(Medium{ID: "1", Filename: strings.Repeat("é", 200)})
	}
	m.Locate(Place{Latitude: -90, Longitude: 180, Name: strings.Repeat("a", 300)})
	if len(m.Media) != MaxMedia || m.Media[0].Filename != strings.Repeat("é", 128) || len(m.Place.Name) != 256 {
		t.Errorf("%d media, name of %d bytes", len(m.Media), len(m.Media[0].Filename))
	}
}
