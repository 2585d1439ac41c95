package webhook

import (
	"slices"

	"messagehub/store/message"
)

// EveryType stands for all types, those of later versions too.
const EveryType = "*"

// TypeNames returns the types that an endpoint can ask for.
func TypeNames() []string {
	var names []string
	for t := message.NoEntry + 1; t <= message.LastEntryType; t++ {
		if t.Public() {
			names = append(names, t.String())
		}
	}
	slices.Sort(names)
	return names
}

// typeSet is the types that an endpoint gets, one bit each.
type typeSet uint64

func setOf(names []string) (s typeSet) {
	if len(names) == 0 {
		return ^typeSet(0)
	}
	for t := message.NoEntry; t <= message.LastEntryType; t++ {
		if slices.Contains(names, t.String()) {
			s |= 1 << t
		}
	}
	return s
}

func (s typeSet) has(t message.EntryType) bool { return s>>t&1 == 1 }
