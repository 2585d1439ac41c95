package message

import (
	"errors"
	"slices"
)

// PrefixContact begins the ids of contacts.
const PrefixContact = "con_"

// AllChannels is the scope of an opt-out from every channel.
const AllChannels = "all"

// Owner is what contacts belong to: a workspace, or its sandbox.
type Owner struct {
	Workspace WorkspaceID
	Test      bool
}

// Identity is an address that a contact has on a channel.
type Identity struct{ Channel, Address string }

// Contact is a person, as a workspace knows him.
type Contact struct {
	ID         ID
	Owner      Owner
	ExternalID string // the client's own id of the contact, unique; empty: none
	Name       string
	// Identities are in the order of their channels, each of which is there once.
	Identities []Identity
	Tags       []string // sorted, each once
	// ChannelOrder lists the channels that the contact likes best, best first.
	ChannelOrder []string
	// OptOut holds channels and AllChannels, sorted: where nothing may be sent.
	OptOut    []string
	Locale    string // BCP 47
	Timezone  string // IANA
	Metadata  []Param
	CreatedAt Time
	UpdatedAt Time
	// Version is the position at which the contact was last changed.
	Version Position
}

// Address returns the contact's address on a channel; empty: it has none.
func (c *Contact) Address(channel string) string {
	for _, i := range c.Identities {
		if i.Channel == channel {
			return i.Address
		}
	}
	return ""
}

// Space returns the address space that an address of a channel is of. A phone
// number means the same on all channels that call phones: its space is "phone".
// Any other address means something on its own channel alone.
func (i Identity) Space() string {
	if isPhone(i.Address) {
		return "phone"
	}
	return i.Channel
}

