package store

import "testing"

func TestNeedsFrom(t *testing.T) {
	rows := map[string]struct {
		edit string
		want uint64
		ok   bool
	}{
		"log number first":     {"\x02\x87\x01\x03\x09", 135, true},
		"after the comparator": {"\x01\x03abc\x02\x05", 5, true},
		"none":                 {"\x03\x09\x04\x01", 0, false},
		"comparator alone":     {"\x01\x03abc", 0, false},
		"comparator cut off":   {"\x01\x7fabc", 0, false},
		"tag alone":            {"\x02", 0, false},
		"empty":                {"", 0, false},
	}
	for name, row := range rows {
		if log, ok := needsFrom([]byte(row.edit)); ok != row.ok || ok && log != row.want {
			t.Errorf("%s: %d, %v", name, log, ok)
		}
	}
}
