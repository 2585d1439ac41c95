package message

// Class says whose fault a failure is. The set is closed: adapters classify,
// and the class decides what the relay does. The values are stored.
type Class uint8

// The classes of the contract.
const (
	NoClass   Class = iota
	Recipient       // this address can't be reached on this channel
	Content         // the message itself is refused
	Policy          // opt-out, window, spam or legal rule
	Capacity        // rate limits and quotas
	Provider        // the provider or the way to it is broken
	Expiry          // it waited longer than it may
	Config          // credentials, account or sender set-up
	Internal        // ours
)

var classNames = [...]string{
	"", "recipient", "content", "policy", "capacity", "provider", "expired", "config", "internal",
}

// String returns the name that the API shows.
func (c Class) String() string {
	if int(c) < len(classNames) {
		return classNames[c]
	}
	return "invalid"
}

// Classes returns every class, in order: the fixed label set of metrics.
func Classes() []Class {
	return []Class{Recipient, Content, Policy, Capacity, Provider, Expiry, Config, Internal}
}

// Failure is why an attempt did not succeed, in our terms and the provider's.
type Failure struct {
	// Code is stable lower_snake_case, from the closed table of the channel
	// package: "not_on_channel", "opted_out", "rate_limited", …
	Code      string
	Class     Class
	Permanent bool
	// ProviderCode and ProviderMessage are what the provider said, printable
	// and bounded: whoever fills them has cleaned them.
	ProviderCode    string
	ProviderMessage string
}