// isPhone reports whether an address has the form of E.164.
func isPhone(address string) bool {
	if len(address) < 8 || len(address) > 16 || address[0] != '+' || address[1] == '0' {
		return false
	}
	for _, c := range []byte(address[1:]) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// Errors of changing a contact, told apart by how the client is answered.
var (
	// ErrExternalIDTaken: another contact has the external id.
	ErrExternalIDTaken = errors.New("external id belongs to another contact")
	// ErrVersion: the contact has been changed since.
	ErrVersion = errors.New("contact has another version")
	// ErrContactTooLarge: the log does not take it.
	ErrContactTooLarge = errors.New("contact is too large")
)

// ContactField is a set of members of a Contact.
type ContactField uint16

// The members that a change can set.
const (
	ContactExternalID ContactField = 1 << iota
	ContactName
	ContactIdentities
	ContactTags
	ContactChannelOrder
	ContactLocale
	ContactTimezone
	ContactMetadata
	// ContactFields are all of them. Opt-outs are not among them: one ends where
	// that is said outright, never by being left out.
	ContactFields ContactField = 1<<iota - 1
)

// ContactChange says what to change of a contact.
type ContactChange struct {
	// Set are the members that take the value given here, also an empty one.
	// Of the others, Identities and Metadata are merged into what there is.
	Set          ContactField
	ExternalID   string
	Name         string
	Identities   []Identity // one with an empty Address is removed
	Tags         []string
	ChannelOrder []string
	OptOut       []OptOutChange
	Locale       string
	Timezone     string
	Metadata     []Param // one with an empty Value is removed
}

// OptOutChange begins or ends an opt-out.
type OptOutChange struct {
	Scope string // a channel, or AllChannels
	Out   bool
}

// Apply changes c, but for its opt-outs: those are the log's to decide.
func (ch *ContactChange) Apply(c *Contact) {
	for _, m := range []struct {
		field    ContactField
		to, from *string
	}{
		{ContactExternalID, &c.ExternalID, &ch.ExternalID},
		{ContactName, &c.Name, &ch.Name},
		{ContactLocale, &c.Locale, &ch.Locale},
		{ContactTimezone, &c.Timezone, &ch.Timezone},
	} {
		if ch.Set&m.field != 0 {
			*m.to = *m.from
		}
	}
	if ch.Set&ContactTags != 0 {
		c.Tags = slices.Compact(slices.Sorted(slices.Values(ch.Tags)))
	}
	if ch.Set&ContactChannelOrder != 0 {
		c.ChannelOrder = slices.Clone(ch.ChannelOrder)
	}
	c.Identities = ch.identities(c.Identities)
	c.Metadata = ch.metadata(c.Metadata)
}

func (ch *ContactChange) identities(was []Identity) []Identity {
	was = slices.Clone(was)
	if ch.Set&ContactIdentities != 0 {
		was = nil
	}
	for _, i := range ch.Identities {
		was = slices.DeleteFunc(was, func(old Identity) bool { return old.Channel == i.Channel })
		if i.Address != "" {
			was = append(was, i)
		}
	}
	slices.SortFunc(was, func(a, b Identity) int {
		if a.Channel < b.Channel {
			return -1
		}
		return 1
	})
	return was
}

func (ch *ContactChange) metadata(was []Param) []Param {
	was = slices.Clone(was)
	if ch.Set&ContactMetadata != 0 {
		was = nil
	}
	for _, p := range ch.Metadata {
		at := slices.IndexFunc(was, func(old Param) bool { return old.Name == p.Name })
		switch {
		case p.Value == "" && at >= 0:
			was = slices.Delete(was, at, at+1)
		case p.Value == "":
		case at >= 0:
			was[at].Value = p.Value
		default:
			was = append(was, p)
		}
	}
	return was
}

// ContactPut asks for a contact to be made or changed.
//
// Ownership: the log keeps nothing of it.
type ContactPut struct {
	Owner  Owner
	ID     ID // zero: a new contact
	Change ContactChange
	// IfVersion, if not 0, is the version that the contact must have.
	IfVersion Position
	At        Time
	Salt      uint64 // 44 random bits, for the id of a new contact
}

// ContactImport is a chunk of contacts to be made or changed, each found by its
// external id.
type ContactImport struct {
	Owner   Owner
	Changes []ContactChange
	At      Time
	Salt    uint64
}

// ContactResult is what became of one contact of an import.
type ContactResult struct {
	Created bool
	Err     error // why it was not taken
}

// ContactQuery asks for contacts, in the order in which they were made. The zero
// value of a filter lets everything through.
type ContactQuery struct {
	Tag        string
	ExternalID string
	Identity   Identity
	After      Position // where the page before ended; 0: from the first
	Limit      int
}

// Match reports whether the filters let c through. A phone number is found on
// whichever channel the contact has it.
func (q *ContactQuery) Match(c *Contact) bool {
	if q.ExternalID != "" && c.ExternalID != q.ExternalID || q.Tag != "" && !slices.Contains(c.Tags, q.Tag) {
		return false
	}
	return q.Identity.Address == "" || slices.ContainsFunc(c.Identities, func(i Identity) bool {
		return i.Address == q.Identity.Address && i.Space() == q.Identity.Space()
	})
}

// ContactPage is an answer to a ContactQuery.
type ContactPage struct {
	Contacts []Contact
	Next     Position // goes into the next query's After; 0: there is no more
}

// Erasure is the removal of a contact's personal data, as it stands.
type Erasure struct {
	Contact     ID
	Owner       Owner
	State       ErasureState
	RequestedAt Time
	DoneAt      Time
	Messages    int // erased
}

// ErasureState is how far an erasure has come. The values are stored.
type ErasureState uint8

// The states: rows are being erased; they are, and what the files still hold of
// them is being removed; nothing is left.
const (
	ErasurePending ErasureState = iota
	ErasurePurging
	ErasureDone
)

// String returns the name that the API shows.
func (s ErasureState) String() string {
	if s > ErasureDone {
		return "invalid"
	}
	return [...]string{"pending", "purging", "done"}[s]
}
