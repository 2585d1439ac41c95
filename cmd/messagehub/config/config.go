// Package config reads the one configuration file. It is strict: an unknown
// key, a value of the wrong form or a secret in plain text is a fault, every
// fault of a file is found at once, and each says where it is and what to do.
package config

import (
	"log/slog"
	"net/netip"
	"os"
	"time"

	"messagehub/actors/channel"
)

// Config is a whole, valid configuration. What a package bounds itself is zero
// where the file is silent: the package has the default.
type Config struct {
	Listen         string // address of the API
	Ops            string // address of the operations listener; empty: none
	PublicURL      string // what providers call back, without a slash at the end
	TrustedProxies []netip.Prefix
	ProxyProtocol  bool
	Data           string
	Sandbox        bool // test keys end in the built-in simulators
	Log            Log
	Store          Store
	Delivery       Delivery
	Limits         Limits
	Tiers          map[string]int // requests a minute by the tier's name
	Webhooks       Webhooks
	VaultKeyFile   string // of the key that senders' tokens and webhooks' secrets are sealed with; empty: beside the data
	Inbound        Inbound
	Senders        []Sender // in the file's order
}

// Log is the section of the process's own log.
type Log struct {
	Level    slog.Level
	JSON     bool
	Attempts bool // one line for each attempt's outcome
}

// Store is the section of the store.
type Store struct {
	Retention time.Duration // how long messages are kept; 0: for ever
	// Unsettled is how long those are kept that never came to an end; 0: for
	// ever. It is Retention where the file is silent.
	Unsettled time.Duration
	LowWater  int64 // bytes of free disk below which nothing is accepted; negative: off
	Cache     int64 // bytes of memory for blocks read back
}

// Delivery is the section of the actors.
type Delivery struct {
	Shards  int // of each lane
	Mailbox int // jobs that a shard's mailbox holds
	Window  int // jobs of one sender that a shard looks at
	Drain   time.Duration
	// FormerSecrets is how long receipts for a sender's former settings count.
	FormerSecrets time.Duration
}

// Webhooks is the section of the events that are posted to endpoints.
type Webhooks struct {
	Allow        []netip.Prefix // networks that endpoints may be in though they are not public
	HTTP         bool           // endpoints may do without TLS
	Timeout      time.Duration  // of one delivery
	DisableAfter time.Duration  // of failing
}

// Limits is the section of the front door.
type Limits struct {
	Backlog           int64 // messages that may wait for one channel
	Body              int64 // bytes of a request's body
	Connections       int
	InFlight          int // requests on their way into the log
	Read, Write, Idle time.Duration
	FailuresPerMinute int // requests without a valid key, by client address
}

// Inbound is the section of what recipients write.
type Inbound struct {
	// Workspace gets what answers no message that is known; empty: the only
	// workspace there is, if there is one.
	Workspace string
	// Keywords are the channels on which words such as STOP and START opt out
	// and in.
	Keywords []string
}

// Sender is one configured way to a provider.
type Sender struct {
	Channel  string
	Name     string
	Settings channel.Values // complete with defaults
	Share    Share
}

// Share is what a sender takes of the messages that name none.
type Share struct {
	Weight   int
	Standby  bool     // a weight of 0 is given
	Prefixes []uint64 // of phone numbers, without the plus
}

// Default returns the configuration of an empty file.
func Default() *Config {
	return &Config{
		Listen: "127.0.0.1:8080", Ops: "127.0.0.1:9090", Sandbox: true,
		Log: Log{Attempts: true}, Store: Store{Retention: 30 * 24 * time.Hour, Unsettled: 30 * 24 * time.Hour},
		Delivery: Delivery{Drain: 7 * time.Second, FormerSecrets: 24 * time.Hour}, Tiers: defaultTiers(),
		Webhooks: Webhooks{Timeout: 15 * time.Second, DisableAfter: 5 * 24 * time.Hour},
		Inbound:  Inbound{Keywords: []string{"sms"}},
	}
}

// Loader reads configuration files.
type Loader struct {
	Specs []channel.Spec
	// Env looks an environment variable up; nil means the process's.
	Env func(name string) (string, bool)
	// SkipSecrets leaves unread what the environment and other files hold, to
	// check a file where they are not.
	SkipSecrets bool
}

// maxFile bounds a configuration file.
const maxFile = 1 << 20

// Load reads and checks the file. An error that wraps a [*Faults] lists
// everything that is wrong with it.
func (l Loader) Load(path string) (*Config, error) {
	source, err := readFile(path, maxFile)
	if err != nil {
		return nil, err
	}
	return l.Parse(path, source)
}

// Parse is Load of source, which is called name. Files that hold secrets are
// looked for relative to name.
func (l Loader) Parse(name string, source []byte) (*Config, error) {
	if l.Env == nil {
		l.Env = os.LookupEnv
	}
	r := reader{loader: l, config: Default(), faults: Faults{File: name}}
	if root := r.parse(source); root != nil || len(r.faults.List) == 0 {
		r.root(root)
	}
	if len(r.faults.List) > 0 {
		r.finish()
		return nil, &r.faults
	}
	return r.config, nil
}
