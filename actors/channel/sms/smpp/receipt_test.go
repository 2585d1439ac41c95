package smpp

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseReceipt(t *testing.T) {
	const standard = "id:0123456789 sub:001 dlvrd:001 submit date:2611221200 done date:2611221201 stat:DELIVRD err:000 text:id:9 stat:REJECTD"
	rows := []struct {
		name string
		d    Delivery
		want *Receipt // nil: no receipt
	}{
		{"of the specification", Delivery{ESMClass: 4, Text: []byte(standard)}, &Receipt{ID: "0123456789", State: Delivered, Error: "000"}},
		{"long dates, capitals", Delivery{ESMClass: 4, Text: []byte("ID:a1 SUB:001 DLVRD:001 SUBMIT DATE:261122120000 DONE DATE:261122120100 STAT:undeliv ERR:0b Text:x")}, &Receipt{ID: "a1", State: Undeliverable, Error: "0b"}},
		{"other order, keys missing", Delivery{ESMClass: 4, Text: []byte("stat:EXPIRED id:7")}, &Receipt{ID: "7", State: Expired}},
		{"words between", Delivery{ESMClass: 4, Text: []byte("report for id:7  stat:ACCEPTED")}, &Receipt{ID: "7", State: Accepted}},
		{"spaces and empty values", Delivery{ESMClass: 4, Text: []byte("id: 7 err: stat:REJECTD text:")}, &Receipt{ID: "7", State: Rejected}},
		{"twice", Delivery{ESMClass: 4, Text: []byte("id:7 id:8 stat:DELETED stat:DELIVRD")}, &Receipt{ID: "7", State: Deleted}},
		{"a state of its own", Delivery{ESMClass: 4, Text: []byte("id:7 stat:TELEPORTED")}, &Receipt{ID: "7", State: NoState}},
		{"parameters first", Delivery{ESMClass: 4, Text: []byte(standard), TLVs: map[uint16][]byte{0x1e: []byte("beef\x00"), 0x427: {8}, 0x423: {3, 0, 1}}}, &Receipt{ID: "beef", State: Rejected, Error: "000"}},
		{"parameters alone", Delivery{ESMClass: 4, TLVs: map[uint16][]byte{0x1e: []byte("beef"), 0x427: {5}, 0x423: {3, 0, 0xa1}}}, &Receipt{ID: "beef", State: Undeliverable, Error: "0x0300a1"}},
		{"a message of state 5.0", Delivery{ESMClass: 4, TLVs: map[uint16][]byte{0x1e: []byte("1\x00"), 0x427: {9}}}, &Receipt{ID: "1", State: Skipped}},
		{"a state beyond", Delivery{ESMClass: 4, TLVs: map[uint16][]byte{0x1e: []byte("1\x00"), 0x427: {10}}}, &Receipt{ID: "1", State: NoState}},
		{"class forgotten", Delivery{TLVs: map[uint16][]byte{0x1e: []byte("1\x00"), 0x427: {2}}}, &Receipt{ID: "1", State: Delivered}},
		{"intermediate", Delivery{ESMClass: 0x20, Text: []byte("id:7 stat:ENROUTE")}, &Receipt{ID: "7", State: EnRoute}},
		{"reference alone", Delivery{ESMClass: 4, Text: []byte("stat:DELIVRD"), TLVs: map[uint16][]byte{0x204: {1, 2}}}, &Receipt{State: Delivered, Reference: 0x102, Referenced: true}},
		{"in UCS-2", Delivery{ESMClass: 4, DataCoding: 8, Text: []byte("\x00i\x00d\x00:\x007\x00 \x00s\x00t\x00a\x00t\x00:\x00D\x00E\x00L\x00I\x00V\x00R\x00D")}, &Receipt{ID: "7", State: Delivered}},
		{"from a handset", Delivery{Text: []byte(standard)}, nil},
		{"from a handset, with a header", Delivery{ESMClass: 0x40, Text: []byte("hello")}, nil},
		{"of no message", Delivery{ESMClass: 4, Text: []byte("stat:DELIVRD")}, nil},
		{"a long id", Delivery{ESMClass: 4, TLVs: map[uint16][]byte{0x1e: make([]byte, 0), 0x427: {2}}, Text: append([]byte("id:"), make([]byte, 65)...)}, nil},
	}
	for _, row := range rows {
		got, ok := ParseReceipt(&row.d)
		switch {
		case ok != (row.want != nil):
			t.Errorf("%s: %+v, %v", row.name, got, ok)
		case ok && got != *row.want:
			t.Errorf("%s: %s", row.name, cmp.Diff(*row.want, got))
		}
	}
}
