package relay

import "math/bits"

// member is one name that the body of a send may hold.
type member uint8

const (
	memberTo member = iota
	memberChannel
	memberContent
	memberContentType
	memberTemplateID
	memberTemplateLanguage
	memberTemplateParams
	memberMediaURL
	memberMediaType
	memberFilename
	memberFrom
	memberFallback
	memberReference
	memberMetadata
	memberContactID
	memberScheduledAt
	memberExpiresIn
	memberPriority
	memberStrict
	memberChannels
	memberSuccessStatus
	memberTimeout
	memberOn
	memberLateReceipt
	memberOnUnknown
	members
)

func (m member) String() string {
	return [members]string{
		"to", "channel", "content", "contentType", "templateId", "templateLanguage", "templateParams", "mediaUrl",
		"mediaType", "filename", "from", "fallback", "reference", "metadata", "contactId", "scheduledAt", "expiresIn",
		"priority", "strict", "channels", "successStatus", "timeout", "on", "lateReceipt", "onUnknown",
	}[m]
}

// memberSet is a set of members.
type memberSet uint32

func setOf(all ...member) memberSet {
	var s memberSet
	for _, m := range all {
		s |= 1 << m
	}
	return s
}

func (s memberSet) has(m member) bool { return s>>m&1 != 0 }

// first returns the set's first member; it has one.
func (s memberSet) first() member { return member(bits.TrailingZeros32(uint32(s))) }

// What each of the three kinds of objects may hold.
const (
	// contentMembers are what a step can take over from the message.
	contentMembers memberSet = 1<<memberContent | 1<<memberContentType | 1<<memberTemplateID | 1<<memberTemplateLanguage |
		1<<memberTemplateParams | 1<<memberMediaURL | 1<<memberMediaType | 1<<memberFilename
	stepMembers = contentMembers | 1<<memberTo | 1<<memberChannel | 1<<memberFrom |
		1<<memberSuccessStatus | 1<<memberTimeout
	fallbackMembers memberSet = 1<<memberChannels | 1<<memberSuccessStatus | 1<<memberTimeout | 1<<memberOn |
		1<<memberLateReceipt | 1<<memberOnUnknown | 1<<memberStrict
	messageMembers = contentMembers | 1<<memberTo | 1<<memberChannel | 1<<memberFrom | 1<<memberFallback |
		1<<memberReference | 1<<memberMetadata | 1<<memberContactID | 1<<memberScheduledAt | 1<<memberExpiresIn |
		1<<memberPriority | 1<<memberStrict
)

// memberOf returns the member of a name.
func memberOf(name string) (member, bool) {
	switch name {
	case "to":
		return memberTo, true
	case "channel":
		return memberChannel, true
	case "content":
		return memberContent, true
	case "contentType":
		return memberContentType, true
	case "templateId":
		return memberTemplateID, true
	case "templateLanguage":
		return memberTemplateLanguage, true
	case "templateParams":
		return memberTemplateParams, true
	case "mediaUrl":
		return memberMediaURL, true
	case "mediaType":
		return memberMediaType, true
	case "filename":
		return memberFilename, true
	case "from":
		return memberFrom, true
	case "fallback":
		return memberFallback, true
	case "reference":
		return memberReference, true
	case "metadata":
		return memberMetadata, true
	case "contactId":
		return memberContactID, true
	case "scheduledAt":
		return memberScheduledAt, true
	case "expiresIn":
		return memberExpiresIn, true
	case "priority":
		return memberPriority, true
	case "strict":
		return memberStrict, true
	case "channels":
		return memberChannels, true
	case "successStatus":
		return memberSuccessStatus, true
	case "timeout":
		return memberTimeout, true
	case "on":
		return memberOn, true
	case "lateReceipt":
		return memberLateReceipt, true
	case "onUnknown":
		return memberOnUnknown, true
	}
	return 0, false
}

// names returns the names of the set, in order.
func (s memberSet) names() []string {
	var out []string
	for ; s != 0; s &= s - 1 {
		out = append(out, s.first().String())
	}
	return out
}
